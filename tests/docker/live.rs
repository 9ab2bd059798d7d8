//! What a person sees: the live view on a terminal, plain lines elsewhere.

use std::process::{Command, Stdio};

use crate::support::{PYTHON, Project};

/// Runs minke on a terminal of 24 rows and 80 columns and returns all that was written to it.
fn on_terminal(project: &Project, arguments: &str) -> Vec<u8> {
    let minke = env!("CARGO_BIN_EXE_minke");
    let line = format!("stty cols 80 rows 24; exec {minke} {arguments}");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(project.path())
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .expect("`script` is part of Debian's essential packages");
    output.stdout
}

#[test]
fn a_terminal_gets_a_live_view_and_is_left_clean() {
    let project = Project::fixture("pytest");
    let arguments = format!("pytest --image {PYTHON} --source mount --shards 2 tests/slow tests/unit/test_money.py");
    let written = on_terminal(&project, &arguments);
    let mut terminal = vt100::Parser::new(24, 80, 10_000);
    let mut views = Vec::new();
    for piece in written.split_inclusive(|&byte| byte == b'\n' || byte == b'\r') {
        terminal.process(piece);
        views.push(terminal.screen().contents());
    }
    assert!(views.iter().any(|view| view.contains("/6 units")), "a bar is shown");
    let running = |view: &String| view.lines().any(|line| line.trim_start().starts_with("1 tests/slow/"));
    assert!(views.iter().any(running), "the running file is shown");
    let end = terminal.screen().contents();
    assert!(end.trim_end().ends_with("FAILED: 2 units failed (exit code 1)"), "{end}");
    assert!(!end.contains("/6 units  ") && !terminal.screen().hide_cursor(), "the view is gone\n{end}");
    terminal.screen_mut().set_scrollback(10_000);
    let text = String::from_utf8_lossy(&written);
    assert!(text.contains("test_nothing_is_lost"), "failures are told");
}

#[test]
fn elsewhere_there_are_plain_lines_of_at_most_80_columns() {
    let project = Project::fixture("pytest");
    let ended = project.pytest(&["--shards", "2", "tests/unit/test_money.py", "tests/unit/test_isbn.py"]);
    ended.expect(1);
    assert!(!ended.stderr.contains('\u{1b}'), "no colours: {}", ended.stderr);
    assert_eq!(ended.stdout, "", "standard output is for data");
    ended.says("PASS").says("FAIL").says("tests/unit/test_isbn.py");
    // Lines of tests stand behind a bar or are a test's message.
    let own = ended.stderr.lines().filter(|line| !line.contains("| ") && !line.contains(" > "));
    for line in own {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn colours_are_as_asked_for() {
    let project = Project::fixture("pytest");
    let coloured = project.pytest(&["--color", "always", "tests/test_smoke.py"]);
    assert!(coloured.expect(0).stderr.contains("\u{1b}["));
    let arguments = format!("pytest --image {PYTHON} --source mount --color never -q tests/test_smoke.py");
    let plain = on_terminal(&project, &arguments);
    assert!(!String::from_utf8_lossy(&plain).contains("\u{1b}[3"), "no colour on a terminal either");
}

#[test]
fn quiet_tells_failures_and_the_summary_only() {
    let project = Project::fixture("pytest");
    let ended = project.pytest(&["--quiet", "tests/unit/test_money.py", "tests/unit/test_isbn.py"]);
    ended.expect(1).says("FAIL").says("cases: ");
    assert!(!ended.stderr.contains("PASS ") && !ended.stderr.contains("RUN "), "{}", ended.stderr);
}

#[test]
fn whoever_stops_reading_changes_no_result() {
    let project = Project::fixture("pytest");
    for (redirection, code) in [("2>&-", 1), ("2>&1 | head -1; exit ${PIPESTATUS[0]}", 1), (">&- 2>&-", 1)] {
        let minke = env!("CARGO_BIN_EXE_minke");
        let line = format!("{minke} pytest --image {PYTHON} --source mount tests/unit/test_money.py {redirection}");
        let mut shell = Command::new("bash");
        let status = shell.args(["-c", &line]).current_dir(project.path()).stdout(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(code), "{redirection}");
    }
    let line = format!(
        "{} plan --framework pytest --image {PYTHON} --discover host tests | head -1",
        env!("CARGO_BIN_EXE_minke")
    );
    let output =
        Command::new("bash").args(["-o", "pipefail", "-c", &line]).current_dir(project.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
