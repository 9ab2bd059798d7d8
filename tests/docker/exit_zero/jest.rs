//! jest ends with 0 and without a report when a test ends the process.

use super::javascript::Suite;

const GOOD: [&str; 2] = ["good.test.js", "good_two.test.js"];

#[test]
fn jest_that_wrote_no_results_is_an_error_whatever_its_exit_code() {
    let files = [
        ("exit_zero.test.js", "no-report"),
        ("exit_zero_on_load.test.js", "no-report"),
        ("exit_nonzero.test.js", "no-report"),
        ("removes_report.test.js", "no-report"),
        ("segfault.test.js", "crashed"),
        ("abort.test.js", "crashed"),
        ("killed.test.js", "killed"),
    ];
    Suite::of("jest").ends(3, GOOD, &files).says("exit code 0 and wrote no report");
}

#[test]
fn jest_files_that_cannot_be_loaded_fail_beside_good_ones() {
    let ended = Suite::of("jest").ends(1, GOOD, &[("syntax_error.test.js", "failed"), ("empty.test.js", "failed")]);
    ended.says("Your test suite must contain at least one test").says("SyntaxError");
}

#[test]
fn jest_workers_that_are_ended_by_a_test_fail_its_file() {
    let suite = Suite::of("jest");
    let ended = suite.run(&["--shards", "1", "exit_zero.test.js", GOOD[0], GOOD[1], "--", "-w", "2"]);
    ended.expect(1).left_nothing();
    assert_eq!(ended.outcome("exit_zero.test.js"), "failed");
    assert_eq!(GOOD.map(|file| ended.outcome(file)), ["passed", "passed"]);
}

#[test]
fn jest_arguments_neither_add_files_nor_hide_them() {
    let suite = Suite::of("jest");
    let added = suite.run(&["--shards", "1", GOOD[0], "--", GOOD[1]]);
    assert_eq!(added.expect(3).outcome(GOOD[0]), "foreign-units");
    let hidden = suite.run(&["--shards", "1", GOOD[0], GOOD[1], "--", "--testPathIgnorePatterns", "good_two"]);
    hidden.expect(3);
    assert_eq!(GOOD.map(|file| hidden.outcome(file)), ["passed", "no-report"]);
    let bailed = suite.run(&["--shards", "1", "syntax_error.test.js", GOOD[0], GOOD[1], "--", "--bail", "--silent"]);
    assert_eq!(GOOD.map(|file| bailed.expect(1).outcome(file)), ["passed", "passed"]);
}

#[test]
fn jest_takes_no_part_of_a_file() {
    let ended = Suite::of("jest").run(&["good.test.js:3"]);
    ended.expect(2).says("good.test.js:3");
}
