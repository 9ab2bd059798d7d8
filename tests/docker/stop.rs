//! Whatever stops a run or a unit, the rest of it is told truthfully and nothing stays behind.

use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Child;

use minke::model::{CancelReason, CaseOutcome, EventKind};
use rustix::process::Signal;

use crate::support::{Ended, PYTHON, Project, docker, send, until};

const MOUNTED: [&str; 5] = ["pytest", "--image", PYTHON, "--source", "mount"];

/// Lets a shard come to its end only when a test of another one has begun to hang.
const WAITS_FOR_THE_OTHER_SHARD: &str = "
import pathlib, time
flag = pathlib.Path('/project/hangs')
def pytest_runtest_setup(item):
    if item.name == 'test_hangs':
        flag.touch()
def pytest_sessionfinish(session):
    while not flag.exists():
        time.sleep(0.05)
";

/// Says when it has stopped listening to signals.
const DEAF: &str = "
import signal, time
def test_is_deaf():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    print('is deaf')
    while True:
        time.sleep(1)
";

fn misbehaving() -> Project {
    Project::fixture("misbehaving/pytest")
}

/// Starts `minke pytest` over the mounted project and waits until a shard's output has a text.
fn pytest_until(project: &Project, arguments: &[&str], shard: u32, text: &str) -> Child {
    project.start_until(&[&MOUNTED[..], arguments].concat(), shard, text)
}

/// The names of a unit's cases.
fn cases(ended: &Ended, unit: &str) -> Vec<String> {
    ended.unit(unit).cases.into_iter().map(|case| case.name).collect()
}

/// Asserts that the run's JUnit report has what the events say, and that every shown file is there.
fn told_in_full(ended: &Ended) {
    let state = ended.state();
    let text = ended.junit_text();
    for unit in state.units() {
        assert!(text.contains(&format!("name=\"{}\"", unit.unit)), "{} is not in the report", unit.unit);
    }
    let counts = state.unit_counts();
    let line = format!(
        "units: {} passed, {} failed, {} errored, {} not run of {}",
        counts.passed,
        counts.failed,
        counts.errored,
        counts.not_run,
        counts.total()
    );
    ended.says(&line).says("junit.xml");
    ended.left_nothing();
}

/// Tells whether a process has a handler for a signal.
fn handles(child: &Child, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(caught.trim(), 16).unwrap() >> (signal.as_raw() - 1) & 1 == 1
}

/// Lists the containers that a process made.
fn containers_of_process(pid: u32) -> Vec<String> {
    let all =
        docker(&["ps", "--all", "--format", "{{.ID}} {{.Label \"minke.owner\"}}", "--filter", "label=minke.owner"]);
    let middle = format!("/{pid}/");
    all.lines().filter(|line| line.contains(&middle)).map(str::to_owned).collect()
}

#[test]
fn ctrl_c_reaches_pytest_and_keeps_what_was_done() {
    for isolation in ["file", "shard"] {
        let project = misbehaving();
        let files = ["test_good_neighbour.py", "test_hang.py", "test_sys_exit.py"];
        let shard = if isolation == "file" { 2 } else { 1 };
        let arguments = [&["--isolation", isolation, "--shards", "1", "--grace", "60s"], &files[..]].concat();
        let child = pytest_until(&project, &arguments, shard, "test_hang.py .");
        send(&child, Signal::INT);
        let ended = project.wait(child);
        ended.expect(130);
        assert_eq!(files.map(|file| ended.outcome(file)), ["passed", "killed", "not run"], "{isolation}");
        assert_eq!(cases(&ended, "test_hang.py"), ["test_passes"]);
        let log = String::from_utf8(ended.log(shard, "stdout")).unwrap();
        assert!(log.contains("KeyboardInterrupt"), "SIGINT did not reach pytest:\n{log}");
        assert!(ended.junit_text().contains("minke.killed") && ended.junit_text().contains("minke.not-run"));
        told_in_full(&ended);
    }
}

#[test]
fn sigterm_and_sighup_stop_the_run_with_143() {
    for signal in [Signal::TERM, Signal::HUP] {
        let project = misbehaving();
        let arguments = ["--shards", "1", "test_hang.py", "test_good_neighbour.py"];
        let child = pytest_until(&project, &arguments, 1, "test_hang.py .");
        send(&child, signal);
        let ended = project.wait(child);
        ended.expect(143);
        assert_eq!(ended.outcome("test_hang.py"), "killed");
        assert_eq!(ended.outcome("test_good_neighbour.py"), "passed");
        told_in_full(&ended);
    }
}

#[test]
fn a_container_that_ignores_signals_is_killed_after_the_grace() {
    let project = Project::empty();
    project.write("test_deaf.py", DEAF);
    let child = pytest_until(&project, &["--grace", "2s", "--", "-s"], 1, "is deaf");
    send(&child, Signal::INT);
    let ended = project.wait(child);
    ended.expect(130);
    assert_eq!(ended.outcome("test_deaf.py"), "killed");
    assert_eq!(ended.state().shards().next().unwrap().exit.as_ref().unwrap().code, 137);
    told_in_full(&ended);
}

#[test]
fn a_second_ctrl_c_kills_at_once() {
    let project = Project::empty();
    project.write("test_deaf.py", DEAF);
    let child = pytest_until(&project, &["--grace", "1h", "--", "-s"], 1, "is deaf");
    send(&child, Signal::INT);
    let stopping = |kind: &EventKind| matches!(kind, EventKind::ShardStopping { .. });
    until("the shard is being stopped", || project.events().iter().any(|event| stopping(&event.kind)));
    send(&child, Signal::INT);
    let ended = project.wait(child);
    ended.expect(130);
    assert_eq!(ended.outcome("test_deaf.py"), "killed");
    told_in_full(&ended);
}

#[test]
fn ctrl_c_before_the_first_container_leaves_nothing_and_is_no_success() {
    let project = Project::empty();
    let image = "minke-test/baked-pytest";
    let arguments = ["pytest", "--image", image, "--discover", "image", "--isolation", "file", "tests"];
    let latest = project.path().join(".minke/latest");
    let moments: [(&str, &dyn Fn(u32) -> bool); 3] = [
        ("the handler is there", &|_| true),
        ("the image is looked into", &|pid| !containers_of_process(pid).is_empty()),
        ("the run begins", &|_| latest.exists()),
    ];
    for (moment, has_come) in moments {
        let _ = fs::remove_dir_all(project.path().join(".minke"));
        let child = project.start(&arguments);
        until("signals are heard", || handles(&child, Signal::INT));
        until(moment, || has_come(child.id()));
        send(&child, Signal::INT);
        let pid = child.id();
        let ended = project.wait(child);
        ended.expect(130).says("interrupted");
        assert_eq!(containers_of_process(pid), Vec::<String>::new(), "{moment}");
        if latest.exists() {
            assert_eq!(ended.state().cancelled(), Some(&CancelReason::Interrupt));
            told_in_full(&ended);
        }
    }
}

#[test]
fn ctrl_c_is_heard_while_the_engine_does_not_answer() {
    let project = misbehaving();
    let socket = project.path().join("silent.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let mut command = project.command(&[&MOUNTED[..], &["test_good_neighbour.py"]].concat());
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    until("signals are heard", || handles(&child, Signal::INT));
    send(&child, Signal::INT);
    project.wait(child).expect(130).says("interrupted");
}

#[test]
fn a_unit_that_takes_too_long_harms_no_other() {
    let project = misbehaving();
    let good = ["test_good_neighbour.py", "test_good_neighbour_two.py", "test_all_skipped.py", "test_writes_files.py"];
    let ended = project.pytest(&[&["--shards", "2", "--timeout", "3s", "test_hang.py"], &good[..]].concat());
    ended.expect(3);
    assert_eq!(ended.outcome("test_hang.py"), "timeout");
    assert_eq!(cases(&ended, "test_hang.py"), ["test_passes"]);
    assert_eq!(good.map(|unit| ended.outcome(unit)), ["passed"; 4]);
    ended.says("`--timeout`");
    told_in_full(&ended);
}

#[test]
fn busy_deaf_and_endless_units_are_ended_too() {
    let project = misbehaving();
    let units = ["test_busy.py", "test_good_neighbour.py", "test_ignores_term.py"];
    let hangs = ["hangs_at_exit/test_hangs_at_exit.py", "hangs_at_import/test_hangs_at_import.py"];
    let arguments = ["--isolation", "file", "--shards", "5", "--timeout", "5s", "--grace", "1s"];
    let ended = project.pytest(&[&arguments[..], &units[..], &hangs[..]].concat());
    ended.expect(3);
    assert_eq!(units.map(|unit| ended.outcome(unit)), ["timeout", "passed", "timeout"]);
    assert_eq!(hangs.map(|unit| ended.outcome(unit)), ["timeout"; 2]);
    assert_eq!(cases(&ended, hangs[0]), ["test_passes"], "what was done is kept");
    assert_eq!(cases(&ended, hangs[1]), [""; 0], "the signal is not the test's word");
    told_in_full(&ended);
}

#[test]
fn a_file_that_hangs_while_it_is_collected_hides_no_neighbour() {
    let project = misbehaving();
    let units = ["hangs_at_import/test_hangs_at_import.py", "test_good_neighbour.py"];
    let ended = project.pytest(&[&["--shards", "1", "--timeout", "3s"], &units[..]].concat());
    ended.expect(3);
    assert_eq!(units.map(|unit| ended.outcome(unit)), ["timeout", "passed"]);
    told_in_full(&ended);
}

#[test]
fn a_session_that_hangs_after_its_tests_is_the_shards_timeout_and_no_units() {
    let project = misbehaving();
    let units = ["hangs_at_exit/test_hangs_at_exit.py", "test_good_neighbour.py"];
    let ended = project.pytest(&[&["--shards", "1", "--timeout", "3s"], &units[..]].concat());
    ended.expect(3).says("shard 1");
    assert_eq!(units.map(|unit| ended.outcome(unit)), ["passed"; 2], "whatever hung, it was after them");
    assert!(ended.junit_text().contains("minke.timeout"));
    told_in_full(&ended);
}

#[test]
fn a_scenario_that_hangs_is_a_timeout_whatever_cucumber_says() {
    // Cucumber shows the scenario as passed after SIGINT, as failed after SIGTERM, and goes on with the next one.
    let project = Project::fixture("misbehaving/cucumber");
    let ended = project.cucumber(&[
        "--shards",
        "1",
        "--timeout",
        "3s",
        "--grace",
        "2s",
        "features/hang.feature",
        "features/good.feature",
    ]);
    ended.expect(3);
    assert_eq!(ended.outcome("features/hang.feature"), "timeout", "{}", ended.stderr);
    assert_eq!(ended.outcome("features/good.feature"), "passed");
    assert!(ended.junit().iter().all(|case| case.outcome() != CaseOutcome::Failed), "SIGTERM is not the test's word");
    told_in_full(&ended);
}

#[test]
fn features_that_hang_in_other_ways_are_timeouts_too() {
    let project = Project::fixture("misbehaving/cucumber");
    let features = ["busy", "ignores_term", "hangs_at_exit"].map(|name| format!("features/{name}.feature"));
    let arguments = ["--isolation", "file", "--shards", "4", "--timeout", "4s", "--grace", "2s"];
    let units = features.each_ref().map(String::as_str);
    let ended = project.cucumber(&[&arguments[..], &units[..], &["features/good.feature"]].concat());
    ended.expect(3);
    assert_eq!(units.map(|unit| ended.outcome(unit)), ["timeout"; 3]);
    assert_eq!(ended.outcome("features/good.feature"), "passed");
    told_in_full(&ended);
}

#[test]
fn the_runs_own_time_limit_ends_it() {
    let project = misbehaving();
    let units = ["test_good_neighbour.py", "test_hang.py", "test_writes_files.py"];
    let ended =
        project.pytest(&[&["--isolation", "file", "--shards", "1", "--run-timeout", "5s"], &units[..]].concat());
    ended.expect(5);
    assert_eq!(units.map(|unit| ended.outcome(unit)), ["passed", "killed", "not run"]);
    ended.says("time limit");
    told_in_full(&ended);
}

#[test]
fn fail_fast_starts_nothing_after_the_first_failure() {
    let project = misbehaving();
    let units = ["test_flood_captured.py", "test_good_neighbour.py", "test_sys_exit.py", "test_writes_files.py"];
    let arguments = ["--isolation", "file", "--shards", "1", "--fail-fast", "--env", "FLOOD_BYTES=10"];
    let ended = project.pytest(&[&arguments[..], &units[..]].concat());
    ended.expect(1);
    assert_eq!(units.map(|unit| ended.outcome(unit)), ["failed", "not run", "not run", "not run"]);
    told_in_full(&ended);
}

#[test]
fn fail_fast_stops_the_shards_that_run() {
    let project = misbehaving();
    let before = [("test_hang_not.py", "passed"), ("test_fails.py", "failed")];
    let hanging = [("test_hang.py", "killed"), ("test_hang_too.py", "not run")];
    // Units are dealt out in turn: these in the order of their names.
    let copies = [("test_sys_exit.py", "test_fails.py"), ("test_good_neighbour.py", "test_hang_not.py")];
    for (from, to) in copies.into_iter().chain([("test_hang.py", "test_hang_too.py")]) {
        fs::copy(project.path().join(from), project.path().join(to)).unwrap();
    }
    // The shard that fails waits until the other one hangs, so that nothing depends on which is faster.
    project.write("conftest.py", WAITS_FOR_THE_OTHER_SHARD);
    let arguments = ["--shards", "2", "--fail-fast", "--user", "0"];
    let units = ["test_fails.py", "test_hang.py", "test_hang_not.py", "test_hang_too.py"];
    let ended = project.pytest(&[&arguments[..], &units[..]].concat());
    ended.expect(1);
    for (unit, outcome) in before.into_iter().chain(hanging) {
        assert_eq!(ended.outcome(unit), outcome, "{unit}\n{}", ended.stderr);
    }
    told_in_full(&ended);
}

#[test]
fn a_grandchild_that_holds_the_output_open_holds_up_nothing() {
    let project = misbehaving();
    let ended = project.pytest(&["test_grandchild.py", "test_good_neighbour.py"]);
    ended.expect(0);
    assert_eq!(ended.outcome("test_grandchild.py"), "passed");
    told_in_full(&ended);
}

#[test]
fn a_command_is_told_to_terminate_at_once() {
    let project = Project::empty();
    let script = "trap '' INT\ntrap 'echo told to; exit 3' TERM\nwhile :; do sleep 0.1; done\n";
    project.write("endless.sh", script);
    // An interrupt alone would have it wait for most of ten minutes, which is longer than a test may take.
    let arguments = ["run", "--image", PYTHON, "--source", "mount", "--timeout", "1", "--grace", "10m"];
    let ended = project.minke(&[&arguments[..], &["--command", "sh {unit}", "endless.sh"]].concat());
    ended.expect(3).left_nothing();
    assert_eq!(ended.outcome("endless.sh"), "timeout");
    assert!(ended.stderr.contains("told to"), "{}", ended.stderr);
}
