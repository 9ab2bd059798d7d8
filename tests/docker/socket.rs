//! No engine, or none that may be used: which address, why, and what to do. And `minke doctor`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;

use serde_json::Value;

use crate::support::{Ended, PYTHON, Project};

const NOBODY: u32 = 65534;

fn project() -> Project {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n");
    project
}

/// Runs pytest with an engine's address.
fn at(project: &Project, address: &str) -> Ended {
    let arguments = ["pytest", "--image", PYTHON, "--source", "mount", "--junit", "old.xml"];
    project.write("old.xml", "of an earlier run");
    let mut command = project.command(&arguments);
    let ended = project.end(command.env("DOCKER_HOST", address));
    assert!(!project.path().join("old.xml").exists(), "the report of an earlier run is not this one's");
    ended
}

/// Runs the binary as a user who may do nothing with the socket.
fn as_nobody(project: &Project, socket: &Path, arguments: &[&str]) -> Ended {
    let program = project.path().join("minke");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_minke"), &program).unwrap();
    }
    let mut command = std::process::Command::new(program);
    command.args(arguments).current_dir(project.path()).env("DOCKER_HOST", format!("unix://{}", socket.display()));
    // Whoever is not root is somebody without rights already.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    project.end(&mut command)
}

#[test]
fn an_engine_that_is_not_there_is_named_with_its_address() {
    let project = project();
    let nowhere = format!("unix://{}/nowhere.sock", project.path().display());
    at(&project, &nowhere).expect(3).says(&nowhere).says("the socket does not exist").says("help: DOCKER_HOST");
    at(&project, "tcp://127.0.0.1:1").expect(3).says("tcp://127.0.0.1:1").says("Connection refused");
    for unknown in ["foo", "unix://relative", "npipe:////./pipe/docker_engine", "ssh://root@host"] {
        at(&project, unknown).expect(3).says(unknown).says("help: set DOCKER_HOST to unix:///path/to/docker.sock");
    }
}

#[test]
fn a_socket_that_nobody_listens_at_is_told_in_one_clause() {
    let project = project();
    let socket = project.path().join("stale.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let ended = at(&project, &format!("unix://{}", socket.display()));
    ended.expect(3).says("stale.sock`: Connection refused (os error 111)\nhelp: ");
    project.write("file.sock", "");
    at(&project, &format!("unix://{}/file.sock", project.path().display())).expect(3).says("file.sock`");
}

#[test]
fn a_socket_without_permission_says_how_to_get_it() {
    let project = project();
    let open = project.path().join("open.sock");
    let _listener = UnixListener::bind(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o000)).unwrap();
    let hidden = project.path().join("hidden/docker.sock");
    project.write("hidden/docker.sock", "");
    fs::set_permissions(hidden.parent().unwrap(), Permissions::from_mode(0o000)).unwrap();
    for socket in [&open, &hidden] {
        let ended = as_nobody(&project, socket, &["pytest", "--image", PYTHON]);
        ended.expect(3).says(socket.to_str().unwrap()).says("Permission denied").says("usermod -aG docker");
        let doctor = as_nobody(&project, socket, &["doctor"]);
        assert!(doctor.expect(3).stdout.contains("usermod -aG docker"), "{}", doctor.stdout);
    }
    // So that the directory can be removed.
    fs::set_permissions(hidden.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn doctor_says_ok_for_a_good_engine_and_fails_without_one() {
    let project = project();
    let well = project.minke(&["doctor"]);
    for check in ["engine", "version", "API", "processors", "cgroup", "clock", "output disk"] {
        assert!(well.expect(0).stdout.contains(&format!("  {check}  ")), "{check}:\n{}", well.stdout);
    }
    let text = project.minke(&["doctor", "--json"]);
    let document: Value = serde_json::from_str(&text.expect(0).stdout).unwrap();
    assert_eq!(document["version"], 1);
    let levels = |document: &Value| -> Vec<String> {
        let checks = document["checks"].as_array().unwrap();
        checks.iter().map(|check| check["level"].as_str().unwrap().to_owned()).collect()
    };
    assert!(levels(&document).iter().all(|level| level != "fail"));
    let mut command = project.command(&["doctor", "--json"]);
    let ill = project.end(command.env("DOCKER_HOST", "unix:///nowhere/docker.sock"));
    let document: Value = serde_json::from_str(&ill.expect(3).stdout).unwrap();
    assert_eq!(levels(&document)[0], "fail");
    assert!(document["checks"][0]["help"].as_str().is_some_and(|help| help.contains("DOCKER_HOST")));
}

#[test]
fn commands_that_need_no_engine_work_without_one() {
    let project = project();
    for arguments in [&["config"][..], &["--help"], &["--version"], &["run", "--help"]] {
        let mut command = project.command(arguments);
        project.end(command.env("DOCKER_HOST", "unix:///nowhere/docker.sock")).expect(0);
    }
    let mut command = project.command(&["clean"]);
    project.end(command.env("DOCKER_HOST", "unix:///nowhere/docker.sock")).expect(3).says("/nowhere/docker.sock");
}
