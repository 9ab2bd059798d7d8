//! The exit code of a run, from its events alone.

use std::time::Duration;

use jiff::Timestamp;
use minke::model::{
    Attempt, CancelReason, Cause, Event, EventKind, ExitCode, MergedCoverage, PlanSummary, RunState, Trouble, UnitId,
    UnitOutcome,
};
use minke::run::new_run_id;

/// Folds a run of three units that ended in the given ways, in order, after an optional cancel.
fn code(cancel: Option<CancelReason>, ends: &[(&str, UnitOutcome)]) -> u8 {
    code_with(cancel, ends, None)
}

/// The same, with coverage that was merged at the end.
fn code_with(cancel: Option<CancelReason>, ends: &[(&str, UnitOutcome)], coverage: Option<MergedCoverage>) -> u8 {
    let plan = PlanSummary {
        framework: "pytest".into(),
        image: "image".into(),
        image_id: None,
        image_digest: None,
        work_dir: None,
        may_be_empty: false,
        command_line: Vec::new(),
        framework_args: Vec::new(),
        shards: 1,
        units: ["a", "b", "c"].map(UnitId::new).to_vec(),
    };
    let started = EventKind::RunStarted { format: 1, minke: "0".into(), run: new_run_id(), plan: Box::new(plan) };
    let cancelled = cancel.map(|why| EventKind::Cancelled { why });
    let ended = ends.iter().map(|(unit, outcome)| {
        let trouble = match outcome {
            UnitOutcome::Errored(cause) => {
                Some(Trouble { cause: cause.clone(), detail: String::new(), output_tail: String::new() })
            }
            UnitOutcome::Passed | UnitOutcome::Failed | UnitOutcome::NotRun => None,
        };
        EventKind::UnitEnded {
            unit: UnitId::new(*unit),
            shard: None,
            attempt: Attempt(1),
            outcome: outcome.clone(),
            trouble,
            duration: Duration::ZERO,
            cases: Vec::new(),
        }
    });
    let merged = coverage.map(|coverage| EventKind::CoverageMerged { coverage });
    let kinds = [started].into_iter().chain(cancelled).chain(ended).chain(merged);
    let events: Vec<Event> =
        (1..).zip(kinds).map(|(seq, kind)| Event { seq, at: Timestamp::UNIX_EPOCH, kind }).collect();
    ExitCode::of(&RunState::of(&events)).code()
}

#[test]
fn what_must_not_be_hidden_wins() {
    let passed = UnitOutcome::Passed;
    let errored = UnitOutcome::Errored(Cause::NoReport);
    let all = |b: &UnitOutcome, c: &UnitOutcome| vec![("a", passed.clone()), ("b", b.clone()), ("c", c.clone())];
    assert_eq!(code(None, &all(&passed, &passed)), 0);
    assert_eq!(code(None, &all(&errored, &passed)), 3);
    assert_eq!(code(None, &all(&errored, &UnitOutcome::Failed)), 1, "a re-run on 3 must not hide a failure");
    assert_eq!(code(None, &all(&errored, &UnitOutcome::NotRun)), 5);
    assert_eq!(code(Some(CancelReason::RunTimeout), &all(&UnitOutcome::Failed, &UnitOutcome::NotRun)), 1);
    assert_eq!(code(Some(CancelReason::Interrupt), &all(&UnitOutcome::Failed, &UnitOutcome::NotRun)), 130);
    assert_eq!(code(Some(CancelReason::Terminate), &all(&passed, &UnitOutcome::NotRun)), 143);
    let engine = UnitOutcome::Errored(Cause::Engine);
    assert_eq!(code(Some(CancelReason::EngineLost { detail: String::new() }), &all(&engine, &engine)), 3);
}

#[test]
fn a_unit_without_an_end_was_not_run_and_one_with_two_is_a_bug() {
    let ends = [("a", UnitOutcome::Passed), ("b", UnitOutcome::Passed)];
    assert_eq!(code(None, &ends), 5);
    let twice = [&ends[..], &[("c", UnitOutcome::Failed), ("c", UnitOutcome::Passed)]].concat();
    assert_eq!(code(None, &twice), 70);
}

#[test]
fn coverage_that_is_not_whole_makes_a_green_run_incomplete_and_hides_nothing() {
    let whole = MergedCoverage::default();
    let partial = MergedCoverage { problems: vec!["a file is malformed".into()], ..MergedCoverage::default() };
    let ends = |last: UnitOutcome| [("a", UnitOutcome::Passed), ("b", UnitOutcome::Passed), ("c", last)];
    let code = |last: UnitOutcome, coverage: &MergedCoverage| code_with(None, &ends(last), Some(coverage.clone()));
    assert_eq!(code(UnitOutcome::Passed, &whole), 0);
    assert_eq!(code(UnitOutcome::Passed, &partial), 5);
    assert_eq!(code(UnitOutcome::Failed, &partial), 1);
    assert_eq!(code(UnitOutcome::Errored(Cause::NoReport), &partial), 3);
    assert_eq!(code_with(Some(CancelReason::Interrupt), &ends(UnitOutcome::NotRun), Some(partial)), 130);
}
