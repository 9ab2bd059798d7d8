//! The last line of a summary: the verdict in words, with what the exit code means.

use crate::model::{CancelReason, ExitCode, RunState};

use super::super::case_text::number;
use super::super::fit::shorten_end;
use super::super::palette::{Palette, paint};

/// Writes the verdict in at most `width` columns.
pub(crate) fn verdict(palette: &Palette, state: &RunState, code: ExitCode, width: usize) -> String {
    let (style, word, text) = match code {
        ExitCode::Passed => (palette.good, "PASSED", number(state.units().len(), "unit")),
        ExitCode::TestsFailed => (palette.bad, "FAILED", what_and_why(state)),
        ExitCode::Usage => (palette.bad, "ERRORED", "the command or its configuration is wrong".to_owned()),
        ExitCode::Infrastructure => (palette.bad, "ERRORED", what_and_why(state)),
        ExitCode::NothingSelected => (palette.warning, "NOTHING RUN", nothing_run(state).to_owned()),
        ExitCode::Incomplete => (palette.bad, "INCOMPLETE", incomplete(state)),
        ExitCode::Bug => (palette.bad, "ERRORED", "a bug in minke; please report it".to_owned()),
        ExitCode::Interrupted => (palette.warning, "INTERRUPTED", what_happened(state)),
        ExitCode::Terminated => (palette.warning, "TERMINATED", what_happened(state)),
    };
    let end = if code == ExitCode::Passed { String::new() } else { format!(" (exit code {})", code.code()) };
    let room = width - word.len() - ": ".len() - end.len();
    format!("{}: {}{end}", paint(style, word), shorten_end(&text, room))
}

/// Counts what did not pass, `every unit passed` if there is nothing to count.
fn what_happened(state: &RunState) -> String {
    let counts = state.unit_counts();
    let mut parts = Vec::new();
    for (count, word) in [(counts.failed, "failed"), (counts.errored, "errored"), (counts.not_run, "not run")] {
        if count > 0 {
            // The noun stands once.
            let what = if parts.is_empty() { number(count, "unit") } else { count.to_string() };
            parts.push(format!("{what} {word}"));
        }
    }
    let shards = state.unresolved_shards().count();
    if shards > 0 {
        parts.push(number(shards, "shard problem"));
    }
    if parts.is_empty() { "every unit passed".to_owned() } else { parts.join(", ") }
}

/// Adds why the run took no more units, if it was cancelled.
fn what_and_why(state: &RunState) -> String {
    match state.cancelled() {
        Some(reason) => format!("{}; {}", what_happened(state), in_short(reason)),
        None => what_happened(state),
    }
}

fn incomplete(state: &RunState) -> String {
    let is_output_lost = matches!(state.cancelled(), Some(CancelReason::OutputLost { .. }));
    if state.unit_counts().not_run == 0 && !is_output_lost {
        let has_all_coverage = state.coverage().is_none_or(|coverage| coverage.problems.is_empty());
        let lost = if has_all_coverage { "a report could not be written" } else { "the coverage is not whole" };
        return lost.to_owned();
    }
    what_and_why(state)
}

/// Names a reason without its details, which stand further up.
fn in_short(reason: &CancelReason) -> &'static str {
    match reason {
        CancelReason::Interrupt => "interrupted",
        CancelReason::Terminate => "terminated",
        CancelReason::RunTimeout => "time limit passed",
        CancelReason::MaxFailures => "failure limit reached",
        CancelReason::EngineLost { .. } => "engine lost",
        CancelReason::ImageUnusable { .. } => "image unusable",
        CancelReason::OutputLost { .. } => "output lost",
    }
}

fn nothing_run(state: &RunState) -> &'static str {
    if state.has_only_skips() {
        "every case was skipped; `--allow-empty '**'` accepts that"
    } else {
        "no unit was selected"
    }
}
