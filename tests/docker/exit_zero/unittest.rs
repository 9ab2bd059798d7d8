//! unittest of Python 3.11, which alone ends with 0 when there is no test at all.

use super::beside::{NONE, Suite, counted, ends};
use crate::support::{PYTHON, Project};

const SUITE: Suite = Suite {
    fixture: "unittest",
    image: PYTHON,
    framework: "unittest",
    good: [("test_good.py", 2), ("test_good_two.py", 1)],
};

#[test]
fn unittest_is_not_believed_when_it_did_not_come_to_its_end() {
    SUITE.check(&[
        ends("test_exit_zero.py", "truncated-report", [1, 0, 0, 0]),
        ends("test_exit_nonzero.py", "truncated-report", [1, 0, 0, 0]),
        ends("test_exit_zero_on_import.py", "truncated-report", NONE),
        ends("test_sys_exit_in_class.py", "truncated-report", NONE),
        ends("test_segfault.py", "crashed", [1, 0, 0, 0]),
        ends("test_killed.py", "killed", [1, 0, 0, 0]),
        ends("test_terminated.py", "killed", [1, 0, 0, 0]),
        ends("test_interrupted.py", "crashed", [1, 0, 0, 0]),
        ends("test_empty.py", "no-cases", NONE),
        ends("test_removes_reports.py", "no-report", NONE),
        ends("test_writes_reports.py", "truncated-report", NONE),
    ]);
}

#[test]
fn what_only_looks_bad_is_run_to_its_end() {
    SUITE.check(&[
        ends("test_sys_exit.py", "failed", [2, 0, 1, 0]),
        ends("test_sys_exit_on_import.py", "failed", [0, 0, 1, 0]),
        ends("test_syntax_error.py", "failed", [0, 0, 1, 0]),
        ends("test_forks.py", "passed", [2, 0, 0, 0]),
        ends("test_closes_files.py", "passed", [3, 0, 0, 0]),
    ]);
}

#[test]
fn the_test_that_ended_the_process_is_named() {
    let project = SUITE.project();
    let ended = SUITE.run(&project, &["test_exit_zero.py"]);
    ended.expect(3).says("breaks off while `test_exit_zero.Bad.test_middle` was");
    let ended = SUITE.run(&project, &["--timeout", "5", "test_hang.py"]);
    ended.expect(3).says("and was stopped in").left_nothing();
    assert_eq!(ended.outcome("test_hang.py"), "timeout");
}

#[test]
fn arguments_of_unittest_s_are_taken_and_others_refused() {
    let project = SUITE.project();
    let files = ["test_good.py", "test_good_two.py", "--shards", "1", "--"];
    let two = SUITE.run(&project, &[&files[..], &["-k", "test_one", "-b", "--locals"]].concat());
    two.expect(0);
    assert_eq!(["test_good.py", "test_good_two.py"].map(|file| counted(&two, file)), [[1, 0, 0, 0]; 2]);
    let none = SUITE.run(&project, &[&files[..], &["-k", "nothing has this name"]].concat());
    none.expect(3).says("(no tests were found)");
    let first =
        SUITE.run(&project, &["--shards", "1", "test_good.py", "test_exit_zero.py", "test_sys_exit.py", "--", "-f"]);
    first.expect(1);
    assert_eq!(counted(&first, "test_sys_exit.py"), [1, 0, 1, 0]);
    SUITE
        .run(&project, &["test_good.py", "--", "--pattern", "x"])
        .expect(3)
        .says("unrecognized arguments: --pattern x");
}

#[test]
fn unittest_is_recognised_where_pytest_has_no_files() {
    let project = Project::fixture("unittest");
    // pytest runs these files too, and wins where it is.
    let plan = ["plan", "--image", PYTHON, "--source", "mount"];
    project.minke(&plan).expect(0).says("framework pytest, because");
    let project = Project::empty();
    project.write(
        "shop/tests.py",
        "import unittest\n\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n",
    );
    let run = ["run", "--image", PYTHON, "--source", "mount"];
    project.minke(&run).expect(0).says("framework unittest, because `shop/tests.py` is there");
}
