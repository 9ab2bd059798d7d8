//! The parts of a summary that tell what went wrong.

use std::path::Path;

use crate::model::{Case, OutputFile, RunState, ShardRecord, Trouble, UnitId, UnitOutcome, UnitRecord};

use super::super::case_text::{body, counts, failing, headline, label, number, texts};
use super::super::clean::{clean, clean_name, last_lines};
use super::super::fit::{PAGE_WIDTH, wrap};
use super::super::network::is_missing_network;
use super::super::palette::paint;
use super::super::span::phrase;
use super::{Page, SummaryOptions};

/// Units whose failures are told at length; the further ones have a line each.
const UNITS_AT_LENGTH: usize = 50;
/// Failing cases that are told of a unit.
const CASES: usize = 10;
/// Last lines that are shown of a text.
const LINES: usize = 12;
/// Units that are named where a list only gives an idea.
const NAMES: usize = 5;

/// Adds each failed or errored unit, with its failing cases, its trouble and where its output is.
pub(crate) fn add_failures(page: &mut Page, state: &RunState, options: &SummaryOptions) {
    let bad: Vec<&UnitRecord> = state.units().iter().filter(|unit| is_failed_or_errored(unit)).collect();
    if bad.is_empty() {
        return;
    }
    page.heading("failures");
    let mut told: Option<&Trouble> = None;
    for (number, unit) in bad.iter().take(UNITS_AT_LENGTH).enumerate() {
        let repeats = unit.trouble.is_some() && unit.trouble.as_ref() == told && unit.cases.is_empty();
        if number > 0 && !repeats {
            page.blank();
        }
        add_unit_head(page, unit);
        if !repeats {
            add_cases(page, &unit.cases);
            if let Some(trouble) = &unit.trouble {
                add_trouble(page, trouble);
            }
        }
        told = unit.trouble.as_ref();
        if let Some(shard) = unit.shard.and_then(|shard| state.shard(shard)) {
            add_logs(page, shard, &options.run_dir);
        }
    }
    if bad.len() > UNITS_AT_LENGTH {
        page.blank();
        for unit in &bad[UNITS_AT_LENGTH..] {
            add_unit_head(page, unit);
        }
    }
}

/// Adds how many units were not run, the first of them, and why.
pub(crate) fn add_not_run(page: &mut Page, state: &RunState) {
    let not_run: Vec<&UnitRecord> = state.units().iter().filter(|unit| unit.outcome() == UnitOutcome::NotRun).collect();
    if not_run.is_empty() {
        return;
    }
    page.heading("not run");
    let why = match state.cancelled() {
        Some(reason) => reason.to_string(),
        None => "the run ended before them".to_owned(),
    };
    add_wrapped(page, &format!("{} of {}: {why}", not_run.len(), number(state.units().len(), "unit")), "  ");
    for unit in not_run.iter().take(NAMES) {
        page.line(&format!("  {}", clean_name(unit.unit.as_str())));
    }
    if not_run.len() > NAMES {
        page.line(&format!("  ... and {} more in the report", not_run.len() - NAMES));
    }
}

/// Adds the shards whose problem no unit explains.
pub(crate) fn add_shards(page: &mut Page, state: &RunState, options: &SummaryOptions) {
    if state.unresolved_shards().next().is_none() {
        return;
    }
    page.heading("shard problems that no unit explains");
    for (number_of_shard, (shard, problem)) in state.unresolved_shards().enumerate() {
        if number_of_shard > 0 {
            page.blank();
        }
        let head = format!("ERROR shard {}: {}", shard.shard, problem.trouble.cause);
        page.line(&paint(page.palette.bad, &head));
        let names = names(&shard.units);
        add_wrapped(page, &format!("{}: {names}", number(shard.units.len(), "unit")), "  ");
        add_trouble(page, &problem.trouble);
        add_logs(page, shard, &options.run_dir);
    }
}

/// Adds a hint when tests seem to have needed a network that their containers did not have.
pub(crate) fn add_network_hint(page: &mut Page, state: &RunState, options: &SummaryOptions) {
    if !options.network_is_none {
        return;
    }
    let affected =
        state.units().iter().filter(|unit| is_failed_or_errored(unit) && texts(unit).any(is_missing_network)).count();
    let shards =
        state.unresolved_shards().filter(|(_, problem)| is_missing_network(&problem.trouble.output_tail)).count();
    if affected + shards == 0 {
        return;
    }
    page.heading("help");
    let who = if affected > 0 { number(affected, "unit") } else { number(shards, "shard") };
    let text = format!(
        "The output of {who} looks like a missing network, and the containers have none. If the tests need one, run \
         with `--network bridge`."
    );
    add_wrapped(page, &text, "  ");
}

/// Adds the warnings.
pub(crate) fn add_warnings(page: &mut Page, state: &RunState) {
    if state.warnings().is_empty() {
        return;
    }
    page.heading("warnings");
    for warning in state.warnings() {
        for (number, line) in wrap(&clean(warning), PAGE_WIDTH - 4).iter().enumerate() {
            page.line(&format!("  {} {line}", if number == 0 { "-" } else { " " }));
        }
    }
}

/// Tells whether a unit is one of those that a person has to look at, and that are run again.
pub(crate) fn is_failed_or_errored(unit: &UnitRecord) -> bool {
    match unit.outcome() {
        UnitOutcome::Failed | UnitOutcome::Errored(_) => true,
        UnitOutcome::Passed | UnitOutcome::NotRun => false,
    }
}

fn add_unit_head(page: &mut Page, unit: &UnitRecord) {
    let (word, what) = match unit.outcome() {
        UnitOutcome::Errored(cause) if unit.cases.is_empty() => ("ERROR", cause.to_string()),
        UnitOutcome::Errored(cause) => ("ERROR", format!("{cause}; {}", counts(&unit.cases))),
        UnitOutcome::Failed | UnitOutcome::Passed | UnitOutcome::NotRun => ("FAIL", counts(&unit.cases)),
    };
    let name = clean_name(unit.unit.as_str());
    page.line(&format!("{} {name} ({what}, {})", paint(page.palette.bad, word), phrase(unit.duration)));
}

fn add_cases(page: &mut Page, cases: &[Case]) {
    let count = failing(cases).count();
    for case in failing(cases).take(CASES) {
        let Some(finding) = case.worst_finding() else { continue };
        page.line(&paint(page.palette.heading, &format!("  {}", label(case))));
        page.line(&format!("    {}", headline(finding)));
        add_text(page, body(finding), "    ");
    }
    if count > CASES {
        page.line(&format!("  ... and {} in the report", number(count - CASES, "more failing case")));
    }
}

fn add_trouble(page: &mut Page, trouble: &Trouble) {
    add_wrapped(page, &clean(&trouble.detail), "  ");
    add_text(page, &trouble.output_tail, "  ");
}

/// Adds the last lines of a text behind a bar, which sets what a test wrote apart from what minke says.
fn add_text(page: &mut Page, text: &str, indent: &str) {
    let (hidden, lines) = last_lines(text, LINES);
    let bar = paint(page.palette.faint, "|");
    if hidden > 0 {
        page.line(&format!("{indent}{bar} ({} before)", number(hidden, "line")));
    }
    for line in lines {
        page.line(&format!("{indent}{bar} {line}"));
    }
}

fn add_logs(page: &mut Page, shard: &ShardRecord, run_dir: &Path) {
    let written = |file: &&OutputFile| !file.path.is_empty() && file.bytes > 0;
    for file in [&shard.stdout, &shard.stderr].iter().copied().filter(written) {
        let path = run_dir.join(&file.path);
        page.line(&format!("  log: {}", clean_name(&path.display().to_string())));
    }
}

fn add_wrapped(page: &mut Page, text: &str, indent: &str) {
    for line in wrap(&clean(text), PAGE_WIDTH - indent.len()) {
        page.line(&format!("{indent}{line}"));
    }
}

fn names(units: &[UnitId]) -> String {
    let mut names: Vec<String> = units.iter().take(NAMES).map(|unit| clean_name(unit.as_str())).collect();
    if units.len() > NAMES {
        names.push(format!("... and {} more", units.len() - NAMES));
    }
    names.join(", ")
}
