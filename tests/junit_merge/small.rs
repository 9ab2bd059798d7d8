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
