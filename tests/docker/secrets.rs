//! Secrets: with the tests, and nowhere else.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::support::{Ended, NEW_PYTEST, PYTHON, Project, docker, send, until};

const VALUE: &str = "hunter2 & <its> \"friends\"";

fn run(project: &Project, more: &[&str]) -> Ended {
    let arguments = ["pytest", "--image", PYTHON, "--source", "copy"];
    let mut command = project.command(&arguments.into_iter().chain(more.iter().copied()).collect::<Vec<_>>());
    project.end(command.env("API_TOKEN", VALUE))
}

/// The directories of secrets that this machine's memory holds, with their owners.
fn secret_dirs() -> Vec<std::path::PathBuf> {
    let found = fs::read_dir("/dev/shm").unwrap().flatten().map(|entry| entry.path());
    found.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("minke-secrets-")).collect()
}

#[test]
fn a_secret_is_a_file_for_the_containers_user_alone_and_a_variable_if_asked() {
    let project = Project::empty();
    let text = r#"
import os
def test_a():
    value = open("/run/secrets/API_TOKEN").read()
    assert len(value) == 25 and value.startswith("hunter2") and os.environ["API_TOKEN"] == value
    assert open("/run/secrets/KEY").read() == "line one of it\nline two of it\n" and "KEY" not in os.environ
    info = os.stat("/run/secrets/KEY")
    assert (info.st_mode & 0o777, info.st_uid) == (0o400, os.getuid())
    try: open("/run/secrets/new", "w")
    except OSError: return
    raise AssertionError("it can be written")
"#;
    project.write("test_a.py", text).write("key", "line one of it\nline two of it\n");
    let more = ["--secret-env", "API_TOKEN", "--secret", "KEY=key", "--include", "nothing"];
    for user in [&[][..], &["--user", "1000:1000"], &["--before-command", "test -n \"$API_TOKEN\""]] {
        run(&project, &[&more[..], user].concat()).expect(0).left_nothing();
    }
}

#[test]
fn no_report_log_or_event_has_a_secret_in_any_form() {
    let project = Project::empty();
    let text = r#"
import base64, html, json, os, sys, time, urllib.parse
def test_it_says_what_it_knows():
    value = os.environ["API_TOKEN"]
    forms = [value, base64.b64encode(value.encode()).decode(), base64.b64encode(b"me:" + value.encode()).decode(),
             base64.urlsafe_b64encode(b"x" + value.encode()).decode(), urllib.parse.quote(value),
             urllib.parse.quote_plus(value), json.dumps(value), html.escape(value)]
    print("\n".join(forms))
    for piece in value:
        sys.stderr.write(piece); sys.stderr.flush(); time.sleep(0.02)
    sys.stderr.write("\n")
    assert value == "something else", value
"#;
    project.write("test_a.py", text);
    let more = ["--secret-env", "API_TOKEN", "--junit", "out.xml", "--summary", "out.md", "--html", "out.html"];
    let more = [&more[..], &["--trace", "trace.json", "--output", "grouped", "--", "-s"]].concat();
    let ended = run(&project, &more);
    ended.expect(1).says("***");
    let mut texts = vec![ended.stdout.clone(), ended.stderr.clone()];
    for entry in walkdir::WalkDir::new(project.path()).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        texts.push(format!(
            "{}\n{}",
            entry.path().display(),
            String::from_utf8_lossy(&fs::read(entry.path()).unwrap())
        ));
    }
    assert!(texts.len() > 8, "logs, events and reports were looked at");
    let encoded = "aHVudGVyMiAmIDxpdHM";
    for text in &texts {
        for word in ["hunter2", "friends", encoded, "h1bnRlcjIgJiA8aXRz", "odW50ZXIyICYgPGl0c"] {
            assert!(!text.contains(word), "`{word}` is in {}", &text[..text.len().min(3000)]);
        }
    }
    let log = String::from_utf8(ended.log(1, "stdout")).unwrap();
    assert!(log.matches("***").count() >= 8, "{log}");
}

#[test]
fn the_engine_knows_nothing_of_a_secret_and_nothing_of_it_is_left_when_minke_is_killed() {
    let project = Project::empty();
    project.write("test_a.py", "import time\ndef test_a():\n    print('WAITS', flush=True)\n    time.sleep(60)\n");
    let mut command =
        project.command(&["pytest", "--image", PYTHON, "--source", "copy", "--secret-env", "API_TOKEN", "--", "-s"]);
    command.env("API_TOKEN", VALUE);
    let child = project.spawn_until(command, 1, "WAITS");
    let ids = docker(&["ps", "-q", "--filter", "name=minke-"]);
    assert!(!ids.is_empty());
    for id in ids.lines() {
        // Those of other tests may be gone by now.
        let inspected = Command::new("docker").args(["inspect", id]).output().unwrap();
        assert!(!String::from_utf8_lossy(&inspected.stdout).contains("hunter2"));
    }
    let pid = child.id();
    let mine =
        |path: &Path| fs::read_to_string(path.join("owner")).is_ok_and(|owner| owner.contains(&format!("/{pid}/")));
    assert_eq!(secret_dirs().iter().filter(|path| mine(path)).count(), 1);
    send(&child, Signal::KILL);
    let _ = project.wait(child);
    assert_eq!(secret_dirs().iter().filter(|path| mine(path)).count(), 1, "nobody could remove it");
    let quick = Project::empty();
    quick.write("test_b.py", "def test_b(): pass\n");
    quick.minke(&["pytest", "--image", PYTHON, "--source", "copy"]).expect(0);
    until("the next run has removed it", || secret_dirs().iter().filter(|path| mine(path)).count() == 0);
}

#[test]
fn a_setup_has_the_secrets_and_its_snapshot_has_not() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): assert open('/made').read() == '25\\n'\n");
    let setup = "printf %s \"$API_TOKEN\" | wc -c > /made; echo \"$API_TOKEN\"; exit $FAIL";
    let more = ["--secret-env", "API_TOKEN", "--setup", setup, "--setup-network", "none"];
    let ended = run(&project, &more);
    ended.expect(0);
    let image = docker(&["images", "-q", "--filter", "label=minke.cache=setup"]);
    for id in image.lines() {
        assert!(!docker(&["inspect", id]).contains("hunter2"));
    }
    let ended = run(&project, &[&more[..], &["--env", "FAIL=3"]].concat());
    ended.expect(3).says("***");
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[test]
fn a_secret_that_is_missing_or_none_is_refused() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("short", "abc\n");
    run(&project, &["--secret", "NO_SUCH_TOKEN"]).expect(2).says("`NO_SUCH_TOKEN`, which is no variable").says("Set ");
    run(&project, &["--secret", "KEY=missing"]).expect(2).says("`missing`");
    run(&project, &["--secret", "KEY=short"]).expect(2).says("fewer than 4 bytes");
    let ended = run(&project, &["--secret", "a-b=short"]);
    ended.expect(2).says("letters, digits and `_`");
    let afar = project.minke(&["config", "--secret", "KEY=short"]);
    assert!(!afar.stdout.contains("abc"), "{}", afar.stdout);
}

#[test]
fn a_build_that_prints_a_secret_does_not_tell_it() {
    let project = Project::empty();
    let value = "hunter2-of-the-build";
    for (end, code) in [("true", 0), ("exit 3", 3)] {
        let text = format!("FROM {PYTHON}\nARG API_TOKEN\nWORKDIR /app\nCOPY . .\nRUN echo using $API_TOKEN; {end}\n");
        project.write("Dockerfile", text).write("test_a.py", "def test_a(): pass\n");
        let image = ["--image", "minke-test-told-build:1"];
        let arguments =
            ["pytest", "--build", ".", "--build-arg", "API_TOKEN", "--secret", "API_TOKEN", "-v", "--no-cache"];
        let ended = project.end(project.command(&[&arguments[..], &image].concat()).env("API_TOKEN", value));
        ended.expect(code).says("using ***");
        assert!(!ended.stderr.contains(value), "{}", ended.stderr);
        for entry in walkdir::WalkDir::new(project.path().join(".minke")).into_iter().flatten() {
            let kept = fs::read(entry.path()).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&kept).contains(value), "{}", entry.path().display());
        }
    }
    docker(&["rmi", "minke-test-told-build:1"]);
}

#[test]
fn a_secret_that_is_a_word_of_the_reports_is_refused_and_one_that_stands_in_a_test_s_name_is_masked() {
    let project = Project::empty();
    project.write("test_a.py", "import os\ndef test_hunter(): assert os.environ['API_TOKEN']\n");
    let run = |value: &str| {
        let arguments = ["pytest", "--image", NEW_PYTEST, "--source", "copy", "--secret-env", "API_TOKEN"];
        project.end(project.command(&arguments).env("API_TOKEN", value))
    };
    for word in ["testsuite", "test", "passed", "testCaseStarted", "unit-ended"] {
        let ended = run(word);
        ended.expect(2).says("`API_TOKEN` that reports are written with").says("`--env`");
    }
    let masked = run("hunter");
    assert_eq!(masked.expect(0).junit()[0].name, "test_***");
}
