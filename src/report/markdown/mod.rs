//! The summary of a run as Markdown, for a CI system's page and for people who read the file.
//!
//! Whatever comes from outside (paths, names, messages, output) stands in code spans and fenced blocks only, and never in a
//! table, so that no text can make a link, a mention, a cell or a tag. Form: GitHub Flavored Markdown,
//! <https://github.github.com/gfm/>.

mod failures;
mod page;
mod remarks;
mod step_summary;
mod text;
mod totals;

use std::path::{Path, PathBuf};

use page::Page;
pub use step_summary::{StepSummaryError, append};

use super::{WriteError, replace};
use crate::model::RunState;

/// The most bytes of a summary: a quarter of what GitHub takes of one step, which several runs may share.
pub const SUMMARY_BYTES: usize = 256 * 1024;

/// What a summary needs besides the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// The run's directory as the reader should see it; where logs and the whole report are told relative to it.
    pub run_dir: PathBuf,
}

/// Writes the summary of a run: the verdict, the counts, failures first, then what else is worth a look.
///
/// It has at most [`SUMMARY_BYTES`]; what does not fit is counted, and the place that has it is named.
pub fn write(state: &RunState, options: &MarkdownOptions) -> String {
    write_within(state, options, SUMMARY_BYTES)
}

/// Writes the summary of a run as a file. Missing directories are made, and the file appears whole or not at all.
///
/// # Errors
/// The file or its directory cannot be written; the error names the path.
pub fn write_file(state: &RunState, options: &MarkdownOptions, path: &Path) -> Result<(), WriteError> {
    replace("Markdown summary", path, write(state, options).as_bytes())
}

fn write_within(state: &RunState, options: &MarkdownOptions, limit: usize) -> String {
    let mut page = Page::new(options);
    // The sections behind the failures are short, and still come when there are too many of these.
    page.allow(limit / 4 * 3);
    totals::add_verdict(&mut page, state);
    totals::add_counts(&mut page, state);
    failures::add_failures(&mut page, state);
    failures::add_shards(&mut page, state);
    page.allow(limit);
    remarks::add_not_run(&mut page, state);
    remarks::add_flaky(&mut page, state);
    remarks::add_warnings(&mut page, state);
    totals::add_slowest(&mut page, state);
    remarks::add_rerun(&mut page, state);
    page.finish()
}
