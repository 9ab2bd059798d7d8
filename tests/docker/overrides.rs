//! `[[override]]` tables: some units get containers of another kind.

use crate::support::Project;

/// Files that say what they have of memory, of `/dev/shm` and of a file system in memory, and who they are.
const TELLS: &str = r#"
import os, pathlib
def test_tells():
    memory = pathlib.Path("/sys/fs/cgroup/memory/memory.limit_in_bytes").read_text().strip()
    shm = os.statvfs("/dev/shm")
    cache = os.path.ismount("/cache")
    print(f"\nFACTS {os.path.basename(__file__)} {int(memory) >> 20} {shm.f_blocks * shm.f_frsize >> 20} {cache} {os.getuid()}")
"#;

const TABLES: &str = r#"
image = "minke-test/python"
source = "copy"
memory = "300m"
[[override]]
units = "tests/heavy/**"
memory = "600m"
shm-size = "32m"
tmpfs = ["/cache"]
[[override]]
units = ["tests/heavy/test_d.py", "*/*/test_c*"]
memory = "500m"
user = "1000"
"#;

fn project() -> Project {
    let project = Project::empty();
    project.write("minke.toml", TABLES);
    for file in [
        "tests/test_a.py",
        "tests/test_b.py",
        "tests/heavy/test_c.py",
        "tests/heavy/test_d.py",
        "tests/heavy/test_e.py",
    ] {
        project.write(file, TELLS);
    }
    project
}

fn facts(project: &Project, more: &[&str]) -> Vec<String> {
    let arguments = ["pytest", "--shards", "1", "--output", "grouped", "tests", "--", "-s", "-p", "no:cacheprovider"];
    let (before, after) = arguments.split_at(5);
    let ended = project.minke(&[before, more, after].concat());
    ended.expect(0).left_nothing();
    assert_eq!(ended.counts().passed, 5);
    let facts =
        ended.stderr.lines().filter_map(|line| line.split_once("FACTS ").map(|(_, fact)| fact.trim().to_owned()));
    let mut facts: Vec<String> = facts.collect();
    facts.sort();
    facts
}

#[test]
fn units_get_the_containers_of_their_tables_and_others_the_usual_one() {
    let project = project();
    let both = "500 32 True 1000";
    let expected = [
        "test_a.py 300 64 False 0".to_owned(),
        "test_b.py 300 64 False 0".to_owned(),
        format!("test_c.py {both}"),
        format!("test_d.py {both}"),
        "test_e.py 600 32 True 0".to_owned(),
    ];
    assert_eq!(facts(&project, &[]), expected);
    // What is said for a single run is said for all units of it.
    let all = facts(&project, &["--memory", "200m", "--isolation", "file"]);
    assert!(all.iter().all(|fact| fact.split(' ').nth(1) == Some("200")), "{all:?}");
}

#[test]
fn a_plan_shows_what_is_different_and_keeps_kinds_apart() {
    let project = project();
    let plan = project.minke(&["plan", "--shards", "2", "tests"]);
    let batches: Vec<&str> = plan.expect(0).stdout.split("\n\n").skip(1).map(str::trim).collect();
    assert_eq!(
        batches,
        [
            "batch 1: memory 500m, shm-size 32m, user 1000, tmpfs\n  tests/heavy/test_c.py",
            "batch 2: memory 500m, shm-size 32m, user 1000, tmpfs\n  tests/heavy/test_d.py",
            "batch 3: memory 600m, shm-size 32m, tmpfs\n  tests/heavy/test_e.py",
            "batch 4\n  tests/test_a.py",
            "batch 5\n  tests/test_b.py",
        ]
    );
}

#[test]
fn memory_is_short_for_the_units_of_a_table_only() {
    let project = Project::empty();
    let eats = "def test_eats():\n    assert len(bytearray(150 << 20)) > 0\n";
    project.write("tests/test_a.py", eats).write("tests/small/test_b.py", eats);
    project.write("minke.toml", "[[override]]\nunits = 'tests/small/*'\nmemory = '64m'\n");
    let ended = project.minke(&["pytest", "--image", "minke-test/python", "--source", "copy", "--shards", "1"]);
    ended.expect(3).left_nothing();
    assert_eq!(
        (ended.outcome("tests/test_a.py"), ended.outcome("tests/small/test_b.py")),
        ("passed".into(), "oom".into())
    );
}

#[test]
fn a_glob_that_is_none_and_files_for_a_read_only_root_are_refused() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("x", "");
    let run = |table: &str, more: &[&str]| {
        project.write("minke.toml", format!("image = 'minke-test/python'\nsource = 'copy'\n[[override]]\n{table}\n"));
        project.minke(&[&["pytest"], more].concat())
    };
    run("units = 'a[' \nmemory = '1g'", &[]).expect(2).says("the `units` of an `[[override]]`");
    run("units = '*'\nread-only = true", &["--file", "x:/etc/x"]).expect(2).says("read-only");
    run("units = '*'\nread-only = true", &["--", "-p", "no:cacheprovider"]).expect(0);
}
