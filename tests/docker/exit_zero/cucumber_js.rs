//! cucumber-js: a syntax error or a crash of one feature, and everything that it ends with 0 without having run.

use super::beside::{NONE, Suite, counted, ends};
use crate::support::NODE;

const GOOD: [&str; 2] = ["features/good.feature", "features/good_two.feature"];

const SUITE: Suite =
    Suite { fixture: "cucumber-js", image: NODE, framework: "cucumber-js", good: [(GOOD[0], 2), (GOOD[1], 1)] };

#[test]
fn cucumber_js_is_not_believed_when_it_did_not_come_to_its_end() {
    SUITE.check(&[
        ends("features/exit_zero.feature", "truncated-report", NONE),
        ends("features/exit_zero_late.feature", "truncated-report", [1, 0, 0, 0]),
        ends("features/exit_nonzero.feature", "truncated-report", NONE),
        ends("features/killed.feature", "killed", NONE),
        ends("features/terminated.feature", "killed", NONE),
        ends("features/segfault.feature", "crashed", NONE),
    ]);
}

#[test]
fn a_hook_that_fails_after_the_last_scenario_is_never_lost() {
    let project = SUITE.project();
    let fails = "features/fails_after_all.feature";
    let alone = SUITE.run(&project, &[fails]);
    assert_eq!(alone.expect(3).outcome(fails), "truncated-report");
    // Whether the scenarios were written down before cucumber-js gave up decides whether they are run again.
    SUITE.run(&project, &["--shards", "1", GOOD[0], GOOD[1], fails]).expect(3).left_nothing();
}

#[test]
fn a_feature_without_a_scenario_is_no_pass() {
    SUITE.check(&[
        ends("features/empty.feature", "no-cases", NONE),
        ends("features/no_scenario.feature", "no-cases", NONE),
        // cucumber-js has a word of its own for it, and ends with 0.
        ends("features/no_steps.feature", "passed", [1, 0, 0, 0]),
    ]);
    let project = SUITE.project();
    let none = ["features/comment.feature", "features/empty.feature"];
    SUITE.run(&project, &[&["--shards", "1", "--allow-empty", "**", GOOD[0]], &none[..]].concat()).expect(0);
}

#[test]
fn a_feature_that_fails_or_cannot_be_parsed_hides_no_other() {
    SUITE.check(&[
        ends("features/broken.feature", "failed", [0, 0, 1, 0]),
        ends("features/fails.feature", "failed", [2, 1, 0, 0]),
        ends("features/pending.feature", "failed", [2, 1, 0, 0]),
        ends("features/undefined.feature", "failed", [2, 1, 0, 0]),
        ends("features/ambiguous.feature", "failed", [2, 1, 0, 0]),
        ends("features/fails_in_before_hook.feature", "failed", [0, 1, 0, 0]),
        ends("features/fails_in_after_hook.feature", "failed", [0, 1, 0, 0]),
    ]);
    let project = SUITE.project();
    let ended = SUITE.run(&project, &["--shards", "1", "features/broken.feature", GOOD[0]]);
    let case = ended.expect(1).unit("features/broken.feature").cases[0].clone();
    assert_eq!((case.name.as_str(), case.line), ("Parse error", Some(5)));
    assert!(case.findings[0].message.contains("got 'Szenario: what is this?'"), "{:?}", case.findings);
}

#[test]
fn a_skip_and_a_retry_are_as_cucumber_js_means_them() {
    let project = SUITE.project();
    let files = ["features/skipped.feature", "features/flaky.feature", "features/fails.feature"];
    let ended = SUITE.run(&project, &[&["--shards", "1"], &files[..], &["--", "--retry", "1"]].concat());
    ended.expect(1).left_nothing();
    assert_eq!(counted(&ended, files[0]), [0, 0, 0, 1]);
    assert!(ended.unit(files[1]).cases[0].is_flaky());
    assert_eq!(counted(&ended, files[2]), [2, 1, 0, 0]);
}

#[test]
fn without_strictness_a_pending_step_is_a_skip_and_an_undefined_one_still_fails() {
    let project = SUITE.project();
    let ended = SUITE.run(&project, &["--no-strict", "--shards", "1", "features/pending.feature", GOOD[1]]);
    assert_eq!(counted(ended.expect(0).left_nothing(), "features/pending.feature"), [2, 0, 0, 1]);
    let ended = SUITE.run(&project, &["--no-strict", "features/undefined.feature"]);
    assert_eq!(counted(ended.expect(1), "features/undefined.feature"), [2, 1, 0, 0]);
}

#[test]
fn a_feature_that_cucumber_js_never_came_to_is_run_alone() {
    let project = SUITE.project();
    let fails = "features/fails.feature";
    let ended = SUITE.run(&project, &["--shards", "1", fails, GOOD[0], GOOD[1], "--", "--fail-fast"]);
    ended.expect(1).left_nothing();
    assert_eq!(counted(&ended, fails), [1, 1, 0, 1], "--fail-fast is the user's wish");
    assert_eq!(GOOD.map(|file| counted(&ended, file)), [[2, 0, 0, 0], [1, 0, 0, 0]]);
}

#[test]
fn a_scenario_that_hangs_costs_its_feature_alone() {
    let project = SUITE.project();
    let hang = "features/hang.feature";
    let ended = SUITE.run(&project, &["--timeout", "4", "--shards", "1", GOOD[0], GOOD[1], hang]);
    ended.expect(3).left_nothing().says("was stopped in `Hangs`");
    assert_eq!((ended.outcome(hang).as_str(), counted(&ended, hang)), ("timeout", [1, 0, 0, 0]));
    assert_eq!(GOOD.map(|file| counted(&ended, file)), [[2, 0, 0, 0], [1, 0, 0, 0]]);
}

#[test]
fn what_selects_nothing_is_an_error_beside_what_does() {
    let project = SUITE.project();
    let outline = "features/outline.feature";
    let parts = [format!("{outline}:3"), format!("{outline}:1"), format!("{outline}:12")];
    let arguments = ["--shards", "1", GOOD[1], &parts[0], &parts[1], &parts[2]];
    let ended = SUITE.run(&project, &arguments);
    ended.expect(3).left_nothing();
    assert_eq!(ended.outcome(&parts[1]), "no-cases");
    for part in [GOOD[1], &parts[0], &parts[2]] {
        assert_eq!(counted(&ended, part), [1, 0, 0, 0], "{part}");
    }
    let none = SUITE.run(&project, &["--shards", "1", GOOD[0], GOOD[1], "--", "--tags", "@nosuch"]);
    none.expect(3).left_nothing();
    assert_eq!(GOOD.map(|file| none.outcome(file)), ["no-cases", "no-cases"]);
}
