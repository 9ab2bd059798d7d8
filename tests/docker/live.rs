//! What a person sees: on a real terminal (tmux), in a pipe, and when nobody reads any more.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Ended, PYTHON, Project, containers_of, until};

const MINKE: &str = env!("CARGO_BIN_EXE_minke");
const MOUNTED: [&str; 5] = ["pytest", "--image", PYTHON, "--source", "mount"];

/// A terminal of 80 columns and 24 rows in which minke runs; the pane stays when it has ended.
struct Terminal {
    socket: String,
}

impl Terminal {
    /// Starts minke on a terminal; `setting` comes before the command, as `NAME=value`.
    fn start(project: &Project, setting: &str, arguments: &[&str]) -> Self {
        let socket = project.path().join("tmux").display().to_string();
        let command = shell_words::join([&[MINKE], &MOUNTED[..], arguments].concat());
        // What is typed ahead, such as Ctrl-C, must not end the shell before it tells the exit code.
        let script = format!("trap : INT; env {setting} {command}; echo \"ended with $?\"; exec sleep 600");
        let terminal = Self { socket };
        let mut started = terminal.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "-c"]);
        started.arg(project.path()).args(["sh", "-c", &script]);
        for name in ["TMUX", "NO_COLOR", "CI", "FORCE_COLOR", "CLICOLOR_FORCE"] {
            started.env_remove(name);
        }
        let started = started.env("LC_ALL", "C.UTF-8").output().expect("tmux is installed: tests/run.sh sees to it");
        assert!(started.status.success(), "{started:?}");
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-S", &self.socket, "-f", "/dev/null"]).args(arguments);
        command
    }

    fn ask(&self, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&self.tmux(arguments).output().unwrap().stdout).into_owned()
    }

    /// The screen and all that has scrolled out of it.
    fn text(&self) -> String {
        self.ask(&["capture-pane", "-p", "-S", "-"])
    }

    /// The same with the sequences that colour it.
    fn coloured(&self) -> String {
        self.ask(&["capture-pane", "-p", "-e", "-S", "-"])
    }

    fn wait_for(&self, text: &str) -> String {
        until(&format!("{text:?} on the terminal"), || self.text().contains(text));
        self.text()
    }

    fn cursor_is_shown(&self) -> bool {
        self.ask(&["display-message", "-p", "#{cursor_flag}"]).trim() == "1"
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).output();
    }
}

/// A project with units that fail, hang and pass, in this order of their names.
fn project() -> Project {
    let project = Project::fixture("misbehaving/pytest");
    for (from, to) in [("test_sys_exit.py", "test_1_fails.py"), ("test_hang.py", "test_2_hangs.py")] {
        fs::copy(project.path().join(from), project.path().join(to)).unwrap();
    }
    fs::copy(project.path().join("test_good_neighbour.py"), project.path().join("test_3_passes.py")).unwrap();
    project
}

const UNITS: [&str; 3] = ["test_1_fails.py", "test_2_hangs.py", "test_3_passes.py"];

/// Tells whether a line is one of the live view's.
fn is_of_view(line: &str) -> bool {
    line.contains("---]") || line.contains("===]") || line.contains(" passed  ")
}

#[test]
fn a_terminal_shows_what_runs_and_keeps_only_what_happened() {
    let project = project();
    let one_by_one = ["--isolation", "file", "--shards", "1"];
    let terminal = Terminal::start(&project, "", &[&one_by_one[..], &UNITS].concat());
    let text = terminal.wait_for("test_2_hangs.py");
    let failed = text.lines().position(|line| line.contains("FAIL") && line.contains("test_1_fails.py"));
    until("the bar counts", || terminal.text().lines().any(|line| line.starts_with('[') && line.contains("1/3 units")));
    let shown = terminal.text();
    let bar = shown.lines().position(|line| line.contains("1/3 units")).unwrap();
    assert!(failed.is_some_and(|failed| failed < bar), "the failure is above the bar:\n{shown}");
    let running = shown.lines().nth(bar + 1).unwrap();
    assert!(running.trim_start().starts_with("1 test_2_hangs.py"), "{shown}");
    assert!(terminal.coloured().contains("\x1b[3"), "a terminal has colours");
    until("the test hangs", || {
        let log = project.path().join(".minke/latest/shards/2/stdout.log");
        fs::read_to_string(log).is_ok_and(|log| log.contains("test_2_hangs.py ."))
    });
    terminal.ask(&["send-keys", "C-c"]);
    let text = terminal.wait_for("ended with");
    assert!(text.contains("ended with 130") && text.contains("INTERRUPTED"), "{text}");
    assert!(text.lines().any(|line| line.contains("FAIL") && line.contains("test_1_fails.py")), "{text}");
    assert!(text.contains("units: 0 passed, 1 failed, 1 errored, 1 not run of 3"), "{text}");
    assert!(!text.lines().any(is_of_view), "the view is gone:\n{text}");
    assert_eq!(text.matches("RUN ").count(), 1, "nothing is drawn twice:\n{text}");
    assert!(terminal.cursor_is_shown());
}

#[test]
fn a_terminal_without_colours_has_the_same_view() {
    for (setting, flag) in [("NO_COLOR=1", &[][..]), ("NO_COLOR=", &["--color=never"])] {
        let project = project();
        let terminal = Terminal::start(&project, setting, &[flag, &["test_1_fails.py", "test_3_passes.py"]].concat());
        let text = terminal.wait_for("ended with 1");
        assert!(text.contains("FAILED: 1 unit failed"), "{text}");
        assert!(!terminal.coloured().contains("\x1b["), "{setting} {flag:?}: {:?}", terminal.coloured());
        assert!(!text.lines().any(is_of_view), "{text}");
    }
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_plain_lines() {
    let project = project();
    let terminal = Terminal::start(&project, "TERM=dumb", &["test_3_passes.py"]);
    let text = terminal.wait_for("ended with 0");
    assert!(text.contains("PASS [") && !text.lines().any(is_of_view), "{text}");
}

#[test]
fn a_terminal_that_is_closed_ends_the_run() {
    let project = project();
    let terminal = Terminal::start(&project, "", &["test_2_hangs.py"]);
    until("the test hangs", || {
        let log = project.path().join(".minke/latest/shards/1/stdout.log");
        fs::read_to_string(log).is_ok_and(|log| log.contains("test_2_hangs.py ."))
    });
    let run = project.latest();
    drop(terminal);
    until("the report is written", || run.join("junit.xml").exists());
    until("no container is left", || containers_of(run.file_name().unwrap().to_str().unwrap()).is_empty());
    assert!(fs::read_to_string(run.join("junit.xml")).unwrap().contains("minke.killed"));
}

/// Runs minke in a pipe with a setting in its environment.
fn piped(project: &Project, setting: Option<(&str, &str)>, arguments: &[&str]) -> Ended {
    let mut command = project.command(&[&MOUNTED[..], arguments].concat());
    for name in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.envs(setting).stdout(Stdio::piped()).stderr(Stdio::piped());
    project.wait(command.spawn().unwrap())
}

#[test]
fn a_pipe_gets_a_line_for_each_unit_and_nothing_on_stdout() {
    let project = project();
    let ended = piped(&project, None, &["test_1_fails.py", "test_3_passes.py"]);
    ended.expect(1);
    assert_eq!(ended.stdout, "", "standard output is for data");
    assert!(!ended.stderr.contains('\x1b') && !ended.stderr.contains('\r'), "{}", ended.stderr);
    for (word, unit) in [("FAIL", "test_1_fails.py"), ("PASS", "test_3_passes.py")] {
        let is_told = |line: &&str| line.trim_start().starts_with(word) && line.contains("/2)") && line.contains(unit);
        assert_eq!(ended.stderr.lines().filter(is_told).count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn colours_in_a_pipe_are_a_matter_of_choice() {
    let project = project();
    let is_coloured = |setting, flag| piped(&project, setting, &[flag, "test_1_fails.py"]).stderr.contains("\x1b[3");
    assert!(is_coloured(None, "--color=always"));
    assert!(is_coloured(Some(("NO_COLOR", "1")), "--color=always"), "a flag beats the environment");
    assert!(!is_coloured(None, "--color=never"));
    assert!(!is_coloured(None, "--color=auto"));
}

#[test]
fn quiet_tells_failures_and_the_summary_only() {
    let project = project();
    let ended = piped(&project, None, &["--quiet", "test_1_fails.py", "test_3_passes.py"]);
    ended.expect(1).says("test_1_fails.py").says("FAILED: 1 unit failed");
    assert!(!ended.stderr.contains("test_3_passes.py") && !ended.stderr.contains("RUN"), "{}", ended.stderr);
    let terminal = Terminal::start(&project, "", &["--quiet", "test_3_passes.py"]);
    let text = terminal.wait_for("ended with 0");
    assert!(text.contains("PASSED: 1 unit") && !text.contains("test_3_passes.py (2"), "{text}");
}

/// Asserts that no line is wider than 80 columns, but for what tests printed, which stands behind a bar.
fn assert_narrow(text: &str) {
    for line in text.lines().filter(|line| !line.trim_start().starts_with('|')) {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

#[test]
fn no_line_of_minkes_own_is_wider_than_80_columns() {
    let project = project();
    let mounted = |arguments: &[&str]| piped(&project, None, arguments).stderr;
    assert_narrow(&mounted(&["-v", "--isolation=file", "--timeout=3s", "--shards=3", UNITS[0], UNITS[1], UNITS[2]]));
    assert_narrow(&mounted(&["-v", "--before-command", "exit 4", UNITS[2]]));
    assert_narrow(&mounted(&["-v", "--framework-command", "a-command-that-is-in-no-image --at --all", UNITS[2]]));
    assert_narrow(&mounted(&["-v", "--network", "a-network-that-does-not-exist", UNITS[2]]));
    assert_narrow(&mounted(&["-v", "--image", "no-such-image-anywhere", UNITS[0], UNITS[2]]));
}

#[test]
fn a_closed_stderr_changes_nothing_about_the_run() {
    let project = project();
    let minke = shell_words::join([&[MINKE], &MOUNTED[..], &["test_1_fails.py", "test_3_passes.py"]].concat());
    for (how, script) in [
        ("closed", format!("{minke} 2>&-")),
        ("read for a line", format!("{minke} 2>&1 | head -n 1; exit ${{PIPESTATUS[0]}}")),
        ("full", format!("{minke} 2>/dev/full")),
    ] {
        let _ = fs::remove_dir_all(project.path().join(".minke"));
        let ended = Command::new("bash").args(["-c", &script]).current_dir(project.path()).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{how}");
        let report = fs::read_to_string(project.latest().join("junit.xml")).unwrap();
        assert!(report.contains("test_3_passes.py"), "{how}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let project = Project::empty();
    for number in 0..2000 {
        project.write(&format!("test_{number:04}_of_a_name_that_is_as_long_as_names_can_be_in_projects.py"), "");
    }
    let enough = |arguments: &str| {
        let script = format!("{MINKE} {arguments} | head -n 1; exit ${{PIPESTATUS[0]}}");
        Command::new("bash").args(["-c", &script]).current_dir(project.path()).output().unwrap()
    };
    for format in ["", "--json"] {
        let ended = enough(&format!("plan --framework pytest --image {PYTHON} --source mount {format}"));
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_eq!(ended.stderr, b"", "{ended:?}");
        assert!(!ended.stdout.is_empty());
    }
}
