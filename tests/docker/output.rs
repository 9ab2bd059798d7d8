//! What tests print is kept byte for byte, what happens is recorded whole, and secrets are in neither.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use minke::model::{EVENT_FORMAT_VERSION, EventKind, RunState, UnitOutcome};
use minke::report::read_events;

use crate::support::{Ended, PYTHON, Project, holds_in_time};

/// A framework that prints its unit to both streams, with a green report.
const ECHO: &str = r#"sh -c 'for a; do case $a in --junitxml=*) out=${a#*=} ;; esac; done
mkdir -p "${out%/*}"
echo "<testsuite><testcase classname=\"c\" name=\"n\"/></testsuite>" >"$out"
cat "$a"; cat "$a" >&2' sh"#;

/// The most that a whole minke may take, in KiB.
const MOST_MEMORY: u64 = 64 << 10;

fn echo(project: &Project, arguments: &[&str]) -> Ended {
    let fixed = ["--isolation", "file", "--framework-command", ECHO];
    project.pytest(&[&fixed[..], arguments].concat())
}

/// Asserts that the logs of each unit's shard are the unit itself.
fn assert_exact(project: &Project, ended: &Ended) {
    for shard in ended.state().shards() {
        let unit = shard.units[0].as_str();
        let wanted = fs::read(project.path().join(unit)).unwrap();
        for (stream, told) in [("stdout", &shard.stdout), ("stderr", &shard.stderr)] {
            let log = ended.log(shard.shard.0, stream);
            assert!(log == wanted, "{unit}: {stream} has {} bytes instead of {}", log.len(), wanted.len());
            assert_eq!(told.bytes, wanted.len() as u64);
            assert_eq!(told.path, format!("shards/{}/{stream}.log", shard.shard));
        }
    }
}

#[test]
fn output_of_any_bytes_is_kept_byte_for_byte() {
    let project = Project::empty();
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut long_line = vec![b'x'; 64 << 20];
    long_line.extend_from_slice(b"\nand no end");
    project
        .write("test_every_byte.py", every_byte.repeat(100))
        .write("test_invalid.py", b"caf\xe9 \xff\xfe \xe2\x82 \xed\xa0\x80\nno end")
        .write("test_nul.py", [0; 5000])
        .write("test_newlines.py", "\r\n\n\r\n\n")
        .write("test_nothing.py", "")
        .write("test_long_line.py", long_line);
    let ended = echo(&project, &[]);
    ended.expect(0).left_nothing();
    assert_eq!(ended.state().shards().count(), 6);
    assert_exact(&project, &ended);
}

#[test]
fn not_a_byte_of_a_container_that_ends_at_once_is_lost() {
    let project = Project::empty();
    for number in 0..40 {
        project.write(&format!("test_{number:02}.py"), format!("unit {number:02} of forty ok\n"));
    }
    let ended = echo(&project, &["--shards", "4"]);
    ended.expect(0).left_nothing();
    assert_eq!(ended.state().shards().count(), 40);
    assert_exact(&project, &ended);
}

/// Runs minke to its end and returns the most memory that it ever had, in KiB.
fn peak_memory(project: &Project, arguments: &[&str]) -> (Ended, u64) {
    let fixed = ["pytest", "--image", PYTHON, "--source", "mount"];
    let mut command = project.command(&[&fixed[..], arguments].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = holds_in_time(|| {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        child.try_wait().unwrap().is_some()
    });
    assert!(ended && peak > 0);
    (project.wait(child), peak)
}

#[test]
fn a_flood_of_output_takes_no_memory() {
    let project = Project::fixture("misbehaving/pytest");
    let bytes: u64 = 256 << 20;
    let setting = format!("FLOOD_BYTES={bytes}");
    let (ended, peak) = peak_memory(&project, &["--env", &setting, "test_flood.py", "--", "-s"]);
    ended.expect(0).left_nothing();
    let log = ended.run_dir().join("shards/1/stdout.log");
    assert!(fs::metadata(log).unwrap().len() > bytes);
    assert!(peak < MOST_MEMORY, "{peak} KiB");
}

#[test]
fn a_flood_in_a_report_takes_no_memory() {
    let project = Project::fixture("misbehaving/pytest");
    let arguments = ["--env", "FLOOD_BYTES=67108864", "test_flood_captured.py", "--", "-o", "junit_logging=all"];
    let (ended, peak) = peak_memory(&project, &arguments);
    ended.expect(1).left_nothing();
    assert_eq!(ended.outcome("test_flood_captured.py"), "failed");
    // Most of it is the program itself, which is large without optimisation.
    assert!(peak < MOST_MEMORY / 4 * 3, "{peak} KiB");
    let junit = fs::metadata(ended.run_dir().join("junit.xml")).unwrap().len();
    assert!(junit < 1 << 20, "the merged report has {junit} bytes");
}

#[test]
fn latest_is_the_last_run_and_earlier_ones_stay() {
    let project = Project::fixture("misbehaving/pytest");
    let first = project.pytest(&["test_good_neighbour.py"]).expect(0).run_dir();
    let second = project.pytest(&["test_sys_exit.py"]).expect(1).run_dir();
    assert_ne!(first, second);
    assert!(first.join("junit.xml").exists() && second.join("junit.xml").exists());
    assert!(fs::read_link(project.path().join(".minke/latest")).unwrap().is_relative(), "the folder can be moved");
    // A run that does not come to be changes nothing.
    project.pytest(&["no/such/test_file.py"]).expect(2);
    assert_eq!(project.latest(), second);
}

/// A run in which units end in every way.
fn mixed_run(project: &Project) -> Ended {
    let units = [
        "test_all_skipped.py",
        "test_exit_zero.py",
        "test_good_neighbour.py",
        "test_import_error.py",
        "test_sys_exit.py",
    ];
    project.pytest(&[&["--shards", "2"], &units[..], &["--max-failures", "9"]].concat())
}

#[test]
fn every_event_is_recorded_in_its_place() {
    let project = Project::fixture("misbehaving/pytest");
    let ended = mixed_run(&project);
    ended.expect(1);
    let events = read_events(&ended.run_dir().join("events.jsonl")).unwrap();
    for (number, event) in (1..).zip(&events) {
        assert_eq!(event.seq, number);
    }
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at), "time goes on");
    let EventKind::RunStarted { format, plan, .. } = &events[0].kind else { panic!("{:?}", events[0]) };
    assert_eq!(*format, EVENT_FORMAT_VERSION);
    let EventKind::RunEnded { exit_code, .. } = events.last().unwrap().kind else { panic!("no end") };
    assert_eq!(i32::from(exit_code), ended.code);
    let mut ends: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::UnitEnded { unit, .. } => Some(unit.clone()),
            _ => None,
        })
        .collect();
    ends.sort();
    let mut planned = plan.units.clone();
    planned.sort();
    assert_eq!(ends, planned);
    let lines = fs::read_to_string(ended.run_dir().join("events.jsonl")).unwrap();
    assert!(lines.ends_with('\n') && lines.lines().all(|line| line.starts_with("{\"seq\":")));
}

#[test]
fn events_and_report_have_the_same_counts() {
    let project = Project::fixture("misbehaving/pytest");
    let ended = mixed_run(&project);
    let state = RunState::of(&project.events());
    let cases = state.case_counts();
    let counts = ended.counts();
    // A unit without an answer is an error case of its own.
    let troubled = state.units().iter().filter(|unit| unit.trouble.is_some() || unit.outcome() == UnitOutcome::NotRun);
    assert_eq!(counts.errored, cases.errored + troubled.count() + state.unresolved_shards().count());
    assert_eq!((counts.passed, counts.failed, counts.skipped), (cases.passed, cases.failed, cases.skipped));
    ended.says(&format!(
        "cases: {} passed, {} failed, {} errored, {} skipped of {}",
        cases.passed,
        cases.failed,
        cases.errored,
        cases.skipped,
        cases.total()
    ));
}

#[test]
fn a_full_disk_is_told_and_fails_the_run() {
    let project = Project::empty();
    project.write("test_large.py", vec![b'x'; 1 << 20]).write("test_small.py", "small").write("out/.keep", "");
    let minke = project.command(&[
        "pytest",
        "--image",
        PYTHON,
        "--source",
        "mount",
        "--framework-command",
        ECHO,
        "--output-dir",
        "out",
    ]);
    // A disk of its own, which nobody else sees.
    let script = "mount -t tmpfs -o size=128k none out && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script, "sh"]).arg(minke.get_program());
    command.args(minke.get_args()).current_dir(project.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = project.wait(command.spawn().unwrap());
    ended.expect(5).says("No space left on device");
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

/// Returns the files below a directory that have a text.
fn files_with(dir: &Path, text: &str) -> Vec<String> {
    let has = |path: &Path| fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes());
    let files = walkdir::WalkDir::new(dir).into_iter().map(|entry| entry.unwrap().into_path());
    files.filter(|path| path.is_file() && has(path)).map(|path| path.display().to_string()).collect()
}

#[test]
fn secrets_are_handed_on_and_shown_nowhere() {
    let project = Project::empty();
    let test = "import os\ndef test_has_secrets():\n    have = [len(os.environ[name]) for name in ('A', 'B', 'C')]\n    \
                assert have == [1], 'fails'\n";
    project.write("test_secrets.py", test).write("secrets.env", "B=hunter-two-b\n");
    let secrets = ["hunter-two-a", "hunter-two-b", "hunter-two-c"];
    let given = ["--env", "A=hunter-two-a", "--env-file", "secrets.env", "--env", "C"];
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("C", "hunter-two-c").stdout(Stdio::piped()).stderr(Stdio::piped());
        project.wait(command.spawn().unwrap())
    };
    for extra in
        [&["-v"][..], &["-v", "--framework-command", "no-such-command"], &["-v", "--network", "no-such-network"]]
    {
        let ended = run(&[&["pytest", "--image", PYTHON, "--source", "mount"], &given[..], extra].concat());
        assert!(ended.code == 1 || ended.code == 3, "{}", ended.stderr);
        if extra.len() == 1 {
            ended.expect(1).says("[12, 12, 12] == [1]");
        }
        for secret in secrets {
            assert!(!ended.stderr.contains(secret) && !ended.stdout.contains(secret), "{}", ended.stderr);
            assert_eq!(files_with(&ended.run_dir(), secret), [""; 0]);
        }
    }
    let others: [&[&str]; 4] = [&["config"], &["config", "--json"], &["plan"], &["plan", "--json"]];
    for command in others {
        let source = ["--image", PYTHON, "--framework", "pytest", "--source", "mount"];
        let shown = run(&[command, &source, &given].concat());
        shown.expect(0);
        for secret in secrets {
            assert!(!shown.stdout.contains(secret), "{command:?}: {}", shown.stdout);
        }
    }
}
