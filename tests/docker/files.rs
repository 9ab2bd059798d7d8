//! Files that go into containers before they start, and files that are kept of them when they have ended.

use std::fs;

use crate::support::{Ended, PYTHON, Project};

fn run(project: &Project, more: &[&str]) -> Ended {
    let arguments = ["pytest", "--image", PYTHON, "--source", "copy"];
    project.minke(&arguments.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
}

/// Lists what was kept of a shard, as paths below its artifacts.
fn kept(ended: &Ended, shard: u32) -> Vec<String> {
    let dir = ended.run_dir().join(format!("shards/{shard}/artifacts"));
    let found = walkdir::WalkDir::new(&dir).sort_by_file_name().into_iter().flatten();
    let files = found.filter(|entry| !entry.file_type().is_dir());
    files.map(|entry| entry.path().strip_prefix(&dir).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn a_file_is_there_before_anything_runs_and_a_template_knows_its_container() {
    let project = Project::empty();
    project
        .write("conf/plain", "{{ not a template }}\n")
        .write("conf/app.ini.j2", "user={{ env.WHO }}/{{ env.MODE }} shard={{ shard }}/{{ shards }} run={{ run }}\n");
    let text = r#"
import os
def test_a():
    assert open("/etc/plain").read() == "{{ not a template }}\n"
    words = open("/etc/app.ini").read().split()
    assert words[:2] == ["user=me/fast", f"shard={os.environ['MINKE_SHARD']}/{os.environ['MINKE_SHARDS']}"], words
    assert words[2] == "run=" + os.environ["MINKE_RUN"]
    info = os.stat("/etc/app.ini")
    assert (info.st_mode & 0o777, info.st_uid, info.st_gid) == (0o600, os.getuid(), os.getgid())
"#;
    project.write("test_a.py", text).write("test_b.py", text);
    let files = ["--file", "conf/plain:/etc/plain", "--file", "conf/app.ini.j2:/etc/app.ini:0600"];
    let more = ["--env", "MODE=fast", "--user", "1000:1000", "--before-command", "test -f /etc/plain"];
    let mut command = project.command(
        &[&["pytest", "--image", PYTHON, "--source", "copy", "--isolation", "file"], &files[..], &more].concat(),
    );
    project.end(command.env("WHO", "me")).expect(0).left_nothing();
}

#[test]
fn files_are_described_in_the_configuration_file_too() {
    let project = Project::empty();
    let config = r#"
image = "minke-test/python"
source = "copy"
[[file]]
path = "/etc/app.ini"
content = "shard {{ shard }} of {{ env.WHO }}\n"
template = true
mode = 0o640
owner = "12:34"
[[file]]
path = "/etc/plain"
from = "plain"
"#;
    let text = "import os\ndef test_a():\n    info = os.stat('/etc/app.ini')\n    assert (info.st_mode & 0o777, info.st_uid, info.st_gid) == (0o640, 12, 34)\n    assert open('/etc/app.ini').read() == 'shard 1 of me\\n' and open('/etc/plain').read() == 'x'\n";
    project.write("minke.toml", config).write("test_a.py", text).write("plain", "x");
    project.end(project.command(&["pytest"]).env("WHO", "me")).expect(0);
    let wrong = |table: &str, said: &str| {
        project.write("minke.toml", format!("image = \"minke-test/python\"\n[[file]]\n{table}\n"));
        project.minke(&["pytest"]).expect(2).says(said);
    };
    wrong("path = \"/a\"", "neither `content` nor `from`");
    wrong("path = \"/a\"\nfrom = \"missing\"", "`missing`");
    wrong("path = \"a\"\ncontent = \"\"", "absolute path");
    wrong("path = \"/a\"\ncontent = \"x\"\nowner = \"me\"", "numbers of a user");
    wrong("path = \"/a\"\ncontents = \"x\"", "content");
}

#[test]
fn files_are_for_containers_and_never_written_to_this_machine() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("x", "x");
    let mounted = ["pytest", "--image", "minke-test/python", "--source", "mount", "--file", "x:/project/placed"];
    project.minke(&mounted).expect(2).says("`/project/placed`").says("`/project` is mounted there");
    assert!(!project.path().join("placed").exists());
    run(&project, &["--tmpfs", "/cache", "--file", "x:/cache/x"]).expect(2).says("`/cache` is mounted there");
    run(&project, &["--file", "x:/project/placed"]).expect(0);
}

#[test]
fn a_template_that_cannot_be_filled_in_is_refused_before_anything_runs() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("a.j2", "one\n{{ env.NO_SUCH_NAME }}\n");
    let ended = run(&project, &["--file", "a.j2:/etc/a"]);
    ended.expect(2).says("file `/etc/a`: line 2: undefined value").says("service.NAME.host");
    run(&project, &["--file", "missing:/etc/a"]).expect(2).says("`missing`");
    run(&project, &["--file", "a.j2"]).expect(2).says("must say where the file goes");
    run(&project, &["--file", "a.j2:etc/a"]).expect(2).says("absolute path in the container");
    run(&project, &["--file", "a.j2:/etc/a:999"]).expect(2).says("octal digits");
}

#[test]
fn artifacts_are_kept_however_the_tests_end() {
    let project = Project::empty();
    let begin = "import os, signal, time\nos.makedirs('out/deep', exist_ok=True)\n";
    let shot = |name: &str, end: &str| {
        format!(
            "{begin}def test_a():\n    open('out/deep/{name}.png', 'w').write('shot')\n    open('out/other', 'w')\n    {end}\n"
        )
    };
    project
        .write("test_fail.py", shot("fail", "assert False"))
        .write("test_pass.py", shot("pass", "pass"))
        .write("test_exit.py", shot("exit", "os._exit(0)"))
        .write("test_crash.py", shot("crash", "os.kill(os.getpid(), signal.SIGSEGV)"))
        .write("test_late.py", shot("late", "time.sleep(100)"))
        .write("test_oom.py", shot("oom", "x = []\n    while True: x.append(bytearray(10**7))"));
    let more =
        ["--isolation", "file", "--timeout", "4", "--grace", "1", "--memory", "100m", "--artifacts", "out/**/*.png"];
    let ended = run(&project, &more);
    ended.expect(1).left_nothing();
    let mut all = Vec::new();
    for record in ended.state().shards() {
        let files = kept(&ended, record.shard.0);
        let told: Vec<&str> = record.kept.artifacts.iter().map(|file| file.path.as_str()).collect();
        let below = format!("shards/{}/artifacts/", record.shard);
        assert_eq!(told, files.iter().map(|file| format!("{below}{file}")).collect::<Vec<_>>());
        all.extend(files);
    }
    all.sort();
    all.dedup();
    let names = ["crash", "exit", "fail", "late", "oom", "pass"].map(|name| format!("out/deep/{name}.png"));
    assert_eq!(all, names, "{}", ended.stderr);
}

#[test]
fn artifacts_from_anywhere_stay_in_their_directory_and_links_are_left_out() {
    let project = Project::empty();
    let text = r#"
import os
def test_a():
    os.makedirs("/var/tmp/out")
    open("/var/tmp/out/ok.txt", "w").write("fine")
    os.symlink("/etc/passwd", "/var/tmp/out/link.txt")
    os.link("/var/tmp/out/ok.txt", "/var/tmp/out/hard.txt")
    os.mkfifo("/var/tmp/out/pipe.txt")
    open("/var/tmp/out/new\nline.txt", "w").write("odd")
"#;
    project.write("test_a.py", text);
    let ended = run(&project, &["--artifacts", "/var/tmp/**/*.txt", "--artifacts", "nothing/here/*"]);
    ended.expect(0).says("left out `var/tmp/out/link.txt`: it is not a plain file").says("pipe.txt");
    let files = kept(&ended, 1);
    assert!(files.contains(&"var/tmp/out/new\nline.txt".to_owned()), "{files:?}");
    assert!(!files.iter().any(|file| file.contains("link") || file.contains("pipe")), "{files:?}");
    let text = fs::read_to_string(ended.run_dir().join("report.html")).unwrap();
    assert!(text.contains("artifacts/var/tmp/out/"), "the HTML leads to it");
}

#[test]
fn an_artifact_whose_name_is_no_text_keeps_it() {
    let project = Project::empty();
    let test = "import os\ndef test_a():\n    os.makedirs('out')\n    for name in [b'\\xff', b'\\xfe']: open(b'out/' + name, 'wb').write(name)\n    os.symlink('x', 'out/a\\nb')\n";
    project.write("test_a.py", test);
    let ended = run(&project, &["--artifacts", "out/*"]);
    ended.expect(0).says("left out `out/a\u{FFFD}b`: it is not a plain file");
    let dir = ended.run_dir().join("shards/1/artifacts/out");
    let mut kept: Vec<(Vec<u8>, Vec<u8>)> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_encoded_bytes(), fs::read(entry.path()).unwrap()))
        .collect();
    kept.sort();
    assert_eq!(kept, [(b"\xFE".to_vec(), b"\xFE".to_vec()), (b"\xFF".to_vec(), b"\xFF".to_vec())]);
}

#[test]
fn a_shard_directory_with_a_link_in_it_does_not_lead_artifacts_away() {
    let project = Project::empty();
    let text = "import os, glob\ndef test_a():\n    os.makedirs('out'); open('out/a', 'w').write('x')\n    for run in glob.glob('/project/.minke/runs/*/shards/1'):\n        os.symlink('../../../../../elsewhere', run + '/artifacts')\n";
    project.write("test_a.py", text);
    fs::create_dir(project.path().join("elsewhere")).unwrap();
    let ended = project.minke(&["pytest", "--image", PYTHON, "--source", "mount", "--artifacts", "out/*"]);
    ended.expect(0);
    let found = fs::read_dir(project.path().join("elsewhere")).unwrap().count();
    assert_eq!(kept(&ended, 1), ["out/a"]);
    assert_eq!(found, 0, "a test that sees the run's directory cannot send files elsewhere");
}

#[test]
fn a_file_that_the_engine_would_hide_is_refused() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("f", "text");
    for path in ["/proc/x", "/dev/shm/x", "/etc/hosts", "/etc/resolv.conf"] {
        let ended = project.minke(&["pytest", "--image", PYTHON, "--file", &format!("f:{path}")]);
        ended.expect(2).says(&format!("`{path}` cannot be written into containers"));
    }
}
