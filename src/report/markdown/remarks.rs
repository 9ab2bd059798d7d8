//! What is worth a look besides the failures: units that were not run, flaky ones, warnings, and how to go on.

use super::page::Page;
use super::text::{block, code};
use crate::model::{RunState, UnitOutcome, UnitRecord};
use crate::report::terminal::case_text::{headline, label, number};
use crate::report::terminal::rerun_lines;

/// The most items of a list.
const ITEMS: usize = 20;

/// Adds the units that were not run, and why.
pub(super) fn add_not_run(page: &mut Page<'_>, state: &RunState) {
    let not_run = state.units().iter().filter(|unit| unit.outcome() == UnitOutcome::NotRun);
    let names: Vec<String> = not_run.map(|unit| format!("- {}\n", code(unit.unit.as_str()))).collect();
    if names.is_empty() {
        return;
    }
    let why = match state.cancelled() {
        Some(reason) => code(&reason.to_string()),
        None => "the run ended before them".to_owned(),
    };
    let of = number(state.units().len(), "unit");
    let heading = format!("Not run: {} of {of}\n\nWhy: {why}", names.len());
    page.add_section(&heading, names, ITEMS, "unit", "junit.xml");
}

/// Adds the cases that failed before they passed, and the units that passed only when they were run again alone.
pub(super) fn add_flaky(page: &mut Page<'_>, state: &RunState) {
    let items: Vec<String> = state.units().iter().flat_map(flaky_in).collect();
    page.add_section("Flaky", items, ITEMS, "flaky one", "junit.xml");
}

fn flaky_in(unit: &UnitRecord) -> Vec<String> {
    let name = code(unit.unit.as_str());
    let cases = unit.cases.iter().filter(|case| case.is_flaky()).map(|case| {
        let first = case.earlier.first().map(|finding| format!(": {}", code(&headline(finding)))).unwrap_or_default();
        let failures = number(case.earlier.len(), "failure");
        format!("- {} in {name} passed after {failures}{first}\n", code(&label(case)))
    });
    let again = unit.requeued.last().filter(|_| unit.outcome() == UnitOutcome::Passed);
    let again = again.map(|(shard, why)| {
        format!("- {name} passed when it was run again alone; before, in shard {shard}: {}\n", why.cause)
    });
    cases.chain(again).collect()
}

/// Adds the warnings.
pub(super) fn add_warnings(page: &mut Page<'_>, state: &RunState) {
    let items: Vec<String> = state.warnings().iter().map(|warning| format!("- {}\n", code(warning))).collect();
    page.add_section("Warnings", items, ITEMS, "warning", "events.jsonl");
}

/// Adds the command that runs the failures again.
pub(super) fn add_rerun(page: &mut Page<'_>, state: &RunState) {
    let Some(plan) = state.plan() else { return };
    let failed_list = page.options.run_dir.join("failed.txt");
    let lines = rerun_lines(state, &plan.command_line, &plan.framework_args, &failed_list);
    if lines.is_empty() {
        return;
    }
    let command = block("sh", lines.iter().map(|line| line.strip_prefix("  ").unwrap_or(line)));
    page.add_section("To run the failures again", [command], 1, "command that is too long for this page", "failed.txt");
}
