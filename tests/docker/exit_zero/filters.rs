//! A filter that leaves no test is not green, also where the framework files what it left out as skipped.

use crate::support::{JAVASCRIPT, PYTHON, Project, RSPEC};

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

#[test]
fn an_argument_with_which_no_test_is_run_is_warned_of() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): assert 0\n").write("a_spec.rb", "describe('x') { it('y') { raise } }\n");
    for (framework, image, file, argument) in
        [("pytest", PYTHON, "test_a.py", "--setup-plan"), ("rspec", RSPEC, "a_spec.rb", "--dry-run")]
    {
        let first = ["run", "--framework", framework, "--image", image, "--source", "mount", file];
        let warning = format!("warning: with `{argument}` {framework} runs no test");
        project.minke(&[&first[..], &["--", argument]].concat()).expect(0).says(&warning);
    }
}
