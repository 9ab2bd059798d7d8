//! One builder for all tests: a project directory, a command line, and everything that came of it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use minke::model::{Case, CaseCounts, Event, RunState, UnitOutcome, UnitRecord};
use minke::report::junit::{ReadLimits, read};
use minke::report::read_events;
use rustix::process::{Pid, Signal, kill_process};

pub(crate) const BASE: &str = "minke-test/base";
pub(crate) const PYTHON: &str = "minke-test/python";
pub(crate) const PYTEST_8: &str = "minke-test/pytest-8";
pub(crate) const NEW_PYTEST: &str = "minke-test/pytest";
pub(crate) const CUCUMBER: &str = "minke-test/cucumber";
pub(crate) const BEHAVE: &str = "minke-test/behave";
pub(crate) const RSPEC: &str = "minke-test/rspec";
pub(crate) const NODE: &str = "minke-test/node";
pub(crate) const GO: &str = "minke-test/go";
pub(crate) const RUST: &str = "minke-test/rust";
pub(crate) const SHELL: &str = "minke-test/shell";
pub(crate) const JAVASCRIPT: &str = "minke-test/javascript";
pub(crate) const SERVICES: &str = "minke-test/services";

/// A directory that minke is run in.
pub(crate) struct Project {
    dir: tempfile::TempDir,
}

/// Everything that came of one `minke` process.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    root: PathBuf,
}

impl Project {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::Builder::new().prefix("minke-test-").tempdir().unwrap();
        // Containers may run as another user.
        fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Self { dir }
    }

    /// A copy of a folder of `fixtures/`.
    pub(crate) fn fixture(name: &str) -> Self {
        let project = Self::empty();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(project.path()).status().unwrap();
        assert!(copied.success());
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, creating its directories.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// The binary with arguments, in this directory, with an environment that holds nothing of minke's.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_minke"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            // minke does more where a CI system runs it, as one may run these tests.
            let name_text = name.to_string_lossy();
            if name_text.starts_with("MINKE_") || name_text.starts_with("GITHUB_") || name_text == "TF_BUILD" {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Runs minke to its end.
    pub(crate) fn minke(&self, arguments: &[&str]) -> Ended {
        self.finish(self.command(arguments).output().unwrap())
    }

    /// Runs a command of [`Project::command`] to its end.
    pub(crate) fn end(&self, command: &mut Command) -> Ended {
        self.finish(command.output().unwrap())
    }

    /// Runs `minke pytest` over the mounted project.
    pub(crate) fn pytest(&self, arguments: &[&str]) -> Ended {
        self.minke(&[&["pytest", "--image", PYTHON, "--source", "mount"], arguments].concat())
    }

    /// Runs `minke cucumber` with cucumber-ruby over the mounted project.
    pub(crate) fn cucumber(&self, arguments: &[&str]) -> Ended {
        self.minke(&[&["cucumber", "--image", CUCUMBER, "--source", "mount"], arguments].concat())
    }

    /// Starts minke without waiting for it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits for a started process that must end by itself; one that does not is killed. It may write no more than a pipe
    /// holds.
    pub(crate) fn wait(&self, mut child: Child) -> Ended {
        let in_time = holds_in_time(|| child.try_wait().unwrap().is_some());
        if !in_time {
            child.kill().unwrap();
        }
        let ended = self.finish(child.wait_with_output().unwrap());
        assert!(in_time, "minke did not end:\n{}", ended.stderr);
        ended
    }

    fn finish(&self, output: Output) -> Ended {
        Ended {
            code: code_of(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            root: self.path().to_owned(),
        }
    }

    /// Starts minke and waits until a shard's standard output has a text.
    pub(crate) fn start_until(&self, arguments: &[&str], shard: u32, text: &str) -> Child {
        self.spawn_until(self.command(arguments), shard, text)
    }

    /// The same with a command that may have been changed.
    pub(crate) fn spawn_until(&self, mut command: Command, shard: u32, text: &str) -> Child {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = self.path().join(format!(".minke/latest/shards/{shard}/stdout.log"));
        let shown = || fs::read(&log).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text));
        if !holds_in_time(|| shown() || child.try_wait().unwrap().is_some()) || !shown() {
            child.kill().unwrap();
            panic!("`{text}` is not in {}:\n{}", log.display(), self.finish(child.wait_with_output().unwrap()).stderr);
        }
        child
    }

    /// The directory of the last run.
    pub(crate) fn latest(&self) -> PathBuf {
        self.path().join(".minke/latest").canonicalize().unwrap()
    }

    /// The events of the last run so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        read_events(&self.latest().join("events.jsonl")).unwrap()
    }
}

impl Ended {
    /// The directory of the run.
    pub(crate) fn run_dir(&self) -> PathBuf {
        let latest = self.root.join(".minke/latest");
        latest.canonicalize().unwrap_or_else(|_| panic!("there was no run:\n{}", self.stderr))
    }

    /// The run, folded again from its events.
    pub(crate) fn state(&self) -> RunState {
        let state = RunState::of(&read_events(&self.run_dir().join("events.jsonl")).unwrap());
        assert_eq!(state.broken_ledger().count(), 0, "every unit ends exactly once");
        state
    }

    /// One unit of the run.
    pub(crate) fn unit(&self, path: &str) -> UnitRecord {
        let found = self.state().units().iter().find(|unit| unit.unit.as_str() == path).cloned();
        found.unwrap_or_else(|| panic!("no unit {path}:\n{}", self.stderr))
    }

    /// How one unit ended, in words: `passed`, `failed`, `not run`, or the name of the cause of an error.
    pub(crate) fn outcome(&self, path: &str) -> String {
        match self.unit(path).outcome() {
            UnitOutcome::Errored(cause) => cause.name().to_owned(),
            UnitOutcome::Passed => "passed".to_owned(),
            UnitOutcome::Failed => "failed".to_owned(),
            UnitOutcome::NotRun => "not run".to_owned(),
        }
    }

    /// The text of the run's JUnit report.
    pub(crate) fn junit_text(&self) -> String {
        fs::read_to_string(self.run_dir().join("junit.xml")).unwrap()
    }

    /// The cases of the run's JUnit report.
    pub(crate) fn junit(&self) -> Vec<Case> {
        cases_of(&self.run_dir().join("junit.xml"))
    }

    /// The counts of the run's JUnit report.
    pub(crate) fn counts(&self) -> CaseCounts {
        CaseCounts::of(&self.junit())
    }

    /// A spooled file of a shard.
    pub(crate) fn log(&self, shard: u32, stream: &str) -> Vec<u8> {
        fs::read(self.run_dir().join(format!("shards/{shard}/{stream}.log"))).unwrap()
    }

    /// Asserts the exit code, with the whole output where it differs.
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that standard error has a text.
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }

    /// Asserts that no container of the run is left.
    pub(crate) fn left_nothing(&self) -> &Self {
        let run = self.run_dir().file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(containers_of(&run), "", "containers are left behind");
        self
    }
}

/// Makes a command run as a user who may reach the engine and otherwise nothing that is not for everybody.
pub(crate) fn as_nobody(command: &Command) -> Command {
    let group = fs::metadata("/var/run/docker.sock").unwrap().gid().to_string();
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid", "65534", "--regid", &group, "--clear-groups", "--"]).arg(command.get_program());
    nobody.args(command.get_args()).current_dir(command.get_current_dir().unwrap());
    nobody
}

/// The exit code, or 128 + n for a process that signal n ended.
fn code_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// How long anything may take before a test gives up on it.
const LIMIT: Duration = Duration::from_secs(120);

/// Looks again and again whether a condition holds, and gives up after a limit that nothing comes near to.
pub(crate) fn holds_in_time(mut condition: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        if condition() {
            return true;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    false
}

/// Waits for a condition that must come to hold.
pub(crate) fn until(what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_in_time(condition), "waited in vain: {what}");
}

/// Sends a signal to a process that was started.
pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Reads a JUnit file whose form must be sound.
pub(crate) fn cases_of(path: &Path) -> Vec<Case> {
    let file = fs::File::open(path).unwrap();
    let report = read("junit.xml", file, &ReadLimits::default());
    assert!(!report.is_incomplete(), "{:?}", report.problems);
    report.cases
}

/// Lists the containers of a run, running or not.
pub(crate) fn containers_of(run: &str) -> String {
    let filter = format!("label=minke.run={run}");
    docker(&["ps", "--all", "--quiet", "--filter", &filter])
}

/// Runs the `docker` client and returns what it prints.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("the docker client is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    text
}
