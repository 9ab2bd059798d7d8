//! A command of the user's own, whose reports have to be there, new, whole, and of one mind with the exit code.

use std::collections::BTreeMap;

use crate::support::{Project, SHELL};

const REPORTING: [&str; 8] = [
    "run",
    "--image",
    SHELL,
    "--source=mount",
    "--command=sh {unit} {unit}",
    "--report=out/{unit}.tap",
    "--shards=4",
    "--exclude=out",
];

#[test]
fn a_report_that_is_missing_old_or_broken_is_an_error() {
    let project = Project::fixture("misbehaving/command");
    project.write("out/no_report.sh.tap", "1..1\nok 1 - of yesterday\n");
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(86_400);
    let old = std::fs::File::options().write(true).open(project.path().join("out/no_report.sh.tap")).unwrap();
    old.set_modified(yesterday).unwrap();
    let ended = project.minke(&[&REPORTING[..], &["."]].concat());
    ended.expect(1).left_nothing();
    ended
        .says("left out `out/no_report.sh.tap`: it is older")
        .says("left out `out/links_report.sh.tap`: it is not a plain file");
    let units = ended.state().units().iter().map(|unit| unit.unit.to_string()).collect::<Vec<_>>();
    let outcomes: BTreeMap<&str, String> = units.iter().map(|unit| (unit.as_str(), ended.outcome(unit))).collect();
    let expected = [
        ("cut_off.sh", "truncated-report"),
        ("empties_report.sh", "truncated-report"),
        ("fails_without_report.sh", "no-report"),
        ("good.sh", "passed"),
        ("green_but_exit.sh", "exit-code"),
        ("links_report.sh", "no-report"),
        ("no_report.sh", "no-report"),
        ("no_test.sh", "no-cases"),
        ("not_tap.sh", "truncated-report"),
        ("red_but_exit_zero.sh", "failed"),
        ("too_few.sh", "failed"),
    ];
    assert_eq!(outcomes, expected.map(|(unit, outcome)| (unit, outcome.to_owned())).into());
}

#[test]
fn a_report_in_a_directory_of_the_container_s_own_needs_no_name_in_it() {
    let project = Project::empty();
    project.write("a.sh", "echo '1..1' >/tmp/result.tap; echo 'ok 1 - of a' >>/tmp/result.tap");
    project.write("b.sh", "printf '<testsuite><testcase name=\"of b\"/></testsuite>' >/tmp/result.xml");
    let arguments = ["run", "--image", SHELL, "--source=mount", "--command=sh", "--report=/tmp/result.*", "*.sh"];
    let ended = project.minke(&arguments);
    ended.expect(0).left_nothing();
    let mut names: Vec<String> = ended.junit().into_iter().map(|case| case.name).collect();
    names.sort();
    assert_eq!(names, ["of a", "of b"]);
}

#[test]
fn reports_that_all_containers_would_share_are_refused() {
    let project = Project::fixture("misbehaving/command");
    let ended = project.minke(&["run", "--image", SHELL, "--source=mount", "--command=sh", "--report=out/*.tap", "."]);
    ended.expect(2).says("`out/*.tap` lie in the mounted directory").says("out/{unit}.xml");
}

#[test]
fn a_command_is_asked_for_with_its_files_and_never_besides_another_framework() {
    let project = Project::fixture("command");
    let run = |arguments: &[&str]| project.minke(&[&["run", "--image", SHELL, "--source=mount"], arguments].concat());
    run(&["--command=sh"]).expect(2).says("no test file is named");
    run(&["--framework=command", "tests"]).expect(2).says("no command is given");
    run(&["--framework=pytest", "--command=sh", "tests"])
        .expect(2)
        .says("`--framework` cannot be used together with `--command`");
    run(&["--report=a.xml", "tests"]).expect(2).says("`--report` is given without `--command`");
    run(&["--framework-command=pytest", "--command=sh", "tests"]).expect(2).says("`--framework-command`");
    let ended = run(&["--command=no-such-command {unit}", "tests/passes.sh"]);
    ended.expect(3).says("give another `--command`");
    assert_eq!(ended.outcome("tests/passes.sh"), "image");
}

#[test]
fn a_fixture_of_scripts_is_never_recognised_as_commands() {
    let project = Project::fixture("command");
    project.minke(&["run", "--image", SHELL, "--source=mount"]).expect(2).says("cannot tell which test framework");
}
