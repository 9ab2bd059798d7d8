//! `minke merge` as it is called.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;

const PASSED: &str = "<testsuite name='a' timestamp='2026-01-02'><testcase classname='c' name='n'/></testsuite>";
const FAILED: &str = "<testsuite name='a' timestamp='2026-01-01'><testcase classname='c' name='n'><failure>f</failure></testcase></testsuite>";

fn minke(dir: &Path, arguments: &[&str]) -> Assert {
    // A broken configuration is none of a merge's business.
    fs::write(dir.join("minke.toml"), "this is not TOML").unwrap();
    Command::cargo_bin("minke").unwrap().current_dir(dir).arg("merge").args(arguments).assert()
}

fn dir(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, contents) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    dir
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_and_directories_become_one_report_and_every_case_is_accounted_for() {
    let dir = dir(&[("one/a.xml", FAILED), ("one/deep/b.xml", PASSED), ("one/note.txt", "x"), ("c.xml", FAILED)]);
    let ran = minke(dir.path(), &["one", "./one/a.xml", "c.xml", "-o", "out/junit.xml"]).code(0);
    assert_eq!(
        stderr(&ran),
        "retried: a > n: failed, then passed\n3 cases in 3 files; 1 case out, 2 merged (retries 1, identical 1)\n"
    );
    let text = fs::read_to_string(dir.path().join("out/junit.xml")).unwrap();
    assert!(text.contains("<flakyFailure") && text.contains("failures=\"0\""), "{text}");
    let other = minke(dir.path(), &["c.xml", "one", "-o", "-"]).code(0);
    assert_eq!(String::from_utf8(other.get_output().stdout.clone()).unwrap(), text);
}

#[test]
fn a_report_can_come_through_a_pipe() {
    let dir = dir(&[("passed.xml", PASSED)]);
    let mut command = Command::cargo_bin("minke").unwrap();
    let ran = command.current_dir(dir.path()).args(["merge", "-", "passed.xml", "--suite-prefix", "-o", "-"]);
    let text = String::from_utf8(ran.write_stdin(FAILED).assert().code(0).get_output().stdout.clone()).unwrap();
    assert!(text.contains("tests=\"2\" failures=\"1\"") && text.contains("stdin: a"), "{text}");
}

#[test]
fn failed_tests_are_no_failure_of_the_merge() {
    let dir = dir(&[("a.xml", FAILED)]);
    minke(dir.path(), &["a.xml", "-o", "-"]).code(0);
}

#[test]
fn a_lost_report_is_an_error_in_the_result_and_exit_code_5() {
    let dir = dir(&[("good/a.xml", PASSED), ("cut/b.xml", &PASSED[..70]), ("none/log.txt", "x"), ("zero.xml", "")]);
    let ran = minke(dir.path(), &["good", "cut", "none", "zero.xml", "gone.xml", "-o", "out.xml"]).code(5);
    let text = fs::read_to_string(dir.path().join("out.xml")).unwrap();
    assert!(text.contains("tests=\"5\" failures=\"0\" errors=\"4\""), "{text}");
    for name in ["cut/b.xml", "none", "zero.xml", "gone.xml"] {
        assert!(text.contains(&format!("<testsuite name=\"{name}\"")), "{name}: {text}");
        assert!(stderr(&ran).contains(&format!("warning: {name}: ")), "{}", stderr(&ran));
    }
    assert!(stderr(&ran).ends_with("4 reports not read whole, each an error in the result\n"), "{}", stderr(&ran));
}

#[test]
fn a_directory_is_merged_into_itself_again_and_again() {
    let dir = dir(&[("r/a.xml", FAILED)]);
    minke(dir.path(), &["r", "-o", "r/all.xml"]).code(0);
    let first = fs::read(dir.path().join("r/all.xml")).unwrap();
    let ran = minke(dir.path(), &["r", "-o", "r/all.xml"]).code(0);
    assert!(stderr(&ran).contains("left out r/all.xml: an earlier merge wrote it"), "{}", stderr(&ran));
    assert_eq!(fs::read(dir.path().join("r/all.xml")).unwrap(), first);
}

#[test]
fn split_files_are_replaced_and_no_strangers_are_removed() {
    let two = "<testsuites><testsuite name='x'><testcase name='a'/></testsuite><testsuite name='y/z'/></testsuites>";
    let dir = dir(&[
        ("two.xml", two),
        ("one.xml", "<testsuite name='x'><testcase name='a'/></testsuite>"),
        ("out/TEST-own.xml", "mine"),
    ]);
    minke(dir.path(), &["two.xml", "--split", "out"]).code(0);
    assert_eq!(names(&dir.path().join("out")), [".minke-merge", "TEST-own.xml", "TEST-x.xml", "TEST-y_z-7a585101.xml"]);
    minke(dir.path(), &["one.xml", "--split", "out", "--dialect", "surefire"]).code(0);
    assert_eq!(names(&dir.path().join("out")), [".minke-merge", "TEST-own.xml", "TEST-x.xml"]);
    let text = fs::read_to_string(dir.path().join("out/TEST-x.xml")).unwrap();
    assert!(text.contains("?>\n<testsuite name=\"x\""), "{text}");
}

#[test]
fn no_split_file_is_too_large_and_together_they_are_the_whole() {
    let body = "0123456789abcde\n".repeat(12_000);
    let cases: String = (0..200)
        .map(|number| {
            format!("<testcase classname='c' name='n{number:03}'><system-out>{number} {body}</system-out></testcase>")
        })
        .collect();
    let dir = dir(&[("big.xml", &format!("<testsuite name='big'>{cases}</testsuite>"))]);
    let ran = minke(dir.path(), &["big.xml", "--split", "out", "-o", "whole.xml"]).code(0);
    assert!(stderr(&ran).contains("GitLab takes less than 30"), "{}", stderr(&ran));
    let files = names(&dir.path().join("out"));
    assert_eq!(files, [".minke-merge", "TEST-big.part2.xml", "TEST-big.xml"]);
    for file in &files {
        assert!(fs::metadata(dir.path().join("out").join(file)).unwrap().len() < 30_000_000);
    }
    minke(dir.path(), &["whole.xml", "-o", "1.xml"]).code(0);
    minke(dir.path(), &["out/TEST-big.part2.xml", "out/TEST-big.xml", "-o", "2.xml"]).code(0);
    assert!(fs::read(dir.path().join("1.xml")).unwrap() == fs::read(dir.path().join("2.xml")).unwrap());
}

#[test]
fn wrong_usage_is_told_before_anything_is_written() {
    let dir = dir(&[("a.xml", PASSED)]);
    for arguments in [
        &["a.xml"][..],
        &["-o", "x.xml"],
        &["a.xml", "-o", "x.xml", "--flaky", "never"],
        &["a.xml", "-o", "x.xml", "--dialect", "ant"],
    ] {
        minke(dir.path(), arguments).code(2);
    }
    assert!(!dir.path().join("x.xml").exists());
}

#[test]
fn an_output_that_cannot_be_written_leaves_nothing_behind() {
    let dir = dir(&[("a.xml", PASSED), ("file", "x")]);
    let ran = minke(dir.path(), &["a.xml", "-o", "file/junit.xml"]).code(5);
    assert!(stderr(&ran).contains("cannot write the merged report file/junit.xml"), "{}", stderr(&ran));
    assert_eq!(names(dir.path()), ["a.xml", "file", "minke.toml"]);
}

#[test]
fn azure_is_told_of_names_that_it_would_not_find() {
    let dir = dir(&[("a.xml", PASSED)]);
    let ran = minke(dir.path(), &["a.xml", "-o", "out.xml", "--dialect", "azure"]).code(0);
    assert!(stderr(&ran).contains("Azure Pipelines looks for TEST-*.xml"), "{}", stderr(&ran));
    let ran = minke(dir.path(), &["a.xml", "-o", "TEST-out.xml", "--dialect", "azure"]).code(0);
    assert!(!stderr(&ran).contains("Azure"), "{}", stderr(&ran));
}

#[test]
fn the_help_says_how_reports_are_merged() {
    let dir = dir(&[]);
    let ran = minke(dir.path(), &["--help"]).code(0);
    insta::assert_snapshot!(String::from_utf8(ran.get_output().stdout.clone()).unwrap());
}

#[test]
fn xml_of_another_kind_is_left_out_of_a_directory_and_an_error_when_it_is_named() {
    let coverage = "<?xml version='1.0'?><!DOCTYPE coverage SYSTEM 'c.dtd'><coverage><packages/></coverage>";
    let wrapped = "<report><testsuite name='w'><testcase name='a'/></testsuite></report>";
    let dir = dir(&[("r/a.xml", PASSED), ("r/coverage.xml", coverage), ("r/wrapped.xml", wrapped)]);
    let ran = minke(dir.path(), &["r", "-o", "out.xml"]).code(0);
    let told = stderr(&ran);
    assert!(told.contains("left out r/coverage.xml: <coverage> is no JUnit report"), "{told}");
    assert!(told.contains("2 cases in 2 files"), "{told}");
    minke(dir.path(), &["r", "r/coverage.xml", "-o", "out.xml"]).code(5);
    for broken in ["<coverage><packages/>", "<coverage></packages>", "not XML", ""] {
        fs::write(dir.path().join("r/coverage.xml"), broken).unwrap();
        minke(dir.path(), &["r", "-o", "out.xml"]).code(5);
    }
    fs::write(dir.path().join("r/coverage.xml"), coverage).unwrap();
    fs::remove_file(dir.path().join("r/a.xml")).unwrap();
    fs::remove_file(dir.path().join("r/wrapped.xml")).unwrap();
    let ran = minke(dir.path(), &["r", "-o", "out.xml"]).code(5);
    assert!(stderr(&ran).contains("warning: r: has no report"), "{}", stderr(&ran));
}

#[test]
fn retries_are_named_with_their_files_and_those_that_are_not_named_are_counted() {
    let suite = |day: u32, inside: &str| {
        let rows: String =
            (0..23).map(|number| format!("<testcase name='n{number:02}' file='t/a.py'>{inside}</testcase>")).collect();
        format!("<testsuite name='s' timestamp='2026-01-0{day}'>{rows}</testsuite>")
    };
    let dir = dir(&[("1.xml", &suite(1, "<failure/>")), ("2.xml", &suite(2, ""))]);
    let told = stderr(&minke(dir.path(), &["1.xml", "2.xml", "-o", "-"]).code(0));
    assert_eq!(told.matches("retried: ").count(), 20, "{told}");
    assert!(told.contains("retried: s > n00 (t/a.py): failed, then passed\n"), "{told}");
    assert!(told.contains("\nand 3 more retried cases\n"), "{told}");
}

#[test]
fn a_pass_that_repairs_nothing_is_told() {
    let suite =
        |inside: &str| format!("<testsuite name='s'><testcase name='t' file='f'>{inside}</testcase></testsuite>");
    let dir = dir(&[("one.xml", &suite("<failure/>")), ("two.xml", &suite(""))]);
    let told = stderr(&minke(dir.path(), &["one.xml", "two.xml", "-o", "-"]).code(0));
    let expected = "retried: s > t (f): failed; a pass before that, or of no known time, does not count\n";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn an_error_that_a_suite_has_itself_is_counted_by_name() {
    let suite = |errors: &str| format!("<testsuite name='s'>{errors}<testcase name='a'/></testsuite>");
    let dir = dir(&[("one.xml", &suite("<error/>")), ("two.xml", &suite("<error message='x'/><failure/>"))]);
    let told = |arguments: &[&str]| stderr(&minke(dir.path(), arguments).code(0));
    let one = told(&["one.xml", "-o", "-"]);
    assert!(one.ends_with("2 cases in 1 file, 1 of them an error of a suite and no test; 2 cases out, 0 merged (retries 0, identical 0)\n"), "{one}");
    let two = told(&["one.xml", "two.xml", "-o", "-"]);
    assert!(two.contains("5 cases in 2 files, 3 of them errors of a suite and no test;"), "{two}");
}

#[test]
fn of_a_run_of_minke_its_report_is_taken_and_not_what_went_into_it() {
    let dir = dir(&[
        ("part/runs/1/junit.xml", PASSED),
        ("part/runs/1/events.jsonl", "{}"),
        ("part/runs/1/shards/1/reports/pytest.xml", FAILED),
        ("part/other/shards/1.xml", FAILED),
    ]);
    let ran = minke(dir.path(), &["part", "-o", "all.xml"]).code(0);
    assert!(stderr(&ran).contains("2 cases in 2 files"), "{}", stderr(&ran));
}
