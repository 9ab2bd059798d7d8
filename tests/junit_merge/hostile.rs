//! Reports that are damaged, hostile or huge.

use minke::report::junit::merge::{Dialect, MergeOptions};
use proptest::prelude::*;

use crate::support::{any_report, merge, read, strictly};

fn utf_16(text: &str) -> Vec<u8> {
    [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[test]
fn what_strict_parsers_reject_is_repaired() {
    let reports: [(&str, Vec<u8>, usize); 9] = [
        ("raw escape", b"<testsuite><testcase name='a'><failure>\x1B[31mred\x1B[0m \x00\x08</failure></testcase></testsuite>".into(), 1),
        ("escape by number", b"<testsuite><testcase name='a&#27;[1m'><error>&#27;[31mred&#x1B;</error></testcase></testsuite>".into(), 1),
        ("byte order mark", b"\xEF\xBB\xBF<testsuite><testcase name='a'/></testsuite>".into(), 1),
        ("utf-16", utf_16("<?xml version='1.0' encoding='UTF-16'?><testsuite><testcase name='\u{e9}'/></testsuite>"), 1),
        ("latin-1", b"<?xml version='1.0' encoding='ISO-8859-1'?><testsuite><testcase name='\xE9'/></testsuite>".into(), 1),
        ("several roots", b"<testsuite name='a'><testcase name='a'/></testsuite><testsuites><testsuite><testcase name='b'/></testsuite></testsuites>".into(), 2),
        ("document type", b"<!DOCTYPE x [<!ENTITY e 'boom'>]><testsuite><testcase name='a'><failure>&e;</failure></testcase></testsuite>".into(), 1),
        ("not utf-8", b"<testsuite><testcase name='\xFF\xFE'/></testsuite>".into(), 1),
        ("section's end", b"<testsuite><testcase name='a'><failure>]]&gt; ]]<![CDATA[>]]></failure></testcase></testsuite>".into(), 1),
    ];
    let documents: Vec<Vec<u8>> = reports
        .iter()
        .map(|(name, bytes, _)| {
            let options = MergeOptions::default();
            assert!(read(&[(name, bytes)], &options).summary().is_whole(), "{name}");
            merge(&[(name, bytes)], &options).0
        })
        .collect();
    for ((name, _, cases), (found, _)) in reports.iter().zip(strictly(&documents)) {
        assert_eq!(found, *cases, "{name}");
    }
    let texts = String::from_utf8(documents.concat()).unwrap();
    assert!(!texts.contains(['\u{1B}', '\0', '\u{8}']) && !texts.contains("boom") && texts.contains("name=\"\u{e9}\""));
}

#[test]
fn what_cannot_be_read_whole_is_an_error_with_a_name() {
    for (name, bytes, cases, error) in [
        ("empty.xml", "", 1, "minke.unreadable-report"),
        ("text.xml", "Segmentation fault", 1, "minke.unreadable-report"),
        ("html.xml", "<html><body/></html>", 1, "minke.unreadable-report"),
        ("cut.xml", "<testsuite><testcase name='a'/><testcase name='b'/>", 3, "minke.truncated-report"),
        ("wrong.xml", "<testsuite><testcase name='a'/></wrong>", 2, "minke.unreadable-report"),
    ] {
        let reports: [(&str, &[u8]); 1] = [(name, bytes.as_bytes())];
        let merge = read(&reports, &MergeOptions::default());
        assert!(!merge.summary().is_whole(), "{name}");
        let mut document = Vec::new();
        let written = merge.write(&mut document).unwrap();
        assert_eq!((written.entries, written.cases), (1, cases - 1), "{name}");
        let text = String::from_utf8(document.clone()).unwrap();
        assert!(text.contains(&format!("<testsuite name=\"{name}\"")) && text.contains(error), "{text}");
        assert_eq!(strictly(&[document.clone()]), [(cases, 1)]);
        let again = read(&[("merged.xml", &document)], &MergeOptions::default());
        assert!(again.summary().is_whole(), "the result itself is whole");
    }
}

#[test]
fn a_case_in_which_a_report_breaks_off_has_not_passed() {
    let cut = b"<testsuite><testcase name='a'/><testcase name='b'><system-out>working";
    let text = String::from_utf8(merge(&[("cut.xml", cut)], &MergeOptions::default()).0).unwrap();
    assert!(text.contains("failures=\"0\" errors=\"2\""), "{text}");
    assert!(text.contains("cut.xml breaks off inside of this case"), "{text}");
}

#[test]
fn a_long_text_keeps_its_beginning_and_its_end_and_tells_where_the_rest_is() {
    let log = format!("begin {} end", "0123456789".repeat(200_000));
    let report = format!("<testsuite><testcase name='a'><system-out>{log}</system-out></testcase></testsuite>");
    for (dialect, limit) in [(Dialect::Plain, 300_000), (Dialect::Gitlab, 70_000)] {
        let options = MergeOptions { dialect, ..MergeOptions::default() };
        let once = merge(&[("shard-1/a.xml", report.as_bytes())], &options).0;
        let text = String::from_utf8(once.clone()).unwrap();
        assert!(text.len() < limit && text.contains("begin 01") && text.contains("89 end"), "{}", text.len());
        assert!(text.contains(" bytes; full log at shard-1/a.xml]\n"));
        let both = merge(&[("shard-1/a.xml", report.as_bytes()), ("shard-2/a.xml", report.as_bytes())], &options);
        assert_eq!((both.1.identical, both.1.retries), (1, 0), "the path is no difference");
        assert_eq!(both.0, once);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_merged_a_strict_parser_reads_it_and_counts_the_same(
        reports in prop::collection::vec(prop::collection::vec(any_report(), 0..3), 8),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut documents = Vec::new();
        for reports in &reports {
            let names: Vec<String> = (0..reports.len()).map(|number| format!("{number}\u{1B}<.xml")).collect();
            let mut inputs: Vec<(&str, &[u8])> = names.iter().map(String::as_str).zip(reports.iter().map(String::as_bytes)).collect();
            inputs.push(("noise", &noise));
            for dialect in [Dialect::Plain, Dialect::Surefire, Dialect::Gitlab, Dialect::Azure] {
                documents.push(merge(&inputs, &MergeOptions { dialect, ..MergeOptions::default() }).0);
            }
        }
        for (cases, bad) in strictly(&documents) {
            prop_assert!(cases > 0 && bad > 0, "the noise is at least one error");
        }
    }
}

#[test]
fn what_a_parser_quotes_of_noise_is_legal_too() {
    let noise: &[u8] = &[60, 33, 46, 16, 189, 39, 66, 110, 160, 105, 87, 245, 169, 225, 52, 233, 104, 60, 239, 158];
    let merged = merge(&[("noise", noise)], &MergeOptions::default()).0;
    assert_eq!(strictly(&[merged]), [(1, 1)]);
}
