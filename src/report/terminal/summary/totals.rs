//! The parts of a summary that give numbers and places.

use std::time::Duration;

use crate::model::{RunState, UnitRecord};

use super::super::case_text::number;
use super::super::clean::clean_name;
use super::super::narrator::Verbosity;
use super::super::span::phrase;
use super::{Page, SummaryOptions};

/// Units that are named as the slowest.
const SLOWEST: usize = 5;

/// Adds the units that took longest, when there are enough of them for that to say something.
pub(crate) fn add_slowest(page: &mut Page, state: &RunState, verbosity: Verbosity) {
    let wanted = match verbosity {
        Verbosity::Quiet => false,
        Verbosity::Normal => state.units().len() > SLOWEST,
        Verbosity::Verbose => true,
    };
    let mut units: Vec<&UnitRecord> = state.units().iter().filter(|unit| !unit.duration.is_zero()).collect();
    if !wanted || units.is_empty() {
        return;
    }
    // The sort keeps the plan's order among equals.
    units.sort_by_key(|unit| std::cmp::Reverse(unit.duration));
    page.heading("slowest");
    for unit in units.iter().take(SLOWEST) {
        page.line(&format!("  {:>12}  {}", phrase(unit.duration), clean_name(unit.unit.as_str())));
    }
}

/// Adds the times, and the counts of units and cases.
pub(crate) fn add_numbers(page: &mut Page, state: &RunState) {
    page.blank();
    if let Some(wall) = state.wall() {
        let tests: Duration = state.units().iter().map(|unit| unit.duration).sum();
        let mut line = format!("{} wall, {} of tests", phrase(wall), phrase(tests));
        if !wall.is_zero() && !tests.is_zero() {
            line += &format!(", {:.1} x", tests.as_secs_f64() / wall.as_secs_f64());
        }
        page.line(&line);
    }
    let units = state.unit_counts();
    page.line(&format!(
        "units: {} passed, {} failed, {} errored, {} not run of {}",
        units.passed,
        units.failed,
        units.errored,
        units.not_run,
        units.total()
    ));
    let cases = state.case_counts();
    page.line(&format!(
        "cases: {} passed, {} failed, {} errored, {} skipped of {}",
        cases.passed,
        cases.failed,
        cases.errored,
        cases.skipped,
        cases.total()
    ));
    let flaky = state.flaky_cases();
    if flaky > 0 {
        page.line(&format!("flaky: {} passed only when run again", number(flaky, "case")));
    }
}

/// Adds the rate of lines that ran, and where the merged coverage is.
pub(crate) fn add_coverage(page: &mut Page, state: &RunState, options: &SummaryOptions) {
    let Some(coverage) = state.coverage() else { return };
    let partly = coverage.unless_whole();
    let rates = coverage.rates().unwrap_or_else(|| "none".to_owned());
    let places: Vec<String> = options.coverage.iter().map(|dir| clean_name(&dir.display().to_string())).collect();
    let places = if places.is_empty() { String::new() } else { format!(", in {}", places.join(" and ")) };
    page.line(&format!("coverage: {rates}{partly}{places}"));
}

/// Adds where the files are.
pub(crate) fn add_files(page: &mut Page, options: &SummaryOptions) {
    for path in &options.junit {
        page.line(&format!("junit: {}", clean_name(&path.display().to_string())));
    }
    for path in &options.html {
        page.line(&format!("html:  {}", clean_name(&path.display().to_string())));
    }
    if !options.run_dir.as_os_str().is_empty() {
        page.line(&format!("run:   {}", clean_name(&options.run_dir.display().to_string())));
    }
}
