//! vitest traps `process.exit`, and its JUnit file has a pass for every test of a worker that died.

use super::javascript::Suite;

const GOOD: [&str; 2] = ["good.test.js", "good_two.test.js"];

#[test]
fn vitest_tests_of_a_dead_worker_are_no_passes_not_even_beside_a_failure() {
    let files = [
        ("fails.test.js", "failed"),
        ("really_exit_zero.test.js", "truncated-report"),
        ("segfault.test.js", "truncated-report"),
        ("killed.test.js", "truncated-report"),
    ];
    Suite::of("vitest").ends(1, GOOD, &files).says("were never run");
}

#[test]
fn vitest_that_was_killed_or_saw_a_stray_error_is_an_error() {
    let suite = Suite::of("vitest");
    suite.ends(3, GOOD, &[("kills_parent.test.js", "killed")]);
    let ended = suite.run(&["unhandled.test.js"]);
    assert_eq!(ended.expect(3).outcome("unhandled.test.js"), "exit-code");
}

#[test]
fn vitest_files_that_end_the_process_or_cannot_be_loaded_fail_beside_good_ones() {
    let files = [
        ("exit_zero.test.js", "failed"),
        ("exit_zero_on_load.test.js", "failed"),
        ("empty.test.js", "failed"),
        ("syntax_error.test.js", "failed"),
    ];
    Suite::of("vitest").ends(1, GOOD, &files).says("process.exit unexpectedly called").says("No test suite found");
}

#[test]
fn vitest_tests_behind_a_bail_are_no_passes() {
    let suite = Suite::of("vitest");
    let ended = suite.run(&["--shards", "1", "bail.test.js", GOOD[0], "--", "--bail=1", "--no-file-parallelism"]);
    assert_eq!(ended.expect(1).outcome("bail.test.js"), "failed");
    assert_eq!(ended.outcome(GOOD[0]), "passed");
    let names: Vec<_> = ended.junit().into_iter().map(|case| case.name).collect();
    assert!(!names.iter().any(|name| name.contains("is not run")), "{names:?}");
}

#[test]
fn vitest_that_selects_nothing_is_an_error() {
    let suite = Suite::of("vitest");
    for arguments in [&["--exclude", "**/good*"][..], &["--exclude", "**/good*", "--passWithNoTests"]] {
        let ended = suite.run(&[&["--shards", "1", GOOD[0], GOOD[1], "--"], arguments].concat());
        ended.expect(3);
        assert_eq!(GOOD.map(|file| ended.outcome(file)), ["no-report", "no-report"], "{arguments:?}");
    }
}

#[test]
fn vitest_takes_no_part_of_a_file() {
    Suite::of("vitest").run(&["good.test.js:3"]).expect(2).says("good.test.js:3");
}
