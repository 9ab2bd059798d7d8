//! What a merge makes of files that real frameworks wrote.

use minke::model::{Case, CaseOutcome};
use minke::report::junit::merge::{Dialect, MergeOptions};
use minke::report::junit::{ReadLimits, read};

use crate::support::{merge, samples, strictly};

fn outcomes(bytes: &[u8]) -> Vec<(String, String, CaseOutcome)> {
    let report = read("report.xml", bytes, &ReadLimits::default());
    let case = |case: &Case| (case.classname.trim().to_owned(), case.name.trim().to_owned(), case.outcome());
    let mut outcomes: Vec<_> = report.cases.iter().map(case).collect();
    outcomes.sort();
    outcomes
}

#[test]
fn a_sample_that_is_merged_alone_keeps_every_case_with_its_outcome() {
    for (name, bytes) in samples() {
        let (document, written) = merge(&[(&name, &bytes)], &MergeOptions::default());
        assert_eq!(outcomes(&document), outcomes(&bytes), "{name}");
        assert_eq!((written.merged(), written.entries), (0, 0), "{name}");
    }
}

#[test]
fn every_sample_in_every_dialect_is_read_by_a_strict_parser() {
    let mut documents = Vec::new();
    let mut expected = Vec::new();
    for (name, bytes) in samples() {
        for dialect in [Dialect::Plain, Dialect::Surefire, Dialect::Gitlab, Dialect::Azure] {
            documents.push(merge(&[(&name, &bytes)], &MergeOptions { dialect, ..MergeOptions::default() }).0);
            let cases = outcomes(&bytes);
            expected.push((cases.len(), cases.iter().filter(|(_, _, outcome)| outcome.is_bad()).count()));
        }
    }
    assert_eq!(strictly(&documents), expected);
}

#[test]
fn gitlab_finds_a_class_in_every_case_and_no_name_twice() {
    for (name, bytes) in samples() {
        let options = MergeOptions { dialect: Dialect::Gitlab, ..MergeOptions::default() };
        let report = read("merged.xml", merge(&[(&name, &bytes)], &options).0.as_slice(), &ReadLimits::default());
        let mut keys: Vec<_> = report.cases.iter().map(|case| (&case.classname, &case.name)).collect();
        assert!(keys.iter().all(|(class, name)| !class.is_empty() && !name.is_empty()), "{name}");
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count, "{name}");
    }
}
