//! Reports to merge, and strict readers of what comes out.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use minke::report::junit::merge::{Input, Merge, MergeOptions, Source, Written};
use proptest::prelude::*;

pub(crate) const FLAKY: [minke::report::junit::merge::Flaky; 3] = {
    use minke::report::junit::merge::Flaky::{Last, Repeat, Surefire};
    [Surefire, Repeat, Last]
};

/// Merges reports with these names and contents.
pub(crate) fn merge(reports: &[(&str, &[u8])], options: &MergeOptions) -> (Vec<u8>, Written) {
    let merge = read(reports, options);
    let mut out = Vec::new();
    let written = merge.write(&mut out).unwrap();
    assert_eq!(written.bytes, out.len() as u64);
    (out, written)
}

pub(crate) fn read(reports: &[(&str, &[u8])], options: &MergeOptions) -> Merge {
    let inputs: Vec<Input> = reports
        .iter()
        .map(|(path, bytes)| Input { path: (*path).to_owned(), source: Source::Bytes(bytes.to_vec()) })
        .collect();
    Merge::read(inputs, options).unwrap()
}

/// Merges and returns the document as text.
pub(crate) fn merged(reports: &[(&str, &str)], options: &MergeOptions) -> String {
    let reports: Vec<(&str, &[u8])> = reports.iter().map(|&(path, text)| (path, text.as_bytes())).collect();
    String::from_utf8(merge(&reports, options).0).unwrap()
}

/// Returns every sample with its name.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/junit");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 50);
    paths.iter().map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())).collect()
}

pub(crate) fn named(reports: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    reports.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect()
}

/// Reads documents with Python's expat, which takes nothing but well-formed XML. Counts every element and compares the
/// counters; returns for each document its cases and those of them that failed or erred.
pub(crate) fn strictly(documents: &[Vec<u8>]) -> Vec<(usize, usize)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/junit_merge/strict.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to check reports with a second parser");
    let mut input = python.stdin.take().unwrap();
    let documents = documents.to_vec();
    let count = documents.len();
    let feeder = std::thread::spawn(move || {
        for document in &documents {
            writeln!(input, "{}", document.len()).unwrap();
            input.write_all(document).unwrap();
        }
    });
    let output = python.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert!(output.status.success(), "the strict parser rejects the merged report");
    let text = String::from_utf8(output.stdout).unwrap();
    let number = |text: Option<&str>| text.unwrap().parse::<usize>().unwrap();
    let counts: Vec<(usize, usize)> = text
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            (number(words.next()), number(words.next()))
        })
        .collect();
    assert_eq!(counts.len(), count);
    counts
}

/// A report in which names, times and texts that clash are frequent.
pub(crate) fn any_report() -> impl Strategy<Value = String> {
    let element = prop_oneof![any_suite(2), any_case()];
    let document = prop::collection::vec(element, 0..4).prop_map(|elements| {
        format!("<testsuites name='all' timestamp='2020-01-01'>{}</testsuites>", elements.concat())
    });
    let bare = any_suite(1);
    let broken = (any_suite(1), 0.0..1.0).prop_map(|(suite, part)| {
        let length = (suite.len() as f64 * part) as usize;
        suite[..suite.floor_char_boundary(length)].to_owned()
    });
    prop_oneof![6 => document, 2 => bare, 1 => broken]
}

fn any_suite(depth: u32) -> BoxedStrategy<String> {
    let inside =
        if depth == 0 { any_case().boxed() } else { prop_oneof![4 => any_case(), 1 => any_suite(depth - 1)].boxed() };
    let outputs =
        prop::sample::select(vec!["", "<system-out>log</system-out>", "<system-err>bad\u{1B}[0m</system-err>"]);
    let properties = prop::collection::vec((word(), hostile()), 0..2).prop_map(|properties| {
        let all: String =
            properties.iter().map(|(name, value)| format!("<property name=\"{name}\" value=\"{value}\"/>")).collect();
        if all.is_empty() { all } else { format!("<properties>{all}</properties>") }
    });
    let attributes =
        (maybe("timestamp", time()), maybe("hostname", word()), maybe("file", path()), maybe("tests", number()));
    (word(), attributes, properties, prop::collection::vec(inside, 0..4), outputs)
        .prop_map(|(name, (time, host, file, tests), properties, inside, outputs)| {
            format!(
                "<testsuite name='{name}'{time}{host}{file}{tests}>{properties}{}{outputs}</testsuite>",
                inside.concat()
            )
        })
        .boxed()
}

fn any_case() -> impl Strategy<Value = String> {
    let seconds = prop::sample::select(vec!["0.1", "0.2", "1e-3", "NaN", "1,234.5"]).prop_map(str::to_owned);
    let attributes =
        (maybe("time", seconds), maybe("timestamp", time()), maybe("file", path()), maybe("line", number()));
    let verdict = prop_oneof![
        3 => Just(String::new()),
        3 => ("failure|error|skipped", hostile(), hostile())
            .prop_map(|(kind, message, text)| format!("<{kind} message=\"{message}\" type='T'>{text}</{kind}>")),
        1 => Just("<failure message='two&#10;lines'/><error>also</error>".to_owned()),
    ];
    let earlier = ("flakyFailure|flakyError|rerunFailure|rerunError", maybe("timestamp", time()), hostile()).prop_map(
        |(element, time, text)| {
            format!("<{element} message='m'{time}><stackTrace>{text}</stackTrace><system-out>o{text}</system-out></{element}>")
        },
    );
    let earlier = prop::collection::vec(earlier, 0..2).prop_map(|earlier| earlier.concat());
    let output = prop_oneof![2 => Just(String::new()), 1 => hostile().prop_map(|text| format!("<system-out>{text}</system-out>"))];
    (word(), word(), attributes, verdict, earlier, output).prop_map(
        |(class, name, (seconds, time, file, line), verdict, earlier, output)| {
            format!("<testcase classname='{class}' name='{name}'{seconds}{time}{file}{line}>{verdict}{earlier}{output}</testcase>")
        },
    )
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "a", "b", "", "a [2]", "x/y.py", "&lt;&amp;"]).prop_map(str::to_owned)
}

/// A file; some of them are one and the same.
fn path() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["t/a.py", "t/a.py", "./t/a.py", "b.py", "", "./", " ", "&lt;.py"]).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = String> {
    (0_u32..4).prop_map(|number| number.to_string())
}

fn time() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["2026-01-01T00:00:00Z", "2026-01-02T00:00:00", "2026-01-02T01:00:00+01:00", "never"])
        .prop_map(str::to_owned)
}

fn maybe(name: &'static str, value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::option::of(value).prop_map(move |value| value.map_or(String::new(), |value| format!(" {name}='{value}'")))
}

/// Text of an element or a quoted attribute.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "x",
        "x",
        "\n",
        "\r",
        "\t",
        " ",
        "]]&gt;",
        "&#27;[31m",
        "\u{1B}[1m",
        "&#0;",
        "&nbsp;",
        "&",
        "\u{FFFE}",
        "\u{1F600}",
        "[minke cut 5 bytes; full log at p]\n",
        "a text that is long enough to stay in its report until it is written, wherever that is",
    ]);
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}
