//! What minke knows of each test framework: how to recognise, call and read it.
//!
//! Nothing here runs anything: a framework is asked for an argv, and later for the meaning of what came back.

mod bats;
mod behave;
mod by_file;
mod cargo_nextest;
mod command;
mod command_line;
mod cucumber_js;
mod cucumber_ruby;
mod gherkin_parts;
mod go_test;
mod jest;
mod mocha;
mod package_json;
mod prove;
mod pytest;
mod rspec;
mod sign;
mod test_names;
mod unittest;
mod vitest;

use std::num::NonZeroU32;

use crate::model::{Case, Division, ReportFile, ReportFormat, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

pub use bats::Bats;
pub use behave::Behave;
pub use cargo_nextest::CargoNextest;
pub use command::{CommandCandidate, Need};
pub use command_line::CommandLine;
pub use cucumber_js::CucumberJs;
pub use cucumber_ruby::CucumberRuby;
pub use go_test::GoTest;
pub use jest::Jest;
pub use mocha::Mocha;
pub use prove::Prove;
pub use pytest::Pytest;
pub use rspec::Rspec;
pub use sign::{ProjectFiles, Sign, Strength, TELLING_FILES};
pub use unittest::Unittest;
pub use vitest::Vitest;

/// The directory inside a container where a framework leaves its reports.
pub const REPORT_DIR: &str = "/tmp/minke/reports";

/// A test framework.
pub trait Framework: Send + Sync {
    /// Returns the name, as `--framework` takes it.
    fn name(&self) -> &'static str;

    /// Returns where the framework looks for tests when nothing is said; `None` when tests have to be named.
    fn default_path(&self) -> Option<&'static str>;

    /// Tells whether a file found in a directory is a test file, by its path relative to the project's root.
    fn is_unit(&self, path: &str) -> bool;

    /// Returns the unit that a test file belongs to: itself, or for some frameworks the directory that it is in.
    fn unit_of(&self, file: &str) -> String {
        file.to_owned()
    }

    /// Says what a person should know of a project's settings that decide which files the framework itself would run.
    fn remark(&self, project: &ProjectFiles) -> Option<String> {
        let _ = project;
        None
    }

    /// Lists its own arguments with which it runs no test and says that all of them passed.
    fn passes_without_running(&self) -> &'static [&'static str] {
        &[]
    }

    /// Tells by which files the framework is recognised in a project; the strongest sign that there is.
    fn sign(&self, project: &ProjectFiles) -> Option<Sign>;

    /// Tells whether a directory of this name is passed over when a directory above it was selected.
    fn skips_directory(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Tells whether a part of a test file can be a unit, in a form that [`split_part`] knows.
    fn takes_parts(&self) -> bool {
        false
    }

    /// Lists the parts of a test file by its text, as selectors in the file's order; empty when it cannot be divided so.
    fn parts_in(&self, file: &str, text: &str) -> Vec<String> {
        let _ = (file, text);
        Vec::new()
    }

    /// Returns the command that lists the parts of test files on its standard output, and runs none of them.
    fn part_listing(&self, call: &FrameworkCall, files: &[&str]) -> Option<Vec<String>> {
        let _ = (call, files);
        None
    }

    /// Reads the parts of test files that the listing printed, as selectors in its order; a file without any stays whole.
    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        let _ = (stdout, files);
        Vec::new()
    }

    /// Returns the command that lists units on its standard output, where units are not files.
    fn listing(&self, call: &FrameworkCall) -> Option<Vec<String>> {
        let _ = call;
        None
    }

    /// Reads what the listing printed.
    ///
    /// # Errors
    /// What is wrong with it.
    fn listed(&self, stdout: &[u8]) -> Result<Vec<String>, String> {
        let _ = stdout;
        Ok(Vec::new())
    }

    /// Tells whether a unit needs an invocation of its own, because what selects it would hold for its neighbours too.
    fn stands_alone(&self, unit: &str) -> bool {
        let _ = unit;
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

    /// Returns the format of a file that the framework left below [`REPORT_DIR`]; `None` when it is no report.
    fn report_format(&self, path: &str) -> Option<ReportFormat> {
        path.ends_with(".xml").then_some(ReportFormat::JUnit)
    }

    /// Returns globs of the reports that an invocation for a unit leaves elsewhere, relative to the working directory.
    fn report_globs(&self, call: &FrameworkCall, unit: &str) -> Vec<String> {
        let _ = (call, unit);
        Vec::new()
    }

    /// Makes a unit's only case of an exit code, where a framework writes no report and the code is all that it says;
    /// `None` when the code is no answer either.
    fn case_of_exit(&self, call: &FrameworkCall, unit: &str, code: i64) -> Option<Case> {
        let _ = (call, unit, code);
        None
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

    /// Tells whether SIGINT makes the framework end in order, with a report of what it ran. Where it does not, SIGTERM is sent
    /// at once.
    fn heeds_interrupt(&self) -> bool {
        true
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

    /// Says what to do when an image cannot run the command.
    fn missing_help(&self) -> &'static str {
        "install the framework in the image, or name its command with `--framework-command`"
    }
}

/// Returns the frameworks that a name stands for, the likeliest first; empty for an unknown name.
///
/// Knows every name of [`FRAMEWORK_NAMES`](crate::model::FRAMEWORK_NAMES); `cucumber` is Ruby's or JavaScript's, whichever
/// the image has.
pub fn named(name: &str) -> &'static [&'static dyn Framework] {
    match name {
        "auto" => ALL,
        "pytest" => &[&Pytest],
        "behave" => &[&Behave],
        "unittest" => &[&Unittest],
        "cucumber" => &[&CucumberRuby, &CucumberJs],
        "cucumber-ruby" => &[&CucumberRuby],
        "cucumber-js" => &[&CucumberJs],
        "command" => &[&CommandLine],
        "bats" => &[&Bats],
        "prove" => &[&Prove],
        "jest" => &[&Jest],
        "rspec" => &[&Rspec],
        "vitest" => &[&Vitest],
        "mocha" => &[&Mocha],
        "go-test" => &[&GoTest],
        "cargo-nextest" => &[&CargoNextest],
        _ => &[],
    }
}

/// Every framework.
pub const ALL: &[&dyn Framework] = &[
    &Pytest,
    &Unittest,
    &Behave,
    &CucumberRuby,
    &CucumberJs,
    &Rspec,
    &Jest,
    &Vitest,
    &Mocha,
    &GoTest,
    &CargoNextest,
    &Bats,
    &Prove,
    &CommandLine,
];

/// Returns the last component of a path.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the test file of a unit.
fn file_of(unit: &str) -> &str {
    split_part(unit).0
}

/// Puts a framework's command behind some shell text in one container. The command's words are `"$@"` of the text, so
/// nothing in them is read by the shell.
fn by_shell(script: &str, argv: Vec<String>) -> Vec<String> {
    let shell = ["/bin/sh", "-c", script, "minke"].map(str::to_owned);
    shell.into_iter().chain(argv).collect()
}

/// Writes a unit's path as an argument that cannot be taken for an option, or for a file of arguments.
fn as_argument(unit: &str) -> String {
    if unit.starts_with(['-', '@']) { format!("./{unit}") } else { unit.to_owned() }
}

/// Gives the cases of each report to the unit that `place_of` finds by the report's name; those of others are strays.
fn by_name(units: &[Unit], reports: Vec<ReportFile>, place_of: impl Fn(&ReportFile) -> Option<usize>) -> Division {
    let mut division = Division { damaged: vec![false; units.len()], ..Division::begin(units.len(), &reports) };
    for report in reports {
        match place_of(&report) {
            Some(place) => {
                division.damaged[place] |= report.is_incomplete();
                division.by_unit[place].extend(report.cases);
            }
            None => division.strays.extend(report.cases),
        }
    }
    division
}

/// Gives every case to the one unit of the batch.
fn all_to_one(reports: Vec<ReportFile>) -> Division {
    let begun = Division::begin(1, &reports);
    Division { by_unit: vec![reports.into_iter().flat_map(|report| report.cases).collect()], ..begun }
}
