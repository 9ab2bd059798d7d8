//! `go test`, whose packages can end with 0 without having run their tests.

use std::collections::BTreeMap;

use crate::support::{GO, Project};

#[test]
fn a_package_that_ends_with_0_before_its_tests_is_no_pass() {
    let project = Project::fixture("misbehaving/go");
    for arguments in [["--shards=1", "--isolation=shard"], ["--shards=2", "--isolation=file"]] {
        let ended = project.minke(&[&["run", "--image", GO, "--source=mount"], &arguments[..]].concat());
        ended.expect(1).left_nothing();
        let units: Vec<String> = ended.state().units().iter().map(|unit| unit.unit.to_string()).collect();
        let outcomes: BTreeMap<String, String> = units.iter().map(|unit| (unit.clone(), ended.outcome(unit))).collect();
        let expected = [
            ("crashes", "failed"),
            ("exits", "failed"),
            ("exits_below", "truncated-report"),
            ("good", "passed"),
            ("main_fails", "failed"),
            ("main_hides_failure", "failed"),
            ("main_runs_nothing", "no-cases"),
        ];
        let expected = expected.map(|(unit, outcome)| (unit.to_owned(), outcome.to_owned()));
        assert_eq!(outcomes, expected.into(), "{arguments:?}");
    }
}

#[test]
fn a_part_that_does_not_exist_is_no_pass() {
    let project = Project::fixture("go");
    let arguments = ["run", "--image", GO, "--source=mount", "--framework=go-test", "stock::TestNoSuch"];
    let ended = project.minke(&arguments);
    assert_eq!(ended.outcome("stock::TestNoSuch"), "no-cases");
}

#[test]
fn a_package_that_is_stopped_is_a_timeout_and_no_failure() {
    let project = Project::empty();
    project.write("go.mod", "module m\n\ngo 1.19\n");
    let test = "package m\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\nfunc TestHangs(t *testing.T) { time.Sleep(time.Hour) }\n";
    project.write("m_test.go", test);
    let arguments = ["run", "--image", GO, "--source=mount", "--timeout=12s", "--grace=1s"];
    let ended = project.minke(&arguments);
    assert_eq!(ended.outcome("."), "timeout");
    ended.says("was stopped in `TestHangs`");
}
