//! Parts of test files as units: nothing is lost, nothing is run twice.

use crate::counts::{of_framework, tally};
use crate::support::{GO, JAVASCRIPT, NODE, PYTHON, Project, RSPEC, RUST};

#[test]
fn a_split_cucumber_suite_has_the_cases_of_the_whole_one() {
    let project = Project::fixture("cucumber-ruby");
    // Features that have nothing to run are the same error either way; one that fails to parse stays whole.
    let whole = project.cucumber(&["--shards", "4"]);
    let (files, cases) = (whole.state().units().len(), tally(&of_framework(whole.junit())));
    let split = project.cucumber(&["--shards", "4", "--split", "all"]);
    split.expect(1).left_nothing();
    assert_eq!(tally(&of_framework(split.junit())), cases);
    let units = split.state().units().len();
    assert!(units > files * 2, "{units} parts of {files} files");
    for case in split.junit() {
        assert!(case.file.as_deref().is_none_or(|file| file.ends_with(".feature")), "{:?}", case.file);
    }
}

#[test]
fn a_split_cucumber_js_suite_has_the_cases_of_the_whole_one() {
    let project = Project::fixture("cucumber-js");
    let arguments = ["cucumber", "--image", NODE, "--source", "mount", "--shards", "4"];
    let whole = project.minke(&arguments);
    let (files, cases) = (whole.state().units().len(), tally(&of_framework(whole.junit())));
    let split = project.minke(&[&arguments[..], &["--split", "all"]].concat());
    split.expect(1).left_nothing();
    assert_eq!(tally(&of_framework(split.junit())), cases);
    assert!(split.state().units().len() > files);
}

#[test]
fn a_split_pytest_suite_has_the_cases_of_the_whole_one() {
    let project = Project::fixture("pytest");
    let whole = project.pytest(&["--shards", "4", "tests/unit"]);
    let (files, cases) = (whole.state().units().len(), tally(&of_framework(whole.junit())));
    let split = project.pytest(&["--shards", "4", "--split", "all", "tests/unit"]);
    split.expect(1).left_nothing();
    assert_eq!(tally(&of_framework(split.junit())), cases);
    let units = split.state().units().len();
    assert!(units > files * 5, "{units} parts of {files} files");
}

#[test]
fn parts_of_files_can_be_selected() {
    let project = Project::empty();
    project.write(
        "test_a.py",
        "import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_rows(n): pass\ndef test_row(): pass\n\
         class TestC:\n    def test_x(self): pass\n    def test_y(self): assert 0\n",
    );
    let names = |ended: &crate::support::Ended| {
        let mut names: Vec<String> = of_framework(ended.junit()).into_iter().map(|case| case.name).collect();
        names.sort();
        names
    };
    let ended = project.pytest(&["--shards", "1", "test_a.py::test_rows", "test_a.py::TestC::test_x"]);
    ended.expect(0).left_nothing();
    assert_eq!(names(&ended), ["test_rows[1]", "test_rows[2]", "test_x"]);
    assert_eq!(ended.state().units().len(), 2);
    // A file has all that a part of it has.
    let ended = project.pytest(&["test_a.py", "test_a.py::TestC"]);
    ended.expect(1).left_nothing();
    assert_eq!((ended.state().units().len(), names(&ended).len()), (1, 5));
    // A part that is not there is an error that names it, and hides no neighbour.
    let ended = project.pytest(&["--shards", "1", "test_a.py::test_none", "test_a.py::test_row"]);
    ended.expect(3).left_nothing();
    assert_eq!(names(&ended), ["test_row"]);
    assert!(ended.junit_text().contains("name=\"test_a.py::test_none\""));
}

#[test]
fn a_part_of_a_missing_file_is_refused() {
    let project = Project::empty();
    let ended = project.pytest(&["test_gone.py::test_x"]);
    ended.expect(2);
    assert!(ended.stderr.contains("`test_gone.py::test_x` does not exist"), "{}", ended.stderr);
}

/// Runs a suite whole and split, and holds the cases equal; returns the split one.
fn split_equals_whole(project: &Project, arguments: &[&str], code: i32) -> crate::support::Ended {
    let whole = project.minke(arguments);
    let (units, cases) = (whole.expect(code).state().units().len(), tally(&of_framework(whole.junit())));
    let split = project.minke(&[arguments, &["--split", "all"]].concat());
    split.expect(code).left_nothing();
    assert_eq!(tally(&of_framework(split.junit())), cases);
    assert!(split.state().units().len() > units, "{}", split.stderr);
    split
}

#[test]
fn a_split_nextest_suite_has_the_cases_of_the_whole_one() {
    let project = Project::fixture("nextest");
    let arguments = ["run", "--image", RUST, "--source=mount", "--env=CARGO_TARGET_DIR=/tmp/target", "shop::outcomes"];
    let framework = ["--framework=cargo-nextest", "--shards=1"];
    let split = split_equals_whole(&project, &[&arguments[..], &framework].concat(), 1);
    assert!(split.state().units().iter().any(|unit| unit.unit.as_str() == "shop::outcomes$passes"), "{}", split.stderr);
    let one = project.minke(&[&arguments[..5], &framework, &["shop::outcomes$passes"]].concat());
    one.expect(0).left_nothing();
    assert_eq!(of_framework(one.junit()).len(), 1);
}

#[test]
fn a_split_unittest_suite_has_the_cases_of_the_whole_one() {
    let project = Project::fixture("unittest");
    project.write("tests/test_exits.py", "print('{\"unit\": 1}')\nraise SystemExit(0)\n");
    let arguments = ["run", "--framework=unittest", "--image", PYTHON, "--source=mount", "--shards=2"];
    let split = split_equals_whole(&project, &arguments, 1);
    let state = split.state();
    let has = |unit: &str| state.units().iter().any(|it| it.unit.as_str() == unit);
    assert!(
        has("tests/test_outcomes.py::Outcomes.test_passes")
            && has("tests/shelf/test_relative.py::Inherited.test_takes")
    );
    // What a class does once it does for all of its tests, and so does a module.
    assert!(has("tests/test_fixtures.py::SetUpClassFails") && has("tests/test_fixtures.py::Skipped.test_one"));
    for whole in ["module_setup_fails", "load_tests", "import_error", "syntax_error", "empty", "exits"] {
        assert!(has(&format!("tests/test_{whole}.py")), "{whole}");
    }
    assert_eq!(split.outcome("tests/test_empty.py"), "no-cases");
    // A class that has no test is no pass.
    project.write("test_bare.py", "import unittest\nclass Bare(unittest.TestCase): pass\n");
    let bare = project.minke(&[&arguments[..], &["test_bare.py::Bare", "test_bare.py::Gone"]].concat());
    bare.left_nothing();
    assert_eq!(bare.outcome("test_bare.py::Bare"), "no-cases");
    assert_ne!(bare.outcome("test_bare.py::Gone"), "passed");
}

#[test]
fn split_rspec_files_have_the_cases_of_the_whole_ones() {
    let project = Project::empty();
    project.write(
        "spec/a_spec.rb",
        "puts 'loading'\ndescribe 'A' do\n  it('one') { }\n  it('two') { expect(1).to eq 2 }\nend\n",
    );
    project.write("spec/b_spec.rb", "describe 'B' do\n  it('three') { }\nend\n");
    let arguments = ["run", "--image", RSPEC, "--source=mount", "--framework=rspec"];
    split_equals_whole(&project, &arguments, 1);
    // One that cannot be loaded stays whole, and keeps no other from being divided.
    project.write("spec/c_spec.rb", "describe 'C' do\n");
    let split = project.minke(&[&arguments[..], &["--split", "all"]].concat());
    let state = split.expect(1).state();
    let units: Vec<&str> = state.units().iter().map(|unit| unit.unit.as_str()).collect();
    assert_eq!(units, ["spec/a_spec.rb[1:1]", "spec/a_spec.rb[1:2]", "spec/b_spec.rb[1:1]", "spec/c_spec.rb"]);
}

#[test]
fn a_failure_in_a_part_is_marked_in_its_file() {
    let project = Project::empty();
    project.write("test_a.py", "import unittest\nclass A(unittest.TestCase):\n    def test_b(self): self.fail('no')\n");
    let arguments = ["run", "--framework=unittest", "--image", PYTHON, "--source=mount", "test_a.py::A.test_b"];
    let ended = project.minke(&arguments);
    ended.expect(1);
    let marks = project.minke(&["report", "--annotations", "github"]);
    assert!(marks.stdout.contains("::error file=test_a.py,"), "{}", marks.stdout);
    let of_run = |name: &str| std::fs::read_to_string(ended.run_dir().join(name)).unwrap();
    assert!(of_run("summary.md").contains("at `test_a.py:3`"), "{}", of_run("summary.md"));
    assert!(of_run("report.html").contains("test_a.py\">test_a.py:3</a>"), "{}", of_run("report.html"));
}

#[test]
fn split_go_packages_have_the_cases_of_the_whole_ones() {
    let project = Project::empty();
    let test = |name: &str| format!("func {name}(t *testing.T) {{ println(1) }}\n");
    let file = |package: &str, tests: &[&str]| {
        let tests: String = tests.iter().map(|name| test(name)).collect();
        format!("package {package}\nimport \"testing\"\n{tests}")
    };
    project.write("go.mod", "module example.test/shop\n").write("a_test.go", file("shop", &["TestRoot"]));
    project.write("till/till_test.go", file("till", &["TestOpen", "TestClose"]));
    let split = split_equals_whole(&project, &["run", "--image", GO, "--source=mount", "--framework=go-test"], 0);
    let state = split.state();
    let units: Vec<&str> = state.units().iter().map(|unit| unit.unit.as_str()).collect();
    assert_eq!(units, [".::TestRoot", "till::TestOpen", "till::TestClose"]);
}

#[test]
fn split_jest_files_have_the_cases_of_the_whole_ones() {
    let project = Project::fixture("jest");
    let arguments = ["run", "--image", JAVASCRIPT, "--source=mount", "--framework=jest", "--shards=4"];
    let split = split_equals_whole(&project, &arguments, 1);
    let state = split.state();
    let has = |unit: &str| state.units().iter().any(|it| it.unit.as_str() == unit);
    assert!(has("tests/unit/only.test.js::is left out by the other"));
    // Names that cannot be arguments, and files that have no names.
    for whole in ["odd/names", "unit/syntax_error", "unit/import_error", "unit/empty"] {
        assert!(has(&format!("tests/{whole}.test.js")), "{whole}");
    }
}

#[test]
fn split_vitest_files_have_the_cases_of_the_whole_ones() {
    let project = Project::fixture("vitest");
    let arguments = ["run", "--image", JAVASCRIPT, "--source=mount", "--framework=vitest", "--shards=4"];
    split_equals_whole(&project, &arguments, 1);
}

#[test]
fn split_mocha_files_have_the_cases_of_the_whole_ones() {
    let project = Project::fixture("mocha");
    // In the whole file a hook that fails keeps all further tests from being run; its failures are told below.
    std::fs::remove_file(project.path().join("test/hooks.js")).unwrap();
    // Too many tests for a container each.
    std::fs::remove_file(project.path().join("test/as_many_failures_as_a_signal.js")).unwrap();
    let arguments = ["run", "--image", JAVASCRIPT, "--source=mount", "--framework=mocha", "--shards=4"];
    let split = split_equals_whole(&project, &arguments, 1);
    let state = split.state();
    let has = |unit: &str| state.units().iter().any(|it| it.unit.as_str() == unit);
    assert!(has("test/syntax_error.js") && has("test/empty.js") && !has("test/equal_names.js"));
}

#[test]
fn a_hook_that_fails_fails_each_part_that_it_is_for() {
    let project = Project::empty();
    project.write(
        "test/a.js",
        "describe('group', () => {\n  beforeEach(() => { throw new Error('no'); });\n  it('one', () => {});\n  it('two', () => {});\n});\n",
    );
    let arguments = ["run", "--image", JAVASCRIPT, "--source=mount", "--framework=mocha", "--split=all"];
    let ended = project.minke(&arguments);
    ended.expect(1).left_nothing();
    let names: Vec<String> = of_framework(ended.junit()).into_iter().map(|case| case.name).collect();
    assert_eq!(names, ["\"before each\" hook for \"one\"", "\"before each\" hook for \"two\""]);
}

/// The frameworks of JavaScript: each with the name of a test file, what that begins with, and its option for names.
const OF_JAVASCRIPT: [(&str, &str, &str, &str); 3] = [
    ("jest", "a.test.js", "", "-t"),
    ("vitest", "a.test.js", "import { test, describe } from 'vitest';\n", "-t"),
    ("mocha", "test/a.js", "const test = it;\n", "-g"),
];

#[test]
fn a_part_is_exactly_the_tests_of_one_name() {
    let titles = [
        r"costs $5 (a+b)* [x]? {2} ^|\ a/b.c",
        r"costs $5 (a+b)* [x]? {2} ^|\ a/b.c and more",
        r#"says "a > b", 'c' and --d=e"#,
        "reads x.py::y and z.test.js::w",
        "größe 🌱",
        "-t",
    ];
    let test = |title: &&str| {
        let title = serde_json::json!(title);
        format!("  test({title}, () => {{ if ({title}.length === 2) throw new Error('short'); }});\n")
    };
    let tests: String = titles.iter().map(test).collect();
    let group = format!("describe(\"outer > inner\", () => {{\n{tests}}});\ntest(\"costs\", () => {{}});\n");
    for (framework, file, imports, _) in OF_JAVASCRIPT {
        let project = Project::empty();
        project.write(file, format!("{imports}{group}")).write("package.json", "{}");
        let arguments = ["run", "--image", JAVASCRIPT, "--source=mount", "--framework", framework, "--shards=4"];
        let split = split_equals_whole(&project, &arguments, 1);
        assert_eq!(split.state().units().len(), titles.len() + 1, "{framework}: {}", split.stderr);
        assert_eq!(split.state().unit_counts().passed, titles.len(), "{framework}: {}", split.stderr);
    }
}

#[test]
fn a_part_that_is_there_no_more_is_no_pass() {
    let test = "test('made at ' + process.hrtime.bigint(), () => {});\n";
    for (framework, file, imports, by_name) in OF_JAVASCRIPT {
        let project = Project::empty();
        project.write(file, format!("{imports}{test}")).write("package.json", "{}");
        let arguments = ["run", "--image", JAVASCRIPT, "--source=mount", "--framework", framework];
        project.minke(&arguments).expect(0);
        let split = project.minke(&[&arguments[..], &["--split=all"]].concat());
        split.expect(3).left_nothing();
        assert_eq!(split.state().unit_counts().errored, 1, "{framework}: {}", split.stderr);
        let gone = project.minke(&[&arguments[..], &[&format!("{file}::gone")]].concat());
        gone.expect(3).left_nothing();
        // Two selections by name do not go together.
        let own = project.minke(&[&arguments[..], &["--split=all", "--", by_name, "made"]].concat());
        own.expect(0).says("divides no file").left_nothing();
    }
}
