//! jest: the tests of its JSON, and a file that failed outside of its tests as one error.

use minke::model::{Case, CaseOutcome, Finding, FindingKind};
use serde_json::Value;

use super::{of_framework, run_alone, tally};
use crate::support::{JAVASCRIPT, Project};

/// The tests of jest's JSON as cases, read here by themselves, and how many files failed outside of their tests.
fn tests_alone(project: &Project) -> (Vec<Case>, u64) {
    let reports = run_alone(project, JAVASCRIPT, &["jest", "--ci", "--json", "--outputFile=/reports/jest.json"]);
    let text = std::fs::read_to_string(reports.path().join("jest.json")).unwrap();
    // Half a character, which this parser refuses; a backslash before it is of a line of the test's source.
    let text = text.replace("\\\\ud83c", "(half)").replace("\\ud83c", "\u{FFFD}\u{FFFD}\u{FFFD}");
    let results: Value = serde_json::from_str(&text).unwrap();
    let files = results["testResults"].as_array().unwrap();
    let cases = files.iter().flat_map(|file| {
        let tests = file["assertionResults"].as_array().unwrap().iter();
        tests.map(|test| case(file["name"].as_str().unwrap(), test))
    });
    (cases.collect(), results["numRuntimeErrorTestSuites"].as_u64().unwrap())
}

fn case(file: &str, test: &Value) -> Case {
    let titles = test["ancestorTitles"].as_array().unwrap().iter().chain([&test["title"]]);
    let titles: Vec<&str> = titles.map(|title| title.as_str().unwrap()).collect();
    // What JUnit cannot hold.
    let name = titles.join(" > ").replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
    let kind = match test["status"].as_str().unwrap() {
        "passed" => None,
        "failed" => Some(FindingKind::Failure),
        "pending" | "todo" => Some(FindingKind::Skipped),
        other => panic!("{other}"),
    };
    let finding = |kind| Finding { kind, message: String::new(), r#type: String::new(), text: String::new() };
    Case {
        classname: file.strip_prefix("/project/").unwrap().to_owned(),
        name,
        findings: kind.map(finding).into_iter().collect(),
        ..Case::default()
    }
}

#[test]
fn jest_cases_equal_those_of_jest_alone() {
    let project = Project::fixture("jest");
    let (expected, broken_files) = tests_alone(&project);
    assert_eq!((expected.len(), broken_files), (46, 4));
    for isolation in ["shard", "file"] {
        let arguments = ["run", "--image", JAVASCRIPT, "--source", "mount", "--shards", "3", "--isolation", isolation];
        let ended = project.minke(&arguments);
        ended.expect(1).says("framework jest, because `package.json` has `jest` in `devDependencies`").left_nothing();
        let (broken, cases): (Vec<_>, Vec<_>) =
            of_framework(ended.junit()).into_iter().partition(|case| case.outcome() == CaseOutcome::Errored);
        assert_eq!(tally(&cases), tally(&expected), "--isolation {isolation}");
        assert_eq!(broken.len() as u64, broken_files);
        for file in ["empty", "import_error", "syntax_error", "after_all"] {
            let file = format!("tests/unit/{file}.test.js");
            assert!(broken.iter().any(|case| case.file.as_deref() == Some(file.as_str())), "{file}");
        }
        assert_eq!(ended.outcome("plants.test.js"), "passed");
        assert_eq!(ended.outcome("tests/odd/-a (b) [c] +$d é.test.js"), "passed");
    }
}
