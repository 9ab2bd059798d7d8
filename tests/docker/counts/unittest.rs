//! Python's unittest, compared with the text of `python3 -m unittest -v`: nothing else is written by it.

use std::collections::BTreeMap;

use minke::model::CaseOutcome;

use super::{of_framework, tally};
use crate::support::{PYTHON, Project, docker};

type Tally = BTreeMap<(String, String, CaseOutcome), usize>;

/// Runs unittest itself on the mounted suite and counts the statuses that it prints.
fn alone(project: &Project, command: &str) -> Tally {
    let mount = format!("{}:/project:ro", project.path().display());
    let script = format!("{command} 2>&1 || true");
    let text = docker(&[
        "run",
        "--rm",
        "--init",
        "--network",
        "none",
        "-v",
        &mount,
        "-w",
        "/project",
        "-e",
        "LC_ALL=C.UTF-8",
        "-e",
        "PYTHONDONTWRITEBYTECODE=1",
        PYTHON,
        "sh",
        "-c",
        &script,
    ]);
    let mut tally = Tally::new();
    let mut described = "";
    for line in text.lines().take_while(|line| !line.starts_with("=====")) {
        let Some((test, status)) = line.rsplit_once(" ... ") else {
            described = line;
            continue;
        };
        let outcome = match status {
            "ok" => CaseOutcome::Passed,
            "FAIL" | "unexpected success" => CaseOutcome::Failed,
            "ERROR" => CaseOutcome::Errored,
            "expected failure" => CaseOutcome::Skipped,
            skipped if skipped.starts_with("skipped ") => CaseOutcome::Skipped,
            // A test with subtests that fail has statuses of theirs alone.
            "" => continue,
            other => panic!("`{other}` is no status"),
        };
        // The first line of a docstring stands between a test and its status.
        let test = if test.contains(" (") { test } else { described };
        *tally.entry(named(test.trim(), outcome)).or_insert(0) += 1;
    }
    tally
}

/// Reads `name (module.Class.name) rest`, where the rest tells a subtest.
fn named(test: &str, outcome: CaseOutcome) -> (String, String, CaseOutcome) {
    let (name, above) = test.split_once(" (").unwrap();
    let (above, rest) = above.split_once(')').unwrap();
    let loader = above.strip_prefix("unittest.loader.").and_then(|above| above.split_once('.'));
    if let Some((_, module)) = loader {
        return (module.to_owned(), "import".to_owned(), outcome);
    }
    let class = above.strip_suffix(name).and_then(|above| above.strip_suffix('.')).unwrap_or(above);
    (class.to_owned(), format!("{name}{rest}"), outcome)
}

#[test]
fn unittest_cases_equal_those_of_unittest_alone() {
    let project = Project::fixture("unittest");
    let mut expected = alone(&project, "python3 -m unittest discover -v -t . -s tests");
    expected.extend(alone(&project, "python3 -m unittest -v plain/sub/test_without_init.py"));
    let library = alone(&project, "cd test && python3 -m unittest -v test_like_the_library.py");
    // Its name has the folder in minke's run, as those of all others.
    expected.extend(
        library.into_iter().map(|((class, name, outcome), count)| ((format!("test.{class}"), name, outcome), count)),
    );
    for isolation in ["shard", "file"] {
        let arguments = ["run", "--framework", "unittest", "--image", PYTHON, "--source", "mount", "--shards", "3"];
        let ended = project.minke(&[&arguments[..], &["--isolation", isolation]].concat());
        ended.expect(1).left_nothing();
        assert_eq!(tally(&of_framework(ended.junit())), expected, "--isolation {isolation}");
        assert_eq!(expected.values().sum::<usize>(), 49);
        assert_eq!(ended.outcome("tests/test_empty.py"), "no-cases");
    }
}

#[test]
fn a_class_or_a_method_is_a_unit_with_its_own_cases() {
    let project = Project::fixture("unittest");
    let parts = [
        "tests/test_outcomes.py::Outcomes.test_passes",
        "tests/test_outcomes.py::SetUpFails",
        "tests/test_outcomes.py::Outcomes::test_fails",
        "tests/test_subtests.py::Subtests.test_some_fail",
        "tests/test_async.py::NoSuchClass",
    ];
    let arguments = ["run", "--framework", "unittest", "--image", PYTHON, "--source", "mount", "--shards", "1"];
    let ended = project.minke(&[&arguments[..], &parts].concat());
    ended.expect(1).left_nothing();
    let of = |part: &str| -> Vec<(String, CaseOutcome)> {
        ended.unit(part).cases.iter().map(|case| (case.name.clone(), case.outcome())).collect()
    };
    assert_eq!(of(parts[0]), [("test_passes".to_owned(), CaseOutcome::Passed)]);
    assert_eq!(of(parts[1]), [("test_never_runs".to_owned(), CaseOutcome::Errored)]);
    assert_eq!(of(parts[2]), [("test_fails".to_owned(), CaseOutcome::Failed)]);
    assert_eq!(of(parts[3]).len(), 2);
    assert_eq!(of(parts[4])[0].1, CaseOutcome::Errored);
    let passed = &ended.unit(parts[0]).cases[0];
    assert_eq!((passed.file.as_deref(), passed.line), (Some("tests/test_outcomes.py"), Some(8)));
}
