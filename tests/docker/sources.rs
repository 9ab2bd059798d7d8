//! A project that is copied over an image, and what a setup makes of it.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::{Ended, PYTHON, Project, as_nobody, docker};

/// The image of a suite that is baked in.
const BAKED: &str = "minke-test/baked-pytest";

fn run(project: &Project, more: &[&str]) -> Ended {
    let arguments = ["pytest", "--image", PYTHON, "--source", "copy"];
    project.minke(&arguments.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
}

/// A project with a file that no earlier run of these tests had: what was copied and set up then is still there.
fn unique() -> Project {
    let project = Project::empty();
    project.write("unique", project.path().to_str().unwrap());
    project
}

fn passing(project: &Project, more: &[&str]) -> Ended {
    let ended = run(project, more);
    ended.expect(0);
    ended
}

#[test]
fn every_container_has_a_copy_of_its_own_and_the_host_sees_nothing_of_it() {
    let project = Project::empty();
    for name in ["a", "b"] {
        let text = "import os\ndef test_a():\n    assert not os.path.exists('left')\n    open('left', 'w')\n    os.remove('data')\n";
        project.write(&format!("test_{name}.py"), text);
    }
    project.write("data", "x");
    passing(&project, &["--isolation", "file"]).left_nothing();
    assert!(project.path().join("data").is_file() && !project.path().join("left").exists());
    let owned: Vec<_> = fs::read_dir(project.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(owned.len(), 4, "the files and .minke, and no cache of a test: {owned:?}");
}

#[test]
fn files_of_all_kinds_arrive_as_they_are() {
    let project = Project::empty();
    let path = project.path();
    project.write("script", "#!/bin/sh\necho ran\n").write("deep/er/file", "").write("größe/ with space", "1");
    fs::set_permissions(path.join("script"), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(path.join("deep/er/file"), Permissions::from_mode(0o600)).unwrap();
    fs::write(path.join(OsStr::from_bytes(b"odd\xff\n")), "2").unwrap();
    symlink("script", path.join("link")).unwrap();
    symlink("/nowhere/at/all", path.join("dangling")).unwrap();
    fs::create_dir(path.join("empty")).unwrap();
    fs::File::create(path.join("sparse")).unwrap().set_len(300 << 20).unwrap();
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(200));
    project.write(&long, "long");
    assert!(Command::new("mkfifo").arg(path.join("pipe")).status().unwrap().success());
    project.write(
        "test_files.py",
        format!(
            r#"
import os, subprocess
def test_files():
    assert subprocess.check_output(["./script"]) == b"ran\n" and subprocess.check_output(["./link"]) == b"ran\n"
    assert os.stat("deep/er/file").st_mode & 0o777 == 0o600 and os.path.isdir("empty")
    assert open("größe/ with space").read() == "1" and open(b"odd\xff\n").read() == "2"
    assert os.readlink("dangling") == "/nowhere/at/all"
    assert os.path.getsize("sparse") == 300 << 20 and open("{long}").read() == "long"
    assert not os.path.exists("pipe")
"#
        ),
    );
    passing(&project, &[]).says("`pipe` cannot be copied");
}

#[test]
fn what_is_ignored_stays_here_unless_it_is_included() {
    let project = Project::empty();
    project
        .write(".gitignore", "*.log\n/build/\nnode_modules/\n")
        .write(".minkeignore", "big\n!keep.log\n")
        .write(".dockerignore", "**/secret*\n!**/secret-not\n.dockerignore\n")
        .write("sub/secret", "")
        .write("sub/secret-not", "")
        .write("sub/.gitignore", "private\n")
        .write("sub/private", "")
        .write("a.log", "")
        .write("keep.log", "")
        .write("build/out", "")
        .write("node_modules/m/index.js", "")
        .write("big/file", "")
        .write(".git/config", "")
        .write(".hidden", "");
    let test = |files: &str| {
        format!(
            "import os\ndef test_a():\n    found = sorted(os.path.relpath(os.path.join(d, f)) for d, _, fs in os.walk('.') for f in fs)\n    assert found == sorted({files}), found\n"
        )
    };
    let first =
        "['.gitignore', '.minkeignore', 'sub/.gitignore', 'sub/secret-not', 'keep.log', '.hidden', 'test_a.py']";
    project.write("test_a.py", test(first));
    let quiet = ["--", "-p", "no:cacheprovider"];
    let bytecode = ["--env", "PYTHONDONTWRITEBYTECODE=1"];
    passing(&project, &[&bytecode[..], &quiet].concat());
    let second = "['.gitignore', '.minkeignore', 'sub/.gitignore', 'sub/secret-not', 'keep.log', '.hidden', 'test_a.py', \
                  'node_modules/m/index.js', 'build/out', '.git/config']";
    project.write("test_a.py", test(second));
    let include = ["--include", "node_modules", "--include", "build/**", "--include", ".git/config"];
    passing(&project, &[&bytecode[..], &include, &quiet].concat());
    project.write(".dockerignore", "test_a.py\n");
    run(&project, &["test_a.py"]).says("`test_a.py` is not copied").says("--include 'test_a.py'");
    run(&project, &["--include", "a["]).expect(2).says("`a[` is not a glob");
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let project = unique();
    project.write("test_a.py", "def test_a(): assert open('data/1').read() == '1'\n");
    for number in 0..200 {
        project.write(&format!("data/{number}"), format!("{number}"));
    }
    project.write("data/large", vec![b'x'; 1 << 20]);
    passing(&project, &[]).says("sources: 1.00 MiB sent");
    passing(&project, &[]).says("sources: unchanged");
    // The same content elsewhere in time is the same.
    let touched = Command::new("touch").arg(project.path().join("data/1")).status().unwrap();
    assert!(touched.success());
    passing(&project, &[]).says("sources: unchanged");
    project.write("test_a.py", "def test_a(): assert open('data/1').read() == 'one'\n").write("data/1", "one");
    passing(&project, &[]).says("sources: 55 B sent");
}

#[test]
fn fifty_thousand_files_arrive_and_are_not_sent_again() {
    let project = unique();
    let test = "import os\ndef test_a():\n    found = [(d, f) for d, _, fs in os.walk('data') for f in fs]\n    \
                assert len(found) == 50000 and all(open(os.path.join(*it)).read() == it[1] for it in found)\n";
    project.write("test_a.py", test);
    for dir in 0..50 {
        let dir = project.path().join(format!("data/{dir}"));
        fs::create_dir_all(&dir).unwrap();
        for file in 0..1000 {
            fs::write(dir.join(file.to_string()), file.to_string()).unwrap();
        }
    }
    passing(&project, &[]).says("50053 entries");
    passing(&project, &[]).says("sources: unchanged, 50053 entries");
}

#[test]
fn what_is_removed_or_of_another_kind_is_so_in_the_container_too() {
    let project = unique();
    project.write("test_a.py", "def test_a(): pass\n").write("gone", "").write("kind/file", "").write("other", "");
    project.write("large", vec![b'x'; 1 << 20]);
    passing(&project, &[]);
    let path = project.path();
    fs::remove_file(path.join("gone")).unwrap();
    fs::remove_dir_all(path.join("kind")).unwrap();
    fs::remove_file(path.join("other")).unwrap();
    fs::create_dir(path.join("other")).unwrap();
    project.write("kind", "a file now").write(
        "test_a.py",
        "import os\ndef test_a():\n    assert not os.path.exists('gone')\n    assert open('kind').read() == 'a file now'\n    assert os.path.isdir('other')\n",
    );
    let ended = passing(&project, &[]);
    assert!(!ended.stderr.contains("MiB sent"), "{}", ended.stderr);
}

#[test]
fn files_belong_to_the_user_of_the_container() {
    let project = Project::empty();
    let text = "import os\ndef test_a():\n    assert (os.stat('data').st_uid, os.stat('.').st_gid) == (os.getuid(), os.getgid())\n    open('data', 'a'); open('new', 'w')\n";
    project.write("test_a.py", text).write("data", "");
    fs::set_permissions(project.path().join("data"), Permissions::from_mode(0o600)).unwrap();
    for user in ["1234:4321", "1234", "nobody", "www-data:backup"] {
        passing(&project, &["--user", user]);
    }
    run(&project, &["--user", "nobody-here"]).expect(3).says("no user `nobody-here`");
}

#[test]
fn auto_takes_the_image_where_it_has_the_tests_and_else_a_copy() {
    let baked = Project::fixture("pytest");
    let ended = baked.minke(&["plan", "--image", BAKED, "--framework", "pytest"]);
    ended.expect(0);
    assert!(!ended.stderr.contains("sources:"), "{}", ended.stderr);
    baked.write("tests/test_zz_new.py", "def test_new(): pass\n");
    let named = baked.minke(&["pytest", "--image", BAKED, "tests/test_zz_new.py"]);
    named.expect(0).says("sources: ").says("1 unit");
    // The directory itself is no file that the image could lack.
    let here = Project::fixture("pytest").minke(&["plan", "--image", BAKED, "--framework", "pytest", "."]);
    here.expect(0);
    assert!(!here.stderr.contains("sources:") && !here.stderr.contains("warning"), "{}", here.stderr);
    // A quoted glob means files of this machine as a path does, and the framework is told by them.
    let glob = Project::empty();
    glob.write("tests/a/test_a.py", "def test_a(): pass\n").write("c/ok.sh", "true\n");
    for arguments in
        [&["pytest", "tests/**/*.py"][..], &["run", "tests/a/**"], &["run", "--command", "sh {unit}", "c/*.sh"]]
    {
        let ended = glob.minke(&[&arguments[..1], &["--image", PYTHON], &arguments[1..]].concat());
        ended.expect(0).says("sources: ").says("1 unit");
    }
    glob.minke(&["pytest", "--image", PYTHON, "other/**"]).expect(4);
    let elsewhere = Project::empty();
    let ended = elsewhere.minke(&["plan", "--image", BAKED, "--framework", "pytest"]);
    ended.expect(0);
    assert!(!ended.stderr.contains("sources:"), "{}", ended.stderr);
}

#[test]
fn a_mount_may_be_read_only() {
    let project = Project::empty();
    let text = "import pytest\ndef test_a():\n    with pytest.raises(OSError): open('new', 'w')\n";
    project.write("test_a.py", text);
    let ended = project.minke(&["pytest", "--image", PYTHON, "--source", "mount-ro", "--", "-p", "no:cacheprovider"]);
    ended.expect(0);
}

#[test]
fn too_much_by_mistake_is_refused_with_the_directory_that_has_most() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("videos/one", "").write("small", "x");
    // Sparse: nobody has to have 20 GB for this.
    fs::File::options().write(true).open(project.path().join("videos/one")).unwrap().set_len(20 << 30).unwrap();
    let ended = run(&project, &[]);
    ended.expect(2).says("more than 2g").says("`videos` (20.00 GiB)").says("echo videos/ >> .minkeignore");
    project.write(".minkeignore", "videos/\n");
    passing(&project, &[]);
    fs::rename(project.path().join("videos/one"), project.path().join("dump.bin")).unwrap();
    run(&project, &[]).expect(2).says("echo dump.bin >> .minkeignore");
    project.write(".minkeignore", "dump.bin\n");
    passing(&project, &[]);
    fs::rename(project.path().join("dump.bin"), project.path().join("videos/one")).unwrap();
    run(&project, &["--source-limit", "1g", "--include", "videos"]).expect(2).says("more than 1g");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("secret", "x");
    fs::set_permissions(project.path(), Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(project.path().join("secret"), Permissions::from_mode(0o600)).unwrap();
    let ended = project.end(&mut as_nobody(&project.command(&["pytest", "--image", PYTHON, "--source", "copy"])));
    ended.expect(3).says("cannot read `secret`").says("Permission denied").says("echo secret >> .minkeignore");
}

/// A file system in memory that has little room.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(dir: std::path::PathBuf) -> Self {
        fs::create_dir_all(&dir).unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=32k", "tmpfs"];
        assert!(Command::new("mount").args(mount).arg(&dir).status().unwrap().success());
        Self(dir)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg("--lazy").arg(&self.0).status().unwrap().success());
    }
}

#[test]
fn a_disk_that_is_full_while_the_project_is_copied_is_told_and_nothing_half_written_is_taken() {
    let project = unique();
    project.write("test_a.py", "def test_a(): pass\n");
    for number in 0..1000 {
        project.write(&format!("data/a-file-with-a-long-name-{number}"), "x");
    }
    let disk = SmallDisk::mount(project.path().join("full"));
    let full = run(&project, &["--output-dir", "full"]);
    full.expect(3).says("cannot write").says("full/cache").says("No space left on device").says("--output-dir");
    let kept = walkdir::WalkDir::new(project.path().join("full/cache")).into_iter().flatten();
    let draft = kept.map(|entry| entry.path().to_owned()).find(|path| path.to_string_lossy().contains("/.tmp"));
    assert_eq!(draft, None, "nothing half-written is left");
    drop(disk);
    passing(&project, &[]);
}

#[test]
fn an_image_whose_volume_would_swallow_the_copy_is_refused() {
    let image = "minke-test-volume:1";
    let dir = Project::empty();
    dir.write("Dockerfile", format!("FROM {PYTHON}\nWORKDIR /app\nVOLUME /app\n"));
    docker(&["build", "-q", "-t", image, dir.path().to_str().unwrap()]);
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n");
    let ended = project.minke(&["pytest", "--image", image]);
    ended.expect(3).says("makes `/app` a volume").says("--work-dir");
    project.minke(&["pytest", "--image", image, "--work-dir", "/project"]).expect(0);
    docker(&["rmi", image]);
}

#[test]
fn a_setup_runs_once_until_its_files_change() {
    let project = unique();
    project.write("test_a.py", "def test_a(): assert open('made').read() == 'one\\n'\n").write("input", "one");
    let setup = ["--setup", "cat input > made; echo >> made; echo told; sleep 1", "--setup-network", "none"];
    let first = passing(&project, &setup);
    first.says("setup: done in");
    passing(&project, &setup).says("setup: taken from a snapshot, which saves 1.");
    passing(&project, &[&setup[..], &["--no-snapshot"]].concat()).says("setup: done in");
    project.write("other", "");
    passing(&project, &setup).says("setup: done in");
    let of_inputs = [&setup[..], &["--setup-inputs", "input", "--setup-inputs", "unique"]].concat();
    passing(&project, &of_inputs).says("setup: done in");
    project.write("other", "changed");
    passing(&project, &of_inputs).says("setup: taken from a snapshot");
    project.write("input", "two").write("test_a.py", "def test_a(): assert open('made').read() == 'two\\n'\n");
    passing(&project, &of_inputs).says("setup: done in");
}

#[test]
fn a_setup_that_fails_shows_its_output_and_errs_every_unit() {
    let project = unique();
    project.write("test_a.py", "def test_a(): pass\n").write("test_b.py", "def test_b(): pass\n");
    let ended = run(&project, &["--setup", "echo what is wrong; exit 4", "--junit", "out.xml"]);
    ended.expect(3).says("the setup command failed with exit code 4").says("what is wrong").says("setup/");
    assert_eq!(ended.outcome("test_a.py"), "image");
    assert_eq!(ended.outcome("test_b.py"), "image");
    ended.left_nothing();
    let told = ended.stderr.lines().filter(|line| *line == "  what is wrong").count();
    assert_eq!(told, 1, "{}", ended.stderr);
}

#[test]
fn what_is_kept_is_listed_and_all_or_what_is_old_is_removed() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("unique", "kept in the cache");
    passing(&project, &["--setup", "true"]);
    let listed = project.minke(&["cache", "list"]);
    listed.expect(0);
    assert!(listed.stdout.contains("minke-cache/sources:") && listed.stdout.contains("minke-cache/setup:"));
    let json: serde_json::Value =
        serde_json::from_str(&project.minke(&["cache", "list", "--format", "json"]).stdout).unwrap();
    assert_eq!(json["version"], 1);
    assert!(json["images"].as_array().unwrap().iter().any(|image| image["kind"] == "setup"));
    let kept = |needle: &str| project.minke(&["cache", "list"]).stdout.contains(needle);
    let name = listed.stdout.split_whitespace().find(|word| word.starts_with("minke-cache/setup:")).unwrap();
    let others = project.minke(&["cache", "prune", "--older-than", "300d"]);
    others.expect(0);
    assert!(!others.stdout.contains(name) && kept(name), "{}", others.stdout);
    let shown = project.minke(&["cache", "prune", "--dry-run"]);
    assert!(shown.expect(0).stdout.contains(&format!("would remove {name}")) && kept(name), "{}", shown.stdout);
    let used = docker(&["create", name, "true"]);
    let pruned = project.minke(&["cache", "prune"]);
    docker(&["rm", used.trim()]);
    assert!(pruned.expect(0).stdout.contains(&format!("kept {name}")) && kept(name), "{}", pruned.stdout);
    let pruned: serde_json::Value =
        serde_json::from_str(&project.minke(&["cache", "prune", "--format", "json"]).stdout).unwrap();
    let removed = pruned["removed"].as_array().unwrap().iter();
    assert!(removed.flat_map(|image| image["names"].as_array().unwrap()).any(|removed| removed == name), "{pruned}");
    assert!(!kept(name));
    passing(&project, &["--setup", "true"]).says("setup: done in");
    project.minke(&["cache", "prune", "--older-than", "soon"]).expect(2).says("older-than");
}

#[test]
fn a_copy_is_found_below_the_images_working_directory() {
    let image = "minke-test-workdir:1";
    let dir = Project::empty();
    dir.write("Dockerfile", format!("FROM {PYTHON}\nWORKDIR /app\nRUN echo kept > installed\n"));
    docker(&["build", "-q", "-t", image, dir.path().to_str().unwrap()]);
    let project = Project::empty();
    project.write(
        "test_a.py",
        "import os\ndef test_a(): assert os.getcwd() == '/app' and open('installed').read() == 'kept\\n'\n",
    );
    project.minke(&["pytest", "--image", image]).expect(0).says("in `/app`");
    assert!(Path::new(project.path()).join("test_a.py").is_file());
    let _ = Command::new("docker").args(["rmi", image]).output();
}

#[test]
fn a_mounted_project_is_neither_written_by_a_setup_nor_forgotten_by_its_snapshot() {
    let project = unique();
    project
        .write("test_a.py", "def test_a(): assert open('/made').read() == 'dep\\n'\n")
        .write("req", project.path().to_str().unwrap());
    let setup = "echo dep > /made; echo dep > made-in-project; cat req > /had || true";
    let mount = ["pytest", "--image", PYTHON, "--source", "mount", "--setup", setup, "--setup-network", "none"];
    let ended = project.minke(&mount);
    ended.expect(0).says("does not see a mounted project").left_nothing();
    assert!(!project.path().join("made-in-project").exists());
    let with_inputs = [&mount[..], &["--setup-inputs", "req"]].concat();
    project.minke(&with_inputs).expect(0).says("setup: done in");
    project.minke(&with_inputs).expect(0).says("taken from a snapshot");
    project
        .write("req", format!("{} and more", project.path().display()))
        .minke(&with_inputs)
        .expect(0)
        .says("setup: done in");
}

#[test]
fn a_service_that_mounts_the_project_does_not_hide_the_copy() {
    let project = unique();
    project.write(
        "compose.yaml",
        format!("services: {{ web: {{ image: {PYTHON}, working_dir: /app, volumes: ['.:/app'] }} }}\n"),
    );
    project.write("test_a.py", "def test_a(): open('made-by-test', 'w').close()\n");
    for source in ["copy", "auto"] {
        let ended = project.minke(&["pytest", "-f", "compose.yaml", "--service", "web", "--source", source]);
        ended.expect(0).says("the mount of the project at `/app` is left out").left_nothing();
        assert!(!project.path().join("made-by-test").exists(), "{source}");
    }
    project.minke(&["pytest", "-f", "compose.yaml", "--service", "web", "--source", "image"]).expect(0);
    assert!(project.path().join("made-by-test").exists());
}
