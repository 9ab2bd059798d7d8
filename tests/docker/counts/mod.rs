//! The cases that minke reports are those of the framework alone, and so are their outcomes.

mod bats;
mod behave;
mod cargo_nextest;
mod command;
mod cucumber;
mod go_test;
mod jest;
mod mocha;
mod prove;
mod rspec;
mod unittest;
mod vitest;

use std::collections::BTreeMap;

use minke::model::{Case, CaseOutcome};

use crate::support::{NEW_PYTEST, PYTEST_8, PYTHON, Project, cases_of, docker};

/// Runs a framework alone on the whole mounted suite and returns the cases of the JUnit files that it wrote.
pub(crate) fn alone(project: &Project, image: &str, command: &[&str]) -> Vec<Case> {
    let reports = run_alone(project, image, command);
    let mut files: Vec<_> = std::fs::read_dir(reports.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| cases_of(file)).collect()
}

/// Runs a framework alone on the whole mounted suite and returns the directory that it saw as `/reports`.
pub(crate) fn run_alone(project: &Project, image: &str, command: &[&str]) -> Project {
    let reports = Project::empty();
    // To be written to, as minke mounts it: jest writes a snapshot file again that has not changed.
    let mount = format!("{}:/project", project.path().display());
    let out = format!("{}:/reports", reports.path().display());
    let mut arguments = vec!["run", "--rm", "--init", "--network", "none", "-v", &mount, "-v", &out, "-w", "/project"];
    arguments.extend(["-e", "LC_ALL=C.UTF-8", "-e", "PYTHONDONTWRITEBYTECODE=1", image, "sh", "-c", "\"$@\" || true"]);
    arguments.push("sh");
    arguments.extend(command);
    docker(&arguments);
    reports
}

/// Counts cases by name and outcome. minke numbers equal names and names the nameless, so both are undone or done alike.
pub(crate) fn tally(cases: &[Case]) -> BTreeMap<(String, String, CaseOutcome), usize> {
    let mut tally = BTreeMap::new();
    for case in cases {
        let name = case.name.rsplit_once(" [").filter(|(_, rest)| rest.trim_end_matches(']').parse::<u32>().is_ok());
        let name = name.map_or(case.name.as_str(), |(name, _)| name);
        // An attribute has no line breaks, and no space around it.
        let name = name.replace(['\n', '\t'], " ");
        let name = if name.trim().is_empty() { "(unnamed)" } else { name.trim() };
        *tally.entry((case.classname.clone(), name.to_owned(), case.outcome())).or_insert(0) += 1;
    }
    tally
}

/// Leaves out the error cases that minke itself adds for units and shards.
pub(crate) fn of_framework(cases: Vec<Case>) -> Vec<Case> {
    cases.into_iter().filter(|case| case.name != "(unit)" && case.name != "(shard)").collect()
}

fn pytest_cases_equal(image: &str, ways: &[&[&str]]) {
    let project = Project::fixture("pytest");
    let alone =
        alone(&project, image, &["pytest", "-p", "no:cacheprovider", "--junitxml=/reports/report.xml", "tests"]);
    assert_eq!(alone.len(), 375);
    for way in ways {
        let arguments = ["pytest", "--image", image, "--source", "mount", "--shards", "4"];
        let ended = project.minke(&[&arguments[..], way, &["tests"]].concat());
        ended.expect(1).left_nothing();
        assert_eq!(tally(&of_framework(ended.junit())), tally(&alone), "{way:?}");
    }
}

#[test]
fn pytest_7_cases_equal_those_of_pytest_alone() {
    pytest_cases_equal(PYTHON, &[&["--isolation", "shard"], &["--isolation", "file"]]);
}

#[test]
fn pytest_8_cases_equal_those_of_pytest_alone() {
    pytest_cases_equal(PYTEST_8, &[&["--isolation", "shard"]]);
}

#[test]
fn pytest_9_cases_equal_those_of_pytest_alone() {
    pytest_cases_equal(NEW_PYTEST, &[&["--isolation", "shard"]]);
}

#[test]
fn suites_are_named_by_their_files_and_totals_are_counted() {
    let project = Project::fixture("pytest");
    let ended = project.pytest(&["--shards", "2", "tests/unit"]);
    let state = ended.expect(1).state();
    let text = ended.junit_text();
    assert_eq!(text.matches("<testsuites").count(), 1);
    for unit in state.units() {
        assert_eq!(text.matches(&format!("name=\"{}\"", unit.unit)).count(), 1, "{}", unit.unit);
    }
    for case in ended.junit() {
        assert!(!case.classname.is_empty() && !case.name.is_empty());
        let file = case.file.unwrap();
        assert!(file.starts_with("tests/"), "{file}");
    }
    let total = format!("tests=\"{}\"", ended.counts().total());
    assert!(text[..text.find("<testsuite ").unwrap()].contains(&total));
}
