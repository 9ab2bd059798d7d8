//! Options reach the containers, and what they promise holds there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use minke::model::{CaseOutcome, EventKind};

use crate::support::{CUCUMBER, Ended, PYTHON, Project, docker};

/// A test that prints what it finds around it, one fact a line.
const INSIDE: &str = r#"
import os, pathlib, socket

def first(*paths):
    return next(path.read_text().strip() for path in map(pathlib.Path, paths) if path.is_file())

def test_tells():
    status = dict(line.split(':\t', 1) for line in open('/proc/self/status') if ':\t' in line)
    group = '/sys/fs/cgroup/'
    facts = {
        'uid': os.getuid(),
        'cwd': os.getcwd(),
        'interfaces': ' '.join(name for _, name in socket.if_nameindex() if name == 'lo' or name.startswith('eth')),
        'memory': first(group + 'memory.max', group + 'memory/memory.limit_in_bytes'),
        'pids': first(group + 'pids.max', group + 'pids/pids.max'),
        'cpu': first(group + 'cpu.max', group + 'cpu/cpu.cfs_quota_us').split()[0],
        'capabilities': status['CapEff'].strip(),
        'bounding': status['CapBnd'].strip(),
        'no_new_privileges': status['NoNewPrivs'].strip(),
        'prepared': first('/tmp/prepared', '/dev/null') if os.path.exists('/tmp/prepared') else '',
        **{'$' + name: value for name, value in os.environ.items()},
    }
    for name, value in facts.items():
        print(f'\nFACT {name}={value}')
"#;

/// Drops these of Docker's capabilities: SETPCAP, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP, by their numbers.
const DROPPED: [u32; 6] = [8, 13, 18, 27, 29, 31];

fn inside() -> Project {
    let project = Project::empty();
    project.write("test_inside.py", INSIDE);
    project
}

/// Reads the facts of a run of [`INSIDE`].
fn facts(ended: &Ended) -> BTreeMap<String, String> {
    let text = String::from_utf8(ended.expect(0).left_nothing().log(1, "stdout")).unwrap();
    let facts = text.lines().filter_map(|line| line.strip_prefix("FACT ")?.split_once('='));
    facts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Runs [`INSIDE`] with options and returns its facts.
fn told(project: &Project, options: &[&str]) -> BTreeMap<String, String> {
    facts(&project.pytest(&[options, &["test_inside.py", "--", "-s"]].concat()))
}

/// A network of its own, removed when dropped. The engine's `bridge` may not be there.
struct Network(String);

impl Network {
    fn new() -> Self {
        let name = format!("minke-test-{}", std::process::id());
        docker(&["network", "create", &name]);
        Self(name)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        docker(&["network", "rm", &self.0]);
    }
}

/// A project of `count` files with one test each.
fn files(count: usize, test: &str) -> Project {
    let project = Project::empty();
    for number in 1..=count {
        project.write(&format!("test_{number}.py"), format!("def test_it():\n    {test}\n"));
    }
    project
}

fn units(ended: &Ended) -> BTreeSet<String> {
    ended.state().units().iter().map(|unit| unit.unit.to_string()).collect()
}

#[test]
fn limits_hold_in_the_container() {
    let project = inside();
    let limited = told(&project, &["--memory", "200m", "--cpus", "0.5", "--pids", "77"]);
    assert_eq!(limited["memory"], (200 << 20).to_string());
    assert_eq!((limited["cpu"].as_str(), limited["pids"].as_str()), ("50000", "77"));
    let unlimited = told(&project, &["--pids", "none"]);
    assert_eq!(
        (unlimited["cpu"].trim_start_matches("-1").trim_start_matches("max"), unlimited["pids"].as_str()),
        ("", "max")
    );
    assert_eq!(told(&project, &[])["pids"], "2048");
    let project = Project::fixture("misbehaving/pytest");
    let bomb = project.pytest(&["--pids", "60", "test_many_processes.py"]);
    assert_eq!(bomb.expect(1).left_nothing().counts().failed, 1);
}

#[test]
fn tests_have_few_privileges_and_no_network() {
    let project = inside();
    let facts = told(&project, &[]);
    assert_eq!((facts["no_new_privileges"].as_str(), facts["interfaces"].as_str()), ("1", "lo"));
    let bounding = u64::from_str_radix(&facts["bounding"], 16).unwrap();
    for bit in DROPPED {
        assert_eq!(bounding >> bit & 1, 0, "capability {bit} is still there: {}", facts["bounding"]);
    }
    let network = Network::new();
    assert_ne!(told(&project, &["--network", &network.0])["interfaces"], "lo");
    let ended = project.pytest(&["--network", "no-such-network"]);
    ended.expect(3).left_nothing().says("network `no-such-network` does not exist");
}

#[test]
fn the_user_and_the_working_directory_are_as_told() {
    let facts = told(&inside(), &["--user", "65534:65534", "--work-dir", "/some where/else"]);
    assert_eq!((facts["uid"].as_str(), facts["cwd"].as_str()), ("65534", "/some where/else"));
    assert_eq!(facts["capabilities"], "0000000000000000");
    let cucumber = Project::fixture("misbehaving/cucumber");
    let cucumber = cucumber.cucumber(&["--user", "nobody", "features/good.feature"]);
    assert_eq!(cucumber.expect(0).counts().passed, 2);
    let baked =
        ["pytest", "--image", "minke-test/baked-pytest", "--work-dir", "/suite/tests/unit", "test_memory_store.py"];
    assert_eq!(Project::empty().minke(&baked).expect(0).outcome("test_memory_store.py"), "passed");
    let project = inside();
    let unknown = project.pytest(&["--user", "no-such-user"]);
    unknown.expect(3).left_nothing().says("the image has no user `no-such-user`").says("`--user`");
    assert_eq!(unknown.outcome("test_inside.py"), "image");
}

#[test]
fn variables_come_from_options_files_and_the_environment() {
    let project = inside();
    project.write("vars", "# a comment\nFROM_FILE=file value\nOVERRIDDEN=file\nPASSED_ON\n");
    let options = ["pytest", "--image", PYTHON, "--source", "mount", "--env-file", "vars", "--env", "OVERRIDDEN=flag"];
    let options =
        [&options[..], &["--env", "EMPTY=", "--env", "ALSO_PASSED", "--shards", "2", "test_inside.py", "--", "-s"]]
            .concat();
    let mut command = project.command(&options);
    let ended = project.end(command.env("PASSED_ON", "a b").env("ALSO_PASSED", "c=d").env("SECRET", "x"));
    let facts = facts(&ended);
    let expected = [
        ("FROM_FILE", "file value"),
        ("OVERRIDDEN", "flag"),
        ("PASSED_ON", "a b"),
        ("ALSO_PASSED", "c=d"),
        ("EMPTY", ""),
        ("CI", "true"),
        ("MINKE_SHARD", "1"),
        ("MINKE_SHARDS", "2"),
        ("TEST_ENV_NUMBER", "1"),
        ("PYTHONUNBUFFERED", "1"),
    ];
    for (name, value) in expected {
        assert_eq!(facts[&format!("${name}")], value, "{name}");
    }
    assert!(!facts.contains_key("$SECRET"), "nothing of the environment goes into containers by itself");
    let own = told(&project, &["--env", "CI=false", "--env", "PYTHONUNBUFFERED="]);
    assert_eq!((own["$CI"].as_str(), own["$PYTHONUNBUFFERED"].as_str()), ("false", ""));
}

#[test]
fn settings_come_from_files_and_variables_too() {
    let project = inside();
    project.write("minke.toml", format!("image = '{PYTHON}'\nsource = 'mount'\npids = 99\n[env]\nFROM = 'toml'\n"));
    let run = |project: &Project, variables: &[(&str, &str)]| {
        let mut command = project.command(&["pytest", "--", "-s"]);
        let ended = project.end(command.envs(variables.iter().copied()));
        facts(&ended)
    };
    let of_file = run(&project, &[]);
    assert_eq!((of_file["pids"].as_str(), of_file["$FROM"].as_str()), ("99", "toml"));
    assert_eq!(run(&project, &[("MINKE_PIDS", "98")])["pids"], "98");
    fs::remove_file(project.path().join("minke.toml")).unwrap();
    project.write("pyproject.toml", format!("[tool.minke]\nimage = '{PYTHON}'\nsource = 'mount'\nuser = '65534'\n"));
    assert_eq!(run(&project, &[])["uid"], "65534");
    project.write("pyproject.toml", "[tool.minke]\nimagge = 'x'\n");
    project.minke(&["pytest"]).expect(2).says("unknown key `imagge`").says("Did you mean `image`?");
    project.write("pyproject.toml", "[tool.minke]\nshards = 0\n");
    project.minke(&["pytest"]).expect(2).says("pyproject.toml:2").says("at least 1");
}

#[test]
fn the_before_command_prepares_the_container_of_each_shard() {
    let project = inside();
    let text = "printf '%s' \"it's \\\"ready\\\" $((1 + 1))\" > /tmp/prepared";
    assert_eq!(told(&project, &["--before-command", text])["prepared"], "it's \"ready\" 2");
    let files = files(3, "assert open('/tmp/prepared').read() == 'yes'");
    for isolation in ["shard", "file"] {
        let options = ["--isolation", isolation, "--shards", "2", "--before-command", "printf yes > /tmp/prepared"];
        assert_eq!(files.pytest(&options).expect(0).counts().passed, 3);
    }
}

#[test]
fn a_before_command_that_fails_is_an_error_of_all_its_units() {
    let files = files(3, "pass");
    for (text, code) in [
        ("echo 'no database' >&2; exit 7", 7),
        ("echo no database; (exit 0); false", 1),
        ("echo no database; kill -9 $$", 137),
    ] {
        let ended = files.pytest(&["--shards", "1", "--before-command", text]);
        ended
            .expect(3)
            .left_nothing()
            .says("no database")
            .says(&format!("the before-command failed with exit code {code}"));
        for unit in units(&ended) {
            assert_eq!(ended.outcome(&unit), "before-command", "{text}");
        }
        assert!(ended.junit().iter().all(|case| case.outcome() == CaseOutcome::Errored));
    }
}

#[test]
fn framework_arguments_are_passed_on_as_they_are() {
    let project = Project::empty();
    project.write("test_two.py", "def test_one(): pass\ndef test_two(): pass\n");
    let ended = project.pytest(&["--", "-k", "one or (nothing and x)", "-p", "no:randomly", "--tb=short"]);
    assert_eq!(ended.expect(0).counts().passed, 1);
    let features = Project::fixture("misbehaving/cucumber");
    let ended = features.cucumber(&["features/good.feature", "--", "--format", "progress", "--no-color"]);
    assert_eq!(ended.expect(0).counts().passed, 2);
    let wrong = project.pytest(&["--", "--no-such-option"]);
    wrong.expect(3).says("--no-such-option").says("wrong arguments for pytest");
}

#[test]
fn the_parts_of_a_plan_are_the_whole_and_no_file_is_in_two() {
    let project = files(7, "pass");
    let mut seen = BTreeSet::new();
    for part in ["1/3", "2/3", "3/3"] {
        let part = units(project.pytest(&["--partition", part, "--shards", "2"]).expect(0));
        assert!(part.iter().all(|unit| seen.insert(unit.clone())), "{part:?} overlap");
    }
    assert_eq!(seen.len(), 7);
}

#[test]
fn no_more_containers_run_at_once_than_there_are_shards() {
    let project =
        files(5, "import os; assert 1 <= int(os.environ['MINKE_SHARD']) <= int(os.environ['MINKE_SHARDS']) == 2");
    project.write("test_broken.py", "def (\n");
    for (isolation, at_least) in [("file", 6), ("shard", 3)] {
        let ended = project.pytest(&["--isolation", isolation, "--concurrency", "2"]);
        assert_eq!(ended.expect(1).left_nothing().counts().passed, 5, "{}", ended.stderr);
        let (mut running, mut most, mut containers) = (0_u32, 0, BTreeSet::new());
        for event in project.events() {
            match event.kind {
                EventKind::ShardStarted { .. } => running += 1,
                EventKind::ShardEnded { .. } => running -= 1,
                EventKind::ContainerStarted { container, .. } => {
                    containers.insert(container);
                }
                _ => {}
            }
            most = most.max(running);
        }
        assert!(most <= 2 && containers.len() >= at_least, "{isolation}: {most}, {containers:?}");
        assert!(isolation == "shard" || containers.len() == 6, "one container for each file");
    }
}

#[test]
fn the_first_failures_stop_the_run_and_the_rest_is_not_run() {
    let project = files(4, "assert False");
    for (option, failed) in [(&["--fail-fast"][..], 1), (&["--max-failures", "2"], 2)] {
        let ended = project.pytest(&[&["--isolation", "file", "--shards", "1"], option].concat());
        let counts = ended.expect(1).left_nothing().state().unit_counts();
        assert_eq!((counts.failed, counts.not_run), (failed, 4 - failed));
        assert_eq!(ended.junit().len(), 4, "every unit is in the report");
        assert_eq!(ended.junit_text().matches("minke.not-run").count(), 4 - failed);
    }
    let errors = files(2, "import os; os._exit(0)");
    let ended = errors.pytest(&["--isolation", "file", "--shards", "1", "--fail-fast"]);
    ended.expect(5);
}

#[test]
fn the_report_is_where_it_was_asked_for_and_nothing_else_is() {
    let project = files(1, "pass");
    project.write("out/old.xml", "of an earlier run");
    project.pytest(&["--junit", "out/old.xml"]).expect(0);
    assert!(fs::read_to_string(project.path().join("out/old.xml")).unwrap().contains("test_1.py"));
    assert_eq!(fs::read_dir(project.path().join("out")).unwrap().count(), 1, "no temporary file is left");
    project.pytest(&["--junit", "new/deep/out.xml", "--output-dir", "kept"]).expect(0);
    assert!(
        project.path().join("new/deep/out.xml").is_file() && project.path().join("kept/latest/junit.xml").is_file()
    );
    let unwritable = project.pytest(&["--junit", "out"]);
    unwritable.expect(5).says("out");
    project.write("out/old.xml", "of an earlier run");
    project.pytest(&["--junit", "out/old.xml", "nowhere"]).expect(2);
    assert!(!project.path().join("out/old.xml").exists(), "nobody takes it for this run's");
}

#[test]
fn quiet_tells_failures_and_verbose_tells_more() {
    let project = files(2, "pass");
    project.write("test_red.py", "def test_red(): assert False\n");
    let arguments = ["--shards", "1", "--color", "always"];
    let quiet = project.pytest(&[&arguments[..], &["-q"]].concat());
    assert!(quiet.expect(1).stderr.contains("test_red") && !quiet.stderr.contains("test_1.py"), "{}", quiet.stderr);
    let verbose = project.pytest(&[&arguments[..], &["-v"]].concat());
    assert!(verbose.stderr.len() > quiet.stderr.len() && verbose.stderr.contains('\x1b'));
    let mut command = project.command(&["pytest", "--image", PYTHON, "--source", "mount", "-v"]);
    let plain = project.end(command.env("NO_COLOR", "1"));
    assert!(!plain.stderr.contains('\x1b') && plain.stdout.is_empty());
    let baked = Project::empty().minke(&["cucumber", "--image", CUCUMBER]);
    baked.expect(4).says("directory `features`, which does not exist");
}
