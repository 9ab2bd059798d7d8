//! What a container writes is kept byte for byte, and in little memory.

use std::fs;
use std::io::{BufRead, BufReader};

use minke::model::{CaseCounts, EventKind, RunState};
use minke::report::read_events;

use crate::support::{PYTHON, Project};

/// A framework of a few shell lines: writes a report with one case, then what the test wants.
fn framework(writes: &str) -> String {
    format!(
        "for argument; do case $argument in --junitxml=*) report=${{argument#*=}};; *) unit=$argument;; esac; done\n\
         mkdir -p \"${{report%/*}}\"\n\
         echo '<testsuite><testcase classname=\"c\" name=\"n\"/></testsuite>' > \"$report\"\n{writes}\n"
    )
}

#[test]
fn fast_exits_lose_nothing() {
    let project = Project::empty();
    let units: Vec<String> = (0..40).map(|n| format!("t/test_{n:02}.py")).collect();
    for unit in &units {
        project.write(unit, "");
    }
    project.write("framework.sh", framework("printf 'out %s' \"$unit\"; printf 'err %s' \"$unit\" >&2"));
    let command = ["--framework-command", "sh framework.sh", "--isolation", "file", "--shards", "4", "t"];
    let ended = project.pytest(&command);
    ended.expect(0).left_nothing();
    for shard in ended.state().shards() {
        let unit = shard.units[0].as_str();
        assert_eq!(ended.log(shard.shard.0, "stdout"), format!("out {unit}").into_bytes());
        assert_eq!(ended.log(shard.shard.0, "stderr"), format!("err {unit}").into_bytes());
    }
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    let project = Project::empty();
    project.write("t/test_a.py", "");
    project.write("framework.sh", framework(r"printf '\377\376\000\033[31m\r\nno end'; printf '\200' >&2"));
    let ended = project.pytest(&["--framework-command", "sh framework.sh", "t"]);
    ended.expect(0);
    assert_eq!(ended.log(1, "stdout"), b"\xff\xfe\x00\x1b[31m\r\nno end");
    assert_eq!(ended.log(1, "stderr"), b"\x80");
}

#[test]
fn a_line_of_64_mib_is_kept() {
    let project = Project::fixture("misbehaving/pytest");
    let ended = project.pytest(&["test_long_line.py", "--", "-s"]);
    ended.expect(0);
    let longest = ended.log(1, "stdout").split(|&byte| byte == b'\n').map(<[u8]>::len).max();
    assert!(longest >= Some(64 << 20), "{longest:?}");
}

#[test]
fn a_flood_is_kept_in_little_memory() {
    const FLOOD: usize = 256 << 20;
    let project = Project::fixture("misbehaving/pytest");
    let flood = format!("FLOOD_BYTES={FLOOD}");
    let arguments = ["pytest", "--image", PYTHON, "--source", "mount", "--env", &flood, "test_flood.py", "--", "-s"];
    let mut child = project.start(&arguments);
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut peak_kib = None;
    for line in lines.map_while(Result::ok) {
        // When the unit is told, its output has gone through, and the process is still there.
        if line.contains("test_flood.py (") && peak_kib.is_none() {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
            peak_kib = peak.split_whitespace().next().unwrap().parse::<u64>().ok();
        }
    }
    let ended = project.wait(child);
    ended.expect(0);
    assert!(ended.state().shards().next().unwrap().stdout.bytes >= FLOOD as u64);
    assert!(peak_kib.unwrap() <= 64 << 10, "{peak_kib:?} KiB");
}

#[test]
fn events_reports_and_directory_agree() {
    let project = Project::fixture("pytest");
    project.pytest(&["tests/test_smoke.py"]).expect(0);
    let ended = project.pytest(&["--shards", "2", "tests/unit"]);
    ended.expect(1);
    assert_eq!(fs::read_dir(project.path().join(".minke/runs")).unwrap().count(), 2, "both runs are kept");
    let events = read_events(&ended.run_dir().join("events.jsonl")).unwrap();
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    assert!(matches!(events[0].kind, EventKind::RunStarted { format: 1, .. }));
    assert!(matches!(events.last().unwrap().kind, EventKind::RunEnded { exit_code: 1, .. }));
    let state = RunState::of(&events);
    let bad_units = state.units().iter().filter(|unit| unit.trouble.is_some()).count();
    let counts = state.case_counts();
    assert_eq!(ended.counts(), CaseCounts { errored: counts.errored + bad_units, ..counts });
}

#[test]
fn a_secret_of_the_environment_is_written_nowhere() {
    const SECRET: &str = "s3cret-0123456789";
    let project = Project::fixture("pytest");
    let variable = format!("TOKEN={SECRET}");
    project.write("token.env", format!("OTHER_TOKEN={SECRET}\n"));
    let settings = ["--env", &variable, "--env-file", "token.env"];
    let ended = project.pytest(&[&settings[..], &["-v", "tests/unit/test_money.py"]].concat());
    ended.expect(1);
    assert!(!ended.stderr.contains(SECRET) && !ended.stdout.contains(SECRET), "{}", ended.stderr);
    for entry in walkdir::WalkDir::new(ended.run_dir()) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
            assert!(!text.contains(SECRET), "{}", entry.path().display());
        }
    }
    let shown = project.minke(&[&["config", "--image", "x"], &settings[..]].concat());
    assert!(shown.stdout.contains("TOKEN=***") && !shown.stdout.contains(SECRET), "{}", shown.stdout);
}
