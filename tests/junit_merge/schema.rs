//! The dialect `surefire` against the schemas of Surefire and of Jenkins, with libxml2.

use std::fs;
use std::path::Path;
use std::process::Command;

use minke::report::junit::merge::{Dialect, Flaky, MergeOptions};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::{any_report, merge, named, read, samples};

fn strict(flaky: Flaky) -> MergeOptions {
    MergeOptions { dialect: Dialect::Surefire, flaky, ..MergeOptions::default() }
}

/// Asserts that every file of a directory is valid by both schemas.
fn assert_valid(dir: &Path) {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    assert!(!files.is_empty());
    for schema in ["surefire-test-report-3.0.xsd", "junit-10.xsd"] {
        let schema = format!("{}/fixtures/schema/{schema}", env!("CARGO_MANIFEST_DIR"));
        let checked = Command::new("xmllint")
            .args(["--nonet", "--huge", "--noout", "--schema", &schema])
            .args(&files)
            .output()
            .expect("xmllint is needed to check reports against schemas: apt-get install libxml2-utils");
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
fn every_sample_and_all_of_them_are_valid_as_one_file_and_as_many() {
    let samples = samples();
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in &samples {
        fs::write(dir.path().join(name), merge(&[(name, bytes)], &strict(Flaky::Surefire)).0).unwrap();
    }
    fs::write(dir.path().join("all.xml"), merge(&named(&samples), &strict(Flaky::Surefire)).0).unwrap();
    fs::write(dir.path().join("repeated.xml"), merge(&named(&samples), &strict(Flaky::Repeat)).0).unwrap();
    assert_valid(dir.path());
    let dir = tempfile::tempdir().unwrap();
    let (_, files) = read(&named(&samples), &strict(Flaky::Surefire)).split(dir.path()).unwrap();
    assert!(files.len() > 20);
    assert_valid(dir.path());
}

#[test]
fn hostile_reports_are_valid_too() {
    let mut runner = TestRunner::deterministic();
    let reports = prop::collection::vec(any_report(), 3);
    let dir = tempfile::tempdir().unwrap();
    for number in 0..60 {
        let reports = reports.new_tree(&mut runner).unwrap().current();
        let names = ["a", "b", "c"];
        let inputs: Vec<(&str, &[u8])> = names.into_iter().zip(reports.iter().map(String::as_bytes)).collect();
        fs::write(dir.path().join(format!("{number}.xml")), merge(&inputs, &strict(Flaky::Surefire)).0).unwrap();
        read(&inputs, &strict(Flaky::Surefire)).split(&dir.path().join(number.to_string())).unwrap();
        assert_valid(&dir.path().join(number.to_string()));
    }
    assert_valid(dir.path());
}
