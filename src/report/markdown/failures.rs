//! What went wrong: failed and errored units, and shard problems that no unit explains.

use super::page::Page;
use super::text::{block, code};
use crate::model::{Case, OutputFile, RunState, ShardId, ShardProblem, ShardRecord, Trouble, UnitOutcome, UnitRecord};
use crate::report::junit::locate;
use crate::report::terminal::case_text::{body, counts, failing, headline, label, number};
use crate::report::terminal::clean::{clean, last_lines};
use crate::report::terminal::fit::wrap;
use crate::report::terminal::is_failed_or_errored;
use crate::report::terminal::span::phrase;

/// Units whose failures are told.
const UNITS: usize = 100;
/// Failing cases that are told of a unit.
const CASES: usize = 10;
/// Shard problems that are told.
const SHARDS: usize = 20;
/// Last lines that are shown of a text.
const LINES: usize = 12;
/// The most bytes of a line.
const LINE_BYTES: usize = 2048;
/// Columns of minke's own sentences in a block, which does not wrap.
const COLUMNS: usize = 100;
/// Units that are named where a list only gives an idea.
const NAMES: usize = 5;

/// Adds each failed or errored unit, with its failing cases, its trouble and where its output is.
pub(super) fn add_failures(page: &mut Page<'_>, state: &RunState) {
    let bad: Vec<&UnitRecord> = state.units().iter().filter(|unit| is_failed_or_errored(unit)).collect();
    let (failed, errored): (Vec<_>, Vec<_>) = bad.into_iter().partition(|unit| unit.outcome() == UnitOutcome::Failed);
    for (heading, noun, units) in [("Failed", "failed unit", failed), ("Errored", "errored unit", errored)] {
        let parts: Vec<String> = units.iter().take(UNITS).map(|unit| told(page, state, unit)).collect();
        let untold = units.iter().skip(UNITS).map(|_| String::new());
        let parts: Vec<String> = parts.into_iter().chain(untold).collect();
        page.add_section(heading, parts, UNITS, noun, "junit.xml");
    }
}

/// Adds the shards whose problem no unit explains.
pub(super) fn add_shards(page: &mut Page<'_>, state: &RunState) {
    let told = |(shard, problem): (&ShardRecord, &ShardProblem)| {
        let named: Vec<String> = shard.units.iter().take(NAMES).map(|unit| code(unit.as_str())).collect();
        let and_more = if shard.units.len() > NAMES { ", ..." } else { "" };
        let units = number(shard.units.len(), "unit");
        let head = format!("#### shard {}: {}\n", shard.shard, problem.trouble.cause);
        let of = format!("{units}: {}{and_more}\n", named.join(", "));
        [head, of, of_trouble(&problem.trouble), logs(page, state, Some(shard.shard))].join("\n")
    };
    let parts: Vec<String> = state.unresolved_shards().map(told).collect();
    page.add_section("Shard problems that no unit explains", parts, SHARDS, "shard problem", "junit.xml");
}

/// Tells of a unit: a heading, its failing cases, its trouble, its logs.
fn told(page: &Page<'_>, state: &RunState, unit: &UnitRecord) -> String {
    let what = match unit.outcome() {
        UnitOutcome::Errored(cause) if unit.cases.is_empty() => cause.to_string(),
        UnitOutcome::Errored(cause) => format!("{cause}; {}", counts(&unit.cases)),
        UnitOutcome::Failed | UnitOutcome::Passed | UnitOutcome::NotRun => counts(&unit.cases),
    };
    let mut parts = vec![format!("#### {} ({what}, {})\n", code(unit.unit.as_str()), phrase(unit.duration))];
    let work_dir = state.plan().and_then(|plan| plan.work_dir.as_deref());
    parts.extend(failing(&unit.cases).take(CASES).map(|case| of_case(case, unit, work_dir)));
    let untold = failing(&unit.cases).count().saturating_sub(CASES);
    if untold > 0 {
        parts.push(format!("{}, see {}.\n", number(untold, "more failing case"), page.place("junit.xml")));
    }
    parts.extend(unit.trouble.as_ref().map(of_trouble));
    parts.push(logs(page, state, unit.shard));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn of_case(case: &Case, unit: &UnitRecord, work_dir: Option<&str>) -> String {
    let place = locate(case.file.as_deref(), case.line, unit.unit.as_str(), work_dir);
    let place = match place.line.filter(|line| *line > 0) {
        Some(line) => format!("{}:{line}", place.file),
        None => place.file,
    };
    let mut parts = vec![format!("**{}** at {}\n", code(&label(case)), code(&place))];
    if let Some(finding) = case.worst_finding() {
        let mut lines = vec![headline(finding)];
        lines.extend(end_of(body(finding)));
        parts.push(block("text", lines.iter().map(String::as_str)));
    }
    for (stream, text) in [("Standard output", &case.system_out), ("Standard error", &case.system_err)] {
        let lines = end_of(text.as_deref().unwrap_or_default());
        if !lines.is_empty() {
            parts.push(format!("{stream}:\n"));
            parts.push(block("text", lines.iter().map(String::as_str)));
        }
    }
    parts.join("\n")
}

fn of_trouble(trouble: &Trouble) -> String {
    let mut lines = wrap(&clean(&trouble.detail), COLUMNS);
    let tail = end_of(&trouble.output_tail);
    if !tail.is_empty() && !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(tail);
    if lines.is_empty() { String::new() } else { block("text", lines.iter().map(String::as_str)) }
}

/// Returns the last lines of a text, and how many come before.
fn end_of(text: &str) -> Vec<String> {
    let (hidden, mut lines) = last_lines(text, LINES);
    if hidden > 0 {
        lines.insert(0, format!("({} before)", number(hidden, "line")));
    }
    for line in &mut lines {
        // Characters without a width are not bounded by columns.
        line.truncate(line.floor_char_boundary(LINE_BYTES));
    }
    lines
}

fn logs(page: &Page<'_>, state: &RunState, shard: Option<ShardId>) -> String {
    let Some(shard) = shard.and_then(|shard| state.shard(shard)) else { return String::new() };
    let written = |file: &&OutputFile| !file.path.is_empty() && file.bytes > 0;
    let files = [&shard.stdout, &shard.stderr].into_iter().filter(written);
    let paths: Vec<String> = files.map(|file| page.place(&file.path)).collect();
    if paths.is_empty() { String::new() } else { format!("Whole output: {}\n", paths.join(", ")) }
}
