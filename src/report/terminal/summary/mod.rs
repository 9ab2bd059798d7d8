//! What a person reads at the end of a run: what failed and why, the numbers, how to go on, and the verdict.

pub(crate) mod problems;
mod rerun;
pub(crate) mod totals;
pub(crate) mod verdict;

use std::io::{self, Write};
use std::path::PathBuf;

pub(crate) use problems::is_failed_or_errored;
pub use rerun::repeat_words;
pub(crate) use rerun::{again, rerun_lines};

use crate::model::{ExitCode, RunState};

use super::clean::LONGEST_LINE;
use super::fit::PAGE_WIDTH;
use super::narrator::Verbosity;
use super::palette::{Colours, Palette};

/// What a summary needs besides the run's state.
#[derive(Debug, Clone)]
pub struct SummaryOptions {
    /// Whether the text is coloured.
    pub colours: Colours,
    /// How much is told: `Quiet` leaves out the slowest units, `Verbose` has them for small runs too.
    pub verbosity: Verbosity,
    /// The run's directory as the user should see it; the spooled output's paths are relative to it.
    pub run_dir: PathBuf,
    /// The JUnit files that were written.
    pub junit: Vec<PathBuf>,
    /// The HTML files that were written.
    pub html: Vec<PathBuf>,
    /// The directories that the merged coverage is in; empty when there is none.
    pub coverage: Vec<PathBuf>,
    /// The command that runs the whole again, as arguments without units; empty for no such hint.
    pub rerun: Vec<String>,
    /// The framework's arguments, which stand behind the paths and `--`.
    pub framework_args: Vec<String>,
    /// A file that holds the paths of the failed and errored units, one a line; named when they are too many for a command.
    pub failed_list: PathBuf,
    /// Whether the containers had no network.
    pub network_is_none: bool,
}

/// The text of a summary while it is made.
pub(crate) struct Page {
    text: String,
    /// How much of the text has been written, in bytes.
    written: usize,
    pub(crate) palette: Palette,
}

/// Makes the summary of a run: whole lines, the last of which is the verdict.
///
/// `code` is what the process is going to exit with; it may be worse than the run's own, when a report could not be
/// written for example.
pub fn summary(state: &RunState, code: ExitCode, options: &SummaryOptions) -> String {
    let mut page = Page::new(options.colours);
    problems::add_failures(&mut page, state, options);
    problems::add_not_run(&mut page, state);
    problems::add_shards(&mut page, state, options);
    problems::add_network_hint(&mut page, state, options);
    problems::add_warnings(&mut page, state);
    totals::add_slowest(&mut page, state, options.verbosity);
    totals::add_numbers(&mut page, state);
    totals::add_coverage(&mut page, state, options);
    totals::add_files(&mut page, options);
    rerun::add_command(&mut page, state, options);
    page.blank();
    let verdict = verdict::verdict(&page.palette, state, code, PAGE_WIDTH);
    page.line(&verdict);
    page.text
}

/// Writes the verdict alone, without colours, in one line.
pub(crate) fn verdict_line(state: &RunState, code: ExitCode) -> String {
    verdict::verdict(&Palette::new(Colours::Off), state, code, LONGEST_LINE)
}

/// Writes the [`summary`] of a run below its log, from which a blank line sets it apart.
///
/// # Errors
/// As the writer's; a closed pipe is an error like any other.
pub fn write_summary(
    out: &mut dyn Write,
    state: &RunState,
    code: ExitCode,
    options: &SummaryOptions,
) -> io::Result<()> {
    out.write_all(format!("\n{}", summary(state, code, options)).as_bytes())?;
    out.flush()
}

impl Page {
    pub(crate) fn new(colours: Colours) -> Self {
        Self { text: String::new(), written: 0, palette: Palette::new(colours) }
    }

    /// Writes what has been added since the last time.
    pub(crate) fn write_to(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.text.as_bytes()[self.written..])?;
        // The last two bytes tell whether a blank line stands there.
        self.text.drain(..self.text.len().saturating_sub(2));
        self.written = self.text.len();
        Ok(())
    }

    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Adds a blank line, but never two, and none at the beginning.
    pub(crate) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Adds the heading of a part.
    pub(crate) fn heading(&mut self, heading: &str) {
        self.blank();
        let heading = super::palette::paint(self.palette.heading, heading);
        self.line(&heading);
    }
}
