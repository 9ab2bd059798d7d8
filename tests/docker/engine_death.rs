//! An engine that is killed in mid-run, or that has no room left: the run ends, and every unit has an outcome.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{BASE, PYTHON, Project, send, until};

/// A Docker engine of the test's own, beside the one that all tests share.
struct OwnEngine {
    dir: tempfile::TempDir,
    daemon: Child,
}

impl OwnEngine {
    fn start() -> Self {
        Self::start_in(tempfile::Builder::new().prefix("minke-engine-").tempdir().unwrap())
    }

    /// Starts one that has a disk of this size, in MiB, in memory.
    fn with_disk(size: u32) -> Self {
        let dir = tempfile::Builder::new().prefix("minke-engine-").tempdir().unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        let mount = ["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs"];
        assert!(Command::new("mount").args(mount).arg(&data).status().unwrap().success());
        Self::start_in(dir)
    }

    fn start_in(dir: tempfile::TempDir) -> Self {
        let engine = Self { daemon: spawn_daemon(dir.path()), dir };
        until("the engine answers", || engine.docker(&["version"]).output().unwrap().status.success());
        engine
    }

    fn host(&self) -> String {
        format!("unix://{}", self.dir.path().join("docker.sock").display())
    }

    fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(["--host", &self.host()]).args(arguments);
        command
    }

    fn load(&self, image: &str) {
        let mut saved = Command::new("docker").args(["save", image]).stdout(Stdio::piped()).spawn().unwrap();
        let loaded = self.docker(&["load"]).stdin(saved.stdout.take().unwrap()).output().unwrap();
        assert!(saved.wait().unwrap().success() && loaded.status.success(), "{loaded:?}");
    }

    /// Kills the daemon, and nothing of what it started.
    fn kill(&mut self) {
        send(&self.daemon, Signal::KILL);
        self.daemon.wait().unwrap();
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        let ours = self.dir.path().display().to_string();
        // containerd and the containers' shims outlive a killed daemon, and the containers outlive their shims.
        for pid in processes_with(&ours) {
            for child in children_of(pid).into_iter().chain([pid]) {
                let _ = Pid::from_raw(child).map(|pid| kill_process(pid, Signal::KILL));
            }
        }
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        for mount in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)) {
            if Path::new(mount).starts_with(self.dir.path()) {
                let _ = Command::new("umount").args(["--lazy", mount]).status();
            }
        }
    }
}

fn spawn_daemon(dir: &Path) -> Child {
    let path = |name: &str| dir.join(name).display().to_string();
    let log = fs::File::options().create(true).append(true).open(dir.join("log")).unwrap();
    // In a network of its own: a daemon without a bridge removes the bridge of every other one.
    Command::new("unshare")
        .args([
            "--net",
            "dockerd",
            "--data-root",
            &path("data"),
            "--exec-root",
            &path("exec"),
            "--pidfile",
            &path("pid"),
        ])
        .args(["--host", &format!("unix://{}", path("docker.sock"))])
        .args(["--bridge=none", "--iptables=false", "--ip-forward=false"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("`unshare` is part of Debian's essential packages")
}

/// Lists the processes whose command line has a text.
fn processes_with(text: &str) -> Vec<i32> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    all.filter(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(text)
    })
    .collect()
}

fn children_of(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
    let children = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    children.flat_map(|list| list.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

#[test]
fn a_killed_engine_ends_the_run_and_every_unit_has_an_outcome() {
    let mut engine = OwnEngine::start();
    engine.load(PYTHON);
    let units = ["test_good_neighbour.py", "test_hang.py", "test_sys_exit.py", "test_writes_files.py"];
    // Both runs come to the test that hangs, alone in its container or with mates, before the engine dies.
    let runs = [("file", 2, "passed"), ("shard", 1, "engine")].map(|(isolation, shard, first)| {
        let project = Project::fixture("misbehaving/pytest");
        let arguments = ["pytest", "--image", PYTHON, "--source", "mount", "--isolation", isolation, "--shards", "1"];
        let mut command = project.command(&[&arguments[..], &units[..]].concat());
        command.env("DOCKER_HOST", engine.host());
        let child = project.spawn_until(command, shard, "test_hang.py .");
        (project, child, first)
    });
    engine.kill();
    for (project, child, first) in runs {
        let ended = project.wait(child);
        ended.expect(3).says("engine problem").says("left behind").says("`minke clean`");
        let outcomes = units.map(|unit| ended.outcome(unit));
        assert_eq!(outcomes, [first, "engine", "engine", "engine"], "{}", ended.stderr);
        let text = ended.junit_text();
        for unit in ended.state().units() {
            assert!(text.contains(&format!("name=\"{}\"", unit.unit)), "{} is not in the report", unit.unit);
        }
        assert!(text.contains("minke.engine"));
    }
}

#[test]
fn an_engine_without_room_for_the_project_is_told_as_such() {
    let engine = OwnEngine::with_disk(270);
    engine.load(BASE);
    let project = Project::empty();
    project.write("check.sh", "true\n");
    // No two pieces are alike, and none is empty: whatever keeps it needs the room.
    let bytes: Vec<u8> = (0..40_u32 << 20).flat_map(|number| number.wrapping_mul(0x9E37_79B9).to_le_bytes()).collect();
    fs::write(project.path().join("large"), bytes).unwrap();
    let mut command =
        project.command(&["run", "--image", BASE, "--source", "copy", "--command", "sh {unit}", "check.sh"]);
    let ended = project.end(command.env("DOCKER_HOST", engine.host()));
    ended.expect(3).says("no space left on device").says("the engine's disk is full: `docker system df`");
    assert_eq!(String::from_utf8(engine.docker(&["ps", "-aq"]).output().unwrap().stdout).unwrap(), "");
}
