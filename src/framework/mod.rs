//! What minke knows of each test framework: how to recognise, call and read it.
//!
//! Nothing here runs anything: a framework is asked for an argv, and later for the meaning of what came back.

mod command;
mod cucumber_js;
mod cucumber_ruby;
mod pytest;

use std::num::NonZeroU32;

use crate::model::{Case, Division, ReportFile, Unit};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

pub use command::{CommandCandidate, Need};
pub use cucumber_js::CucumberJs;
pub use cucumber_ruby::CucumberRuby;
pub use pytest::Pytest;

/// The directory inside a container where a framework leaves its reports.
pub const REPORT_DIR: &str = "/tmp/minke/reports";

/// A test framework.
pub trait Framework: Send + Sync {
    /// Returns the name, as `--framework` takes it.
    fn name(&self) -> &'static str;

    /// Returns where the framework looks for tests when nothing is said.
    fn default_path(&self) -> &'static str;

    /// Tells whether a file found in a directory is a test file, by its name.
    fn is_unit(&self, file_name: &str) -> bool;

    /// Tells whether a directory of this name is passed over when a directory above it was selected.
    fn skips_directory(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Returns the commands that may be the framework's in an image, best first.
    fn commands(&self) -> &'static [CommandCandidate];

    /// Returns how many units one invocation can take and still report each by itself; `None` means any number.
    fn units_per_invocation(&self) -> Option<NonZeroU32> {
        None
    }

    /// Tells whether an orderly end without any test to run leaves a report too.
    fn always_reports(&self) -> bool {
        true
    }

    /// Returns the name under which an invocation files a unit's report, where two units could overwrite each other's.
    fn report_key(&self, unit: &str) -> Option<String> {
        let _ = unit;
        None
    }

    /// Returns environment that the framework wants unless the user says otherwise.
    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Returns the whole command for some units; its reports go to [`REPORT_DIR`].
    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String>;

    /// Divides the cases of a batch's reports among the batch's units, losing none.
    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division;

    /// Reads the beginning of an output line for the unit that the framework has come to, as its place in the batch.
    fn seen(&self, line: &str, units: &[Unit]) -> Option<usize> {
        let _ = (line, units);
        None
    }

    /// Tells whether a case failed only because minke stopped the framework while it ran.
    fn is_stopped(&self, case: &Case) -> bool {
        let _ = case;
        false
    }

    /// Says what an exit code means; `stopped` when minke had told the container to stop.
    fn exit_meaning(&self, code: i64, stopped: bool) -> ExitMeaning;

    /// Returns the framework's own words for an exit code.
    fn exit_hint(&self, code: i64) -> Option<&'static str>;
}

/// Returns the frameworks that a name stands for, the likeliest first; empty for an unknown name.
///
/// `cucumber` is Ruby's or JavaScript's, whichever the image has.
pub fn named(name: &str) -> &'static [&'static dyn Framework] {
    match name {
        "pytest" => &[&Pytest],
        "cucumber" => &[&CucumberRuby, &CucumberJs],
        "cucumber-ruby" => &[&CucumberRuby],
        "cucumber-js" => &[&CucumberJs],
        _ => &[],
    }
}

/// The names that [`named`] knows.
pub const NAMES: [&str; 4] = ["pytest", "cucumber", "cucumber-ruby", "cucumber-js"];

/// Writes a unit's path as an argument that cannot be taken for an option, or for a file of arguments.
fn as_argument(unit: &str) -> String {
    if unit.starts_with(['-', '@']) { format!("./{unit}") } else { unit.to_owned() }
}

/// Gives every case to the one unit of the batch.
fn all_to_one(reports: Vec<ReportFile>) -> Division {
    let damaged = vec![reports.iter().any(ReportFile::is_incomplete)];
    let damage = reports.iter().find_map(ReportFile::damage);
    let report_files = reports.len();
    let cases = reports.into_iter().flat_map(|report| report.cases).collect();
    Division { by_unit: vec![cases], damaged, damage, report_files, ..Division::default() }
}
