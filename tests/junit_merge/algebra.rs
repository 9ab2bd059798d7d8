//! A merge is a union: associative, commutative, idempotent, and the same bytes every time.

use minke::model::CaseOutcome;
use minke::report::junit::merge::{Dialect, Flaky, MergeOptions};
use minke::report::junit::{ReadLimits, read};
use proptest::prelude::*;

use crate::support::{FLAKY, any_report, merge, named, samples, strictly};

fn options(flaky: Flaky) -> MergeOptions {
    MergeOptions { flaky, ..MergeOptions::default() }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Asserts the laws for three reports.
fn assert_laws(a: &[u8], b: &[u8], c: &[u8], flaky: Flaky) -> Result<(), TestCaseError> {
    let options = options(flaky);
    let of = |reports: &[(&str, &[u8])]| merge(reports, &options).0;
    let only_a = of(&[("a", a)]);
    prop_assert_eq!(text(&of(&[("m", &only_a)])), text(&only_a), "merged again");
    let ab = of(&[("a", a), ("b", b)]);
    prop_assert_eq!(text(&of(&[("b", b), ("a", a)])), text(&ab), "the other way round");
    let all = of(&[("a", a), ("b", b), ("c", c)]);
    prop_assert_eq!(text(&of(&[("m", &ab), ("c", c)])), text(&all), "the first two first");
    let bc = of(&[("b", b), ("c", c)]);
    prop_assert_eq!(text(&of(&[("a", a), ("m", &bc)])), text(&all), "the last two first");
    prop_assert_eq!(text(&of(&[("m", &ab), ("n", &ab)])), text(&ab), "with itself");
    prop_assert_eq!(text(&of(&[("m", &all), ("n", &ab)])), text(&all), "with a part of it");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn generated_reports_unite_in_any_order_and_as_often_as_one_likes(a in any_report(), b in any_report(), c in any_report()) {
        for flaky in FLAKY {
            assert_laws(a.as_bytes(), b.as_bytes(), c.as_bytes(), flaky)?;
        }
    }

    #[test]
    fn every_row_is_in_the_result_or_counted_as_merged(a in any_report(), b in any_report()) {
        for flaky in FLAKY {
            let reports: [(&str, &[u8]); 2] = [("a", a.as_bytes()), ("b", b.as_bytes())];
            let cases = crate::support::read(&reports, &options(flaky)).summary().cases;
            let (document, written) = merge(&reports, &options(flaky));
            prop_assert_eq!(cases, written.cases + written.merged());
            let rows = text(&document).matches("<testcase").count();
            if flaky != Flaky::Repeat {
                prop_assert_eq!(rows, written.cases + written.entries);
            }
        }
    }

    #[test]
    fn a_form_is_written_the_same_when_it_is_merged_again(a in any_report(), b in any_report()) {
        for dialect in [Dialect::Plain, Dialect::Gitlab, Dialect::Azure] {
            for flaky in FLAKY {
                let options = MergeOptions { dialect, ..options(flaky) };
                let once = merge(&[("a", a.as_bytes()), ("b", b.as_bytes())], &options).0;
                let twice = merge(&[("m", &once)], &options).0;
                prop_assert_eq!(text(&twice), text(&once), "{:?} {:?}", dialect, flaky);
            }
        }
    }

    #[test]
    fn strict_forms_have_no_place_for_times_and_keep_cases_and_outcomes_all_the_same(a in any_report(), b in any_report()) {
        let options = MergeOptions { dialect: Dialect::Surefire, ..MergeOptions::default() };
        let once = merge(&[("a", a.as_bytes()), ("b", b.as_bytes())], &options).0;
        let twice = merge(&[("m", &once)], &options).0;
        prop_assert_eq!(rows(&twice), rows(&once));
        let plain = merge(&[("a", a.as_bytes()), ("b", b.as_bytes())], &MergeOptions::default()).0;
        prop_assert_eq!(rows(&plain), rows(&once));
        let back = merge(&[("m", &once)], &MergeOptions::default()).0;
        prop_assert_eq!(files(&back), files(&plain), "a file is not lost");
    }

    #[test]
    fn no_case_of_a_file_is_lost_to_one_of_another_file(a in any_report(), b in any_report()) {
        for dialect in [Dialect::Plain, Dialect::Surefire, Dialect::Gitlab, Dialect::Azure] {
            let options = MergeOptions { dialect, ..MergeOptions::default() };
            let only = merge(&[("a", a.as_bytes())], &options).0;
            let united = merge(&[("a", a.as_bytes()), ("b", b.as_bytes())], &options).0;
            let united = files(&merge(&[("m", &united)], &MergeOptions::default()).0);
            for file in files(&merge(&[("m", &only)], &MergeOptions::default()).0) {
                prop_assert!(united.contains(&file), "{:?} in {:?}", file, dialect);
            }
        }
    }
}

fn rows(document: &[u8]) -> Vec<(String, String, CaseOutcome)> {
    let report = read("merged.xml", document, &ReadLimits::default());
    report.cases.iter().map(|case| (case.classname.clone(), case.name.clone(), case.outcome())).collect()
}

/// Returns class and name, without the number that a dialect may add, and file of every case.
fn files(document: &[u8]) -> Vec<(String, String, Option<String>)> {
    let report = read("merged.xml", document, &ReadLimits::default());
    let bare = |name: &str| name.split(" [").next().unwrap_or_default().to_owned();
    let named = report.cases.iter().filter(|case| case.name != "(report)");
    named.map(|case| (case.classname.clone(), bare(&case.name), case.file.clone())).collect()
}

#[test]
fn samples_obey_the_laws() {
    let samples = samples();
    for place in 0..samples.len() {
        let three = [0, 1, 17].map(|step| samples[(place + step) % samples.len()].1.as_slice());
        for flaky in FLAKY {
            assert_laws(three[0], three[1], three[2], flaky).unwrap();
        }
    }
}

#[test]
fn all_samples_together_do_not_depend_on_their_order_or_on_the_number_of_threads() {
    let samples = samples();
    let mut reports = named(&samples);
    let (document, written) = merge(&reports, &MergeOptions::default());
    reports.reverse();
    assert_eq!(merge(&reports, &MergeOptions::default()).0, document);
    let halves = reports.split_at(20);
    let halves = [halves.0, halves.1].map(|half| merge(half, &MergeOptions::default()).0);
    assert_eq!(merge(&[("1", &halves[0]), ("2", &halves[1])], &MergeOptions::default()).0, document);
    assert_eq!(strictly(&[document])[0].0, written.cases + written.entries);
}

#[test]
fn no_dialect_loses_an_attempt_when_it_is_merged_again() {
    let attempts = |document: &[u8]| {
        let text = String::from_utf8_lossy(document);
        ["<flakyFailure", "<flakyError", "<rerunFailure", "<rerunError"].map(|tag| text.matches(tag).count())
    };
    let samples = samples();
    for dialect in [Dialect::Plain, Dialect::Surefire, Dialect::Gitlab, Dialect::Azure] {
        let options = MergeOptions { dialect, ..MergeOptions::default() };
        let once = merge(&named(&samples), &options).0;
        let twice = merge(&[("m", &once)], &options).0;
        assert_eq!(attempts(&twice), attempts(&once), "{dialect:?}");
        let united = merge(&[("1", &once), ("2", &once)], &options).0;
        assert_eq!(attempts(&united), attempts(&once), "{dialect:?}: the same twice is the same");
    }
    let equal = "<testsuite name='s'><testcase name='a'><rerunFailure message='m'/><rerunFailure message='m'/>\
                 <failure message='m'/></testcase></testsuite>";
    let once = merge(&[("a", equal.as_bytes())], &MergeOptions::default()).0;
    assert_eq!(attempts(&once), [0, 0, 2, 0], "attempts that look alike are attempts all the same");
}
