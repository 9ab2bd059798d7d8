//! mocha ends with 0 and a report of no byte, or none, when a test ends the process.

use super::javascript::Suite;

const GOOD: [&str; 2] = ["test/good.js", "test/good_two.js"];

#[test]
fn mocha_that_was_ended_by_a_test_is_an_error_whatever_its_exit_code() {
    let files = [
        ("test/exit_zero.js", "truncated-report"),
        ("test/exit_zero_on_load.js", "no-report"),
        ("test/exit_nonzero.js", "truncated-report"),
        ("test/segfault.js", "crashed"),
        ("test/killed.js", "killed"),
    ];
    Suite::of("mocha").ends(3, GOOD, &files).says("`mocha.xml` is empty; the framework ended with exit code 0");
}

#[test]
fn mocha_files_without_a_test_or_that_cannot_be_loaded_are_errors_beside_good_ones() {
    let files = [("test/empty.js", "no-cases"), ("test/syntax_error.js", "no-report")];
    Suite::of("mocha").ends(3, GOOD, &files).says("without running a test").says("wrote no report");
    let suite = Suite::of("mocha");
    let accepted = suite.run(&["--allow-empty", "test/empty.js", "--shards", "1", "test/empty.js", GOOD[0]]);
    assert_eq!(accepted.expect(0).outcome("test/empty.js"), "passed");
}

#[test]
fn mocha_that_selects_nothing_or_more_than_it_was_told_is_an_error() {
    let suite = Suite::of("mocha");
    let nothing = suite.run(&["--shards", "1", GOOD[0], GOOD[1], "--", "--grep", "no such test"]);
    assert_eq!(GOOD.map(|file| nothing.expect(3).outcome(file)), ["no-cases", "no-cases"]);
    let more = suite.run(&[GOOD[0], "--", "--spec", GOOD[1]]);
    assert_eq!(more.expect(3).outcome(GOOD[0]), "foreign-units");
    more.says("/project/test/good_two.js");
}

#[test]
fn mocha_takes_no_part_of_a_file() {
    Suite::of("mocha").run(&["test/good.js:3"]).expect(2).says("test/good.js:3");
}

#[test]
fn a_package_with_two_frameworks_is_not_guessed_at() {
    let project = crate::support::Project::fixture("misbehaving/mocha");
    let package = r#"{"devDependencies": {"jest": "29", "mocha": "10"}}"#;
    // A name that both take for a test's.
    project.write("package.json", package).write("test/both.test.js", "");
    let ended = project.minke(&["run", "--image", crate::support::JAVASCRIPT, "--source", "mount"]);
    ended.expect(2).says("`package.json` has `jest` in `devDependencies`");
    ended.says("`package.json` has `mocha` in `devDependencies`");
}
