//! The ledger: what a misbehaving file leaves behind is judged truthfully, and never at its neighbours' cost.

use std::process::Command;

use minke::model::CaseCounts;

use crate::support::{CUCUMBER, Ended, NODE, PYTHON, Project};

const GOOD: [&str; 2] = ["test_good_neighbour.py", "test_good_neighbour_two.py"];

fn pytest() -> Project {
    Project::fixture("misbehaving/pytest")
}

/// What one file's end must be: its outcome, the exit code of the run, and its cases as passed, failed, errored, skipped.
struct Expected {
    file: &'static str,
    outcome: &'static str,
    code: i32,
    cases: [usize; 4],
}

const fn ends(file: &'static str, outcome: &'static str, code: i32, cases: [usize; 4]) -> Expected {
    Expected { file, outcome, code, cases }
}

const NONE: [usize; 4] = [0; 4];

fn of_case_counts(counts: &CaseCounts) -> [usize; 4] {
    [counts.passed, counts.failed, counts.errored, counts.skipped]
}

fn unit_cases(ended: &Ended, file: &str) -> [usize; 4] {
    of_case_counts(&CaseCounts::of(&ended.unit(file).cases))
}

/// Runs each file by itself, all in one run, and then each beside two good ones in one container.
fn check(expected: &[Expected]) {
    let project = pytest();
    let files: Vec<&str> = expected.iter().map(|expected| expected.file).collect();
    let alone = project.pytest(&[&["--isolation", "file", "--memory", "128m"], &files[..]].concat());
    alone.left_nothing().assert_is_xml();
    for Expected { file, outcome, cases, .. } in expected {
        assert_eq!((alone.outcome(file).as_str(), unit_cases(&alone, file)), (*outcome, *cases), "{file} alone");
    }
    for Expected { file, outcome, code, cases } in expected {
        let beside = project.pytest(&["--shards", "1", "--memory", "128m", GOOD[0], GOOD[1], file]);
        beside.expect(*code).left_nothing();
        assert_eq!((beside.outcome(file).as_str(), unit_cases(&beside, file)), (*outcome, *cases), "{file} in a shard");
        assert_eq!(GOOD.map(|file| unit_cases(&beside, file)), [[2, 0, 0, 0], [1, 0, 0, 0]], "beside {file}");
    }
}

#[test]
fn a_process_that_ends_without_a_report_is_an_error_even_with_exit_0() {
    check(&[
        ends("test_exit_zero.py", "no-report", 3, NONE),
        ends("test_exit_zero_after_pass.py", "no-report", 3, NONE),
        ends("test_exit_nonzero.py", "no-report", 3, NONE),
        ends("removes_report/test_removes_report.py", "no-report", 3, NONE),
        ends("broken_conftest/test_below_broken_conftest.py", "no-report", 3, NONE),
    ]);
}

#[test]
fn signals_and_lack_of_memory_are_told_apart() {
    check(&[
        ends("test_segfault.py", "crashed", 3, NONE),
        ends("test_abort.py", "crashed", 3, NONE),
        ends("test_kill_itself.py", "killed", 3, NONE),
        ends("test_oom.py", "oom", 3, NONE),
        ends("test_oom_child.py", "passed", 0, [1, 0, 0, 0]),
    ]);
}

#[test]
fn a_file_that_cannot_be_collected_fails_and_its_mates_still_run() {
    check(&[
        ends("test_syntax_error.py", "failed", 1, [0, 0, 1, 0]),
        ends("test_import_error.py", "failed", 1, [0, 0, 1, 0]),
        ends("test_fails_on_import.py", "failed", 1, [0, 0, 1, 0]),
    ]);
}

#[test]
fn a_session_that_breaks_off_is_an_error_and_keeps_its_cases() {
    check(&[
        ends("test_pytest_exit.py", "truncated-report", 3, [1, 0, 0, 0]),
        ends("test_pytest_exit_zero.py", "truncated-report", 3, NONE),
        ends("test_keyboard_interrupt.py", "truncated-report", 3, [1, 0, 0, 0]),
        ends("test_sys_exit.py", "failed", 1, [1, 1, 0, 0]),
    ]);
}

#[test]
fn files_without_tests_are_errors_and_skipped_ones_are_not() {
    check(&[
        ends("test_empty.py", "no-cases", 3, NONE),
        ends("test_module_skip.py", "passed", 0, [0, 0, 0, 1]),
        ends("test_all_skipped.py", "passed", 0, [0, 0, 0, 2]),
    ]);
    let project = pytest();
    let allowed = project.pytest(&["--allow-empty", "test_em*.py", "test_empty.py", "--shards", "1"]);
    assert_eq!(allowed.expect(0).outcome("test_empty.py"), "passed");
    let deselected = project.pytest(&["--allow-empty", "**", GOOD[0], GOOD[1], "--shards", "1", "--", "-k", "nothing"]);
    deselected.expect(0);
    let lost = project.pytest(&[GOOD[0], GOOD[1], "--shards", "1", "--", "-k", "nothing"]);
    lost.expect(3).says("--allow-empty");
    let crashes = project.pytest(&["--allow-empty", "**", "test_segfault.py", "test_pytest_exit_zero.py"]);
    assert_eq!(crashes.expect(3).outcome("test_segfault.py"), "crashed");
    assert_eq!(crashes.outcome("test_pytest_exit_zero.py"), "truncated-report");
}

#[test]
fn reports_that_are_damaged_are_errors_and_keep_what_can_be_read() {
    check(&[
        ends("truncates_report/test_truncates_report.py", "truncated-report", 3, [11, 0, 0, 0]),
        ends("empties_report/test_empties_report.py", "truncated-report", 3, NONE),
        ends("red_but_exit_zero/test_red_but_exit_zero.py", "failed", 1, [1, 1, 0, 0]),
    ]);
}

#[test]
fn a_bad_exit_after_a_green_report_keeps_the_cases_and_adds_an_error() {
    let project = pytest();
    let file = "green_but_exit/test_green_but_exit.py";
    let alone = project.pytest(&[file]);
    assert_eq!(alone.expect(3).outcome(file), "exit-code");
    assert_eq!(of_case_counts(&alone.counts()), [2, 0, 1, 0], "two cases and the error of the unit");
    alone.says("exit code 3");
    let beside = project.pytest(&["--shards", "1", file, GOOD[0], GOOD[1]]);
    beside.expect(3).says("shard problems that no unit explains");
    assert_eq!(of_case_counts(&beside.counts()), [5, 0, 1, 0], "five cases and the error of the shard");
}

#[test]
fn whatever_stands_in_the_report_is_read_or_named_and_never_followed() {
    let kinds = [
        ("garbage", "truncated-report", 0),
        ("bomb", "passed", 1),
        ("entity", "failed", 1),
        ("nameless", "truncated-report", 0),
        ("no-cases", "no-cases", 0),
        ("html", "truncated-report", 0),
        ("deep", "truncated-report", 0),
        ("binary", "no-cases", 0),
        ("utf16", "passed", 1),
        ("two-roots", "passed", 2),
        ("lying-counts", "truncated-report", 1),
        ("directory", "no-report", 0),
        ("link", "no-report", 0),
        ("fifo", "no-report", 0),
        ("huge", "truncated-report", 1),
    ];
    let file = "writes_broken_xml/test_writes_broken_xml.py";
    let project = pytest();
    for (kind, outcome, cases) in kinds {
        let ended = project.pytest(&["--env", &format!("BROKEN_XML={kind}"), file]);
        ended.left_nothing().assert_is_xml();
        let seen = (ended.outcome(file), ended.unit(file).cases.len());
        assert_eq!(seen, (outcome.to_owned(), cases), "{kind}:\n{}", ended.stderr);
        assert!(!ended.junit_text().contains("root:"), "{kind}: nothing of /etc/passwd is in the report");
        assert!(ended.junit_text().len() < 512 << 10, "{kind}");
        let why = match kind {
            "garbage" => "`pytest.xml` breaks off",
            "deep" | "huge" => "`pytest.xml` is too large",
            "link" | "fifo" => "is not a plain file",
            _ => "",
        };
        ended.says(why);
    }
    project.pytest(&["empties_report"]).says("`pytest.xml` is empty");
    project.pytest(&["truncates_report"]).says("`pytest.xml` breaks off");
}

#[test]
fn control_characters_colours_and_markup_never_break_the_report() {
    let project = pytest();
    let files = ["test_control_chars.py", "test_cdata_end.py", "test_ansi.py", "test_invalid_utf8.py"];
    for isolation in ["shard", "file"] {
        let ended = project.pytest(&[&["--isolation", isolation], &files[..], &["--", "-s"]].concat());
        ended.expect(1).assert_is_xml();
        assert_eq!(of_case_counts(&ended.counts()), [4, 4, 0, 1]);
        assert!(!ended.stderr.contains(['\x1b', '\0', '\x07']), "the terminal gets no control characters");
        for file in files {
            assert_eq!(ended.outcome(file), "failed", "{file}");
        }
    }
    let features = Project::fixture("misbehaving/cucumber");
    let ended = features.cucumber(&["features/control_chars.feature", "features/ansi.feature", "--shards", "1"]);
    ended.expect(1).assert_is_xml();
    assert_eq!(of_case_counts(&ended.counts()), [5, 1, 0, 0]);
}

#[test]
fn lack_of_memory_is_seen_behind_a_shell_that_ends_well() {
    let project = pytest();
    let hides = "sh -c 'pytest \"$@\"; exit 0' sh";
    let memory = ["--memory", "64m", "--framework-command", hides];
    let ended = project.pytest(&[&memory[..], &["test_oom.py"]].concat());
    assert_eq!(ended.expect(3).outcome("test_oom.py"), "oom");
    ended.says("--memory");
    let beside = project.pytest(&[&memory[..], &["--shards", "1", "test_oom.py", GOOD[0]]].concat());
    assert_eq!(beside.expect(3).outcome("test_oom.py"), "oom");
    assert_eq!(beside.outcome(GOOD[0]), "passed");
    let child = project.pytest(&["--memory", "64m", "test_oom_child.py"]);
    child.expect(0).says("lack of memory");
    assert_eq!(child.state().warnings().len(), 1, "{}", child.stderr);
}

#[test]
fn a_missing_network_is_named_with_its_option() {
    let project = pytest();
    let ended = project.pytest(&["test_needs_network.py"]);
    ended.expect(1).says("--network bridge");
    assert_eq!(of_case_counts(&ended.counts()), [1, 2, 0, 0], "the loopback interface is there");
}

#[test]
fn units_that_the_framework_left_out_after_a_failure_are_run_alone() {
    let project = pytest();
    project.write("test_a_fails.py", "def test_a(): assert False\ndef test_b(): pass\n");
    let ended = project.pytest(&["--shards", "1", "test_a_fails.py", GOOD[0], GOOD[1], "--", "-x"]);
    ended.expect(1).left_nothing();
    assert_eq!(unit_cases(&ended, "test_a_fails.py"), [0, 1, 0, 0], "-x is the user's wish");
    assert_eq!(GOOD.map(|file| unit_cases(&ended, file)), [[2, 0, 0, 0], [1, 0, 0, 0]]);
}

#[test]
fn a_feature_that_breaks_cucumber_does_not_hide_the_others() {
    let project = Project::fixture("misbehaving/cucumber");
    let good = ["features/good.feature", "features/good_two.feature"];
    let cases = [
        ("broken", "no-report", 3, NONE),
        ("ambiguous", "no-report", 3, NONE),
        ("binary", "no-report", 3, NONE),
        ("exit_zero", "no-report", 3, NONE),
        ("empty", "no-report", 3, NONE),
        ("segfault", "crashed", 3, NONE),
        ("killed", "killed", 3, NONE),
        ("exit_politely", "failed", 1, [2, 1, 0, 0]),
        ("terminated", "failed", 1, [2, 1, 0, 0]),
        ("fails_in_before_hook", "failed", 1, [0, 1, 0, 0]),
        ("fails_in_after_hook", "failed", 1, [0, 1, 0, 0]),
        ("pending", "failed", 1, [2, 1, 0, 0]),
    ];
    for (name, outcome, code, cases) in cases {
        let file = format!("features/{name}.feature");
        let ended = project.cucumber(&["--shards", "1", good[0], good[1], &file]);
        ended.expect(code).left_nothing();
        assert_eq!((ended.outcome(&file).as_str(), unit_cases(&ended, &file)), (outcome, cases), "{name}");
        assert_eq!(good.map(|file| unit_cases(&ended, file)), [[2, 0, 0, 0], [1, 0, 0, 0]], "beside {name}");
    }
    let allowed = ["--allow-empty", "features/{empty,comment}.feature", "--shards", "1"];
    let allowed = project.cucumber(&[&allowed[..], &["features/empty.feature", "features/comment.feature"]].concat());
    allowed.expect(0);
}

#[test]
fn a_feature_whose_rest_was_left_out_is_no_pass() {
    let project = Project::fixture("misbehaving/cucumber");
    let files = ["features/fails.feature", "features/good.feature", "features/interrupted.feature"];
    let ended = project.cucumber(&[&["--shards", "1"], &files[..]].concat());
    assert_eq!(ended.expect(1).outcome(files[2]), "exit-code", "{}", ended.stderr);
    assert_eq!(ended.outcome(files[1]), "passed");
}

#[test]
fn a_framework_that_runs_more_than_it_was_told_is_an_error() {
    let project = Project::fixture("misbehaving/cucumber-js-paths");
    let ended = project.minke(&["cucumber", "--image", NODE, "--source", "mount", "--shards", "2"]);
    ended.expect(3).left_nothing().says("`paths`");
    assert_eq!(ended.outcome("features/one.feature"), "foreign-units");
    assert_eq!(ended.outcome("features/two.feature"), "foreign-units");
}

#[test]
fn a_run_without_any_engine_trouble_has_no_warning() {
    let project = pytest();
    let ended =
        project.minke(&["pytest", "--image", PYTHON, "--source", "mount", GOOD[0], GOOD[1], "test_grandchild.py"]);
    ended.expect(0).left_nothing();
    assert!(ended.state().warnings().is_empty(), "{}", ended.stderr);
    let features = Project::fixture("misbehaving/cucumber");
    let features = features.minke(&["cucumber", "--image", CUCUMBER, "--source", "mount", "features/good*.feature"]);
    assert_eq!(of_case_counts(&features.expect(0).counts()), [3, 0, 0, 0]);
}

impl Ended {
    /// Asserts that a parser which is not minke's own accepts the report.
    fn assert_is_xml(&self) {
        let code = "import sys, xml.parsers.expat as e; e.ParserCreate().ParseFile(open(sys.argv[1], 'rb'))";
        let junit = self.run_dir().join("junit.xml");
        let parsed = Command::new("python3").args(["-c", code]).arg(junit).output().expect("python3 is installed");
        assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    }
}

#[test]
fn allowed_to_be_empty_is_no_leave_to_end_the_process() {
    let project = Project::empty();
    project.write("test_a.py", "import os\ndef test_a(): assert 0\ndef test_b(): os._exit(0)\n");
    let ended = project.pytest(&["--allow-empty", "**", "test_a.py"]);
    ended.expect(3);
    assert_eq!(ended.outcome("test_a.py"), "no-report");
}

#[test]
fn a_whole_report_does_not_excuse_a_unit_that_never_ends() {
    let project = Project::empty();
    let text =
        "import threading, time\n\n\ndef test_a():\n    threading.Thread(target=lambda: time.sleep(600)).start()\n";
    project.write("test_a.py", text);
    let ended = project.pytest(&["--timeout", "3s", "--grace", "2s", "test_a.py"]);
    ended.expect(3).left_nothing();
    assert_eq!((ended.outcome("test_a.py").as_str(), ended.unit("test_a.py").cases.len()), ("timeout", 1));
}

#[test]
fn files_that_were_not_planned_are_told_and_not_credited() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("test_b.py", "def test_b(): pass\n");
    project.write("other/test_c.py", "def test_c(): assert 0\n");
    let ended = project.pytest(&["--shards", "1", "test_a.py", "test_b.py", "--", "other/test_c.py"]);
    assert_eq!(ended.state().units().iter().filter(|unit| unit.trouble.is_some()).count(), 2);
    assert!(ended.junit_text().contains("minke.foreign-units"), "{}", ended.junit_text());
}

#[test]
fn a_link_that_a_test_leaves_for_minke_is_not_followed() {
    let project = Project::empty();
    project.write("victim", "untouched");
    let text = "import glob, os, shutil\n\n\ndef test_a():\n    for run in glob.glob('.minke/runs/*'):\n        \
                os.symlink('/project/victim', run + '/failed.txt')\n        \
                os.symlink('/project', run + '/shards/1/reports')\n    assert 0\n";
    project.write("test_a.py", text);
    let ended = project.pytest(&["test_a.py"]);
    ended.expect(1);
    assert_eq!(std::fs::read_to_string(project.path().join("victim")).unwrap(), "untouched");
    assert!(!project.path().join("pytest.xml").exists());
}

#[test]
fn logs_that_a_test_removes_are_missed() {
    let project = Project::empty();
    project.write("test_a.py", "import shutil\n\n\ndef test_a():\n    shutil.rmtree('.minke')\n");
    let ended = project.pytest(&["test_a.py"]);
    ended.expect(5).says("was removed during the run");
}
