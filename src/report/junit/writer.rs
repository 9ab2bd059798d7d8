//! Writes the one JUnit file of a run: junit-report makes the document, and `decorate` adds to it.

use std::path::Path;

use jiff::Timestamp;
use junit_report::{Report, TestCase, TestResult, TestSuite};
use time::{Duration, OffsetDateTime};

use super::decorate::{Additions, CaseAdditions, EarlierAddition, SuiteAdditions, decorate};
use super::layout::{Suite, lay_out, plain_seconds};
use super::row::{Row, Verdict};
use crate::model::{CaseCounts, FindingKind, RunState};
use crate::report::{WriteError, replace};

/// The report in an error's words.
const WHAT: &str = "JUnit report";

/// What the writer has to know besides the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// The directory in the container that unit paths are relative to; it is removed from absolute `file` attributes.
    pub work_dir: Option<String>,
}

/// Writes a run as a JUnit document.
///
/// Every unit of the plan is one `<testsuite>`, in the plan's order; a shard whose problem no unit explains is one
/// after them. A unit that was not run, or of which there is no whole answer, has an `<error>` in a case `(unit)`.
/// The counters are those of the elements. A suite's `time` is the sum of its cases' times; that of `<testsuites>`
/// is the wall time of the run, or the sum of the suites' times as long as the run has not ended.
///
/// # Errors
/// Fails only if minke itself is wrong: every text is made legal before.
pub fn write(state: &RunState, options: &WriteOptions) -> Result<Vec<u8>, WriteError> {
    let suites = lay_out(state, options.work_dir.as_deref());
    let additions = additions(state, &suites);
    let mut report = Report::new();
    report.add_testsuites(suites.into_iter().map(test_suite));
    let mut document = Vec::new();
    report.write_xml(&mut document).map_err(|error| unmade(&error.to_string()))?;
    drop(report);
    decorate(&document, &additions).map_err(|error| unmade(&error.to_string()))
}

/// Writes a run as a JUnit file. Missing directories are made, and the file appears whole or not at all.
///
/// # Errors
/// Fails as [`write()`] does, and if the file or its directory cannot be written; the error names the path.
pub fn write_file(state: &RunState, options: &WriteOptions, path: &Path) -> Result<(), WriteError> {
    let document = write(state, options)?;
    replace(WHAT, path, &document)
}

fn unmade(detail: &str) -> WriteError {
    WriteError::Document { what: WHAT, detail: detail.to_owned() }
}

fn additions(state: &RunState, suites: &[Suite]) -> Additions {
    let mut total = CaseCounts::default();
    let mut microseconds = 0_i64;
    let mut of_suites = Vec::with_capacity(suites.len());
    for suite in suites {
        let counts = counts(&suite.rows);
        total.passed += counts.passed;
        total.failed += counts.failed;
        total.errored += counts.errored;
        total.skipped += counts.skipped;
        microseconds += suite.rows.iter().map(|row| row.microseconds).sum::<i64>();
        of_suites.push(suite_additions(suite, counts));
    }
    let seconds = state.wall().map_or(microseconds as f64 / 1e6, |wall| wall.as_secs_f64());
    let mut attributes = vec![
        ("name", "minke".to_owned()),
        ("tests", total.total().to_string()),
        ("failures", total.failed.to_string()),
        ("errors", total.errored.to_string()),
        ("skipped", total.skipped.to_string()),
        ("time", plain_seconds(seconds).to_string()),
    ];
    attributes.extend(state.started_at().map(|at| ("timestamp", timestamp_text(at))));
    attributes.extend(state.run().map(|run| ("id", run.to_string())));
    Additions { attributes, suites: of_suites }
}

fn suite_additions(suite: &Suite, counts: CaseCounts) -> SuiteAdditions {
    let mut attributes = vec![("skipped", counts.skipped.to_string())];
    attributes.extend(suite.file.clone().map(|file| ("file", file)));
    let cases = suite.rows.iter().map(|row| CaseAdditions {
        attributes: row.line.map(|line| ("line", line.to_string())).into_iter().collect(),
        properties: row.properties.clone(),
        earlier: earlier_additions(row),
    });
    SuiteAdditions { attributes, properties: suite.properties.clone(), cases: cases.collect() }
}

/// Writes earlier executions as Surefire does: a case that passed in the end was flaky, any other was only run again.
fn earlier_additions(row: &Row) -> Vec<EarlierAddition> {
    let of = |verdict: &Verdict| EarlierAddition {
        element: match (row.verdict.is_none(), verdict.kind) {
            (true, FindingKind::Error) => "flakyError",
            (true, FindingKind::Failure | FindingKind::Skipped) => "flakyFailure",
            (false, FindingKind::Error) => "rerunError",
            (false, FindingKind::Failure | FindingKind::Skipped) => "rerunFailure",
        },
        r#type: verdict.r#type.clone(),
        message: verdict.message.clone(),
        body: verdict.body.clone().unwrap_or_default(),
    };
    row.earlier.iter().map(of).collect()
}

fn counts(rows: &[Row]) -> CaseCounts {
    let mut counts = CaseCounts::default();
    for row in rows {
        match row.verdict.as_ref().map(|verdict| verdict.kind) {
            None => counts.passed += 1,
            Some(FindingKind::Skipped) => counts.skipped += 1,
            Some(FindingKind::Failure) => counts.failed += 1,
            Some(FindingKind::Error) => counts.errored += 1,
        }
    }
    counts
}

fn test_suite(suite: Suite) -> TestSuite {
    TestSuite {
        name: suite.name,
        package: suite.package,
        timestamp: date_time(suite.timestamp),
        hostname: suite.host_name,
        testcases: suite.rows.into_iter().map(test_case).collect(),
        system_out: None,
        system_err: None,
    }
}

fn test_case(row: Row) -> TestCase {
    TestCase {
        name: row.name,
        time: Duration::microseconds(row.microseconds),
        result: row.verdict.map_or(TestResult::Success, test_result),
        classname: Some(row.classname),
        filepath: row.file,
        system_out: row.system_out,
        system_err: row.system_err,
    }
}

fn test_result(verdict: Verdict) -> TestResult {
    let Verdict { kind, r#type: type_, message, body: cause } = verdict;
    match kind {
        FindingKind::Skipped if type_.is_empty() && message.is_empty() && cause.is_none() => TestResult::Skipped,
        FindingKind::Skipped => TestResult::SkippedWithCause { type_, message, cause },
        FindingKind::Failure => TestResult::Failure { type_, message, cause },
        FindingKind::Error => TestResult::Error { type_, message, cause },
    }
}

/// Converts a time to the type that junit-report takes, to the millisecond. A year before 0 or after 9999, which
/// junit-report cannot write, becomes the beginning of 1970.
fn date_time(at: Timestamp) -> OffsetDateTime {
    let nanoseconds = i128::from(at.as_millisecond()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .ok()
        .filter(|date_time| (0..=9999).contains(&date_time.year()))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Writes a time as junit-report writes that of a suite.
fn timestamp_text(at: Timestamp) -> String {
    date_time(at).format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
