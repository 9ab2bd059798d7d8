//! Small merges, as they are written.

use minke::report::junit::merge::{Dialect, Flaky, MergeOptions};

use crate::support::{merge, merged, read};

const FIRST: &str = "<testsuites><testsuite name='shop' timestamp='2026-01-01T10:00:00' hostname='c0ffee' tests='9'>\
    <properties><property name='shard' value='1'/></properties>\
    <testcase classname='t.cart' name='adds' time='0.25' file='/w/t/cart.py' line='7'/>\
    <testcase classname='t.cart' name='pays' time='1.5'><failure message='no &lt;money&gt;' type='AssertionError'>line 9</failure>\
    <system-out>asking the bank</system-out></testcase>\
    </testsuite></testsuites>";

const SECOND: &str = "<testsuite name='shop' timestamp='2026-01-01T12:00:00+01:00' hostname='decaf'>\
    <properties><property name='shard' value='2'/></properties>\
    <testcase classname='t.cart' name='pays' time='1.25'/></testsuite>";

fn options(flaky: Flaky, dialect: Dialect) -> MergeOptions {
    MergeOptions { flaky, dialect, strip_prefix: Some("/w".into()), ..MergeOptions::default() }
}

fn both(flaky: Flaky, dialect: Dialect) -> String {
    merged(&[("1.xml", FIRST), ("2.xml", SECOND)], &options(flaky, dialect))
}

#[test]
fn a_case_that_failed_first_and_passed_later_is_flaky() {
    insta::assert_snapshot!(both(Flaky::Surefire, Dialect::Plain));
}

#[test]
fn attempts_can_be_repeated_rows() {
    insta::assert_snapshot!(both(Flaky::Repeat, Dialect::Plain));
}

#[test]
fn the_last_attempt_can_stand_alone() {
    let text = both(Flaky::Last, Dialect::Plain);
    assert!(!text.contains("no &lt;money") && text.contains("failures=\"0\""), "{text}");
}

#[test]
fn surefire_has_one_suite_in_a_file_and_few_attributes() {
    insta::assert_snapshot!(both(Flaky::Surefire, Dialect::Surefire));
}

fn one_case(inside: &str, time: &str) -> String {
    format!("<testsuite name='s'{time}><testcase classname='c' name='n'>{inside}</testcase></testsuite>")
}

#[test]
fn the_later_word_counts_and_one_without_a_time_repairs_nothing() {
    let failed = "<failure>f</failure>";
    for (first, first_time, second, second_time, expected) in [
        (failed, " timestamp='2026-01-01'", "", " timestamp='2026-01-02'", "<flakyFailure"),
        ("", " timestamp='2026-01-01'", failed, " timestamp='2026-01-02'", "<failure"),
        (failed, "", "", "", "<failure"),
        (failed, "", "", " timestamp='2026-01-02'", "<failure"),
        (failed, " timestamp='2026-01-01'", "", "", "<failure"),
        ("<error>e</error>", " timestamp='2026-01-01'", failed, " timestamp='2026-01-02'", "<rerunError"),
        ("<skipped/>", " timestamp='2026-01-02'", "", " timestamp='2026-01-01'", "skipped=\"0\""),
        ("<skipped/>", " timestamp='2026-01-02'", failed, "", "<failure"),
    ] {
        let (first, second) = (one_case(first, first_time), one_case(second, second_time));
        let text = merged(&[("1", &first), ("2", &second)], &MergeOptions::default());
        assert!(text.contains(expected), "{first} and {second}: {text}");
        assert_eq!(text.matches("<testcase").count(), 1);
    }
}

#[test]
fn rows_of_one_name_in_a_report_are_different_cases() {
    let rows = "<testsuite name='s'><testcase classname='c' name='n'/><testcase classname='c' name='n'><failure/></testcase>\
                <testcase classname='c' name='n'/></testsuite>";
    let (document, written) = merge(&[("1", rows.as_bytes())], &MergeOptions::default());
    assert_eq!((written.cases, written.merged()), (3, 0));
    assert!(String::from_utf8(document).unwrap().contains("tests=\"3\" failures=\"1\""));
    let reports: [(&str, &[u8]); 2] = [("1", rows.as_bytes()), ("2", rows.as_bytes())];
    let written = merge(&reports, &MergeOptions::default()).1;
    assert_eq!((written.cases, written.identical, written.retries), (3, 3, 0));
    let gitlab = merged(&[("1", rows)], &options(Flaky::Surefire, Dialect::Gitlab));
    let names: Vec<&str> =
        gitlab.split("<testcase name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(names, ["n", "n [2]", "n [3]"]);
}

#[test]
fn nested_suites_are_flattened_with_joined_names_and_keep_their_texts() {
    let nested = "<testsuites name='all'><testsuite name='outer' timestamp='2026-01-01'><testsuite name='inner'>\
                  <testcase name='a'/></testsuite><system-out>said outside</system-out></testsuite></testsuites>";
    insta::assert_snapshot!(merged(&[("1", nested)], &MergeOptions::default()));
}

#[test]
fn a_claim_that_is_wrong_is_remarked_on_once_and_for_all() {
    let wrong = "<testsuite name='s' tests='5' errors='1'><testcase name='a'/></testsuite>";
    let once = merged(&[("1", wrong), ("2", wrong)], &MergeOptions::default());
    let remark =
        "<property name=\"minke.remark\" value=\"tests=&quot;5&quot;, counted 1; errors=&quot;1&quot;, counted 0\"/>";
    assert_eq!(once.matches(remark).count(), 1, "{once}");
    let again: [(&str, &[u8]); 1] = [("m", once.as_bytes())];
    assert_eq!(read(&again, &MergeOptions::default()).summary().remarks, []);
}

#[test]
fn suites_of_one_name_can_be_kept_apart_by_their_reports() {
    let options = MergeOptions { suite_prefix: true, ..MergeOptions::default() };
    let failed = one_case("<failure>f</failure>", " timestamp='2026-01-01'");
    let passed = one_case("", " timestamp='2026-01-02'");
    let alone = "<testsuite name='alone'><testcase name='x'/></testsuite>";
    let text = merged(&[("mac/junit.xml", &failed), ("linux/junit.xml", &passed), ("x/b.xml", alone)], &options);
    for name in ["\"mac/junit: s\"", "\"linux/junit: s\"", "\"alone\""] {
        assert!(text.contains(&format!("<testsuite name={name}")), "{text}");
    }
    assert!(text.contains("tests=\"3\" failures=\"1\""), "{text}");
}

#[test]
fn a_prefix_is_taken_from_files_and_from_suites_that_are_paths() {
    let report = "<testsuite name='/w/t/a.py' file='/w/t/a.py'><testcase name='a' file='/w/t/a.py'/><testcase name='b' file='/www/b.py'/></testsuite>";
    for prefix in ["/w", "/w/"] {
        let options = MergeOptions { strip_prefix: Some(prefix.into()), ..MergeOptions::default() };
        let text = merged(&[("1", report)], &options);
        assert!(text.contains("<testsuite name=\"t/a.py\"") && text.contains("file=\"/www/b.py\""), "{text}");
        assert_eq!(text.matches("file=\"t/a.py\"").count(), 2, "{text}");
    }
}

/// One case of a describe of mocha, whose suite names the file.
fn mocha(file: &str, day: u32, inside: &str) -> String {
    format!(
        "<testsuites><testsuite name='list' timestamp='2026-01-0{day}' file='{file}'>\
         <testcase classname='is empty' name='list is empty'>{inside}</testcase></testsuite></testsuites>"
    )
}

/// One case of pytest, which names the file in the case.
fn pytest(file: &str, day: u32, inside: &str) -> String {
    format!(
        "<testsuites><testsuite name='pytest' timestamp='2026-01-0{day}'>\
         <testcase classname='a' name='test_it' file='{file}'>{inside}</testcase></testsuite></testsuites>"
    )
}

const DIALECTS: [Dialect; 4] = [Dialect::Plain, Dialect::Surefire, Dialect::Gitlab, Dialect::Azure];
const FAILED: &str = "<failure>f</failure>";

#[test]
fn a_failure_in_one_file_is_not_repaired_by_the_same_name_in_another() {
    for (failed, passed) in [
        (mocha("users.js", 1, FAILED), mocha("orders.js", 2, "")),
        (mocha("users.js", 1, FAILED), mocha("zebras.js", 2, "")),
        (pytest("a/t/a.py", 1, FAILED), pytest("b/t/a.py", 2, "")),
        (pytest("a/t/a.py", 1, FAILED), pytest("", 2, "")),
        (pytest("", 1, FAILED), pytest("a/t/a.py", 2, "")),
        (pytest("", 1, FAILED), mocha("a/t/a.py", 2, "").replace("'list'", "'pytest'")),
    ] {
        for dialect in DIALECTS {
            for flaky in crate::support::FLAKY {
                let options = options(flaky, dialect);
                let expected = merged(&[("1", &failed), ("2", &passed)], &options);
                let counted = |text: &str| {
                    text.matches("<testcase").count() == 2
                        && text.matches("<failure").count() == 1
                        && !text.contains("<flaky")
                };
                assert!(counted(&expected), "{dialect:?} {flaky:?}: {expected}");
                assert_eq!(merged(&[("m", &expected)], &options), expected, "merged again");
                // The file is not lost where a form has no attribute for it.
                let (first, second) = (merged(&[("1", &failed)], &options), merged(&[("2", &passed)], &options));
                let parts = merged(&[("1", &first), ("2", &second)], &options);
                assert!(counted(&parts), "{dialect:?} {flaky:?}: {parts}");
            }
        }
    }
}

#[test]
fn a_file_is_the_same_however_its_path_begins() {
    let failed = pytest("/w/./t/a.py", 1, FAILED);
    for other in ["t/a.py", "./t/a.py", "././/t/a.py", "/w/t/a.py"] {
        for dialect in DIALECTS {
            let options = options(Flaky::Surefire, dialect);
            let passed = pytest(other, 2, "");
            let text = merged(&[("1", &failed), ("2", &passed)], &options);
            assert!(text.matches("<testcase").count() == 1 && text.contains("<flakyFailure"), "{other}: {text}");
            let first = merged(&[("1", &failed)], &options);
            let second = merged(&[("2", &passed)], &options);
            let parts = merged(&[("1", &first), ("2", &second)], &options);
            assert!(parts.matches("<testcase").count() == 1, "{dialect:?} {other}: {parts}");
        }
    }
}

#[test]
fn rows_are_counted_within_their_file() {
    let row = |file: &str, inside: &str| format!("<testcase classname='c' name='n' file='{file}'>{inside}</testcase>");
    let suite = |day: u32, rows: &str| format!("<testsuite name='s' timestamp='2026-01-0{day}'>{rows}</testsuite>");
    let first = suite(1, &[row("a", ""), row("b", FAILED), row("b", "")].concat());
    let again = suite(2, &row("b", ""));
    let text = merged(&[("1", &first), ("2", &again)], &MergeOptions::default());
    assert!(text.matches("<testcase").count() == 3 && text.matches("<flakyFailure").count() == 1, "{text}");
    let gitlab = merged(&[("1", &first), ("2", &again)], &options(Flaky::Surefire, Dialect::Gitlab));
    for row in [
        "name=\"n\" classname=\"c\" time=\"0.000\" file=\"a\"",
        "name=\"n [2]\" classname=\"c\" time=\"0.000\" file=\"b\"",
        "name=\"n [3]\"",
    ] {
        assert!(gitlab.contains(row), "{gitlab}");
    }
}

#[test]
fn split_files_of_surefire_keep_the_file_of_a_case_for_a_later_merge() {
    let options = options(Flaky::Surefire, Dialect::Surefire);
    let dirs = [mocha("users.js", 1, FAILED), mocha("orders.js", 2, "")].map(|report| {
        let dir = tempfile::tempdir().unwrap();
        read(&[("1", report.as_bytes())], &options).split(dir.path()).unwrap();
        std::fs::read_to_string(dir.path().join("TEST-list.xml")).unwrap()
    });
    let text = merged(&[("1", &dirs[0]), ("2", &dirs[1])], &MergeOptions::default());
    assert!(text.contains("tests=\"2\" failures=\"1\"") && text.contains("file=\"users.js\""), "{text}");
}

#[test]
fn the_outputs_of_a_suite_stay_apart_when_they_are_merged_again() {
    let report = |text: &str| {
        format!("<testsuite name='s'><testcase classname='c' name='n'/><system-out>{text}</system-out></testsuite>")
    };
    let plain = MergeOptions::default();
    let both = merged(&[("1.xml", &report("one")), ("2.xml", &report("two"))], &plain);
    assert_eq!(both.matches("<system-out>").count(), 2, "{both}");
    assert_eq!(merged(&[("m.xml", &both)], &plain), both);
    assert_eq!(merged(&[("m.xml", &both), ("1.xml", &report("one"))], &plain), both);
}
