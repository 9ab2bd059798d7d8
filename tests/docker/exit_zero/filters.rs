//! A filter that leaves no test is not green, also where the framework files what it left out as skipped.

use crate::support::{JAVASCRIPT, PYTHON, Project};

#[test]
fn skipped_cases_alone_are_no_green_run() {
    let project = Project::empty();
    project.write("a.test.js", "test('it works', () => {});\n").write("jest.config.json", "{}");
    project.write("features/a.feature", "Feature: F\n  Scenario: s\n    Given a step\n");
    project.write("features/steps/a.py", "from behave import given\n@given('a step')\ndef step(context): pass\n");
    for (framework, image, files, filter) in [
        ("jest", JAVASCRIPT, "a.test.js", ["-t", "nosuch"]),
        ("behave", PYTHON, "features/a.feature", ["--tags", "nosuch"]),
    ] {
        let run = |more: &[&str]| {
            let first = ["run", "--framework", framework, "--image", image, "--source", "mount", files];
            project.minke(&[&first[..], more, &["--"], &filter].concat())
        };
        run(&[]).expect(4).says("NOTHING RUN: every case was skipped").left_nothing();
        run(&["--allow-empty", "**"]).expect(0);
    }
}
