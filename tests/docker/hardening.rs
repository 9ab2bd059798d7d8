//! What containers may use and do: little by default, and more where it is asked for.

use crate::support::{Ended, PYTHON, Project};

fn run(test: &str, more: &[&str]) -> Ended {
    let project = Project::empty();
    project.write("test_a.py", test);
    let arguments = ["pytest", "--image", PYTHON, "--source", "copy"];
    project.minke(&arguments.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn by_default_a_test_has_few_rights() {
    let test = r#"
import os, socket
def test_a():
    status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    # capabilities(7): CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID NET_BIND_SERVICE, and nothing else.
    assert int(status["CapBnd"], 16) == sum(1 << bit for bit in [0, 1, 3, 4, 5, 6, 7, 10]), status["CapBnd"]
    assert sorted(os.listdir("/sys/class/net")) == ["lo"]
    assert not os.path.exists("/var/run/docker.sock") and not os.path.exists("/run/docker.sock")
    assert int(open("/sys/fs/cgroup/pids/pids.max").read()) == 2048
"#;
    run(test, &[]).expect(0);
}

#[test]
fn what_is_asked_for_is_there() {
    let test = r#"
import os, resource, socket
def test_a():
    status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
    bounds = int(status["CapBnd"], 16)
    assert bounds & (1 << 19) and not bounds & 1, "SYS_PTRACE, and no CHOWN"
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (512, 1024) and resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    shm, cache = os.statvfs("/dev/shm"), os.statvfs("/cache")
    assert shm.f_blocks * shm.f_frsize == 32 << 20 and cache.f_blocks * cache.f_frsize == 8 << 20
    assert os.stat("/cache").st_mode & 0o7777 == 0o1777
    assert socket.gethostbyname("api.test") == "10.9.8.7" and "1.2.3.4" in open("/etc/resolv.conf").read()
    open("/dev/fuse")
"#;
    let more =
        ["--cap-add", "cap_sys_ptrace", "--cap-drop", "CHOWN", "--ulimit", "nofile=512:1024", "--ulimit", "core=0"];
    let more = [&more[..], &["--shm-size", "32m", "--tmpfs", "/cache:size=8m,mode=1777"]].concat();
    let more = [&more[..], &["--add-host", "api.test:10.9.8.7", "--dns", "1.2.3.4", "--device", "/dev/null:/dev/fuse"]]
        .concat();
    run(test, &[&more[..], &["--network", "bridge"]].concat()).expect(0);
}

#[test]
fn a_read_only_container_still_reports() {
    let test = r#"
import pytest
def test_a(tmp_path):
    (tmp_path / "fine").write_text("x")
    for path in ["/etc/new", "/project/new", "/usr/new"]:
        with pytest.raises(OSError): open(path, "w")
"#;
    let ended = run(test, &["--read-only", "--", "-p", "no:cacheprovider"]);
    ended.expect(0).says("1 passed");
}

#[test]
fn the_engines_socket_is_found_behind_links() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n");
    std::os::unix::fs::symlink("/var/run", project.path().join("dir")).unwrap();
    std::os::unix::fs::symlink("/var/run/docker.sock", project.path().join("sock")).unwrap();
    let here = ["plan", "--image", PYTHON, "--source", "mount", "--command", "sh {unit}", "x", "--output-dir"];
    let mut command = project.command(&[&here[..], &[project.path().to_str().unwrap()]].concat());
    project.end(command.current_dir("/run")).expect(2).says("--allow-engine-socket");
    for volume in ["./dir:/d", "./sock:/s"] {
        let service = format!("services: {{ a: {{ image: {PYTHON}, command: sleep 9, volumes: ['{volume}'] }} }}\n");
        project.write("compose.yaml", service);
        project.minke(&["plan", "--image", PYTHON, "-f", "compose.yaml"]).expect(2).says("--allow-engine-socket");
    }
}

#[test]
fn the_engines_socket_is_for_those_who_ask() {
    let test = "import stat, os\ndef test_a(): assert stat.S_ISSOCK(os.stat('/var/run/docker.sock').st_mode)\n";
    run(test, &["--allow-engine-socket"]).expect(0);
    let project = Project::empty();
    project.write("test_a.py", test);
    for mount in ["/var/run/docker.sock:/var/run/docker.sock", "/var/run:/host"] {
        let compose =
            format!("services:\n  spy:\n    image: {PYTHON}\n    command: sleep 9\n    volumes: [ '{mount}' ]\n");
        project.write("compose.yaml", compose);
        let ended = project.minke(&["pytest", "--image", PYTHON, "-f", "compose.yaml"]);
        ended.expect(2).says("would show tests the engine's socket").says("--allow-engine-socket");
    }
}
