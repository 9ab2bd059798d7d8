//! What a killed minke leaves behind is removed, and nothing else ever is.
//!
//! Every run of any test removes what dead processes of its machine left. So that other tests do not do the work of these,
//! each of these has a host name of its own: to minke, a machine of its own.

use std::process::{Child, Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use minke::engine::Owner;
use rustix::process::{Signal, geteuid};

use crate::support::{BASE, Ended, PYTHON, Project, containers_of, docker, send, until};

const HANGS: [&str; 6] = ["pytest", "--image", PYTHON, "--source", "mount", "test_hang.py"];

/// A project on a machine of its own.
struct Machine {
    project: Project,
    host: String,
}

impl Machine {
    fn new() -> Self {
        let project = Project::fixture("misbehaving/pytest");
        let host = project.path().file_name().unwrap().to_str().unwrap().to_owned();
        Self { project, host }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let minke = self.project.command(arguments);
        let mut command = Command::new("unshare");
        command.arg("--uts");
        if !geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["sh", "-c", "hostname \"$0\" && exec \"$@\"", &self.host]);
        command.arg(minke.get_program()).args(minke.get_args()).current_dir(self.project.path());
        for (name, value) in minke.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn minke(&self, arguments: &[&str]) -> Ended {
        self.project.wait(self.command(arguments).spawn().unwrap())
    }

    /// Starts a run of a test that hangs, and waits until it does. Returns the run's id and its only container, too.
    fn start_hanging(&self) -> (Child, String, Container) {
        let child = self.command(&HANGS).spawn().unwrap();
        let log = self.project.path().join(".minke/latest/shards/1/stdout.log");
        until("the test hangs", || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("test_hang.py .")));
        let run = self.project.latest().file_name().unwrap().to_str().unwrap().to_owned();
        let container = Container(containers_of(&run).trim().to_owned());
        (child, run, container)
    }

    /// Leaves a running container behind, as a minke does that is killed.
    fn leave_container(&self) -> (String, Container) {
        let (child, run, container) = self.start_hanging();
        send(&child, Signal::KILL);
        self.project.wait(child);
        assert!(container.runs(), "nobody removes the container of a killed minke");
        (run, container)
    }
}

/// A container, removed at the latest when the test ends.
struct Container(String);

impl Container {
    /// Starts a container that minke has nothing to do with, but for its labels.
    fn start(labels: &[(&str, &str)]) -> Self {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("--label={name}={value}")).collect();
        let mut arguments = vec!["run", "--detach", "--init", "--network", "none"];
        arguments.extend(labels.iter().map(String::as_str));
        arguments.extend([BASE, "sleep", "600"]);
        Self(docker(&arguments).trim()[..12].to_owned())
    }

    fn runs(&self) -> bool {
        !docker(&["ps", "--quiet", "--filter", &format!("id={}", self.0)]).is_empty()
    }

    fn exists(&self) -> bool {
        !docker(&["ps", "--all", "--quiet", "--filter", &format!("id={}", self.0)]).is_empty()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", &self.0]).output();
    }
}

fn hours_from_now(hours: i64) -> String {
    (Timestamp::now() + SignedDuration::from_hours(hours)).to_string()
}

fn new_run() -> String {
    minke::run::new_run_id().to_string()
}

#[test]
fn what_a_killed_minke_left_is_listed_and_then_removed() {
    let machine = Machine::new();
    let (run, container) = machine.leave_container();
    let line = format!("container {} of run {run}", container.0);
    let listed = machine.minke(&["clean", "--dry-run"]);
    listed.expect(0);
    assert!(listed.stdout.contains(&format!("would remove {line}")), "{}", listed.stdout);
    assert!(container.runs(), "a dry run removes nothing");
    let cleaned = machine.minke(&["clean"]);
    cleaned.expect(0);
    assert!(cleaned.stdout.contains(&format!("removed {line}")), "{}", cleaned.stdout);
    assert!(!container.exists());
    let again = machine.minke(&["clean"]);
    assert!(!again.expect(0).stdout.contains(&container.0), "{}", again.stdout);
}

#[test]
fn the_next_run_removes_what_a_killed_one_left() {
    let machine = Machine::new();
    let (_, container) = machine.leave_container();
    let ended = machine.minke(&["pytest", "--image", PYTHON, "--source", "mount", "test_good_neighbour.py"]);
    ended.expect(0).says("that earlier runs left behind").left_nothing();
    assert!(!container.exists());
}

#[test]
fn a_live_run_is_left_alone() {
    let machine = Machine::new();
    let (child, run, container) = machine.start_hanging();
    let cleaned = machine.minke(&["clean"]);
    let kept = format!("kept container {} of run {run}", container.0);
    assert!(cleaned.expect(0).stdout.contains(&kept), "{}", cleaned.stdout);
    // A run of the same machine sweeps, too; it has an output directory of its own, so that `latest` stays.
    let arguments =
        ["pytest", "--image", PYTHON, "--source", "mount", "--output-dir", "other", "test_good_neighbour.py"];
    machine.minke(&arguments).expect(0);
    assert!(container.runs(), "a live run's container was removed");
    send(&child, Signal::INT);
    machine.project.wait(child).expect(130).left_nothing();
}

#[test]
fn containers_that_are_not_minkes_are_never_touched() {
    let past = hours_from_now(-1);
    let (run, owner) = (new_run(), "elsewhere/boot/pid:[1]/1/1");
    let strangers: [&[(&str, &str)]; 8] = [
        &[],
        &[("minke.run", "garbage")],
        &[("minke.run", &run)],
        &[("minke.owner", owner), ("minke.expires", &past)],
        &[("minke.run", &run), ("minke.owner", owner)],
        &[("minke.run", &run), ("minke.owner", "garbage"), ("minke.expires", &past)],
        &[("minke.run", &run), ("minke.owner", owner), ("minke.expires", "yesterday")],
        &[("minke.run", "garbage"), ("minke.owner", owner), ("minke.expires", &past)],
    ];
    let containers = strangers.map(Container::start);
    let machine = Machine::new();
    let cleaned = machine.minke(&["clean"]);
    cleaned.expect(0);
    machine.minke(&["pytest", "--image", PYTHON, "--source", "mount", "test_good_neighbour.py"]).expect(0);
    for (container, labels) in containers.iter().zip(strangers) {
        assert!(container.runs(), "removed a container with the labels {labels:?}");
        assert!(!cleaned.stdout.contains(&container.0), "{}", cleaned.stdout);
    }
}

#[test]
fn containers_of_other_machines_are_removed_when_their_time_has_passed() {
    let (past, future) = (hours_from_now(-1), hours_from_now(1));
    let (run, owner) = (new_run(), "elsewhere/boot/pid:[1]/1/1");
    let labels = |expires| [("minke.run", run.as_str()), ("minke.owner", owner), ("minke.expires", expires)];
    let (expired, owned) = (Container::start(&labels(&past)), Container::start(&labels(&future)));
    let machine = Machine::new();
    let cleaned = machine.minke(&["clean"]);
    cleaned.expect(0);
    assert!(!expired.exists());
    assert!(owned.runs(), "its owner may be alive");
    assert!(cleaned.stdout.contains(&format!("kept container {}", owned.0)), "{}", cleaned.stdout);
}

#[test]
fn a_process_of_this_machine_that_lives_keeps_its_containers_whatever_the_time() {
    let (past, run, owner) = (hours_from_now(-1), new_run(), Owner::this_process().to_string());
    let labels = [("minke.run", run.as_str()), ("minke.owner", owner.as_str()), ("minke.expires", past.as_str())];
    let container = Container::start(&labels);
    // Not on a machine of its own: this is about a process of the same one.
    let project = Project::empty();
    project.minke(&["clean"]).expect(0);
    assert!(container.runs(), "a run that takes longer than a day is a live run");
}
