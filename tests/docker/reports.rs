//! The reports of a run besides JUnit, by the real binary: summary, marks, events, trace, and listings in JSON.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use minke::report::read_events;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Ended, PYTHON, Project, holds_in_time, send, until};

const MIXED: &str = "import pytest\n\n\ndef test_passes():\n    pass\n\n\n@pytest.mark.parametrize('n', [1, 2])\ndef \
                     test_fails(n):\n    print('said so')\n    assert n == 0, '100% `wrong`, <b>@you</b>: see\\n::error::x'\n";

/// A project below a repository's root, with a failing file and one that ends the framework.
fn mixed() -> Project {
    let project = Project::empty();
    project.write("shop/tests/test_mixed.py", MIXED);
    project.write("shop/tests/test_gone.py", "import os\n\n\ndef test_leaves():\n    os._exit(0)\n");
    project
}

/// `minke pytest` in the project's folder, with variables of its own.
fn pytest(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let own = ["pytest", "--image", PYTHON, "--source", "mount", "--shards", "1", "tests"];
    let mut command = project.command(&[&own, arguments].concat());
    command.current_dir(project.path().join("shop")).envs(variables.iter().copied());
    command
}

fn latest(project: &Project, file: &str) -> String {
    fs::read_to_string(project.path().join("shop/.minke/latest").join(file)).unwrap()
}

#[test]
fn every_run_has_a_summary_and_writes_it_where_it_is_wanted() {
    let project = mixed();
    project.write("shop/out/summary.md", "of an earlier run");
    let ended = project.end(&mut pytest(&project, &["--summary", "out/summary.md"], &[]));
    ended.expect(1);
    assert_eq!(ended.stdout, "");
    let summary = latest(&project, "summary.md");
    assert_eq!(fs::read_to_string(project.path().join("shop/out/summary.md")).unwrap(), summary);
    for text in [
        "## FAILED: 1 unit failed, 1 errored (exit code 1)\n",
        "| units | 0 | 1 | 1 | | 0 | 2 |\n",
        "**`tests.test_mixed > test_fails[1]`** at `tests/test_mixed.py:8`",
        "#### `tests/test_gone.py` (no report, ",
        "minke pytest --image minke-test/python --source mount",
    ] {
        assert!(summary.contains(text), "`{text}` is not in:\n{summary}");
    }
}

#[test]
fn a_summary_that_cannot_be_written_is_told_with_its_path() {
    let project = mixed();
    let ended = project.end(&mut pytest(&project, &["--summary", "tests/test_mixed.py/summary.md"], &[]));
    ended.expect(1).says("error: cannot write the Markdown summary ").says("tests/test_mixed.py/summary.md");
    let events = project.end(&mut pytest(&project, &["--events", "tests/test_mixed.py/events"], &[]));
    events.expect(5).says("cannot write the events ").says("tests/test_mixed.py/events");
}

#[test]
fn runs_of_one_step_append_their_summaries_by_themselves() {
    let project = mixed();
    let step = project.path().join("step.md");
    let variables = [("GITHUB_STEP_SUMMARY", step.to_str().unwrap())];
    project.end(&mut pytest(&project, &[], &variables)).expect(1);
    let first = latest(&project, "summary.md");
    let second = project.end(&mut pytest(&project, &["--allow-empty", "**", "--", "-k", "passes"], &variables));
    second.expect(0);
    assert!(!second.stderr.contains("warning:"), "{}", second.stderr);
    let text = fs::read_to_string(&step).unwrap();
    assert_eq!(text, format!("{first}\n\n{}", latest(&project, "summary.md")));
    let folder = [("GITHUB_STEP_SUMMARY", project.path().to_str().unwrap())];
    let told = project.end(&mut pytest(&project, &["--allow-empty", "**", "--", "-k", "passes"], &folder));
    told.expect(0).says("warning: cannot append the summary to `");
}

/// The value of a property of a workflow command, as GitHub unescapes it.
fn property(line: &str, name: &str) -> String {
    let (properties, _) = line.strip_prefix("::error ").unwrap().split_once("::").unwrap();
    let value = properties.split(',').find_map(|property| property.strip_prefix(&format!("{name}="))).unwrap();
    value.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
}

#[test]
fn github_is_told_the_file_and_the_line_of_each_failure() {
    let project = mixed();
    let workspace = project.path().to_str().unwrap();
    let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", workspace)];
    let ended = project.end(&mut pytest(&project, &[], &github));
    ended.expect(1);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ended.stdout);
    assert_eq!(property(lines[0], "title"), "tests.test_mixed > test_fails[1]");
    let file = fs::read_to_string(project.path().join(property(lines[0], "file"))).unwrap();
    let line: usize = property(lines[0], "line").parse().unwrap();
    // pytest takes a decorator for the beginning of its test.
    assert_eq!(file.lines().nth(line - 1).unwrap(), "@pytest.mark.parametrize('n', [1, 2])");
    assert!(lines[0].contains("100%25 `wrong`, <b>@you</b>: see%0A"), "{}", lines[0]);
    assert_eq!(property(lines[2], "file"), "shop/tests/test_gone.py");
    assert_eq!(property(lines[2], "title"), "tests/test_gone.py: no report");
    for never in [&["--annotations", "never"][..], &["--annotations=never", "--quiet"]] {
        assert_eq!(project.end(&mut pytest(&project, never, &github)).expect(1).stdout, "");
    }
}

#[test]
fn azure_is_told_in_its_own_commands() {
    let project = mixed();
    let variables = [("TF_BUILD", "True"), ("BUILD_SOURCESDIRECTORY", project.path().to_str().unwrap())];
    let ended = project.end(&mut pytest(&project, &[], &variables));
    let first = "##vso[task.logissue type=error;sourcepath=shop/tests/test_mixed.py;linenumber=8;]tests.test_mixed > ";
    assert!(ended.expect(1).stdout.starts_with(first), "{}", ended.stdout);
    let asked = project.end(&mut pytest(&project, &["--annotations", "azure"], &[]));
    assert!(asked.expect(1).stdout.starts_with("##vso[task.logissue type=error;sourcepath=tests/test_mixed.py;"));
}

#[test]
fn events_on_standard_output_are_those_of_the_record() {
    let project = mixed();
    let ended = project.end(&mut pytest(&project, &["--events", "-", "--annotations", "github"], &[]));
    ended.expect(1).says("\n::error file=tests/test_mixed.py,line=8,");
    assert_eq!(ended.stdout, latest(&project, "events.jsonl"));
    let to_file = project.end(&mut pytest(&project, &["--events", "out/deep/events.jsonl"], &[]));
    assert_eq!(to_file.expect(1).stdout, "");
    let written = fs::read_to_string(project.path().join("shop/out/deep/events.jsonl")).unwrap();
    assert_eq!(written, latest(&project, "events.jsonl"));
}

#[test]
fn a_reader_of_events_who_goes_away_ends_nothing_else() {
    let project = mixed();
    let mut command = pytest(&project, &["--events", "-"], &[]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = project.wait(child);
    ended.expect(1).says("FAILED: 1 unit failed, 1 errored (exit code 1)");
    assert!(!ended.stderr.contains("consumer"), "{}", ended.stderr);
    let events = read_events(&project.path().join("shop/.minke/latest/events.jsonl")).unwrap();
    assert!(matches!(events.last().unwrap().kind, minke::model::EventKind::RunEnded { exit_code: 1, .. }));
}

#[test]
fn a_reader_of_events_who_does_not_read_delays_no_test() {
    let project = Project::empty();
    // Far more than a pipe holds.
    let many =
        "import pytest\n\n\n@pytest.mark.parametrize('n', range(900))\ndef test_many(n):\n    print('x' * 200)\n";
    project.write("shop/tests/test_many.py", many).write("shop/tests/test_next.py", "def test_next():\n    pass\n");
    let mut command = pytest(&project, &["--isolation", "file", "--events", "-", "--", "-o", "junit_logging=all"], &[]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let record = project.path().join("shop/.minke/latest/events.jsonl");
    let has_ended = || fs::read_to_string(&record).is_ok_and(|text| text.contains("\"event\":\"run-ended\""));
    let in_time = holds_in_time(|| has_ended() || child.try_wait().unwrap().is_some());
    let still_waits = child.try_wait().unwrap().is_none();
    let mut seen = String::new();
    child.stdout.take().unwrap().read_to_string(&mut seen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(in_time && still_waits, "the run ended while nobody read its events");
    assert!(seen.len() > 256 * 1024, "{}", seen.len());
    assert_eq!(seen, fs::read_to_string(&record).unwrap());
}

#[test]
fn events_come_while_the_run_goes_on() {
    let project = Project::empty();
    let waits = "import pathlib, time\n\n\ndef test_waits():\n    while not pathlib.Path('go').exists():\n        time.sleep(0.05)\n";
    // A unit that has its container for itself is not seen to start.
    project.write("shop/tests/test_waits.py", waits).write("shop/tests/test_next.py", "def test_next():\n    pass\n");
    let child = pytest(&project, &["--events", "seen.jsonl"], &[])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let seen = project.path().join("shop/seen.jsonl");
    until("the unit is seen to have started", || {
        fs::read_to_string(&seen).is_ok_and(|text| text.ends_with('\n') && text.contains("\"event\":\"unit-started\""))
    });
    project.write("shop/go", "");
    project.wait(child).expect(0);
}

#[test]
fn a_pipe_that_nobody_reads_can_be_given_up() {
    let project = mixed();
    let made = Command::new("mkfifo").arg(project.path().join("shop/pipe")).status().unwrap();
    assert!(made.success());
    project.write("shop/old.xml", "");
    let mut command = pytest(&project, &["--events", "pipe", "--junit", "old.xml"], &[]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // Signals are listened to before the old report is removed.
    until("the run begins", || !project.path().join("shop/old.xml").exists());
    send(&child, Signal::INT);
    project.wait(child).expect(130).says("interrupted while the run was being prepared");
}

#[test]
fn a_trace_has_a_thread_for_each_slot_and_a_span_for_each_unit() {
    let project = mixed();
    project.end(&mut pytest(&project, &["--trace", "out/trace.json"], &[])).expect(1);
    let bytes = fs::read(project.path().join("shop/out/trace.json")).unwrap();
    let trace: Value = serde_json::from_slice(&bytes).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |phase: &str, category: &str| -> Vec<&str> {
        let wanted = events.iter().filter(|event| event["ph"] == phase && event["cat"] == category);
        wanted.map(|event| event["name"].as_str().unwrap()).collect()
    };
    let shards = of("X", "shard");
    assert!(shards.len() >= 2 && of("X", "container").len() >= 2 * shards.len(), "{shards:?}");
    assert!(of("X", "unit").contains(&"tests/test_mixed.py") && of("X", "unit").contains(&"tests/test_gone.py"));
    assert!(of("i", "failure").contains(&"failed: tests/test_mixed.py"));
    assert!(of("i", "requeue").iter().any(|name| name.starts_with("run again alone: tests/test_gone.py")));
    let run = events.iter().find(|event| event["cat"] == "run").unwrap();
    for event in events.iter().filter(|event| event["ph"] == "X") {
        let end = event["ts"].as_u64().unwrap() + event["dur"].as_u64().unwrap();
        assert!(end <= run["dur"].as_u64().unwrap(), "{event} is not within {run}");
    }
}

#[test]
fn every_listing_has_a_form_for_programs() {
    let project = mixed();
    let plan = ["plan", "--framework", "pytest", "--image", PYTHON, "--source", "mount", "shop/tests"];
    let listings: [&[&str]; 4] = [&plan, &["config"], &["doctor"], &["clean", "--dry-run"]];
    let parsed = |ended: &Ended| -> Value {
        let document = serde_json::from_str(&ended.stdout);
        document.unwrap_or_else(|error| panic!("{error}: {}\n{}", ended.stdout, ended.stderr))
    };
    for listing in listings {
        let with = |form: &[&str]| project.minke(&[listing, form].concat());
        let document = parsed(&with(&["--format", "json"]));
        assert_eq!(document["version"], 1, "{listing:?}");
        let keys = |document: &Value| document.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&parsed(&with(&["--json"]))), keys(&document), "{listing:?}");
        let text = with(&["--format", "text"]);
        assert!(serde_json::from_str::<Value>(&text.stdout).is_err() && !text.stdout.is_empty(), "{listing:?}");
        assert_eq!(with(&["--format", "yaml"]).code, 2);
        assert_eq!(with(&["--format", "text", "--json"]).code, 2);
    }
    let clean = parsed(&project.minke(&["clean", "--dry-run", "--format", "json"]));
    assert_eq!(clean["dry_run"], true);
    for list in ["removed", "kept", "failed"] {
        let rows = clean[list].as_array().unwrap();
        assert!(rows.iter().all(|row| row["container"].is_string() && row["run"].is_string()), "{rows:?}");
    }
}

#[test]
fn what_a_failing_test_of_pytest_printed_is_in_its_case() {
    let project = Project::empty();
    let text = "def test_good(): print('said by the good one')\ndef test_bad():\n    print('said by the bad one')\n    assert 0\n";
    project.write("test_a.py", text);
    let ended = project.pytest(&[]);
    let (junit, html) =
        (ended.expect(1).junit_text(), std::fs::read_to_string(ended.run_dir().join("report.html")).unwrap());
    let printed = |text: &str, what: &str| text.matches(what).count();
    // Once in the source that the failure shows, and once as output.
    assert_eq!((printed(&junit, "said by the bad one"), printed(&junit, "said by the good one")), (2, 0), "{junit}");
    assert!(printed(&html, "said by the bad one") >= 2);
    let own = project.pytest(&["--", "-o", "junit_logging=no"]);
    assert_eq!(printed(&own.junit_text(), "said by the bad one"), 1);
}
