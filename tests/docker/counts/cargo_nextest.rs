//! cargo-nextest: units are test binaries, and cases are those of its own JUnit report.

use super::{alone, of_framework, tally};
use crate::support::{Project, RUST};

const RUN: [&str; 7] = [
    "run",
    "--image",
    RUST,
    "--source=mount",
    "--shards=2",
    "--env=CARGO_TARGET_DIR=/tmp/target",
    "--framework=cargo-nextest",
];

#[test]
fn nextest_cases_equal_those_of_nextest_alone() {
    let project = Project::fixture("nextest");
    project.write("alone.toml", "[store]\ndir = \"/reports\"\n[profile.default.junit]\npath = \"../report.xml\"\n");
    let command = "CARGO_TARGET_DIR=/tmp/target cargo nextest run --workspace --no-fail-fast \
                   --tool-config-file alone:/project/alone.toml; rm -rf /reports/default";
    let alone = alone(&project, RUST, &["sh", "-c", command]);
    assert_eq!(alone.len(), 10);
    let ended = project.minke(&[&RUN[..], &["--", "--workspace"]].concat());
    let state = ended.expect(1).left_nothing().state();
    let units: Vec<&str> = state.units().iter().map(|unit| unit.unit.as_str()).collect();
    assert_eq!(units, ["shop", "shop-tools", "shop::outcomes", "shop::same_names"]);
    let cases = of_framework(ended.junit());
    assert_eq!(tally(&cases), tally(&alone));
    assert_eq!(ended.outcome("shop::outcomes"), "failed");
    assert_eq!(ended.outcome("shop::same_names"), "passed");
    let flaky = state.units().iter().flat_map(|unit| &unit.cases).filter(|case| case.is_flaky());
    assert_eq!(flaky.map(|case| case.name.as_str()).collect::<Vec<_>>(), ["passes_on_retry"]);
    ended.says("flaky: 1 case passed only when run again");
}

#[test]
fn binaries_are_selected_by_name_and_by_glob_and_filters_hold_in_each() {
    let project = Project::fixture("nextest");
    let run = |arguments: &[&str]| project.minke(&[&RUN[..], arguments].concat());
    let units = |arguments: &[&str]| {
        let state = run(arguments).expect(0).left_nothing().state();
        state.units().iter().map(|unit| unit.unit.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(units(&["shop::same*", "shop", "--isolation=file"]), ["shop", "shop::same_names"]);
    assert_eq!(
        units(&["--", "--workspace", "-E", "test(passes) & not test(retry)"]),
        ["shop::outcomes", "shop::same_names"]
    );
    run(&["shop::nothing"]).expect(2).says("`shop::nothing` does not exist among the units that cargo-nextest lists");
}
