//! How the run ended, in words and figures.

use std::time::Duration;

use super::text::visible;
use super::words::{grouped, number, span};
use crate::model::{ExitCode, RunState};

/// The banner of the report.
pub(super) struct Verdict {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) sentence: String,
    pub(super) exit_code: Option<u8>,
    pub(super) wall: Option<String>,
    pub(super) tests: String,
    /// How many times the wall time the tests took.
    pub(super) speedup: Option<String>,
    /// The rate of lines that ran.
    pub(super) coverage: Option<String>,
    /// The units, and the cases.
    pub(super) shares: [Share; 2],
}

/// How many of all have each outcome.
pub(super) struct Share {
    pub(super) total: String,
    pub(super) figures: Vec<Figure>,
}

/// A count with its word.
pub(super) struct Figure {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) count: String,
    pub(super) is_zero: bool,
    /// Its part of all, in percent.
    pub(super) percent: String,
}

impl Verdict {
    /// Judges a run by what its events say.
    pub(super) fn of(state: &RunState) -> Self {
        let (class, word) = class_and_word(state);
        let units = state.unit_counts();
        let cases = state.case_counts();
        let tests: Duration = state.units().iter().map(|unit| unit.duration).sum();
        let wall = state.wall();
        let times = wall.filter(|wall| !wall.is_zero() && !tests.is_zero());
        let flaky = state.flaky_cases();
        let of_units = figures(
            &[
                ("failed", "failed", units.failed),
                ("errored", "errored", units.errored),
                ("notrun", "not run", units.not_run),
                ("passed", "passed", units.passed),
            ],
            units.total(),
        );
        let mut of_cases = figures(
            &[
                ("failed", "failed", cases.failed),
                ("errored", "errored", cases.errored),
                ("skipped", "skipped", cases.skipped),
                ("flaky", "flaky", flaky),
                ("passed", "passed", cases.passed - flaky),
            ],
            cases.total(),
        );
        // Few runs have any, and the word asks to be explained.
        of_cases.retain(|figure| figure.class != "flaky" || !figure.is_zero);
        Self {
            class,
            word,
            sentence: sentence(state),
            exit_code: state.exit_code(),
            wall: wall.map(span),
            tests: span(tests),
            speedup: times.map(|wall| format!("{:.1}", tests.as_secs_f64() / wall.as_secs_f64())),
            coverage: state
                .coverage()
                .and_then(|coverage| coverage.rates().map(|rates| rates + coverage.unless_whole())),
            shares: [
                Share { total: number(units.total(), "unit"), figures: of_units },
                Share { total: number(cases.total(), "case"), figures: of_cases },
            ],
        }
    }
}

fn figures(counts: &[(&'static str, &'static str, usize)], total: usize) -> Vec<Figure> {
    let figure = |&(class, word, count): &(&'static str, &'static str, usize)| Figure {
        class,
        word,
        count: grouped(count),
        is_zero: count == 0,
        percent: format!("{:.3}", count as f64 / total.max(1) as f64 * 100.0),
    };
    counts.iter().map(figure).collect()
}

fn class_and_word(state: &RunState) -> (&'static str, &'static str) {
    if state.exit_code().is_none() {
        return ("stopped", "Unfinished");
    }
    match ExitCode::of(state) {
        ExitCode::Passed => ("passed", "Passed"),
        ExitCode::TestsFailed => ("failed", "Failed"),
        ExitCode::Usage | ExitCode::Infrastructure | ExitCode::Bug => ("errored", "Errored"),
        ExitCode::NothingSelected => ("stopped", "Nothing run"),
        ExitCode::Incomplete => ("errored", "Incomplete"),
        ExitCode::Interrupted => ("stopped", "Interrupted"),
        ExitCode::Terminated => ("stopped", "Terminated"),
    }
}

fn sentence(state: &RunState) -> String {
    let counts = state.unit_counts();
    let mut parts = Vec::new();
    for (count, word) in [(counts.failed, "failed"), (counts.errored, "errored"), (counts.not_run, "not run")] {
        if count > 0 {
            parts.push(format!("{} {word}", grouped(count)));
        }
    }
    let mut sentence = match (counts.total(), parts.is_empty()) {
        (0, _) => "no unit was selected".to_owned(),
        (1, true) => "the one unit passed".to_owned(),
        (total, true) => format!("all {} units passed", grouped(total)),
        (total, false) => format!("{} of {}", parts.join(", "), number(total, "unit")),
    };
    let shards = state.unresolved_shards().count();
    if shards > 0 {
        sentence += &format!(", {} that no unit explains", number(shards, "shard problem"));
    }
    if let Some(reason) = state.cancelled() {
        sentence += &format!("; {}", visible(&reason.to_string()));
    }
    if state.exit_code().is_none() {
        sentence += "; the record of this run breaks off before its end";
    }
    sentence
}
