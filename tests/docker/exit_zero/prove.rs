//! prove: green TAP of a script that did not end well is no pass.

use std::collections::BTreeMap;

use crate::support::{Ended, Project, SHELL};

fn outcomes(ended: &Ended) -> BTreeMap<String, String> {
    let units = ended.state().units().iter().map(|unit| unit.unit.to_string()).collect::<Vec<_>>();
    units.into_iter().map(|unit| (unit.clone(), ended.outcome(&unit))).collect()
}

fn expected(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(unit, outcome)| (unit.to_owned(), outcome.to_owned())).collect()
}

#[test]
fn green_tap_of_a_script_that_ended_badly_is_no_pass() {
    let project = Project::fixture("misbehaving/prove");
    for arguments in [["--shards=1", "--isolation=shard"], ["--shards=3", "--isolation=file"]] {
        let ended = project.minke(&[&["run", "--image", SHELL, "--source=mount", "t"], &arguments[..]].concat());
        ended.expect(1).left_nothing();
        let expected = expected(&[
            ("t/crashes.t", "failed"),
            ("t/exit_zero_at_once.t", "truncated-report"),
            ("t/exit_zero_early.t", "failed"),
            ("t/exit_zero_without_plan.t", "truncated-report"),
            ("t/exits_with_3.t", "failed"),
            ("t/fails.t", "failed"),
            ("t/good.t", "passed"),
            ("t/no_test.t", "no-cases"),
            ("t/wrong_number.t", "failed"),
        ]);
        assert_eq!(outcomes(&ended), expected, "{arguments:?}");
    }
}

#[test]
fn a_script_that_stops_prove_hides_none_beside_it() {
    let project = Project::fixture("misbehaving/prove");
    let arguments = ["run", "--image", SHELL, "--source=mount", "--framework=prove", "--shards=1", "bail"];
    let ended = project.minke(&arguments);
    ended.expect(1).left_nothing();
    let expected =
        expected(&[("bail/a_bails_out.t", "failed"), ("bail/b_good.t", "passed"), ("bail/c_kills_prove.t", "killed")]);
    assert_eq!(outcomes(&ended), expected);
}
