//! behave 1.2.6 and 1.3.

use super::beside::{Ending, NONE, Suite, counted, ends};
use crate::support::{BEHAVE, PYTHON, Project};

const OLD: Suite = Suite {
    fixture: "behave",
    image: PYTHON,
    framework: "behave",
    good: [("features/good.feature", 2), ("features/good_two.feature", 1)],
};

const NEW: Suite = Suite { image: BEHAVE, ..OLD };

/// How both end. Files are sorted in a run, so some of these stand before the good ones and some behind.
const BOTH: [Ending; 11] = [
    ends("features/exit_zero.feature", "no-report", NONE),
    ends("features/exit_nonzero.feature", "no-report", NONE),
    ends("features/sys_exit.feature", "no-report", NONE),
    ends("features/segfault.feature", "crashed", NONE),
    ends("features/terminated.feature", "killed", NONE),
    ends("features/interrupted.feature", "failed", [1, 0, 1, 0]),
    ends("features/broken.feature", "no-report", NONE),
    ends("features/empty.feature", "no-report", NONE),
    ends("features/nothing.feature", "no-cases", NONE),
    ends("features/fails.feature", "failed", [1, 1, 0, 0]),
    ends("features/good.feature", "passed", [2, 0, 0, 0]),
];

#[test]
fn behave_12_is_not_believed_when_it_ran_nothing() {
    OLD.check(&BOTH);
    OLD.check(&[ends("features/rule.feature", "no-cases", NONE)]);
}

#[test]
fn behave_13_is_not_believed_when_it_ran_nothing() {
    NEW.check(&BOTH);
    NEW.check(&[ends("features/rule.feature", "passed", [1, 0, 0, 0])]);
}

#[test]
fn features_that_behave_left_out_after_a_failure_are_run() {
    for suite in [OLD, NEW] {
        let project = suite.project();
        let ended =
            suite.run(&project, &["--shards", "1", "features/fails.feature", "features/good.feature", "--", "--stop"]);
        ended.expect(1).left_nothing();
        assert_eq!(counted(&ended, "features/fails.feature"), [0, 1, 0, 0]);
        assert_eq!(counted(&ended, "features/good.feature"), [2, 0, 0, 0]);
    }
}

#[test]
fn a_step_that_hangs_costs_its_feature_alone() {
    let project = OLD.project();
    let ended =
        OLD.run(&project, &["--timeout", "5", "--shards", "1", "features/good.feature", "features/hang.feature"]);
    ended.expect(3).left_nothing();
    assert_eq!(ended.outcome("features/hang.feature"), "timeout");
    assert_eq!(counted(&ended, "features/good.feature"), [2, 0, 0, 0]);
}

#[test]
fn behave_is_recognised_by_its_steps() {
    let project = Project::fixture("behave");
    let arguments = ["run", "--image", PYTHON, "--source", "mount", "features/orders"];
    project.minke(&arguments).expect(0).says("framework behave, because `behave.ini` is there");
    std::fs::remove_file(project.path().join("behave.ini")).unwrap();
    project.minke(&arguments[..5]).expect(1).says("framework behave, because `features/environment.py` is there");
}
