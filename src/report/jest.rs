//! jest's own report: what `jest --json --outputFile=FILE` writes when its session has come to an end.
//!
//! Format: `AggregatedResult` of <https://github.com/jestjs/jest/tree/v29.7.0/packages/jest-test-result/src>. It is in every
//! jest, and says more than jest-junit: which files were run, which of them could not be loaded, and what is still to do.

use std::fmt;
use std::io::{BufReader, Read};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::junit::ReadLimits;
use super::text::Text;
use crate::model::{Case, Finding, FindingKind, ReportFile, ReportProblem};

/// How jest's own text marks what went wrong with a file outside of its tests.
const FILE_FAILURE: &str = "● Test suite failed to run";

/// The name of the case that stands for what went wrong with a file outside of its tests.
const FILE_FAILURE_NAME: &str = "Test suite failed to run";

/// Reads jest's results: a case for each test, and one more for a file that failed outside of its tests.
///
/// A case's name is its titles from the outermost on, joined by ` > `; its class name is empty, as jest knows none. Never
/// fails: what is wrong with the file is in [`ReportFile::problems`], and the test files before it are kept. Of the limits
/// only those of the file and of its cases are looked at.
pub fn read(path: &str, input: impl Read, limits: &ReadLimits) -> ReportFile {
    let mut contents = Contents { most_cases: limits.cases, ..Contents::default() };
    let mut input = BufReader::new(input.take(limits.file_bytes));
    let mut json = serde_json::Deserializer::from_reader(&mut input);
    let read = Results(&mut contents).deserialize(&mut json).and_then(|()| json.end());
    let reached_limit = input.get_ref().limit() == 0;
    let problem = match read {
        Err(_) if contents.is_full => Some(too_large(format!("it has more than {} cases", limits.cases))),
        Err(_) if reached_limit => Some(too_large(format!("the file has more than {} bytes", limits.file_bytes))),
        Err(error) if error.is_eof() && !contents.has_begun => Some(ReportProblem::Empty),
        Err(error) if error.is_eof() => Some(ReportProblem::Truncated),
        Err(error) => Some(ReportProblem::Malformed { detail: error.to_string() }),
        Ok(()) if !contents.has_results => {
            Some(ReportProblem::Malformed { detail: "there is no `testResults`".to_owned() })
        }
        Ok(()) => None,
    };
    let problems = problem.into_iter().collect();
    ReportFile { path: path.to_owned(), cases: contents.cases, ran: contents.ran, problems }
}

fn too_large(detail: String) -> ReportProblem {
    ReportProblem::TooLarge { detail }
}

/// What was read so far.
#[derive(Default)]
struct Contents {
    cases: Vec<Case>,
    ran: Vec<String>,
    most_cases: usize,
    has_begun: bool,
    has_results: bool,
    is_full: bool,
}

/// The results of one test file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestFile {
    name: Text,
    #[serde(default)]
    status: Option<Text>,
    #[serde(default)]
    message: Option<Text>,
    #[serde(default)]
    assertion_results: Vec<Test>,
}

/// The result of one test.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    title: Text,
    status: Text,
    #[serde(default)]
    ancestor_titles: Vec<Text>,
    /// In milliseconds.
    #[serde(default)]
    duration: Option<f64>,
    #[serde(default)]
    failure_messages: Option<Vec<Option<Text>>>,
    #[serde(default)]
    location: Option<Place>,
    /// How often the test was run, because of `jest.retryTimes`.
    #[serde(default)]
    invocations: Option<u32>,
    /// What earlier executions said, where the suite asks for that.
    #[serde(default)]
    retry_reasons: Option<Vec<Option<Text>>>,
}

#[derive(Deserialize)]
struct Place {
    line: Option<u32>,
}

impl Contents {
    /// Takes a test file's cases; false when there are more than are kept.
    fn take(&mut self, file: TestFile) -> bool {
        let name = file.name.0;
        let failure = file_failure(file.status, file.message, &file.assertion_results);
        let cases = file.assertion_results.into_iter().map(Test::into_case).chain(failure);
        for case in cases {
            if self.cases.len() >= self.most_cases {
                self.is_full = true;
                return false;
            }
            self.cases.push(Case { file: Some(name.clone()), ..case });
        }
        self.ran.push(name);
        true
    }
}

/// Makes a case of what went wrong with a file outside of its tests: it could not be loaded, has no test, or a hook failed
/// after its last test. jest says it only in the text that it makes for a person.
fn file_failure(status: Option<Text>, message: Option<Text>, tests: &[Test]) -> Option<Case> {
    if status.is_none_or(|status| status.0 != "failed") {
        return None;
    }
    let message = message.unwrap_or_default().0;
    let begin = message.find(FILE_FAILURE);
    if begin.is_none() && tests.iter().any(|test| test.status.0 == "failed") {
        return None;
    }
    let text = begin.map_or(message.as_str(), |begin| &message[begin + FILE_FAILURE.len()..]);
    let finding = finding(FindingKind::Error, text.trim());
    Some(Case { name: FILE_FAILURE_NAME.to_owned(), findings: vec![finding], ..Case::default() })
}

impl Test {
    fn into_case(self) -> Case {
        let mut titles = self.ancestor_titles;
        titles.push(self.title);
        let titles: Vec<String> = titles.into_iter().map(|title| title.0).collect();
        let texts = |texts: Option<Vec<Option<Text>>>| texts.into_iter().flatten().flatten().map(|text| text.0);
        let failures: Vec<String> = texts(self.failure_messages).collect();
        let findings = match self.status.0.as_str() {
            "passed" | "focused" => Vec::new(),
            "failed" if failures.is_empty() => vec![finding(FindingKind::Failure, "jest gives no reason")],
            "failed" => failures.iter().map(|text| finding(FindingKind::Failure, text)).collect(),
            "pending" | "skipped" | "disabled" | "todo" => vec![skip(&self.status.0)],
            other => vec![finding(FindingKind::Error, &format!("jest says `{other}`, which minke does not know"))],
        };
        let mut reasons = texts(self.retry_reasons);
        let again = self.invocations.unwrap_or(1).saturating_sub(1).min(100);
        let earlier = (0..again).map(|_| {
            let reason = reasons.next().unwrap_or_else(|| "failed, and was run again (`jest.retryTimes`)".to_owned());
            finding(FindingKind::Failure, &reason)
        });
        Case {
            name: titles.join(" > "),
            line: self.location.and_then(|place| place.line),
            seconds: self.duration.map(|milliseconds| milliseconds / 1000.0),
            findings,
            earlier: earlier.collect(),
            ..Case::default()
        }
    }
}

/// Makes a finding of a text such as a JavaScript error with its stack, of which jest's own part is left out as jest itself
/// does on a terminal.
fn finding(kind: FindingKind, text: &str) -> Finding {
    let lines: Vec<&str> = text.lines().filter(|line| !is_of_jest(line)).collect();
    let text = lines.join("\n");
    let message = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
    let class = message.split_once(':').map(|(class, _)| class);
    let is_class = |class: &&str| class.ends_with("Error") && class.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let r#type = class.filter(is_class).unwrap_or_default().to_owned();
    let text = if text == message { String::new() } else { text };
    Finding { kind, message, r#type, text }
}

/// Makes a skip whose type is jest's own word for it. vitest, which writes this format too, tells by it what it never ran.
fn skip(status: &str) -> Finding {
    let (message, text) = (String::new(), String::new());
    Finding { kind: FindingKind::Skipped, message, r#type: status.to_owned(), text }
}

/// Tells whether a line is a stack's frame inside of jest, or of what jest is made of.
fn is_of_jest(line: &str) -> bool {
    const PACKAGES: [&str; 5] = ["jest-", "@jest/", "@babel/", "expect/", "emittery/"];
    let Some(frame) = line.trim_start().strip_prefix("at ") else { return false };
    let inside = frame.split("node_modules/").skip(1).last();
    inside.is_some_and(|inside| PACKAGES.iter().any(|package| inside.starts_with(package)))
        || frame.starts_with("new Promise (<anonymous>)")
}

/// The whole report, of which only the test files are looked at.
struct Results<'c>(&'c mut Contents);

impl<'de> DeserializeSeed<'de> for Results<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Results<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the results of jest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.has_begun = true;
        while let Some(key) = map.next_key::<Text>()? {
            if key.0 == "testResults" {
                self.0.has_results = true;
                map.next_value_seed(TestFiles(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The list of test files, taken one by one, so that those before a fault are kept.
struct TestFiles<'c>(&'c mut Contents);

impl<'de> DeserializeSeed<'de> for TestFiles<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TestFiles<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of test files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut files: A) -> Result<(), A::Error> {
        while let Some(file) = files.next_element::<TestFile>()? {
            if !self.0.take(file) {
                return Err(A::Error::custom("too many cases"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::CaseOutcome;

    const SAMPLE: &str = r#"{"numTotalTests": 4, "coverageMap": {"a": [[[1]]]}, "testResults": [
        {"name": "/p/a.test.js", "status": "failed", "message": "  ● shop › sells\n\n    no\n", "assertionResults": [
            {"ancestorTitles": ["shop", "till"], "title": "sells", "status": "failed", "duration": 12, "invocations": 2,
             "failureMessages": ["TypeError: no\n    at x.js:1"], "location": {"column": 3, "line": 7}},
            {"ancestorTitles": [], "title": "later", "status": "todo", "duration": null, "failureMessages": []},
            {"ancestorTitles": [], "title": "half \ud83d", "status": "passed", "invocations": 3,
             "retryReasons": ["Error: first"]}]},
        {"name": "/p/b.test.js", "status": "failed", "assertionResults": [],
         "message": "  ● Test suite failed to run\n\n    SyntaxError: it ends\n\n      at y\n"}], "success": false}"#;

    fn read_text(text: &str) -> ReportFile {
        read("jest.json", text.as_bytes(), &ReadLimits::default())
    }

    #[test]
    fn tests_and_files_become_cases() {
        let report = read_text(SAMPLE);
        assert_eq!((report.problems.as_slice(), report.ran.len()), (&[][..], 2));
        let told = |case: &Case| (case.name.clone(), case.outcome(), case.line, case.earlier.len());
        assert_eq!(
            report.cases.iter().map(told).collect::<Vec<_>>(),
            [
                ("shop > till > sells".to_owned(), CaseOutcome::Failed, Some(7), 1),
                ("later".to_owned(), CaseOutcome::Skipped, None, 0),
                ("half \u{FFFD}\u{FFFD}\u{FFFD}".to_owned(), CaseOutcome::Passed, None, 2),
                ("Test suite failed to run".to_owned(), CaseOutcome::Errored, None, 0),
            ]
        );
        let failure = &report.cases[0].findings[0];
        assert_eq!((failure.r#type.as_str(), failure.message.as_str()), ("TypeError", "TypeError: no"));
        assert_eq!(report.cases[0].seconds, Some(0.012));
        assert!(report.cases[2].is_flaky());
        assert_eq!(report.cases[3].findings[0].message, "SyntaxError: it ends");
        assert_eq!(report.cases[3].file.as_deref(), Some("/p/b.test.js"));
    }

    #[test]
    fn a_stack_ends_where_jest_begins() {
        let stack = "Error: no\n    at sell (/p/shop.js:1:1)\n    at x (/p/node_modules/left/a.js:2)\n    at new Promise \
            (<anonymous>)\n    at run (/p/node_modules/jest-circus/build/run.js:3:4)";
        let text = finding(FindingKind::Failure, stack).text;
        assert_eq!(text, "Error: no\n    at sell (/p/shop.js:1:1)\n    at x (/p/node_modules/left/a.js:2)");
    }

    #[test]
    fn a_hook_that_fails_after_green_tests_is_an_error_of_the_file() {
        let text = r#"{"testResults":[{"name":"/a.js","status":"failed","message":"  ● Test suite failed to run\n\n boom",
            "assertionResults":[{"title":"t","status":"passed"}]}]}"#;
        let outcomes: Vec<_> = read_text(text).cases.iter().map(Case::outcome).collect();
        assert_eq!(outcomes, [CaseOutcome::Passed, CaseOutcome::Errored]);
    }

    #[test]
    fn what_is_wrong_with_the_file_is_told() {
        for (text, problem) in [
            ("", ReportProblem::Empty),
            (" \n", ReportProblem::Empty),
            (&SAMPLE[..SAMPLE.len() - 1], ReportProblem::Truncated),
            ("{}", ReportProblem::Malformed { detail: "there is no `testResults`".to_owned() }),
        ] {
            assert_eq!(read_text(text).problems, [problem], "{text}");
        }
        assert!(matches!(read_text("[1]").problems[..], [ReportProblem::Malformed { .. }]));
    }

    #[test]
    fn limits_are_kept() {
        let few = ReadLimits { cases: 2, ..ReadLimits::default() };
        let report = read("jest.json", SAMPLE.as_bytes(), &few);
        assert!(matches!(report.problems[..], [ReportProblem::TooLarge { .. }]));
        assert_eq!(report.cases.len(), 2);
        let short = ReadLimits { file_bytes: SAMPLE.len() as u64 / 2, ..ReadLimits::default() };
        assert!(matches!(read("jest.json", SAMPLE.as_bytes(), &short).problems[..], [ReportProblem::TooLarge { .. }]));
        let long = SAMPLE.replace("it ends", &"x".repeat(3 << 20));
        assert!(read_text(&long).cases[3].findings[0].text.len() < 300_000);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            read("jest.json", &bytes[..], &ReadLimits::default());
        }

        #[test]
        fn a_report_that_breaks_off_keeps_the_files_before(end in 0..SAMPLE.len()) {
            let whole = read_text(SAMPLE);
            let part = read("jest.json", &SAMPLE.as_bytes()[..end], &ReadLimits::default());
            prop_assert!(part.is_incomplete());
            prop_assert_eq!(&part.cases[..], &whole.cases[..part.cases.len()]);
        }

        #[test]
        fn a_changed_byte_is_read_without_a_panic(at in 0..SAMPLE.len(), byte: u8) {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            bytes[at] = byte;
            read("jest.json", &bytes[..], &ReadLimits::default());
        }
    }
}
