//! bats, which files a test that killed its process as skipped or as passed.

use std::collections::BTreeMap;

use crate::support::{Project, SHELL};

#[test]
fn what_bats_did_not_run_is_an_error_beside_others_and_alone() {
    let project = Project::fixture("misbehaving/bats");
    for arguments in [["--shards=1", "--isolation=shard"], ["--shards=3", "--isolation=file"]] {
        let ended =
            project.minke(&[&["run", "--image", SHELL, "--source=mount", "--framework=bats"], &arguments[..]].concat());
        ended.expect(1).left_nothing();
        let outcomes: BTreeMap<String, String> = ended
            .state()
            .units()
            .iter()
            .map(|unit| (unit.unit.to_string(), ended.outcome(unit.unit.as_str())))
            .collect();
        let expected = [
            ("empty.bats", "no-cases"),
            ("exits_outside_of_tests.bats", "no-cases"),
            ("fails.bats", "failed"),
            ("good.bats", "passed"),
            ("killed.bats", "exit-code"),
            ("kills_bats.bats", "exit-code"),
            ("same_names.bats", "no-cases"),
            ("teardown_file_fails.bats", "failed"),
        ];
        let expected = expected.map(|(unit, outcome)| (unit.to_owned(), outcome.to_owned()));
        assert_eq!(outcomes, expected.into(), "{arguments:?}");
    }
}
