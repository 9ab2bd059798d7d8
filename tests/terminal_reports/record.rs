//! A recorded run, shown later.

use std::fs;
use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use minke::model::{
    Case, Cause, ContainerExit, EventKind, Finding, FindingKind, OutputFile, OutputStream, RunState, ShardId,
    UnitRecord,
};
use minke::report::terminal::{Colours, RecordOptions, Shown, write_record};

use crate::fixture::{Script, failed, passed, skipped, trouble};

/// The text, with the directory of the test taken out of it.
fn text(dir: &Path, state: &RunState, shown: &Shown<'_>) -> String {
    let mut out = Vec::new();
    let options = RecordOptions { colours: Colours::Off, run_dir: dir.to_owned() };
    write_record(&mut out, state, shown, &options).unwrap();
    let text = String::from_utf8(out).unwrap().replace(&dir.display().to_string(), "RUN");
    assert!(!text.contains("\n\n\n"), "two blank lines:\n{text}");
    text
}

fn shard_end(dir: &Path, shard: u32, stdout: &str) -> EventKind {
    let path = OutputFile::path_of(ShardId(shard), OutputStream::Stdout);
    fs::create_dir_all(dir.join(&path).parent().unwrap()).unwrap();
    fs::write(dir.join(&path), stdout).unwrap();
    EventKind::ShardEnded {
        shard: ShardId(shard),
        exit: Some(ContainerExit { code: 1, oom_killed: false, error: None }),
        wall: Duration::from_secs(2),
        stdout: OutputFile { path, bytes: stdout.len() as u64 },
        stderr: OutputFile::default(),
        problem: None,
    }
}

fn flaky(name: &str) -> Case {
    let kind = FindingKind::Failure;
    let earlier = Finding { kind, message: "the first time".to_owned(), r#type: String::new(), text: String::new() };
    Case { earlier: vec![earlier], ..passed(name) }
}

/// A run whose command line is known, with units alone and together, and one that was run again.
fn recorded(dir: &Path) -> Script {
    let mut script = Script::new(&["tests/a.py", "tests/b.py", "tests/it's.py"], 2);
    if let EventKind::RunStarted { plan, .. } = &mut script.events[0].kind {
        plan.command_line = ["minke", "pytest", "--image", "shop tests"].map(String::from).to_vec();
        plan.framework_args = vec!["-k".to_owned(), "not slow".to_owned()];
    }
    let lines: String = (1..=30).map(|number| format!("line {number}\n")).collect();
    let with_output = Case {
        file: Some("tests/b.py".to_owned()),
        line: Some(12),
        system_out: Some("what it printed\n".to_owned()),
        ..failed("test_2", "assert 1 == 2")
    };
    script.shard(1, &["tests/a.py", "tests/b.py", "tests/it's.py"]).push(shard_end(dir, 1, &lines));
    script.requeue(1, "tests/it's.py", trouble(Cause::NoReport, "It wrote no report.", ""));
    script.unit(1, "tests/a.py", vec![passed("test_1"), flaky("test_f"), skipped("test_s")]);
    script.unit(1, "tests/b.py", vec![with_output, passed("test_3")]);
    script.shard(2, &["tests/it's.py"]).push(shard_end(dir, 2, &lines));
    script.error(2, "tests/it's.py", trouble(Cause::NoReport, "It wrote no report, again.", "line 30"));
    script.warn("the image has no init process").end();
    script
}

fn units<'a>(state: &'a RunState, names: &[&str]) -> Vec<&'a UnitRecord> {
    state.units().iter().filter(|unit| names.contains(&unit.unit.as_str())).collect()
}

#[test]
fn problems_are_told_with_output_and_how_to_repeat_them() {
    let dir = tempfile::tempdir().unwrap();
    assert_snapshot!(text(dir.path(), &recorded(dir.path()).state(), &Shown::Problems));
}

#[test]
fn a_unit_that_was_asked_for_is_told_whole() {
    let dir = tempfile::tempdir().unwrap();
    let state = recorded(dir.path()).state();
    let alone = text(dir.path(), &state, &Shown::Units(units(&state, &["tests/it's.py"])));
    assert!(alone.contains("  | line 1\n") && alone.contains("  | line 30\n"), "{alone}");
    let shared = text(dir.path(), &state, &Shown::Units(units(&state, &["tests/a.py"])));
    assert!(!shared.contains("  | line 10\n") && shared.contains("  | line 11\n"), "{shared}");
    assert!(
        shared.contains("(of all 3 units of the shard)") && shared.contains("skipped tests.shop > test_s"),
        "{shared}"
    );
    assert!(shared.contains("  flaky tests.shop > test_f\n    earlier: the first time\n"), "{shared}");
}

#[test]
fn a_green_run_has_the_list_of_its_units() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::new(&["a.py", "b.py"], 1);
    script.shard(1, &["a.py", "b.py"]).shard_end(1, 0);
    script.unit(1, "a.py", vec![passed("test_1")]).unit(1, "b.py", vec![passed("test_2"), flaky("test_3")]).end();
    assert_snapshot!(text(dir.path(), &script.state(), &Shown::Problems));
    let none = Shown::Kind { kind: "failed", units: Vec::new() };
    assert!(text(dir.path(), &script.state(), &none).ends_with("\nno unit is failed\n"));
}

#[test]
fn a_run_without_an_end_is_shown_as_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::new(&["a.py", "b.py", "c.py"], 2);
    script.shard(1, &["a.py"]).shard_end(1, 0).unit(1, "a.py", vec![passed("test_1")]);
    script.shard(2, &["b.py", "c.py"]).at(2, "c.py");
    let log = dir.path().join(OutputFile::path_of(ShardId(2), OutputStream::Stderr));
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    fs::write(log, "killed in the middle of\n").unwrap();
    assert_snapshot!(text(dir.path(), &script.state(), &Shown::Problems));
}

#[test]
fn what_a_test_wrote_cannot_drive_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let name = "tests/\u{1b}[2Ja\nb.py";
    let mut script = Script::new(&[name], 1);
    if let EventKind::RunStarted { plan, .. } = &mut script.events[0].kind {
        plan.command_line = vec!["minke".to_owned()];
    }
    script.shard(1, &[name]).push(shard_end(dir.path(), 1, "\u{1b}[2J\u{1b}[31mred\r50%\u{7}\n\u{1b}]0;title\n"));
    let case = Case { system_err: Some("\u{1b}[5Aup".to_owned()), ..failed("\u{1b}[2Jtest", "\u{1b}]0;x\u{7}no") };
    script.unit(1, name, vec![case]).end();
    let state = script.state();
    for shown in [Shown::Problems, Shown::Units(state.units().iter().collect())] {
        let text = text(dir.path(), &state, &shown);
        assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{text:?}");
    }
}

#[test]
fn a_log_that_is_gone_is_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let state = recorded(dir.path()).state();
    fs::remove_dir_all(dir.path().join("shards")).unwrap();
    let text = text(dir.path(), &state, &Shown::Problems);
    assert!(text.contains("it cannot be read: No such file"), "{text}");
    assert!(text.contains("to repeat it:"), "{text}");
}
