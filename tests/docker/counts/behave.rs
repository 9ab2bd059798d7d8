//! behave 1.2.6 and 1.3, and parts of features.

use super::{alone, of_framework, tally};
use crate::support::{BEHAVE, PYTHON, Project};

/// Features that end the whole run of behave 1.2.6, and one whose report another's would overwrite.
const APART: [&str; 3] =
    ["features/edge/syntax_error.feature", "features/edge/no_table.feature", "features/a.b/c.feature"];

fn cases_equal(image: &str) {
    let project = Project::fixture("behave");
    let command = ["behave", "--junit", "--junit-directory", "/reports", "--format", "progress"];
    let arguments = ["run", "--framework", "behave", "--image", image, "--source", "mount", "--isolation"];
    let ended = project.minke(&[&arguments[..], &["shard", "--shards", "3"]].concat());
    ended.expect(1).left_nothing();
    let features: Vec<String> = ended.state().units().iter().map(|unit| unit.unit.to_string()).collect();
    let together: Vec<&str> = features.iter().map(String::as_str).filter(|feature| !APART.contains(feature)).collect();
    let mut expected = alone(&project, image, &[&command[..], &together].concat());
    for feature in APART {
        expected.extend(alone(&project, image, &[&command[..], &[feature]].concat()));
    }
    assert!(expected.len() > 20, "{}", expected.len());
    assert_eq!(tally(&of_framework(ended.junit())), tally(&expected));
    let ended = project.minke(&[&arguments[..], &["file"]].concat());
    assert_eq!(tally(&of_framework(ended.junit())), tally(&expected), "--isolation file");
    assert_eq!(ended.outcome("features/edge/syntax_error.feature"), "no-report");
}

#[test]
fn behave_12_cases_equal_those_of_behave_alone() {
    cases_equal(PYTHON);
}

#[test]
fn behave_13_cases_equal_those_of_behave_alone() {
    cases_equal(BEHAVE);
}

#[test]
fn a_scenario_by_its_line_is_a_unit_with_its_own_case() {
    let project = Project::fixture("behave");
    let parts = [
        "features/shelf.feature:6",
        "features/shelf.feature:10:14",
        "features/shelf.feature:30",
        "features/rows.feature:11",
        "features/closed.feature:4",
    ];
    for image in [PYTHON, BEHAVE] {
        let arguments = ["run", "--framework", "behave", "--image", image, "--source", "mount", "--shards", "2"];
        let ended = project.minke(&[&arguments[..], &parts].concat());
        ended.expect(1).left_nothing();
        let names = |part: &str| ended.unit(part).cases.iter().map(|case| case.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(parts[0]), ["something is taken"]);
        assert_eq!(names(parts[1]), ["too much is taken", "the sum is wrong"]);
        assert_eq!(names(parts[2]), [parts[2]], "a scenario that its hook skips");
        assert_eq!(names(parts[3]), ["taking 1 -- @1.2 few"]);
        assert_eq!(names(parts[4]), [parts[4]], "a scenario of a feature that is skipped");
        let counts = ended.counts();
        assert_eq!([counts.passed, counts.failed, counts.errored, counts.skipped].iter().sum::<usize>(), 6);
        assert_eq!(counts.skipped, 2);
    }
}
