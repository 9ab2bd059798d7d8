//! cargo-nextest, which takes a test that ends its process with 0 for a pass.

use crate::support::{Project, RUST};

fn run(project: &Project, arguments: &[&str]) -> crate::support::Ended {
    let own = ["run", "--image", RUST, "--source=mount", "--env=CARGO_TARGET_DIR=/tmp/target"];
    project.minke(&[&own[..], arguments].concat())
}

#[test]
fn a_test_that_ends_its_process_with_0_is_no_pass() {
    let project = Project::fixture("misbehaving/nextest");
    let ended = run(&project, &["--shards=1"]);
    ended.expect(1).left_nothing().says("framework cargo-nextest, because `Cargo.toml` is there");
    assert_eq!(ended.outcome("bad::good"), "passed");
    assert_eq!(ended.outcome("bad::aborts"), "failed");
    assert_eq!(ended.outcome("bad::exits"), "failed");
    ended.says("the process ended with exit code 0 before the test was through");
}

#[test]
fn an_old_report_is_not_taken_for_a_new_one_and_a_broken_build_lists_nothing() {
    let project = Project::fixture("misbehaving/nextest");
    let green = "<testsuites><testsuite name=\"bad::good\"><testcase classname=\"bad::good\" name=\"good\"/></testsuite></testsuites>";
    project.write("target/nextest/default/junit.xml", green);
    project.write("tests/broken.rs", "fn main( {}");
    let ended = run(&project, &["--shards=1"]);
    ended.expect(2).says("cannot list the tests with `cargo nextest list").says("tests/broken.rs");
}
