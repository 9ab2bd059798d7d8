use proptest::prelude::*;

use super::Cobertura;
use crate::model::LineCounts;

fn read(text: &str) -> (Cobertura, Vec<String>) {
    let mut report = Cobertura::default();
    let faults = report.read("shards/2/coverage.xml", text.as_bytes());
    (report, faults)
}

/// Merges documents that have no fault.
fn merged<'a>(files: impl IntoIterator<Item = &'a String>) -> Cobertura {
    let mut merged = Cobertura::default();
    for file in files {
        assert_eq!(merged.read("a", file.as_bytes()), Vec::<String>::new(), "{file}");
    }
    merged
}

fn written(report: &Cobertura) -> String {
    let mut bytes = Vec::new();
    report.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A document with one class of the file `a.py`.
fn of_lines(lines: &str) -> String {
    format!(
        "<?xml version=\"1.0\" ?><!DOCTYPE coverage SYSTEM \"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">\n\
         <coverage timestamp=\"5\"><sources><source>/a&amp;b</source></sources><packages><package name=\".\"><classes>\n\
         <class name=\"a\" filename=\"a.py\" complexity=\"2.5\"><methods/><lines>\n{lines}\n</lines></class>\n\
         </classes></package></packages></coverage>\n"
    )
}

#[test]
fn lines_are_summed_and_rates_worked_out_anew() {
    let one = of_lines(
        r#"<line number="1" hits="1"/><line number="2" hits="0" branch="true" condition-coverage="0% (0/2)"/>"#,
    );
    let two = of_lines(
        r#"<line number="2" hits="3" branch="true" condition-coverage="50% (1/2)"/><line number="10" hits="0" branch="false"/>"#,
    );
    let text = written(&merged([&one, &two]));
    assert!(text.contains("timestamp=\"5\" lines-valid=\"3\" lines-covered=\"2\" branches-valid=\"2\" branches-covered=\"1\" line-rate=\"0.6666\" branch-rate=\"0.5\" complexity=\"2.5\""), "{text}");
    assert!(text.contains("<source>/a&amp;b</source>"), "{text}");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("<line ")).collect();
    let wanted = [
        r#"<line number="1" hits="1"/>"#,
        r#"<line number="2" hits="3" branch="true" condition-coverage="50% (1/2)"/>"#,
        r#"<line number="10" hits="0"/>"#,
    ];
    assert_eq!(lines, wanted);
}

#[test]
fn branches_are_as_covered_as_is_certain() {
    let line = |rest: &str| of_lines(&format!(r#"<line number="1" hits="1" branch="true" {rest}</line>"#));
    let merge = |one: &str, other: &str| {
        let text = written(&merged([&line(one), &line(other)]));
        text.split_once("condition-coverage=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    let missing = |name: &str| format!(r#"condition-coverage="50% (1/2)" missing-branches="{name}">"#);
    assert_eq!(merge(&missing("3"), &missing("exit")), "100% (2/2)");
    assert_eq!(merge(&missing("3"), &missing("3")), "50% (1/2)");
    // Without names the larger number is all that is certain.
    let bare = r#"condition-coverage="50% (1/2)">"#;
    assert_eq!(merge(bare, bare), "50% (1/2)");
    assert_eq!(merge(bare, r#"condition-coverage="100% (2/2)">"#), "100% (2/2)");
    // Names that stand there twice do not tell which branches they are.
    let twice = r#"condition-coverage="0% (0/2)" missing-branches="exit,exit">"#;
    assert_eq!(merge(twice, &missing("exit")), "50% (1/2)");
    let jumps = |one: u8, two: u8| {
        let one_of = |number: u8, rate: u8| format!(r#"<condition number="{number}" type="jump" coverage="{rate}%"/>"#);
        let covered = (one + two) / 50;
        format!(
            r#"condition-coverage="{}% ({covered}/4)"><conditions>{}{}</conditions>"#,
            covered * 25,
            one_of(0, one),
            one_of(1, two)
        )
    };
    assert_eq!(merge(&jumps(100, 0), &jumps(0, 100)), "100% (4/4)");
    assert_eq!(merge(&jumps(50, 0), &jumps(50, 50)), "50% (2/4)");
}

#[test]
fn a_line_that_classes_of_a_file_share_counts_once() {
    let class = |name: &str, hits: u8| {
        format!(
            r#"<class name="{name}" filename="A.java"><methods><method name="f" signature="()V"><lines><line number="1" hits="{hits}"/></lines></method></methods><lines><line number="1" hits="{hits}"/></lines></class>"#
        )
    };
    let text = format!(
        "<coverage><packages><package name=\"p\"><classes>{}{}</classes></package></packages></coverage>",
        class("A", 0),
        class("A$B", 2)
    );
    let report = merged([&text, &text]);
    assert_eq!(report.lines(), LineCounts { covered: 1, total: 1 });
    let text = written(&report);
    assert_eq!(text.matches("<class ").count(), 2, "{text}");
    assert_eq!(text.matches(r#"<line number="1" hits="4"/>"#).count(), 2, "a method and its class\n{text}");
}

#[test]
fn a_fault_is_named_with_its_line_and_the_rest_counts() {
    let (report, faults) =
        read(&of_lines("<line number=\"x\" hits=\"1\"/>\n<line number=\"2\"/>\n<line number=\"3\" hits=\"1\"/>"));
    assert_eq!(report.lines(), LineCounts { covered: 1, total: 1 });
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[0].starts_with("`shards/2/coverage.xml` line 4: a <line> is left out: `x` is no number"),
        "{faults:?}"
    );
    assert!(faults[1].contains("line 5: a <line> is left out: it has no `hits`"), "{faults:?}");
    let whole = of_lines("<line number=\"1\" hits=\"1\"/>\n<line number=\"2\" hits=\"1\"/>");
    let (report, faults) = read(&whole[..whole.find("</lines>").unwrap()]);
    assert_eq!((report.lines().covered, faults.len()), (2, 1), "{faults:?}");
    assert!(faults[0].contains("breaks off"), "{faults:?}");
    let (report, faults) = read(&whole.replace("</lines>", "</line>"));
    assert_eq!((report.lines().covered, faults.len()), (2, 1), "{faults:?}");
    assert!(faults[0].contains("line 6: "), "{faults:?}");
}

#[test]
fn what_is_hostile_is_refused() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE coverage [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n<coverage><packages/></coverage>";
    let (report, faults) = read(bomb);
    assert_eq!(report.lines().total, 0);
    assert!(faults[0].contains("line 2: its document type declares something"), "{faults:?}");
    let (_, faults) = read("<coverage><sources><source>&xxe;</source></sources><packages/></coverage>");
    assert!(faults[0].contains("the entity `xxe` is not known"), "{faults:?}");
    let (_, faults) = read(&format!("<coverage>{}", "<x>".repeat(100_000)));
    assert!(faults[0].contains("nested more than 32 deep"), "{faults:?}");
    let (_, faults) = read("<html><body/></html>");
    assert!(faults[0].contains("it begins with <html>"), "{faults:?}");
    let (_, faults) = read("<coverage generated=\"1\"><project/></coverage>");
    assert!(faults[0].contains("there is no <packages>"), "{faults:?}");
    let (_, faults) =
        read(&of_lines(r#"<line number="1" hits="1" branch="true" condition-coverage="(1/99999999999)"/>"#));
    assert!(faults[0].contains("is no `condition-coverage`"), "{faults:?}");
}

fn line() -> impl Strategy<Value = String> {
    let branches = prop_oneof![
        Just(String::new()),
        (0..3u8).prop_map(|covered| format!(r#" branch="true" condition-coverage="x ({covered}/2)""#)),
        Just(r#" branch="true" condition-coverage="50% (1/2)" missing-branches="3""#.to_owned()),
        Just(r#" branch="true" condition-coverage="50% (1/2)" missing-branches="exit""#.to_owned()),
        Just(r#" branch="true" condition-coverage="66% (2/3)" missing-branches="exit""#.to_owned()),
    ];
    (1..5u8, 0..3u8, branches, prop::option::of((0..2u8, 0..3u8))).prop_map(|(number, hits, branches, condition)| {
        let condition = condition.map_or(String::new(), |(number, rate)| {
            format!(r#"<conditions><condition number="{number}" type="jump" coverage="{}%"/></conditions>"#, rate * 50)
        });
        format!(r#"<line number="{number}" hits="{hits}"{branches}>{condition}</line>"#)
    })
}

fn document() -> impl Strategy<Value = String> {
    let lines = || prop::collection::vec(line(), 0..5).prop_map(|lines| lines.concat());
    let class = ("[AB]", "[ab]", 0..3u8, lines(), lines()).prop_map(|(name, file, complexity, method, lines)| {
        format!(
            r#"<class name="{name}" filename="{file}" complexity="{complexity}"><methods><method name="m" signature=""><lines>{method}</lines></method></methods><lines>{lines}</lines></class>"#
        )
    });
    let package = ("[pq]", prop::collection::vec(class, 0..3)).prop_map(|(name, classes)| {
        format!(r#"<package name="{name}"><classes>{}</classes></package>"#, classes.concat())
    });
    (0..3u8, "[st]", prop::collection::vec(package, 0..3)).prop_map(|(time, source, packages)| {
        let packages = packages.concat();
        format!(r#"<coverage timestamp="{time}"><sources><source>{source}</source></sources><packages>{packages}</packages></coverage>"#)
    })
}

proptest! {
    #[test]
    fn neither_order_nor_grouping_matters(files in prop::collection::vec(document(), 0..5), at in 0..5usize) {
        let whole = written(&merged(&files));
        prop_assert_eq!(&written(&merged(files.iter().rev())), &whole);
        // Grouped: each half as one document of classes that stand there several times.
        let (one, other) = files.split_at(at.min(files.len()));
        let packages = |files: &[String]| -> String {
            let inner = files.iter().map(|file| {
                let start = file.find("<packages>").unwrap() + "<packages>".len();
                &file[start..file.find("</packages>").unwrap()]
            });
            inner.collect()
        };
        let grouped = [one, other].map(|files| format!("<coverage><packages>{}</packages></coverage>", packages(files)));
        let body = |text: &str| text.split_once("<packages>").unwrap().1.to_owned();
        prop_assert_eq!(body(&written(&merged(&grouped))), body(&whole));
    }

    #[test]
    fn the_same_document_twice_covers_the_same(file in document()) {
        let (once, twice) = (merged([&file]), merged([&file, &file]));
        prop_assert_eq!(once.counts(), twice.counts());
    }

    #[test]
    fn nothing_that_one_document_covers_is_lost(files in prop::collection::vec(document(), 1..4)) {
        let whole = merged(&files).counts();
        for file in &files {
            let one = merged([file]).counts();
            prop_assert!(one.lines.covered <= whole.lines.covered && one.lines.total <= whole.lines.total);
        }
    }

    #[test]
    fn what_is_written_is_read_back_with_the_same_counts(files in prop::collection::vec(document(), 1..4)) {
        let whole = merged(&files);
        prop_assert_eq!(merged([&written(&whole)]).counts(), whole.counts());
    }

    #[test]
    fn anything_at_all_is_read_without_a_panic(text in "[<>/a-c=\"&;! \\[\\]\n]{0,80}") {
        let (_, _) = read(&text);
        let (report, _) = read(&of_lines(&text));
        written(&report);
    }
}
