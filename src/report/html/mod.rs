//! The HTML report: one file that needs nothing else, not even a script, to be read.
//!
//! `page` says what the parts are, one file makes each part's view of the run, and the templates beside them (`*.html`)
//! put the views into words of HTML. Whatever a test wrote is escaped there, and made visible by `text` or coloured by
//! `colours` before. `style.css` and `script.js` go into the document as they are.

mod colours;
mod containers;
mod contrast;
mod failures;
mod flaky;
mod links;
mod output;
mod page;
mod place;
mod rerun;
mod slowest;
mod text;
mod timeline;
mod track;
mod units;
mod verdict;
mod words;

use std::path::{Path, PathBuf};

use askama::Template;

use crate::model::RunState;
use crate::report::{WriteError, replace};

/// The report in an error's words.
const WHAT: &str = "HTML report";

/// What the report has to know besides the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HtmlOptions {
    /// The run's directory, which the paths of the spooled output are relative to. Without it, there are no links to logs
    /// and no last lines of them.
    pub run_dir: Option<PathBuf>,
    /// The directory on this machine that the paths of units are relative to. Without it, there are no links to sources.
    pub project: Option<PathBuf>,
    /// The directory that the report is going to be in: what is below it is linked to by a relative path.
    pub folder: Option<PathBuf>,
}

/// Writes a run as an HTML document.
///
/// The logs in the run's directory are read for the last lines of containers that had trouble; one that is gone is passed
/// over. A run that has not ended can be written too, and says so.
///
/// # Errors
/// Fails only if minke itself is wrong.
pub fn write(state: &RunState, options: &HtmlOptions) -> Result<String, WriteError> {
    let page = page::Page::of(state, options);
    page.render().map_err(|error| WriteError::Document { what: WHAT, detail: error.to_string() })
}

/// Writes a run as an HTML file. Missing directories are made, and the file appears whole or not at all. The folder of
/// `path` takes the place of the options' own.
///
/// # Errors
/// Fails as [`write()`] does, and if the file or its directory cannot be written; the error names the path.
pub fn write_file(state: &RunState, options: &HtmlOptions, path: &Path) -> Result<(), WriteError> {
    let folder = path.parent().map(Path::to_owned);
    let document = write(state, &HtmlOptions { folder, ..options.clone() })?;
    replace(WHAT, path, document.as_bytes())
}
