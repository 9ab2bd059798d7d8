//! Cucumber for Ruby and for JavaScript, strict and not.

use minke::model::{EventKind, FindingKind};

use super::{alone, of_framework, tally};
use crate::support::{CUCUMBER, NODE, Project};

fn ruby_cases_equal(strictness: &[&str], framework: &[&str]) {
    let project = Project::fixture("cucumber-ruby");
    let ended = project.cucumber(&[&["--shards", "4"], strictness].concat());
    ended.expect(1).left_nothing();
    // Alone, cucumber itself loses one of two features whose reports have the same name; it is run by itself here.
    let lost = "features/a-b/c.feature";
    let command = [&["cucumber", "--format", "junit", "--out", "/reports", "--format", "progress"], framework].concat();
    let others: Vec<String> = ended.state().units().iter().map(|unit| unit.unit.to_string()).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).filter(|unit| *unit != lost).collect();
    let mut expected = alone(&project, CUCUMBER, &[&command[..], &others].concat());
    expected.extend(alone(&project, CUCUMBER, &[&command[..], &[lost]].concat()));
    assert_eq!(tally(&of_framework(ended.junit())), tally(&expected));
}

#[test]
fn cucumber_ruby_cases_equal_those_of_a_strict_cucumber_alone() {
    ruby_cases_equal(&[], &["--strict"]);
}

#[test]
fn without_strictness_cucumber_ruby_skips_what_is_undefined() {
    ruby_cases_equal(&["--no-strict"], &[]);
}

fn js_cases_equal(strictness: &[&str], framework: &[&str]) {
    let project = Project::fixture("cucumber-js");
    let command = [&["cucumber-js", "--format", "junit:/reports/report.xml", "features"], framework].concat();
    let mut expected = alone(&project, NODE, &command);
    assert_eq!(expected.len(), 26);
    if !strictness.is_empty() {
        // Without strictness cucumber-js lets it pass, and yet calls it a failure in JUnit.
        let pending = expected.iter_mut().find(|case| case.name == "A pending step").unwrap();
        pending.findings[0].kind = FindingKind::Skipped;
    }
    for how in [&["--isolation", "shard", "--shards", "1"][..], &["--shards", "3"], &["--isolation", "file"]] {
        let arguments = ["cucumber", "--image", NODE, "--source", "mount"];
        let ended = project.minke(&[&arguments[..], how, strictness].concat());
        ended.expect(1).left_nothing();
        assert_eq!(tally(&of_framework(ended.junit())), tally(&expected), "{how:?}");
        for case in of_framework(ended.junit()) {
            assert!(case.line.is_some() && case.file.is_some_and(|file| file.ends_with(".feature")), "{}", case.name);
        }
    }
}

#[test]
fn cucumber_js_cases_equal_those_of_cucumber_alone() {
    js_cases_equal(&[], &[]);
}

#[test]
fn without_strictness_cucumber_js_is_as_lenient_as_alone() {
    js_cases_equal(&["--no-strict"], &["--no-strict"]);
}

#[test]
fn features_of_cucumber_js_share_an_invocation() {
    let project = Project::fixture("cucumber-js");
    let arguments = ["cucumber", "--image", NODE, "--source", "mount", "--shards", "1"];
    let ended = project.minke(&[&arguments[..], &["features/kitchen", "features/slow.feature"]].concat());
    ended.expect(0).left_nothing();
    let begun = project.events().iter().filter(|event| matches!(event.kind, EventKind::ShardStarted { .. })).count();
    assert_eq!((ended.state().units().len(), begun), (3, 1));
}
