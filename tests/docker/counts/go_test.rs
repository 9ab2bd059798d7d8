//! `go test`: the tests are those that `go test -v` names on its own.

use std::collections::BTreeMap;

use minke::model::CaseOutcome;

use super::of_framework;
use crate::support::{GO, Project, docker};

type Tally = BTreeMap<(String, String, CaseOutcome), usize>;

/// Runs each package alone and reads the ends of its tests from the text that Go prints for people.
fn alone(project: &Project, packages: &[String]) -> Tally {
    let mount = format!("{}:/project:ro", project.path().display());
    let each = "for package; do echo \"PACKAGE $package\"; go test -v \"./$package\" 2>&1; done; true";
    let mut arguments = vec!["run", "--rm", "--init", "--network", "none", "-v", &mount, "-w", "/project"];
    arguments.extend(["-e", "CGO_ENABLED=0", GO, "sh", "-c", each, "sh"]);
    arguments.extend(packages.iter().map(String::as_str));
    let mut tally = Tally::new();
    let mut package = String::new();
    for line in docker(&arguments).lines() {
        if let Some(next) = line.strip_prefix("PACKAGE ") {
            package = next.to_owned();
        }
        let ends = [("PASS", CaseOutcome::Passed), ("FAIL", CaseOutcome::Failed), ("SKIP", CaseOutcome::Skipped)];
        for (word, outcome) in ends {
            if let Some((_, rest)) = line.split_once(&format!("--- {word}: ")) {
                let name = rest.rsplit_once(" (").unwrap().0.to_owned();
                *tally.entry((package.clone(), name, outcome)).or_insert(0) += 1;
            }
        }
    }
    tally
}

#[test]
fn go_cases_equal_those_of_go_alone() {
    let project = Project::fixture("go");
    for isolation in ["shard", "file"] {
        let arguments = ["run", "--image", GO, "--source=mount", "--shards=2", "--isolation", isolation];
        let ended = project.minke(&arguments);
        let state = ended.expect(1).left_nothing().says("framework go-test, because `go.mod` is there").state();
        let packages: Vec<String> = state.units().iter().map(|unit| unit.unit.to_string()).collect();
        assert_eq!(packages.len(), 10);
        let mut tally = Tally::new();
        for case in of_framework(ended.junit()).into_iter().filter(|case| case.name != "(package)") {
            let outcome = case.outcome();
            *tally.entry((case.file.unwrap(), case.name, outcome)).or_insert(0) += 1;
        }
        let alone = alone(&project, &packages);
        assert_eq!(alone.values().sum::<usize>(), 29);
        assert_eq!(tally, alone, "--isolation {isolation}");
        for (package, outcome) in
            [(".", "passed"), ("skipped", "passed"), ("empty", "no-cases"), ("broken", "failed"), ("vet", "failed")]
        {
            assert_eq!(ended.outcome(package), outcome, "{package}");
        }
    }
}

#[test]
fn a_part_of_a_package_is_that_test_and_no_other() {
    let project = Project::fixture("go");
    let parts = ["stock::TestTable/one_row#01", "stock::TestFails", ".::TestTotal", "stock::TestTable/a.b[c]*"];
    let ended = project.minke(&[&["run", "--image", GO, "--source=mount", "--framework=go-test"], &parts[..]].concat());
    let state = ended.expect(1).left_nothing().state();
    let names = |unit: &str| {
        let cases = ended.junit().into_iter().filter(|case| case.file.as_deref() == Some(unit));
        cases.map(|case| case.name).collect::<Vec<_>>()
    };
    assert_eq!(state.units().len(), 4);
    assert_eq!(ended.outcome("stock::TestTable/one_row#01"), "passed");
    assert_eq!(ended.outcome("stock::TestFails"), "failed");
    assert_eq!(ended.outcome(".::TestTotal"), "passed");
    assert_eq!(ended.junit().len(), 6, "{:?}", names("stock::TestFails"));
}
