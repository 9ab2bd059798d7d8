//! `--coverage`: what each container leaves, merged; with coverage.py itself, and with files that a command writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use minke::model::{LineCounts, MergedCoverage};
use rustix::process::Signal;

use crate::support::{Ended, PYTHON, Project, SHELL, containers_of, docker, send, until};

const IMAGE: &str = "minke-test/coverage";
/// What makes pytest measure, and write nothing but the data.
const MEASURE: [&str; 4] = ["--", "--cov=shop", "--cov-branch", "--cov-report="];

/// A package with branches of which each test file takes some, and one line that none comes to.
fn shop() -> Project {
    let project = Project::empty();
    project
        .write("shop/__init__.py", "")
        .write(
            "shop/cart.py",
            "def total(items, member=False):\n    if not items:\n        return 0\n    price = 0\n    for item in items:\n        price += item\n    \
             if member:\n        price -= 1\n    return price\n\n\ndef never():\n    return 1\n",
        )
        .write("shop/money.py", "def shown(cents):\n    if cents < 0:\n        return 'owed'\n    return str(cents)\n")
        .write("test_empty.py", "from shop.cart import total\ndef test_empty(): assert total([]) == 0\n")
        .write("test_full.py", "from shop.cart import total\ndef test_full(): assert total([1, 2]) == 3\n")
        .write("test_member.py", "from shop.cart import total\ndef test_member(): assert total([5], True) == 4\n")
        .write("test_fails.py", "from shop.money import shown\ndef test_fails(): assert shown(-1) == 'paid'\n");
    project
}

fn pytest(project: &Project, more: &[&str]) -> Ended {
    let run = ["pytest", "--image", IMAGE, "--shards", "2", "--coverage"];
    project.minke(&run.into_iter().chain(more.iter().copied()).chain(MEASURE).collect::<Vec<_>>())
}

/// What coverage.py alone reports of the whole suite, run in one container.
fn plain(project: &Project) -> String {
    let mount = format!("{}:/project:ro", project.path().display());
    let measure = "export COVERAGE_FILE=/tmp/.coverage; python3 -m pytest -q -p no:cacheprovider --cov=shop --cov-branch --cov-report= >&2; \
                   python3 -m coverage xml -q -o /tmp/coverage.xml && cat /tmp/coverage.xml";
    docker(&["run", "--rm", "--network", "none", "-v", &mount, "-w", "/project", IMAGE, "sh", "-c", measure])
}

/// The lines of a Cobertura report: whether each ran, and which part of its branches was taken.
fn lines(xml: &str) -> BTreeMap<(String, u32), (bool, Option<String>)> {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let mut file = String::new();
    let mut found = BTreeMap::new();
    for tag in xml.split('<') {
        if tag.starts_with("class ") {
            file = attribute(tag, "filename").unwrap();
        } else if tag.starts_with("line ") {
            let number = attribute(tag, "number").unwrap().parse().unwrap();
            let ran = attribute(tag, "hits").unwrap() != "0";
            found.insert((file.clone(), number), (ran, attribute(tag, "condition-coverage")));
        }
    }
    found
}

fn merged(ended: &Ended) -> MergedCoverage {
    ended.state().coverage().unwrap_or_else(|| panic!("no coverage:\n{}", ended.stderr)).clone()
}

/// Asserts that one of the run's warnings, which the terminal breaks into lines, has a text.
fn warns(ended: &Ended, text: &str) {
    let state = ended.state();
    assert!(state.warnings().iter().any(|warning| warning.contains(text)), "{:?}", state.warnings());
}

fn read(ended: &Ended, name: &str) -> String {
    fs::read_to_string(ended.run_dir().join("coverage").join(name)).unwrap()
}

fn is_database(path: &Path) -> bool {
    fs::read(path).unwrap().starts_with(b"SQLite format 3\0")
}

/// Asserts that the merged files say what one container would have said.
fn expect_the_same_as_plain(project: &Project, ended: &Ended) {
    let (wanted, found) = (lines(&plain(project)), lines(&read(ended, "cobertura.xml")));
    assert!(wanted.len() > 10 && wanted.values().any(|(ran, _)| !ran), "{wanted:?}");
    assert_eq!(found, wanted);
    let covered = wanted.values().filter(|(ran, _)| *ran).count() as u64;
    let counts = LineCounts { covered, total: wanted.len() as u64 };
    let coverage = merged(ended);
    assert_eq!(coverage.problems, Vec::<String>::new());
    let told: Vec<_> = coverage.files.iter().map(|file| (file.path.as_str(), file.lines)).collect();
    let all = [("lcov.info", Some(counts)), ("cobertura.xml", Some(counts)), (".coverage", None)];
    let all = all.map(|(name, lines)| (format!("coverage/{name}"), lines));
    assert_eq!(told, all.each_ref().map(|(path, lines)| (path.as_str(), *lines)));
    ended.says(&format!("coverage: {} of {} lines, in .minke/runs/", counts.percent(), counts.total));
    let html = fs::read_to_string(ended.run_dir().join("report.html")).unwrap();
    assert!(html.contains(&format!("<dt>Coverage</dt><dd>{} of {} lines</dd>", counts.percent(), counts.total)));
    assert_eq!(read(ended, "lcov.info").lines().filter(|line| line.starts_with("DA:")).count() as u64, counts.total);
    assert!(is_database(&ended.run_dir().join("coverage/.coverage")));
    ended.left_nothing();
}

#[test]
fn containers_together_cover_what_one_would() {
    let project = shop();
    for isolation in ["shard", "file"] {
        let ended = pytest(&project, &["--source", "copy", "--isolation", isolation]);
        ended.expect(1).says("FAILED: 1 unit failed");
        let with_coverage = ended.state().shards().filter(|shard| !shard.kept.coverage.is_empty()).count();
        assert_eq!(with_coverage, if isolation == "shard" { 2 } else { 4 });
        expect_the_same_as_plain(&project, &ended);
    }
}

#[test]
fn a_shared_directory_an_old_file_and_few_rights_do_not_matter() {
    let project = shop();
    // What an earlier run of coverage.py, here on the host, has left is none of this run.
    project
        .write(".coverage", "SQLite format 3\0 of yesterday")
        .write("lcov.info", "SF:old.py\nDA:1,1\nend_of_record\n");
    for name in [".coverage", "lcov.info"] {
        let file = fs::File::options().write(true).open(project.path().join(name)).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    }
    let more = ["--source", "mount-ro", "--user", "1000:1000", "--read-only", "--isolation", "file"];
    let ended = project.minke(
        &[
            &["pytest", "--image", IMAGE, "--shards", "2", "--coverage"],
            &more[..],
            &MEASURE,
            &["-p", "no:cacheprovider"],
        ]
        .concat(),
    );
    ended.expect(1);
    warns(&ended, "left out `.coverage`: it is older than this run's container");
    expect_the_same_as_plain(&project, &ended);
    let ended = pytest(&project, &["--source", "mount", "--isolation", "file"]);
    ended.expect(1);
    expect_the_same_as_plain(&project, &ended);
    assert_eq!(fs::read(project.path().join(".coverage")).unwrap(), b"SQLite format 3\0 of yesterday");
}

#[test]
fn coverage_is_kept_however_a_unit_ends() {
    let project = shop();
    project
        .write(
            "test_hangs.py",
            "import time\nfrom shop.money import shown\ndef test_a():\n    shown(1)\n    time.sleep(1000)\n",
        )
        .write("test_leaves.py", "import os\ndef test_a(): os._exit(0)\n");
    let ended = pytest(
        &project,
        &[
            "--source",
            "copy",
            "--isolation",
            "file",
            "--timeout",
            "5",
            "test_hangs.py",
            "test_leaves.py",
            "test_full.py",
        ],
    );
    ended.expect(3);
    warns(&ended, "left no coverage");
    assert_eq!([ended.outcome("test_hangs.py"), ended.outcome("test_leaves.py")], ["timeout", "no-report"]);
    let found = lines(&read(&ended, "cobertura.xml"));
    let file = found.keys().find(|(file, _)| file.ends_with("money.py")).unwrap().0.clone();
    assert!(found[&(file.clone(), 4)].0, "{found:?}");
    assert!(!found[&(file, 3)].0, "{found:?}");
    assert_eq!(merged(&ended).problems, Vec::<String>::new());
}

#[test]
fn an_interrupt_gives_the_combining_up_and_keeps_the_results() {
    let project = shop();
    // A plugin of coverage.py that has no end where data are combined.
    let plugin = "import os, time\ndef coverage_init(registry, options):\n    if os.environ['COVERAGE_FILE'].startswith('/minke-coverage/'):\n        time.sleep(1000)\n";
    project.write("endless.py", plugin).write(".coveragerc", "[run]\nplugins = endless\n");
    let more = ["--source", "copy", "--coverage", "--env", "PYTHONPATH=/project", "test_full.py"];
    let child = project.start(&[&["pytest", "--image", IMAGE], &more[..], &MEASURE].concat());
    let run = || Some(fs::canonicalize(project.path().join(".minke/latest")).ok()?.file_name()?.to_str()?.to_owned());
    until("data are combined", || {
        let of = |run: String| docker(&["ps", "--quiet", "--filter", &format!("name=minke-{run}-coverage")]);
        run().is_some_and(|run| !of(run).is_empty())
    });
    send(&child, Signal::INT);
    let ended = project.wait(child);
    ended.expect(5).says("units: 1 passed");
    warns(&ended, "combine coverage.py's data: interrupted");
    assert_eq!(containers_of(&run().unwrap()), "");
}

#[test]
fn data_that_cannot_be_read_are_named_and_the_rest_counts() {
    let project = shop();
    let text = "from shop.cart import total\ndef test_a():\n    total([])\n    open('/tmp/minke/coverage/.coverage.broken', 'wb').write(b'SQLite format 3\\0 and no more')\n";
    project.write("test_breaks.py", text);
    let ended = pytest(
        &project,
        &["--source", "copy", "test_empty.py", "test_breaks.py", "--before-command", "mkdir -p /tmp/minke/coverage"],
    );
    // The framework's own plugin may have stumbled over it, too; what counts is that nothing is lost in silence.
    ended.expect(5).says("INCOMPLETE: the coverage is not whole");
    warns(&ended, ".coverage.broken` is left out: coverage.py cannot read it:");
    let coverage = merged(&ended);
    assert_eq!((coverage.files.len(), coverage.problems.len()), (3, 1), "{coverage:?}");
    assert!(lines(&read(&ended, "cobertura.xml")).values().any(|(ran, _)| *ran));
    ended.left_nothing();
}

#[test]
fn an_image_without_coverage_is_named_and_the_data_stay() {
    let project = Project::empty();
    project.write("a.txt", "").write("b.txt", "");
    let command = "sh -c 'printf \"SQLite format 3\\000\" >.coverage'";
    let ended = project.minke(&[
        "run",
        "--image",
        PYTHON,
        "--source",
        "copy",
        "--command",
        command,
        "--coverage",
        "--shards",
        "2",
        "a.txt",
        "b.txt",
    ]);
    ended.expect(5).says("coverage: none, not whole");
    warns(&ended, "image `minke-test/python` has no coverage.py to combine its data with");
    assert!(is_database(&ended.run_dir().join("shards/2/coverage/.coverage")));
    assert_eq!(merged(&ended).files, []);
    ended.left_nothing();
}

/// A project whose units are files of their own coverage, which a command copies to where coverage is looked for.
fn of_files(name: &str, files: &[(&str, &str)]) -> (Project, String) {
    let project = Project::empty();
    for (unit, text) in files {
        project.write(unit, text);
    }
    // What a unit says in its first line is its exit code.
    project.write("cover.sh", format!("mkdir -p coverage\ntail -n +2 \"$1\" >{name}\nexit $(head -n 1 \"$1\")\n"));
    (project, "sh cover.sh {unit}".to_owned())
}

fn commanded(project: &Project, command: &str, more: &[&str], units: &[&str]) -> Ended {
    let run = ["run", "--image", SHELL, "--source", "copy", "--shards", "2", "--command", command];
    project.minke(&[&run, more, units].concat())
}

#[test]
fn lcov_of_units_is_summed_also_of_one_that_fails() {
    let one =
        "0\nTN:\nSF:/src/a.c\nFN:1,main\nFNDA:1,main\nBRDA:2,0,0,-\nBRDA:2,0,1,2\nDA:1,1\nDA:2,0\nend_of_record\n";
    let two = "1\nSF:/src/a.c\nFNDA:1,main\nBRDA:2,0,0,1\nDA:2,3\nDA:3,0\nend_of_record\nSF:/src/b.c\nDA:1,1\nend_of_record\n";
    let (project, command) = of_files("coverage/lcov.info", &[("one.txt", one), ("two.txt", two)]);
    project.write("out/lcov.info", "of an earlier run").write("out/cobertura.xml", "of an earlier run");
    for isolation in ["file", "shard"] {
        let more = ["--isolation", isolation, "--coverage-output", "out"];
        let ended = commanded(&project, &command, &more, &["one.txt", "two.txt"]);
        ended.expect(1).says("coverage: 75 % of 4 lines, in .minke/runs/").says("and out\n");
        let wanted = "TN:\nSF:/src/a.c\nFN:1,main\nFNDA:2,main\nFNF:1\nFNH:1\nBRDA:2,0,0,1\nBRDA:2,0,1,2\nBRF:2\nBRH:2\n\
                      DA:1,1\nDA:2,3\nDA:3,0\nLF:3\nLH:2\nend_of_record\nTN:\nSF:/src/b.c\nDA:1,1\nLF:1\nLH:1\nend_of_record\n";
        assert_eq!(read(&ended, "lcov.info"), wanted);
        assert_eq!(fs::read_to_string(project.path().join("out/lcov.info")).unwrap(), wanted);
        assert!(!project.path().join("out/cobertura.xml").exists(), "it was of an earlier run");
        let summary = fs::read_to_string(ended.run_dir().join("summary.md")).unwrap();
        assert!(summary.contains("coverage 75 % of 4 lines"), "{summary}");
    }
}

#[test]
fn a_malformed_file_is_named_and_makes_a_green_run_incomplete() {
    let good = "0\nSF:a.c\nDA:1,1\nend_of_record\n";
    let bad = "0\nSF:a.c\nDA:one,1\nDA:2,1\nend_of_record\n";
    let (project, command) = of_files("coverage/lcov.info", &[("bad.txt", bad), ("good.txt", good)]);
    let ended = commanded(&project, &command, &["--coverage"], &["bad.txt", "good.txt"]);
    ended.expect(5);
    warns(&ended, "`shards/1/coverage/coverage/lcov.info` line 2: `DA:one,1` is no line of lcov's");
    ended.says("units: 2 passed").says("coverage: 100 % of 2 lines, not whole");
    assert!(read(&ended, "lcov.info").contains("DA:1,1\nDA:2,1\n"));
    let shown = project.minke(&["show", "--format", "json"]);
    assert!(shown.stdout.contains("\"coverage\""), "{}", shown.stdout);
}

#[test]
fn cobertura_is_merged_and_what_is_hostile_is_refused() {
    let class = |lines: &str| {
        format!(
            "0\n<coverage><packages><package name=\"p\"><classes><class name=\"A\" filename=\"A.java\"><lines>{lines}</lines></class></classes></package></packages></coverage>"
        )
    };
    let one = class("<line number=\"1\" hits=\"1\"/><line number=\"2\" hits=\"0\"/>");
    let two = class("<line number=\"2\" hits=\"2\"/><line number=\"3\" hits=\"0\"/>");
    let bomb = "0\n<!DOCTYPE coverage [<!ENTITY a SYSTEM \"/etc/passwd\">]><coverage><packages/></coverage>";
    let (project, command) = of_files("cover.xml", &[("one.txt", &one), ("two.txt", &two), ("bomb.txt", bomb)]);
    let more = ["--coverage-files", "*.xml"];
    let ended = commanded(&project, &command, &more, &["one.txt", "two.txt"]);
    ended.expect(0).says("coverage: 66.66 % of 3 lines");
    let found: Vec<bool> = lines(&read(&ended, "cobertura.xml")).into_values().map(|(ran, _)| ran).collect();
    assert_eq!(found, [true, true, false]);
    let ended = commanded(&project, &command, &more, &["one.txt", "bomb.txt"]);
    ended.expect(5).says("coverage: 50 % of 2 lines, not whole");
    warns(&ended, "its document type declares something");
}

#[test]
fn containers_that_write_to_one_file_are_warned_of() {
    let text = "0\nSF:a.c\nDA:1,1\nend_of_record\n";
    let (project, command) = of_files("lcov.info", &[("one.txt", text), ("two.txt", text)]);
    let run = ["run", "--image", SHELL, "--source", "mount", "--shards", "2", "--command", &command, "--coverage"];
    let ended = project.minke(&[&run[..], &["one.txt", "two.txt"]].concat());
    ended.expect(0);
    warns(&ended, "`lcov.info` is in a directory that all containers write to");
}

#[test]
fn coverage_that_nobody_left_is_missed() {
    let project = Project::empty();
    project.write("test_a.py", "import os\ndef test_a(): os.symlink('/etc/passwd', 'lcov.info')\n");
    let run = ["pytest", "--image", PYTHON, "--source", "copy"];
    let ended = project.minke(&[&run[..], &["--coverage"]].concat());
    ended.expect(5);
    warns(&ended, "left out `lcov.info`: it is not a plain file");
    warns(&ended, "no container left coverage");
    let ended = project.minke(&[&run[..], &["--coverage=false", "--coverage-output", "out"]].concat());
    ended.expect(0);
    assert_eq!(ended.state().coverage(), None);
}
