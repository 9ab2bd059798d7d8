//! RSpec 3.

use super::beside::{NONE, Suite, counted, ends};
use crate::support::{Project, RSPEC};

const SUITE: Suite = Suite {
    fixture: "rspec",
    image: RSPEC,
    framework: "rspec",
    good: [("spec/good_spec.rb", 2), ("spec/good_two_spec.rb", 1)],
};

#[test]
fn rspec_is_not_believed_when_it_did_not_come_to_its_end() {
    SUITE.check(&[
        ends("spec/exit_now_spec.rb", "truncated-report", NONE),
        ends("spec/exit_on_load_spec.rb", "truncated-report", NONE),
        ends("spec/polite_exit_on_load_spec.rb", "truncated-report", NONE),
        ends("spec/exit_zero_spec.rb", "truncated-report", [1, 0, 0, 0]),
        ends("spec/exit_nonzero_spec.rb", "truncated-report", NONE),
        ends("spec/segfault_spec.rb", "crashed", NONE),
        ends("spec/killed_spec.rb", "killed", NONE),
        ends("spec/terminated_spec.rb", "killed", [1, 0, 0, 0]),
        ends("spec/empty_spec.rb", "no-cases", NONE),
    ]);
}

#[test]
fn a_file_that_fails_or_cannot_be_loaded_hides_no_other() {
    SUITE.check(&[
        ends("spec/fails_spec.rb", "failed", [2, 1, 0, 0]),
        ends("spec/syntax_error_spec.rb", "failed", [0, 0, 1, 0]),
        ends("spec/before_suite_spec.rb", "failed", [0, 0, 1, 0]),
        ends("spec/exit_zero_at_exit_spec.rb", "failed", [0, 1, 0, 0]),
    ]);
}

#[test]
fn an_interrupted_rspec_has_not_passed() {
    let project = SUITE.project();
    for others in [&[][..], &["spec/good_spec.rb", "spec/good_two_spec.rb"]] {
        let ended = SUITE.run(&project, &[&["--shards", "1", "spec/interrupted_spec.rb"], others].concat());
        ended.expect(3).says("or an interruption").left_nothing();
        for good in others {
            assert_eq!(ended.outcome(good), "passed");
        }
    }
}

#[test]
fn an_example_that_hangs_costs_its_file_alone() {
    let project = SUITE.project();
    let ended = SUITE.run(&project, &["--timeout", "5", "--shards", "1", "spec/good_spec.rb", "spec/hang_spec.rb"]);
    ended.expect(3).left_nothing();
    assert_eq!(ended.outcome("spec/hang_spec.rb"), "timeout");
    assert_eq!(counted(&ended, "spec/good_spec.rb"), [2, 0, 0, 0]);
}

#[test]
fn rspec_is_recognised_by_its_configuration_and_its_files() {
    let project = Project::fixture("rspec");
    let run = ["run", "--image", RSPEC, "--source", "mount", "spec/shelf"];
    project.minke(&run).expect(0).says("framework rspec, because `.rspec` is there");
    std::fs::remove_file(project.path().join(".rspec")).unwrap();
    let plan = ["plan", "--image", RSPEC, "--source", "mount"];
    project.minke(&plan).expect(0).says("framework rspec, because `spec/spec_helper.rb` is there");
}
