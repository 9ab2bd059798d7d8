//! What a batch's evidence proves, case by case.

use std::time::Duration;

use minke::model::{
    BatchResult, Case, Cause, ContainerExit, Division, Finding, FindingKind, StopReason, Unit, UnitResult,
};
use minke::schedule::{Evidence, ExitMeaning, LaunchFailure, judge};

fn case(name: &str) -> Case {
    Case { classname: "c".into(), name: name.into(), ..Case::default() }
}

fn failing(name: &str) -> Case {
    let finding =
        Finding { kind: FindingKind::Failure, message: "no".into(), r#type: String::new(), text: String::new() };
    Case { findings: vec![finding], ..case(name) }
}

fn exit(code: i64) -> Option<ContainerExit> {
    Some(ContainerExit { code, oom_killed: false, error: None })
}

/// Evidence of a batch that ended with 0 and a report of the given cases for each unit.
fn evidence<'a>(units: &'a [Unit], by_unit: &[&[Case]]) -> Evidence<'a> {
    Evidence {
        units,
        division: Division {
            by_unit: by_unit.iter().map(|cases| cases.to_vec()).collect(),
            damaged: vec![false; units.len()],
            report_files: 1,
            ..Division::default()
        },
        exit: exit(0),
        meaning: ExitMeaning::Finished,
        exit_hint: None,
        launch_failure: None,
        stop: None,
        always_reports: true,
        started: true,
        seen: None,
        output_tail: String::new(),
    }
}

fn units(count: usize) -> Vec<Unit> {
    (0..count).map(|n| Unit::new(format!("t/test_{n}.py"))).collect()
}

/// Writes results in one word each, so that a test reads as a table.
fn words(result: &BatchResult) -> Vec<String> {
    let word = |result: &UnitResult| match result {
        UnitResult::Proven { cases, trouble: None } => format!("proven {}", cases.len()),
        UnitResult::Proven { cases, trouble: Some(trouble) } => format!("{} {}", trouble.cause.name(), cases.len()),
        UnitResult::Unproven { trouble, .. } => format!("again: {}", trouble.cause.name()),
        UnitResult::NotReached => "not reached".to_owned(),
    };
    let problem = result.problem.as_ref().map(|problem| format!("shard: {}", problem.trouble.cause.name()));
    result.units.iter().map(word).chain(problem).collect()
}

fn single(change: impl FnOnce(&mut Evidence<'_>)) -> Vec<String> {
    let units = units(1);
    let mut evidence = evidence(&units, &[&[]]);
    change(&mut evidence);
    words(&judge(evidence))
}

#[test]
fn exit_0_proves_nothing_without_a_case() {
    assert_eq!(single(|_| {}), ["no-cases 0"]);
    assert_eq!(single(|evidence| evidence.division.report_files = 0), ["no-report 0"]);
    assert_eq!(single(|evidence| evidence.division.by_unit = vec![vec![case("a")]]), ["proven 1"]);
}

#[test]
fn a_truncated_or_empty_report_is_an_error_and_keeps_its_cases() {
    let words = single(|evidence| {
        evidence.division.damaged = vec![true];
        evidence.division.by_unit = vec![vec![case("a")]];
    });
    assert_eq!(words, ["truncated-report 1"]);
}

#[test]
fn a_green_report_with_a_bad_exit_keeps_its_cases_and_is_an_error() {
    let words = single(|evidence| {
        evidence.exit = exit(3);
        evidence.meaning = ExitMeaning::Unfinished;
        evidence.division.by_unit = vec![vec![case("a"), case("b")]];
    });
    assert_eq!(words, ["exit-code 2"]);
}

#[test]
fn a_failed_test_needs_no_other_reason() {
    let words = single(|evidence| {
        evidence.exit = exit(1);
        evidence.division.by_unit = vec![vec![failing("a")]];
    });
    assert_eq!(words, ["proven 1"]);
}

#[test]
fn signals_are_told_apart() {
    for (code, expected) in
        [(139, "crashed 0"), (134, "crashed 0"), (137, "killed 0"), (143, "killed 0"), (255, "no-report 0")]
    {
        let words = single(|evidence| {
            evidence.exit = exit(code);
            evidence.meaning = ExitMeaning::Unfinished;
            evidence.division.report_files = 0;
        });
        assert_eq!(words, [expected], "exit code {code}");
    }
}

#[test]
fn an_oom_kill_is_seen_behind_exit_0_and_behind_137() {
    for code in [0, 137] {
        let words = single(|evidence| {
            evidence.exit = Some(ContainerExit { code, oom_killed: true, error: None });
            evidence.division.report_files = 0;
        });
        assert_eq!(words, ["oom 0"], "exit code {code}");
    }
}

#[test]
fn a_code_that_is_the_number_of_failures_is_no_signal() {
    let with_failures = |count: usize, finished: bool| {
        single(|evidence| {
            evidence.exit = exit(139);
            evidence.meaning = if finished { ExitMeaning::Finished } else { ExitMeaning::Unfinished };
            evidence.division.by_unit = vec![vec![failing("f"); count]];
        })
    };
    assert_eq!(with_failures(139, true), ["proven 139"]);
    assert_eq!(with_failures(138, true), ["crashed 138"]);
    assert_eq!(with_failures(139, false), ["crashed 139"]);
    let damaged = single(|evidence| {
        evidence.exit = exit(139);
        evidence.division.by_unit = vec![vec![failing("f"); 139]];
        evidence.division.damaged = vec![true];
    });
    assert_eq!(damaged, ["crashed 139"]);
}

#[test]
fn our_own_signals_are_no_crash() {
    for (stop, expected) in
        [(StopReason::Timeout { limit: Duration::from_secs(3) }, "timeout 1"), (StopReason::Cancelled, "killed 1")]
    {
        let words = single(|evidence| {
            evidence.stop = Some(stop);
            evidence.exit = exit(137);
            evidence.meaning = ExitMeaning::Unfinished;
            evidence.division.by_unit = vec![vec![case("a")]];
        });
        assert_eq!(words, [expected]);
    }
}

#[test]
fn a_unit_that_ended_just_before_the_signal_is_proven() {
    let words = single(|evidence| {
        evidence.stop = Some(StopReason::Cancelled);
        evidence.division.by_unit = vec![vec![case("a")]];
    });
    assert_eq!(words, ["proven 1"]);
}

#[test]
fn allowed_to_be_empty_means_an_orderly_end() {
    let mut units = units(1);
    units[0].may_be_empty = true;
    let mut orderly = evidence(&units, &[&[]]);
    orderly.exit = exit(5);
    orderly.meaning = ExitMeaning::NothingSelected;
    assert_eq!(words(&judge(orderly)), ["proven 0"]);
    let mut crashed = evidence(&units, &[&[]]);
    crashed.exit = exit(139);
    crashed.meaning = ExitMeaning::Unfinished;
    assert_eq!(words(&judge(crashed)), ["crashed 0"]);
}

#[test]
fn a_session_that_was_cut_off_before_its_first_test_is_not_empty() {
    let mut units = units(1);
    units[0].may_be_empty = true;
    let mut cut = evidence(&units, &[&[]]);
    cut.division.interrupted_at = Some(0);
    assert_eq!(words(&judge(cut)), ["truncated-report 0"]);
}

#[test]
fn a_file_that_skips_itself_as_a_whole_is_proven() {
    let finding = Finding { kind: FindingKind::Skipped, ..failing("a").findings.remove(0) };
    let skipped = Case { findings: vec![finding], ..case("a") };
    for count in [1, 2] {
        let units = units(count);
        let mut skips = evidence(&units, &vec![std::slice::from_ref(&skipped); count]);
        skips.exit = exit(5);
        skips.meaning = ExitMeaning::NothingSelected;
        assert_eq!(words(&judge(skips)), vec!["proven 1"; count]);
    }
}

#[test]
fn files_that_may_be_empty_are_no_trouble_of_their_shard() {
    let mut units = units(2);
    units.iter_mut().for_each(|unit| unit.may_be_empty = true);
    let mut deselected = evidence(&units, &[&[], &[]]);
    deselected.exit = exit(5);
    deselected.meaning = ExitMeaning::NothingSelected;
    assert_eq!(words(&judge(deselected)), ["proven 0", "proven 0"]);
    let mut unreported = evidence(&units, &[&[], &[]]);
    unreported.division.report_files = 0;
    assert_eq!(words(&judge(unreported)), ["again: no-report", "again: no-report"]);
}

#[test]
fn a_unit_at_which_the_framework_broke_off_runs_again() {
    let units = units(3);
    let mut broke_off = evidence(&units, &[&[failing("a")], &[case("b")], &[]]);
    broke_off.exit = exit(2);
    broke_off.meaning = ExitMeaning::Unfinished;
    assert_eq!(words(&judge(broke_off)), ["proven 1", "again: truncated-report", "again: no-cases"]);
}

#[test]
fn a_container_that_was_never_started_was_not_reached() {
    let words = single(|evidence| {
        evidence.started = false;
        evidence.exit = None;
        evidence.stop = Some(StopReason::Cancelled);
    });
    assert_eq!(words, ["not reached"]);
}

#[test]
fn an_engine_that_fails_is_named() {
    let words = single(|evidence| {
        evidence.exit = None;
        evidence.launch_failure = Some(LaunchFailure { cause: Cause::Engine, detail: "gone".into() });
    });
    assert_eq!(words, ["engine 0"]);
}

#[test]
fn mates_of_a_file_that_broke_collection_run_again() {
    let units = units(3);
    let mut broken = evidence(&units, &[&[], &[failing("collection")], &[]]);
    broken.exit = exit(2);
    broken.meaning = ExitMeaning::Unfinished;
    assert_eq!(words(&judge(broken)), ["again: no-cases", "proven 1", "again: no-cases"]);
}

#[test]
fn a_crash_of_several_is_pinned_on_nobody() {
    let units = units(2);
    let mut crashed = evidence(&units, &[&[], &[]]);
    crashed.exit = exit(139);
    crashed.meaning = ExitMeaning::Unfinished;
    crashed.division.report_files = 0;
    let result = judge(crashed);
    assert_eq!(words(&result), ["again: crashed", "again: crashed", "shard: crashed"]);
    assert_eq!(result.problem.unwrap().unproven.len(), 2);
}

#[test]
fn a_crash_after_a_whole_report_stands_by_itself() {
    let units = units(2);
    let mut crashed = evidence(&units, &[&[case("a")], &[case("b")]]);
    crashed.exit = exit(139);
    crashed.meaning = ExitMeaning::Finished;
    let result = judge(crashed);
    assert_eq!(words(&result), ["proven 1", "proven 1", "shard: crashed"]);
    assert!(result.problem.unwrap().unproven.is_empty(), "no unit's end can explain it away");
}

#[test]
fn a_bad_exit_with_green_units_is_an_error_of_the_shard() {
    let units = units(2);
    let mut odd = evidence(&units, &[&[case("a")], &[case("b")]]);
    odd.exit = exit(1);
    assert_eq!(words(&judge(odd)), ["proven 1", "proven 1", "shard: exit-code"]);
}

#[test]
fn a_timeout_is_pinned_on_the_unit_that_was_seen() {
    let units = units(3);
    let mut late = evidence(&units, &[&[case("a")], &[case("b")], &[]]);
    late.stop = Some(StopReason::Timeout { limit: Duration::from_secs(3) });
    late.exit = exit(2);
    late.meaning = ExitMeaning::Unfinished;
    late.seen = Some(1);
    assert_eq!(words(&judge(late.clone())), ["proven 1", "timeout 1", "again: timeout"]);
    late.seen = None;
    let unknown = words(&judge(late));
    assert_eq!(unknown, ["proven 1", "again: timeout", "again: timeout", "shard: timeout"]);
}

#[test]
fn a_session_that_hangs_after_its_report_is_pinned_on_nobody() {
    let units = units(2);
    let mut evidence = evidence(&units, &[&[case("a")], &[case("b")]]);
    evidence.exit = exit(130);
    evidence.meaning = ExitMeaning::Unfinished;
    evidence.stop = Some(StopReason::Timeout { limit: Duration::from_secs(3) });
    evidence.seen = Some(1);
    assert_eq!(words(&judge(evidence)), ["proven 1", "again: timeout", "shard: timeout"]);
}

#[test]
fn a_case_that_only_shows_that_minke_stopped_it_is_no_failure() {
    let stopped = |division: &mut Division| division.leave_out_stopped(|case| case.name == "cut");
    let alone = single(|evidence| {
        evidence.exit = exit(1);
        evidence.meaning = ExitMeaning::Unfinished;
        evidence.stop = Some(StopReason::Timeout { limit: Duration::from_secs(3) });
        evidence.division.by_unit = vec![vec![case("a"), failing("cut"), failing("b")]];
        stopped(&mut evidence.division);
        assert_eq!(evidence.division.stopped_in.as_deref(), Some("cut"));
    });
    assert_eq!(alone, ["timeout 2"], "another failure stays");
    let units = units(3);
    let mut several = evidence(&units, &[&[case("a")], &[failing("cut")], &[]]);
    several.exit = exit(2);
    several.meaning = ExitMeaning::Unfinished;
    several.stop = Some(StopReason::Timeout { limit: Duration::from_secs(3) });
    stopped(&mut several.division);
    let words = words(&judge(several));
    assert_eq!(words, ["proven 1", "again: timeout", "again: timeout", "shard: timeout"]);
}

#[test]
fn a_cancelled_batch_keeps_what_was_done() {
    let units = units(3);
    let mut cancelled = evidence(&units, &[&[case("a")], &[case("b")], &[]]);
    cancelled.stop = Some(StopReason::Cancelled);
    cancelled.exit = exit(2);
    cancelled.meaning = ExitMeaning::Unfinished;
    cancelled.seen = Some(1);
    assert_eq!(words(&judge(cancelled)), ["proven 1", "killed 1", "not reached"]);
}

#[test]
fn cases_that_fit_no_unit_are_not_guessed() {
    let units = units(2);
    let mut strays = evidence(&units, &[&[case("a")], &[]]);
    strays.division.strays = vec![case("x")];
    assert_eq!(words(&judge(strays)), ["again: truncated-report", "again: truncated-report"]);
}

#[test]
fn a_damaged_report_of_one_feature_leaves_the_others() {
    let units = units(2);
    let mut damaged = evidence(&units, &[&[case("a")], &[case("b")]]);
    damaged.division.damaged = vec![true, false];
    assert_eq!(words(&judge(damaged)), ["again: truncated-report", "proven 1"]);
}
