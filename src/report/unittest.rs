//! What minke's own driver of unittest tells: one JSON object a line, each written before the next thing happens.
//!
//! The form is described in `framework/unittest_driver.py`. Such a file comes out of a container, so it may hold anything.

use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;

use super::junit::Excerpt;
use crate::model::{Case, Finding, FindingKind, ReportFile, ReportProblem};

/// The longest line that is read; the driver's own are shorter.
const LINE_BYTES: u64 = 4 << 20;

/// How many bytes of a text are kept.
const TEXT_BYTES: usize = 256 << 10;

/// How many bytes of a name are kept.
const NAME_BYTES: usize = 4 << 10;

/// How many cases are kept.
const MOST_CASES: usize = 1_000_000;

/// One fact.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Fact {
    /// The unit that the file is about.
    File { unit: String },
    /// A test begins.
    Start(Test),
    /// Something ended; there may be none or several between a test's start and its stop.
    Outcome(Outcome),
    /// The test has ended.
    Stop,
    /// Every test of the unit has ended.
    End,
}

#[derive(Deserialize)]
struct Test {
    #[serde(default)]
    class: String,
    name: String,
    file: Option<String>,
    line: Option<u32>,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(flatten)]
    test: Test,
    outcome: Ending,
    seconds: Option<f64>,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Ending {
    Passed,
    Failed,
    Errored,
    Skipped,
    ExpectedFailure,
    UnexpectedSuccess,
}

/// Reads a report. What is wrong with it is in its problems, and the cases before that are kept.
pub fn read(path: &str, input: impl Read) -> ReportFile {
    let mut report = ReportFile { path: path.to_owned(), ..ReportFile::default() };
    let mut running = None;
    let mut input = BufReader::new(input);
    let mut is_empty = true;
    let problem = loop {
        let mut line = Vec::new();
        match input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) if is_empty => break Some(ReportProblem::Empty),
            Ok(0) => break Some(broken_off(running)),
            Ok(_) => is_empty = false,
            Err(error) => break Some(ReportProblem::Malformed { detail: error.to_string() }),
        }
        if line.last() != Some(&b'\n') {
            let is_long = line.len() as u64 == LINE_BYTES;
            let too_long = || ReportProblem::TooLarge { detail: "a line is too long".to_owned() };
            break Some(if is_long { too_long() } else { broken_off(running) });
        }
        match serde_json::from_slice(&line) {
            Ok(Fact::File { unit }) => report.ran.push(unit),
            Ok(Fact::Start(test)) => running = Some(test),
            Ok(Fact::Outcome(outcome)) if report.cases.len() < MOST_CASES => report.cases.push(case_of(outcome)),
            Ok(Fact::Outcome(_)) => break Some(ReportProblem::TooLarge { detail: "too many cases".to_owned() }),
            Ok(Fact::Stop) => running = None,
            Ok(Fact::End) => break None,
            Err(error) => break Some(ReportProblem::Malformed { detail: error.to_string() }),
        }
    };
    report.problems.extend(problem);
    report
}

fn broken_off(running: Option<Test>) -> ReportProblem {
    match running {
        Some(test) => {
            ReportProblem::BrokenOff { test: Excerpt::of(&format!("{}.{}", test.class, test.name), NAME_BYTES) }
        }
        None => ReportProblem::Truncated,
    }
}

fn case_of(outcome: Outcome) -> Case {
    let (kind, message) = match outcome.outcome {
        Ending::Passed => (None, String::new()),
        Ending::Failed => (Some(FindingKind::Failure), outcome.message),
        Ending::Errored => (Some(FindingKind::Error), outcome.message),
        Ending::Skipped => (Some(FindingKind::Skipped), outcome.message),
        Ending::ExpectedFailure => (Some(FindingKind::Skipped), format!("expected failure: {}", outcome.message)),
        Ending::UnexpectedSuccess => (Some(FindingKind::Failure), "unexpected success".to_owned()),
    };
    let finding = |kind| Finding {
        kind,
        message: Excerpt::of(&message, TEXT_BYTES),
        r#type: Excerpt::of(&outcome.r#type, NAME_BYTES),
        text: Excerpt::of(&outcome.text, TEXT_BYTES),
    };
    Case {
        classname: Excerpt::of(&outcome.test.class, NAME_BYTES),
        name: Excerpt::of(&outcome.test.name, NAME_BYTES),
        file: outcome.test.file.map(|file| Excerpt::of(&file, NAME_BYTES)),
        line: outcome.test.line,
        seconds: outcome.seconds.filter(|seconds| *seconds >= 0.0),
        findings: kind.map(finding).into_iter().collect(),
        ..Case::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::CaseOutcome;

    const BEGIN: &str =
        "{\"event\":\"file\",\"unit\":\"t/test_a.py\"}\n{\"event\":\"start\",\"class\":\"t\",\"name\":\"a\"}\n";

    fn outcome(name: &str) -> String {
        format!("{{\"event\":\"outcome\",\"class\":\"t\",\"name\":\"x\",\"outcome\":\"{name}\",\"message\":\"m\"}}\n")
    }

    #[test]
    fn each_outcome_is_what_it_is_in_junit() {
        let expected = [
            ("passed", CaseOutcome::Passed),
            ("failed", CaseOutcome::Failed),
            ("errored", CaseOutcome::Errored),
            ("skipped", CaseOutcome::Skipped),
            ("expected-failure", CaseOutcome::Skipped),
            ("unexpected-success", CaseOutcome::Failed),
        ];
        for (name, expected) in expected {
            let report = read("r", format!("{BEGIN}{}{{\"event\":\"end\"}}\n", outcome(name)).as_bytes());
            assert_eq!(report.cases[0].outcome(), expected, "{name}");
            assert!(!report.is_incomplete());
            assert_eq!(report.ran, ["t/test_a.py"]);
        }
    }

    #[test]
    fn the_test_in_which_the_process_ended_is_named() {
        let report = read("r", format!("{BEGIN}{}", outcome("failed")).as_bytes());
        assert_eq!(
            (report.cases.len(), report.damage().unwrap()),
            (1, "`r` breaks off while `t.a` was running".into())
        );
        let stopped = read("r", format!("{BEGIN}{{\"event\":\"stop\"}}\n{{\"event\":\"en").as_bytes());
        assert_eq!(stopped.problems, [ReportProblem::Truncated]);
        assert_eq!(read("r", &b""[..]).problems, [ReportProblem::Empty]);
    }

    #[test]
    fn an_endless_line_is_too_large() {
        let report = read("r", format!("{BEGIN}{}{}", outcome("passed"), "x".repeat(5 << 20)).as_bytes());
        assert!(matches!(report.problems[..], [ReportProblem::TooLarge { .. }]));
        assert_eq!(report.cases.len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_problem_and_never_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200), begins in any::<bool>(),
        ) {
            let begin = if begins { BEGIN.as_bytes() } else { b"" };
            prop_assert!(read("r", &[begin, &bytes].concat()[..]).is_incomplete());
        }
    }
}
