//! What a person sees: on a real terminal (tmux), in a pipe, and when nobody reads any more.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Ended, PYTHON, Project, containers_of, docker, until};

const MINKE: &str = env!("CARGO_BIN_EXE_minke");
const MOUNTED: [&str; 5] = ["pytest", "--image", PYTHON, "--source", "mount"];

/// A terminal in which minke runs; the pane stays when it has ended.
struct Terminal {
    socket: String,
}

impl Terminal {
    /// Starts minke on a terminal of 80 columns and 24 rows; `setting` comes before the command, as `NAME=value`.
    fn start(project: &Project, setting: &str, arguments: &[&str]) -> Self {
        Self::sized(project, ["80", "24"], setting, &[&MOUNTED[..], arguments].concat())
    }

    /// Starts minke with any arguments on a terminal of so many columns and rows.
    fn sized(project: &Project, [columns, rows]: [&str; 2], setting: &str, arguments: &[&str]) -> Self {
        let socket = project.path().join("tmux").display().to_string();
        let command = shell_words::join([&[MINKE], arguments].concat());
        // What is typed ahead, such as Ctrl-C, must not end the shell before it tells the exit code.
        let script = format!("trap : INT; env {setting} {command}; echo \"ended with $?\"; exec sleep 600");
        let terminal = Self { socket };
        let mut started = terminal.tmux(&["new-session", "-d", "-x", columns, "-y", rows, "-c"]);
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
    line.contains("---]") || line.contains("===]") || line.contains(" passed  ") || line.starts_with("     cases: ")
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
    let cases = shown.lines().nth(bar + 1).unwrap();
    assert_eq!(cases, "     cases: 1 passed  1 failed", "{shown}");
    let running = shown.lines().nth(bar + 2).unwrap();
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

/// A framework that waits until the project has a file `go`, and then passes.
const WAITING: &str = r#"sh -c 'for a; do case $a in --junitxml=*) out=${a#*=} ;; esac; done
mkdir -p "${out%/*}"
while [ ! -e go ]; do sleep 1; done
echo "<testsuite><testcase classname=\"c\" name=\"n\"/></testsuite>" >"$out"' sh"#;

/// Arguments for so many shards at once, each with a unit that waits.
fn waiting<'a>(project: &Project, count: usize, shards: &'a str) -> Vec<&'a str> {
    for number in 0..count {
        project.write(&format!("test_{number:02}.py"), "");
    }
    let alone = ["--isolation", "file", "--memory", "32m", "--shards", shards, "--framework-command", WAITING];
    [&MOUNTED[..], &alone].concat()
}

/// The lines that are on the screen now, without those that have scrolled out of it.
fn screen(terminal: &Terminal) -> Vec<String> {
    terminal.ask(&["capture-pane", "-p"]).lines().map(str::to_owned).collect()
}

#[test]
fn sixty_four_shards_on_24_rows_leave_nothing_behind() {
    let project = Project::empty();
    let terminal = Terminal::sized(&project, ["80", "24"], "", &waiting(&project, 64, "64"));
    terminal.wait_for("... and 45 more shards");
    until("every container runs", || !terminal.text().contains("starting"));
    let shown = screen(&terminal);
    assert!(shown.len() <= 24 && shown.iter().any(|line| line.contains("0/64 units")), "{shown:#?}");
    assert_eq!(shown.iter().filter(|line| line.contains(" test_")).count(), 19, "{shown:#?}");
    project.write("go", "");
    let text = terminal.wait_for("ended with");
    assert!(text.contains("ended with 0") && text.contains("PASSED: 64 units"), "{text}");
    assert!(!text.lines().any(is_of_view) && !text.contains("more shards"), "the view is gone:\n{text}");
    assert_eq!(text.matches("RUN ").count(), 1, "{text}");
}

#[test]
fn a_narrow_terminal_shows_what_matters_and_hurts_no_run() {
    for (columns, bar) in [("40", "0/3 units  0 failed  0 errored  0:0"), ("10", "0/3 units")] {
        let project = Project::empty();
        let terminal = Terminal::sized(&project, [columns, "24"], "", &waiting(&project, 3, "2"));
        until("two shards run", || {
            let shown = screen(&terminal);
            let is_shard = |line: &&String| line.starts_with("   1 ") || line.starts_with("   2 ");
            shown.iter().any(|line| line.starts_with(bar)) && shown.iter().filter(is_shard).count() == 2
        });
        project.write("go", "");
        let text = terminal.wait_for("PASSED");
        assert!(terminal.wait_for("ended with").contains("ended with"), "{text}");
        assert!(!text.contains("0/3 units"), "the view is gone:\n{text}");
    }
}

#[test]
fn a_terminal_may_change_its_size_while_a_run_goes_on() {
    let project = Project::empty();
    let terminal = Terminal::sized(&project, ["80", "24"], "", &waiting(&project, 3, "2"));
    until("the view is there", || screen(&terminal).iter().any(|line| line.contains("] 0/3 units  0 passed")));
    for (columns, rows, bar) in [
        ("40", "24", "0/3 units  0 failed  0 errored  0:"),
        ("10", "6", "0/3 units"),
        ("120", "30", "[>-----------------------] 0/3 units  0 passed"),
    ] {
        terminal.ask(&["resize-window", "-x", columns, "-y", rows]);
        until("the view has the new size", || {
            let shown = screen(&terminal);
            let at = shown.iter().rposition(|line| line.starts_with(bar));
            at.is_some_and(|at| shown.get(at + 1).is_some_and(|line| line.starts_with("   ")))
        });
    }
    project.write("go", "");
    let text = terminal.wait_for("ended with");
    assert!(text.contains("ended with 0") && text.contains("PASSED: 3 units"), "{text}");
    let end = text.lines().position(|line| line.contains("wall,")).unwrap();
    assert!(!text.lines().skip(end).any(is_of_view), "nothing of the view comes after the run:\n{text}");
    assert!(terminal.cursor_is_shown());
}

#[test]
fn the_time_that_is_left_is_told_once_a_unit_has_ended() {
    let project = Project::empty();
    // The first unit takes a while and ends, the others wait.
    let first = r#"sh -c 'for a; do case $a in --junitxml=*) out=${a#*=} ;; *.py) unit=$a ;; esac; done
mkdir -p "${out%/*}"
case $unit in *_00.py) sleep 3 ;; *) while [ ! -e go ]; do sleep 1; done ;; esac
echo "<testsuite><testcase classname=\"c\" name=\"n\"/></testsuite>" >"$out"' sh"#;
    let mut arguments = waiting(&project, 8, "1");
    arguments.pop();
    arguments.push(first);
    let terminal = Terminal::sized(&project, ["80", "24"], "", &arguments);
    let before = terminal.wait_for("0/8 units");
    assert!(!before.contains("left"), "{before}");
    let after = terminal.wait_for(" left");
    assert!(after.contains("1/8 units") && after.contains("     cases: 1 passed"), "{after}");
    project.write("go", "");
    let text = terminal.wait_for("ended with");
    assert!(text.contains("ended with 0"), "{text}");
}

#[test]
fn nobody_reading_standard_error_keeps_no_result_from_being_written() {
    let project = Project::fixture("misbehaving/pytest");
    let bytes = (8 << 20).to_string();
    for mode in ["grouped", "prefixed"] {
        let setting = format!("FLOOD_BYTES={bytes}");
        let flood = ["--env", &setting, "--output", mode, "test_flood.py", "test_good_neighbour.py", "--", "-s"];
        let mut child = project.start(&[&MOUNTED[..], &flood].concat());
        let run = || fs::canonicalize(project.path().join(".minke/latest")).ok();
        until("the report is written", || run().is_some_and(|run| run.join("junit.xml").exists()));
        let report = fs::read_to_string(run().unwrap().join("junit.xml")).unwrap();
        assert!(report.contains("test_flood.py") && report.contains("test_good_neighbour.py"), "{report}");
        assert!(child.try_wait().unwrap().is_none(), "the rest waits for a reader");
        assert_eq!(containers_of(run().unwrap().file_name().unwrap().to_str().unwrap()), "");
        // Whoever reads in the end gets everything, and the summary behind it.
        let ended = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(0), "{mode}");
        assert!(text.len() > 8 << 20, "{} bytes", text.len());
        assert!(text.trim_end().ends_with("PASSED: 2 units"), "{:?}", text.get(text.len() - 300..));
        fs::remove_dir_all(project.path().join(".minke")).unwrap();
    }
}

#[test]
fn a_terminal_that_is_stopped_keeps_no_result_from_being_written() {
    let project = Project::empty();
    let terminal = Terminal::sized(&project, ["80", "24"], "", &waiting(&project, 3, "2"));
    terminal.wait_for("0/3 units");
    // What is written from here on stays with the terminal, and whoever writes it waits.
    terminal.ask(&["send-keys", "C-s"]);
    let run = project.latest();
    project.write("go", "");
    until("the report is written", || run.join("junit.xml").exists());
    assert!(fs::read_to_string(run.join("junit.xml")).unwrap().contains("test_02.py"));
    assert!(!terminal.text().contains("PASSED"), "the terminal is stopped:\n{}", terminal.text());
    terminal.ask(&["send-keys", "C-q"]);
    let text = terminal.wait_for("ended with");
    assert!(text.contains("ended with 0") && text.contains("PASSED: 3 units"), "{text}");
    assert!(!text.lines().any(is_of_view), "the view is gone:\n{text}");
}

#[test]
fn prefixed_lines_come_while_a_unit_runs_and_blocks_when_it_has_ended() {
    let project = project();
    let arguments = ["--output", "prefixed", "--isolation=file", "--shards=2", UNITS[1], UNITS[2]];
    let terminal = Terminal::start(&project, "", &arguments);
    terminal.wait_for("[shard 1] collected 2 items");
    assert!(terminal.coloured().contains("[shard 1]\x1b["), "{:?}", terminal.coloured());
    terminal.ask(&["send-keys", "C-c"]);
    terminal.wait_for("ended with 130");
    let ended = piped(&project, None, &["--output=grouped", "--isolation=file", UNITS[0], UNITS[2]]);
    for (unit, word) in [(UNITS[0], "failed"), (UNITS[2], "passed")] {
        assert!(ended.stderr.contains(&format!("OUTPUT {unit} ({word}): stdout\n")), "{}", ended.stderr);
    }
    let never = piped(&project, None, &["--output=never", UNITS[0]]);
    assert!(!never.stderr.contains("OUTPUT"), "{}", never.stderr);
    let quiet = piped(&project, None, &["--quiet", UNITS[0]]);
    assert!(!quiet.stderr.contains("OUTPUT"), "{}", quiet.stderr);
}

#[test]
fn what_a_test_writes_cannot_wreck_the_terminal() {
    for mode in ["failed", "grouped", "prefixed"] {
        let project = Project::fixture("misbehaving/pytest");
        let terminal = Terminal::start(&project, "", &["--output", mode, "test_ansi.py", "--", "-s"]);
        let text = terminal.wait_for("ended with 1");
        assert!(text.contains("RUN pytest") && text.contains("FAILED: 1 unit failed"), "nothing is erased:\n{text}");
        assert!(text.contains("orange") && terminal.cursor_is_shown(), "{text}");
        let title = terminal.ask(&["display-message", "-p", "#{pane_title}"]);
        assert!(!title.contains("a new title"), "{mode}: {title}");
    }
}

#[test]
fn a_build_shows_its_last_line_on_a_terminal_and_leaves_one_line() {
    let project = Project::empty();
    let mark = format!("mark-{}", std::process::id());
    let step = format!("RUN : {mark}; echo building-$((1+1)); until [ -e /go ]; do sleep 0.05; done");
    project.write("Dockerfile", format!("FROM {PYTHON}\nWORKDIR /w\nCOPY test_a.py .\n{step}\n"));
    project.write("test_a.py", "def test_a(): pass\n");
    let image = format!("minke-test/built-{}", std::process::id());
    let terminal =
        Terminal::sized(&project, ["80", "24"], "", &["pytest", "--image", &image, "--build", "--shards", "1"]);
    let shown = terminal.wait_for("building-2");
    let line = shown.lines().find(|line| line.contains("building-2")).unwrap();
    assert!(line.contains(&format!("build {image} ")) && !shown.contains("Step 2"), "{shown}");
    let containers = docker(&["ps", "--no-trunc", "--format", "{{.ID}} {{.Command}}"]);
    let container = containers.lines().find(|line| line.contains(&mark)).unwrap().split(' ').next().unwrap();
    docker(&["exec", container, "touch", "/go"]);
    let ended = terminal.wait_for("ended with");
    docker(&["rmi", "--force", &image]);
    assert!(ended.contains(&format!("built {image} in ")) && ended.contains("ended with 0"), "{ended}");
    assert!(!ended.contains("building-"), "{ended}");
}
