//! unittest of Python 3.7 and newer: a unit is a test file, or a class or a method of one; one invocation takes any number.
//!
//! Python's own runner leaves nothing but text for people. A small program of minke's (`unittest_driver.py`) is handed to
//! `python3 -c`, runs the files with unittest itself and writes down each fact before the next thing happens; so a crash
//! shows the test in which it came. What people see is still what `python3 -m unittest -v` writes.
//!
//! The package unittest-xml-reporting (`xmlrunner`) is not used: few images have it, it writes its files only at the end
//! and one for each class, and it knows less: neither the unit nor the test that was running when the process ended.

use serde::Deserialize;

use super::{CommandCandidate, Framework, Need, ProjectFiles, REPORT_DIR, Sign, Strength, by_name, file_name};
use crate::model::{Case, Division, ReportFile, ReportFormat, ReportProblem, Unit, split_part};
use crate::plan::FrameworkCall;
use crate::schedule::ExitMeaning;

/// The program that runs the files.
const DRIVER: &str = include_str!("unittest_driver.py");

/// Python's unittest.
#[derive(Debug, Clone, Copy)]
pub struct Unittest;

impl Framework for Unittest {
    fn name(&self) -> &'static str {
        "unittest"
    }

    fn default_path(&self) -> Option<&'static str> {
        Some(".")
    }

    fn sign(&self, project: &ProjectFiles) -> Option<Sign> {
        // pytest's files look the same, and pytest runs these too.
        project.path(|path| self.is_unit(path)).map(|path| Sign::file(Strength::Possible, path))
    }

    fn is_unit(&self, path: &str) -> bool {
        // unittest's discovery: `test*.py` that can be imported by name.
        let is_word = |stem: &str| stem.chars().all(|letter| letter == '_' || letter.is_alphanumeric());
        file_name(path).strip_suffix(".py").is_some_and(|stem| stem.starts_with("test") && is_word(stem))
    }

    fn skips_directory(&self, name: &str) -> bool {
        name.starts_with('.') || matches!(name, "__pycache__" | "node_modules" | "venv")
    }

    fn takes_parts(&self) -> bool {
        true
    }

    fn part_listing(&self, call: &FrameworkCall, files: &[&str]) -> Option<Vec<String>> {
        Some(driven(call, "--list", files))
    }

    fn listed_parts(&self, stdout: &str, files: &[&str]) -> Vec<String> {
        let lists = stdout.lines().filter_map(|line| serde_json::from_str::<Listed>(line).ok());
        let known = lists.filter(|list| files.contains(&list.unit.as_str()));
        known.flat_map(|Listed { unit, parts }| parts.into_iter().map(move |part| format!("{unit}::{part}"))).collect()
    }

    fn commands(&self) -> &'static [CommandCandidate] {
        &[
            CommandCandidate { argv: &["python3"], needs: &[Need::OnPath("python3")] },
            CommandCandidate { argv: &["python"], needs: &[Need::OnPath("python")] },
        ]
    }

    fn report_format(&self, path: &str) -> Option<ReportFormat> {
        path.ends_with(".jsonl").then_some(ReportFormat::Unittest)
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        &[("PYTHONUNBUFFERED", "1"), ("PYTHONDONTWRITEBYTECODE", "1"), ("LC_ALL", "C.UTF-8")]
    }

    fn argv(&self, call: &FrameworkCall, units: &[&str]) -> Vec<String> {
        driven(call, REPORT_DIR, units)
    }

    fn divide(&self, units: &[Unit], reports: Vec<ReportFile>) -> Division {
        let stopped_in = reports.iter().flat_map(|report| &report.problems).find_map(|problem| match problem {
            ReportProblem::BrokenOff { test } => Some(test.clone()),
            ReportProblem::Empty
            | ReportProblem::Truncated
            | ReportProblem::Malformed { .. }
            | ReportProblem::TooLarge { .. }
            | ReportProblem::FailuresMissing { .. }
            | ReportProblem::CountsDiffer { .. }
            | ReportProblem::Repaired
            | ReportProblem::EntitiesIgnored => None,
        });
        let place_of = |report: &ReportFile| match report.ran.as_slice() {
            [ran] => units.iter().position(|unit| unit.id.as_str() == ran),
            // A report without its first line can only be of the unit that runs alone.
            [] | [_, _, ..] => (units.len() == 1).then_some(0),
        };
        let foreign_unit =
            reports.iter().find(|report| place_of(report).is_none()).and_then(|report| report.ran.first());
        let foreign_unit = foreign_unit.filter(|_| units.len() == 1).cloned();
        Division { stopped_in, foreign_unit, ..by_name(units, reports, place_of) }
    }

    fn seen(&self, line: &str, units: &[Unit]) -> Option<usize> {
        // `test_y (path.test_x.Class.test_y) ... `; before Python 3.11 `test_y (path.test_x.Class)`.
        let (method, name) = line.split_once(" (")?;
        let (name, _) = name.split_once(')')?;
        let is_of = |unit: &Unit| {
            let (file, part) = split_part(unit.id.as_str());
            let module = file.strip_suffix(".py").unwrap_or(file).replace('/', ".");
            let rest = name.strip_prefix(module.as_str());
            let below = rest.and_then(|rest| if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') });
            let Some(part) = part.map(|part| part.replace("::", ".")) else { return below.is_some() };
            let is_within = |name: &str| {
                name.strip_prefix(part.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            below.is_some_and(|below| is_within(below) || is_within(&format!("{below}.{method}")))
        };
        let mut found = units.iter().enumerate().filter(|(_, unit)| is_of(unit));
        let (place, _) = found.next()?;
        found.next().is_none().then_some(place)
    }

    fn is_stopped(&self, _case: &Case) -> bool {
        // A SIGINT ends the process in the middle of the test, which then has no outcome.
        false
    }

    fn exit_meaning(&self, code: i64, _stopped: bool) -> ExitMeaning {
        match code {
            0 | 1 => ExitMeaning::Finished,
            5 => ExitMeaning::NothingSelected,
            _ => ExitMeaning::Unfinished,
        }
    }

    fn exit_hint(&self, code: i64) -> Option<&'static str> {
        Some(match code {
            2 => "an argument that minke's unittest does not know: -k PATTERN, -f, -b, -v and --locals are",
            5 => "no tests were found",
            _ => return None,
        })
    }
}

/// Returns the command that hands units to the driver, which leaves its reports in a directory, or lists parts.
fn driven(call: &FrameworkCall, directory: &str, units: &[&str]) -> Vec<String> {
    // Who is asked for a command may well give all of what they type.
    let python = match call.command.as_slice() {
        [python @ .., m, unittest] if m == "-m" && unittest == "unittest" => python,
        command => command,
    };
    let own = ["-c", DRIVER, directory].map(str::to_owned).into_iter().chain([units.len().to_string()]);
    let units = units.iter().map(|&unit| unit.to_owned());
    python.iter().cloned().chain(own).chain(units).chain(call.args.iter().cloned()).collect()
}

/// What the driver lists of a file.
#[derive(Deserialize)]
struct Listed {
    unit: String,
    parts: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(paths: &[&str]) -> Vec<Unit> {
        paths.iter().map(|&path| Unit::new(path)).collect()
    }

    fn report(path: &str, ran: &[&str], problems: Vec<ReportProblem>) -> ReportFile {
        let ran = ran.iter().map(|&ran| ran.to_owned()).collect();
        ReportFile { path: path.into(), cases: vec![Case::default()], ran, problems }
    }

    #[test]
    fn test_files_are_those_that_discovery_can_import() {
        for path in ["test.py", "t/test_a.py", "t/testé.py", "tests.py"] {
            assert!(Unittest.is_unit(path), "{path}");
        }
        for path in ["t/a_test.py", "t/test-a.py", "t/test a.py", "t/test_a.pyc", "t/test.d/a.py"] {
            assert!(!Unittest.is_unit(path), "{path}");
        }
    }

    #[test]
    fn a_crash_damages_the_unit_that_ran_and_no_other() {
        let broken = ReportProblem::BrokenOff { test: "t.x".into() };
        let reports = vec![report("0", &["test_a.py"], Vec::new()), report("1", &["test_b.py"], vec![broken])];
        let division = Unittest.divide(&units(&["test_a.py", "test_b.py", "test_c.py"]), reports);
        assert_eq!(division.damaged, [false, true, false]);
        assert_eq!(division.by_unit.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 0]);
        assert_eq!(division.stopped_in.as_deref(), Some("t.x"));
    }

    #[test]
    fn a_report_of_another_file_is_foreign() {
        let division = Unittest.divide(&units(&["test_a.py"]), vec![report("0", &["test_b.py"], Vec::new())]);
        assert_eq!(division.foreign_unit.as_deref(), Some("test_b.py"));
        let division = Unittest.divide(&units(&["test_a.py"]), vec![report("0", &[], vec![ReportProblem::Empty])]);
        assert_eq!((division.foreign_unit, division.damaged), (None, vec![true]));
    }

    #[test]
    fn output_shows_the_file_that_runs() {
        let units = units(&["tests/test_a.py", "tests/test_b.py::Class.test_x", "tests/test_b.py::Other"]);
        assert_eq!(Unittest.seen("test_x (tests.test_a.Class.test_x) ... ", &units), Some(0));
        assert_eq!(Unittest.seen("test_x (tests.test_a.Class) ... ok", &units), Some(0));
        assert_eq!(Unittest.seen("import (tests.test_a) ... ERROR", &units), Some(0));
        assert_eq!(Unittest.seen("test_y (tests.test_b.Other.test_y) ... ok", &units), Some(2));
        assert_eq!(Unittest.seen("test_x (tests.test_b.Class) ... ok", &units), Some(1));
        assert_eq!(Unittest.seen("test_xy (tests.test_b.Class.test_xy) ... ok", &units), None);
        assert_eq!(Unittest.seen("test_x (tests.test_ab.Class.test_x) ... ok", &units), None);
    }

    #[test]
    fn parts_are_read_from_among_whatever_files_print() {
        let stdout = "noise\n{\"unit\": \"a.py\", \"parts\": [\"A.test_x\", \"B\"]}\n{\"unit\": \"c.py\", \"parts\": []}\n\
                      {\"unit\": \"foreign.py\", \"parts\": [\"A\"]}\n{\"unit\"";
        assert_eq!(Unittest.listed_parts(stdout, &["a.py", "c.py"]), ["a.py::A.test_x", "a.py::B"]);
    }

    #[test]
    fn the_command_is_an_interpreter_and_units_are_counted() {
        let command = ["python3.12", "-m", "unittest"].map(str::to_owned).to_vec();
        let call = FrameworkCall::new("unittest", command, vec!["-k".into(), "x".into()]);
        let argv = Unittest.argv(&call, &["-test_a.py", "test_b.py"]);
        assert_eq!(argv[..2], ["python3.12", "-c"]);
        assert_eq!(argv[3..], [REPORT_DIR, "2", "-test_a.py", "test_b.py", "-k", "x"]);
    }
}
