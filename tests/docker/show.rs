//! Recorded runs, looked at again: `minke show` and `minke report`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Ended, PYTHON, Project, holds_in_time};

/// A project with a unit that fails, one that passes and one that ends the framework.
fn project() -> Project {
    let project = Project::empty();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/misbehaving/pytest");
    for (from, to) in [
        ("test_good_neighbour.py", "tests/test_good.py"),
        ("test_sys_exit.py", "tests/test_fails.py"),
        ("test_exit_zero.py", "tests/test_leaves.py"),
    ] {
        project.write(to, fs::read(fixtures.join(from)).unwrap());
    }
    project
}

fn run(project: &Project) -> PathBuf {
    project.pytest(&["--shards", "2", "tests", "--", "-p", "no:cacheprovider"]).expect(1).run_dir()
}

fn name(run: &Path) -> String {
    run.file_name().unwrap().to_str().unwrap().to_owned()
}

fn shown(project: &Project, arguments: &[&str]) -> Ended {
    project.minke(&[&["show"], arguments].concat())
}

fn json(project: &Project, arguments: &[&str]) -> Value {
    let ended = shown(project, &[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&ended.expect(0).stdout).unwrap()
}

#[test]
fn a_run_is_shown_with_what_went_wrong_and_how_to_repeat_it() {
    let project = project();
    run(&project);
    let ended = shown(&project, &[]);
    let text = &ended.expect(0).stdout;
    assert!(text.contains("FAILED: 1 unit failed, 1 errored (exit code 1)"), "{text}");
    assert!(text.contains("FAIL tests/test_fails.py (1 passed, 1 failed)"), "{text}");
    assert!(text.contains("ERROR tests/test_leaves.py (no report)"), "{text}");
    assert!(text.contains("run again alone after shard"), "{text}");
    assert!(!text.contains("test_good.py ("), "what passed is not asked for:\n{text}");
    assert_eq!((ended.stderr.as_str(), text.contains('\x1b')), ("", false));
    let command: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("to repeat it"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    let words = shell_words::split(&command.join("\n")).unwrap();
    assert_eq!(words[..3], ["minke", "pytest", "--image"]);
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let again = project.minke(&words);
    again.expect(1);
    assert_eq!(again.state().units().len(), 1, "the command runs the unit alone: {words:?}");
}

#[test]
fn units_are_chosen_by_their_path_or_the_end_of_it() {
    let project = project();
    let id = name(&run(&project));
    for arguments in
        [&["tests/test_good.py"][..], &["test_good.py"], &["last", "./tests/test_good.py"], &[&id, "test_good.py"]]
    {
        let ended = shown(&project, arguments);
        let text = &ended.expect(0).stdout;
        assert!(text.contains("PASS tests/test_good.py (2 passed)"), "{arguments:?}: {text}");
        assert!(text.contains("passed tests.test_good > test_one"), "{text}");
        assert!(!text.contains("FAIL tests"), "{text}");
    }
    let failed = shown(&project, &["--failed"]);
    assert!(failed.expect(0).stdout.contains("FAIL tests/test_fails.py") && failed.stdout.contains("ERROR tests"));
    let both = shown(&project, &["--failed", "test_good.py", "test_fails.py"]);
    assert!(both.expect(0).stdout.contains("FAIL tests/test_fails.py") && !both.stdout.contains("PASS"), "{both:?}");
    let script = format!("{} show --failed | head -n 1; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_minke"));
    let ended = Command::new("bash").args(["-c", &script]).current_dir(project.path()).output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "a reader that has seen enough: {ended:?}");
    let flaky = shown(&project, &[&id, "--flaky"]);
    assert!(flaky.expect(0).stdout.ends_with("no unit is flaky\n"), "{}", flaky.stdout);
    let unknown = shown(&project, &["tests/test_god.py"]);
    unknown.expect(2).says("is no unit of run").says("did you mean `tests/test_good.py`");
    shown(&project, &["last", "tests/test_god.py"]).expect(2).says("did you mean `tests/test_good.py`");
}

#[test]
fn runs_are_found_by_many_names_and_unknown_ones_are_told_with_near_ones() {
    let project = project();
    shown(&project, &[]).expect(2).says("no run is recorded in");
    let first = project.pytest(&["tests/test_good.py"]).expect(0).run_dir();
    let second = run(&project);
    let id = name(&first);
    let wanted = format!("run:   {id}\n");
    let dir = first.to_str().unwrap();
    let events = first.join("events.jsonl");
    for word in [&id[..], &id[id.len() - 12..], dir, events.to_str().unwrap()] {
        assert!(shown(&project, &[word]).expect(0).stdout.starts_with(&wanted), "{word}");
    }
    assert!(shown(&project, &["last"]).expect(0).stdout.contains(&name(&second)));
    let list = shown(&project, &["--list"]);
    let place = |run: &Path| list.stdout.find(&name(run)).unwrap();
    assert!(place(&second) < place(&first), "the newest first:\n{}", list.stdout);
    assert!(list.stdout.contains("PASSED: 1 unit; 2 of 2 cases passed"), "{}", list.stdout);
    shown(&project, &[&id[..4]]).expect(2).says("is a part of the ids of 2 runs").says(&id);
    let wrong = format!("{}ffff", &id[..id.len() - 4]);
    shown(&project, &[&wrong]).expect(2).says("is no recorded run").says(&id);
    let elsewhere = project.path().join(".minke");
    let moved = Project::empty();
    let found = moved.minke(&["show", "--output-dir", elsewhere.to_str().unwrap(), &id]);
    assert!(found.expect(0).stdout.starts_with(&wanted));
}

#[test]
fn json_has_what_the_text_has() {
    let project = project();
    let run = run(&project);
    let all = json(&project, &[]);
    assert_eq!((&all["version"], &all["exit_code"], &all["finished"]), (&1.into(), &1.into(), &true.into()));
    assert_eq!(all["run"], name(&run));
    assert_eq!(all["units"]["total"], 3);
    assert_eq!(all["shown"].as_array().unwrap().len(), 3);
    let one = json(&project, &["tests/test_leaves.py"]);
    let unit = &one["shown"][0];
    assert_eq!((&unit["outcome"], &unit["cause"]), (&"errored".into(), &"no-report".into()));
    assert_eq!((&unit["logs_are_its_own"], unit["requeued"].as_array().unwrap().len()), (&true.into(), 1));
    let log = fs::read_to_string(unit["logs"][0]["path"].as_str().unwrap()).unwrap();
    assert!(log.contains("test_leaves.py"), "{log}");
    let words: Vec<&str> = unit["repeat"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert!(words.ends_with(&["tests/test_leaves.py", "--", "-p", "no:cacheprovider"]), "{words:?}");
    let list = json(&project, &["--list"]);
    assert_eq!(list["runs"][0]["cases"]["passed"], all["cases"]["passed"]);
}

#[test]
fn a_run_that_was_killed_is_shown_as_what_it_is() {
    let project = Project::fixture("misbehaving/pytest");
    let arguments = ["pytest", "--image", PYTHON, "--source", "mount", "--isolation=file", "--shards=1"];
    let units = ["test_good_neighbour.py", "test_hang.py"];
    let mut child = project.start_until(&[&arguments[..], &units].concat(), 2, "test_hang.py .");
    child.kill().unwrap();
    child.wait().unwrap();
    let events = project.latest().join("events.jsonl");
    let mut torn = fs::read(&events).unwrap();
    torn.extend_from_slice(b"{\"seq\":99,\"at\":\"20");
    fs::write(&events, torn).unwrap();
    let ended = shown(&project, &[]);
    let text = &ended.expect(0).stdout;
    assert!(text.contains("UNFINISHED: 1 of 2 units came to their end"), "{text}");
    assert!(text.contains("shard 2 of 1 unit has no end; last seen at test_hang.py"), "{text}");
    assert!(text.contains("shards/2/stdout.log"), "{text}");
    assert_eq!(json(&project, &[])["finished"], false);
    let report = project.minke(&["report"]);
    report.expect(0).says("the record has no end");
    let junit = fs::read_to_string(project.latest().join("junit.xml")).unwrap();
    assert!(junit.contains("test_hang.py") && junit.contains("test_good_neighbour"), "{junit}");
    let swept = project.minke(&["clean"]);
    assert!(swept.stdout.contains("removed"), "the killed run's container is left: {}", swept.stdout);
}

#[test]
fn reports_are_made_again_to_the_byte() {
    let project = project();
    let run = run(&project);
    let files = [("junit", "junit.xml"), ("html", "report.html"), ("summary", "summary.md")];
    let read = |file: &str| fs::read(run.join(file)).unwrap();
    let before = files.map(|(_, file)| read(file));
    for (_, file) in files {
        fs::remove_file(run.join(file)).unwrap();
    }
    let ended = project.minke(&["report"]);
    let told = files.map(|(kind, file)| format!("{kind}: .minke/runs/{}/{file}\n", name(&run)));
    assert_eq!(ended.expect(0).stdout, told.concat());
    for ((_, file), written) in files.iter().zip(&before) {
        assert!(read(file) == *written, "{file} differs");
    }
    let report = run.join("junit.xml");
    let written = read("junit.xml");
    fs::remove_file(&report).unwrap();
    project.minke(&["report", &name(&run)[20..], "--junit", "out/again.xml"]).expect(0);
    assert!(fs::read(project.path().join("out/again.xml")).unwrap() == written, "the report elsewhere differs");
    assert!(!report.exists(), "a named file is the only one");
    // Marks are all that is written then, those of the run itself.
    let marked = project.minke(&["report", "--annotations", "github"]);
    assert!(marked.expect(0).stdout.lines().all(|line| line.starts_with("::error ")), "{}", marked.stdout);
    assert!(marked.stdout.starts_with("::error file=tests/test_"), "{}", marked.stdout);
    assert!(!report.exists(), "marks are the only thing that was asked for");
    let azure = project.minke(&["report", &name(&run), "--annotations=azure"]);
    assert!(azure.expect(0).stdout.starts_with("##vso[task.logissue type=error;sourcepath=tests/"), "{}", azure.stdout);
    // What a configuration file says is for new runs.
    project.write("minke.toml", "junit = \"configured.xml\"\n");
    project.minke(&["report"]).expect(0);
    assert!(report.exists() && !project.path().join("configured.xml").exists());
    project.minke(&["report", "ffffffff"]).expect(2).says("is no recorded run");
    project.write("plain", "");
    project.minke(&["report", "--junit", "plain/no.xml"]).expect(5).says("plain/no.xml");
}

/// Runs a shell line in a project's directory on a terminal of its own.
fn on_a_terminal(project: &Project, line: &str) -> String {
    let mut command = Command::new("tmux");
    // A server that is about to go still has its socket, so each has one of its own.
    let sockets = tempfile::tempdir().unwrap();
    let socket = sockets.path().join("tmux");
    let script = format!("{line}; echo \"code=$?\"; exec sleep 600");
    command.arg("-S").arg(&socket).args(["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "60", "-c"]);
    command.arg(project.path()).args(["sh", "-c", &script]).env_remove("TMUX").env_remove("LESS").env_remove("PAGER");
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
    let tmux = |arguments: &[&str]| {
        let mut command = Command::new("tmux");
        let ended = command.arg("-S").arg(&socket).args(arguments).output().unwrap();
        String::from_utf8_lossy(&ended.stdout).into_owned()
    };
    let mut text = String::new();
    let ended = holds_in_time(|| {
        text = tmux(&["capture-pane", "-p", "-S", "-"]);
        text.contains("code=")
    });
    tmux(&["kill-server"]);
    assert!(ended, "{text}");
    text
}

#[test]
fn a_terminal_has_a_pager_of_the_users_choice() {
    let project = project();
    run(&project);
    let minke = env!("CARGO_BIN_EXE_minke");
    let paged = on_a_terminal(&project, &format!("MINKE_PAGER='sed s/^/paged:/' PAGER=false {minke} show"));
    assert!(paged.contains("paged:run:   ") && paged.contains("code=0"), "{paged}");
    let paged = on_a_terminal(&project, &format!("PAGER='sed s/^/paged:/' {minke} show test_good.py"));
    assert!(paged.contains("paged:PASS"), "{paged}");
    let closed = on_a_terminal(&project, &format!("PAGER='head -n 1' {minke} show"));
    assert!(closed.contains("run:   ") && closed.contains("code=0"), "a closed pager is no error: {closed}");
    let none = on_a_terminal(&project, &format!("PAGER='sed s/^/paged:/' {minke} show --no-pager"));
    assert!(!none.contains("paged:") && none.contains("code=0"), "{none}");
    let missing = on_a_terminal(&project, &format!("PAGER=no-such-pager {minke} show"));
    assert!(missing.contains("FAIL") && missing.contains("code=0"), "{missing}");
    let by_default = on_a_terminal(&project, &format!("{minke} show tests/test_good.py"));
    assert!(by_default.contains("run:   "), "{by_default}");
}

#[test]
fn what_is_printed_to_run_the_failures_again_runs_them_again() {
    let project = Project::fixture("cucumber-ruby");
    // The framework was recognised by the whole project, and is named for the few files that are run again.
    let arguments = ["run", "--image", crate::support::CUCUMBER, "--source", "mount", "--shards", "4"];
    let ended =
        project.minke(&[&arguments[..], &["features/reports/failing.feature:4", "features/transfers"]].concat());
    ended.expect(1);
    let printed = ended.stderr.split("to run the failures again\n").nth(1).expect("a command is printed");
    let command = printed.split("\n\n").next().unwrap().replace("\\\n", " ");
    let words = shell_words::split(&command).unwrap();
    assert!(words.windows(2).any(|pair| pair == ["--framework", "cucumber-ruby"]), "{words:?}");
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let again = project.minke(&words);
    again.expect(1);
    assert_eq!(again.state().units().len(), 1, "{}", again.stderr);
}
