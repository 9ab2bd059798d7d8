//! The verdict and the numbers.

use std::time::Duration;

use super::page::Page;
use super::text::code;
use crate::model::{ExitCode, RunState, UnitRecord};
use crate::report::terminal::span::phrase;
use crate::report::terminal::verdict_line;

/// Units that are named as the slowest.
const SLOWEST: usize = 5;

/// Adds the verdict as the heading, and what was run below it.
pub(super) fn add_verdict(page: &mut Page<'_>, state: &RunState) {
    page.add(&format!("## {}\n", verdict_line(state, ExitCode::of(state))));
    let mut facts = Vec::new();
    if let Some(plan) = state.plan() {
        facts.push(format!("{} in {}", code(&plan.framework), code(&plan.image)));
    }
    if let Some(wall) = state.wall() {
        let tests: Duration = state.units().iter().map(|unit| unit.duration).sum();
        facts.push(format!("{} wall, {} of tests", phrase(wall), phrase(tests)));
    }
    facts.extend(state.coverage().and_then(|coverage| coverage.rates()).map(|rates| format!("coverage {rates}")));
    facts.extend(state.run().map(|run| format!("run `{run}`")));
    page.add(&format!("{}\n", facts.join("; ")));
}

/// Adds a table of units and cases by outcome; it holds nothing but minke's own words and numbers.
pub(super) fn add_counts(page: &mut Page<'_>, state: &RunState) {
    let (units, cases) = (state.unit_counts(), state.case_counts());
    page.add(&format!(
        "| | passed | failed | errored | skipped | not run | total |\n\
         |---|--:|--:|--:|--:|--:|--:|\n\
         | units | {} | {} | {} | | {} | {} |\n\
         | cases | {} | {} | {} | {} | | {} |\n",
        units.passed,
        units.failed,
        units.errored,
        units.not_run,
        units.total(),
        cases.passed,
        cases.failed,
        cases.errored,
        cases.skipped,
        cases.total(),
    ));
}

/// Adds the units that took longest, when there are enough of them for that to say something.
pub(super) fn add_slowest(page: &mut Page<'_>, state: &RunState) {
    let mut units: Vec<&UnitRecord> = state.units().iter().filter(|unit| !unit.duration.is_zero()).collect();
    if units.len() <= SLOWEST {
        return;
    }
    // The sort keeps the plan's order among equals.
    units.sort_by_key(|unit| std::cmp::Reverse(unit.duration));
    units.truncate(SLOWEST);
    let items = units.iter().map(|unit| format!("- {} {}\n", phrase(unit.duration), code(unit.unit.as_str())));
    page.add_section("Slowest", items, SLOWEST, "unit", "junit.xml");
}
