//! Cucumber messages: the protocol in which Cucumber tells what it does, one JSON object a line.
//!
//! Format: <https://github.com/cucumber/messages>. Such a file comes out of a container, so it may hold anything.

mod attempt;
mod envelope;
mod scenarios;
mod session;

use std::io::{self, BufRead, BufReader, Read};

use self::envelope::Envelope;
use self::session::Session;
use super::junit::ReadLimits;
use crate::model::{ReportFile, ReportProblem};

/// The property of a case that is a row of an outline with the line of the outline, which also selects it.
const OUTLINE_LINE: &str = "cucumber.outline_line";

/// The type of the error of a file that is no feature.
const PARSE_ERROR: &str = "parse-error";

/// The type of the skip of a scenario that was not even begun.
const NOT_RUN: &str = "not-run";

/// The longest line that is read.
const LINE_BYTES: u64 = 16 << 20;

/// The longest attachment that is read: a step's log. Screenshots are longer.
const ATTACHMENT_BYTES: usize = 64 << 10;

/// Reads the messages of a run: a case for each scenario or row that was executed, as cucumber-js has it in JUnit, and one
/// for each file that is no feature.
///
/// What is wrong with the file is in [`ReportFile::problems`], and the cases before that are kept. [`ReportFile::ran`] has
/// the files that were run to their end, which those of a file that breaks off may be. Of the limits only those of the
/// file and of its cases are looked at.
pub fn read(path: &str, input: impl Read, limits: &ReadLimits) -> ReportFile {
    let mut input = BufReader::new(input.take(limits.file_bytes));
    let mut session = Session::default();
    let problem = read_lines(&mut input, limits, &mut session);
    let problem = match problem {
        Some(ReportProblem::Truncated) if input.get_ref().limit() == 0 => {
            Some(too_large(format!("the file has more than {} bytes", limits.file_bytes)))
        }
        None if session.has_gaps => {
            Some(ReportProblem::Malformed { detail: "it tells of scenarios that it does not hold".to_owned() })
        }
        Some(ReportProblem::Truncated) => Some(match session.running_case() {
            Some(test) => ReportProblem::BrokenOff { test },
            None => ReportProblem::Truncated,
        }),
        other => other,
    };
    let ran = if session.has_gaps { Vec::new() } else { session.whole_files() };
    ReportFile { path: path.to_owned(), cases: session.cases, ran, problems: problem.into_iter().collect() }
}

fn too_large(detail: String) -> ReportProblem {
    ReportProblem::TooLarge { detail }
}

/// Reads until the run is over; else says why that is not reached.
fn read_lines(input: &mut impl BufRead, limits: &ReadLimits, session: &mut Session) -> Option<ReportProblem> {
    let mut line = Vec::new();
    let mut number = 0_u64;
    while !session.is_over {
        line.clear();
        number += 1;
        let length = match input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) if number == 1 => return Some(ReportProblem::Empty),
            Ok(0) => return Some(ReportProblem::Truncated),
            Ok(length) => length,
            Err(error) => return Some(ReportProblem::Malformed { detail: error.to_string() }),
        };
        let is_whole = line.last() == Some(&b'\n');
        if is_passed_over(&line) {
            if !is_whole && let Err(error) = skip_line(input) {
                return Some(ReportProblem::Malformed { detail: error.to_string() });
            }
            continue;
        }
        if !is_whole && length as u64 == LINE_BYTES {
            return Some(too_large(format!("line {number} has more than {LINE_BYTES} bytes")));
        }
        match serde_json::from_slice::<Envelope>(&line) {
            Ok(message) => session.take(message),
            Err(_) if !is_whole => return Some(ReportProblem::Truncated),
            Err(error) => return Some(ReportProblem::Malformed { detail: format!("line {number}: {error}") }),
        }
        if session.cases.len() > limits.cases {
            return Some(too_large(format!("it has more than {} cases", limits.cases)));
        }
    }
    None
}

/// Tells whether a message is of no use: a feature's own text, or a large attachment.
fn is_passed_over(line: &[u8]) -> bool {
    line.starts_with(b"{\"source\":") || (line.starts_with(b"{\"attachment\":") && line.len() > ATTACHMENT_BYTES)
}

/// Reads to the end of a line without keeping it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let Some(end) = buffer.iter().position(|&byte| byte == b'\n') else {
            let length = buffer.len();
            input.consume(length);
            if length == 0 {
                return Ok(());
            }
            continue;
        };
        input.consume(end + 1);
        return Ok(());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::model::{Case, CaseOutcome};
    use crate::report::junit;

    const VERSIONS: [&str; 3] = ["10.9.0", "11.3.0", "12.9.0"];

    fn fixture(name: &str) -> Vec<u8> {
        fs::read(format!("{}/fixtures/messages/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn read_bytes(bytes: &[u8]) -> ReportFile {
        read("cucumber.ndjson", bytes, &ReadLimits::default())
    }

    fn version(version: &str) -> ReportFile {
        read_bytes(&fixture(&format!("{version}.ndjson")))
    }

    /// Counts cases by name and outcome; cucumber-js 10 numbers equal names.
    fn tally(cases: &[Case]) -> BTreeMap<(String, String, CaseOutcome), usize> {
        let mut tally = BTreeMap::new();
        for case in cases {
            let name = case.name.trim_end_matches(" [1]").to_owned();
            *tally.entry((case.classname.clone(), name, case.outcome())).or_insert(0) += 1;
        }
        tally
    }

    fn named<'r>(report: &'r ReportFile, name: &str) -> &'r Case {
        report.cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("{name}"))
    }

    #[test]
    fn cases_are_those_that_cucumber_js_itself_writes_in_junit() {
        for name in VERSIONS {
            let report = version(name);
            let own = junit::read("own.xml", &fixture(&format!("{name}.xml"))[..], &ReadLimits::default());
            assert_eq!((report.problems.as_slice(), own.cases.len()), (&[][..], 18), "{name}");
            assert_eq!(tally(&report.cases), tally(&own.cases), "{name}");
        }
    }

    #[test]
    fn a_case_has_what_its_steps_printed_and_how_they_ended() {
        for name in &VERSIONS[1..] {
            let report = version(name);
            let own = junit::read("own.xml", &fixture(&format!("{name}.xml"))[..], &ReadLimits::default());
            for case in report.cases.iter().filter(|case| !case.name.starts_with("logs")) {
                let same = |other: &&Case| (&other.classname, &other.name) == (&case.classname, &case.name);
                let own = own.cases.iter().find(same).unwrap();
                assert_eq!(case.system_out, own.system_out, "{}", case.name);
            }
            let logs = named(&report, "logs <b> é 名前").system_out.clone().unwrap();
            assert!(logs.ends_with("passed\n\none line\nand two"), "{logs}");
        }
    }

    #[test]
    fn a_case_has_its_file_its_line_and_that_of_its_outline() {
        let report = version("11.3.0");
        let place = |name| {
            let case = named(&report, name);
            let outline: Vec<_> = case.properties.iter().map(|(_, value)| value.as_str()).collect();
            (case.file.as_deref().unwrap(), case.line.unwrap(), outline)
        };
        assert_eq!(place("passes"), ("mix.feature", 6, vec![]));
        assert_eq!(place("row <n> - first - #1.2: row 2"), ("mix.feature", 47, vec!["41"]));
        assert_eq!(place("equal rows - #1.1"), ("mix.feature", 58, vec!["53"]));
        assert_eq!(place("under a rule - passes"), ("mix.feature", 66, vec![]));
        assert_eq!(place("in a rule without a name"), ("rules.feature", 3, vec![]));
        assert_eq!(report.ran, ["mix.feature", "rules.feature"]);
    }

    #[test]
    fn retries_are_kept_as_earlier_findings() {
        for name in VERSIONS {
            let report = version(name);
            let (flaky, twice) = (named(&report, "fails at first"), named(&report, "fails twice"));
            assert!(flaky.is_flaky() && flaky.earlier[0].message == "try 1", "{name}");
            assert_eq!((twice.earlier.len(), twice.findings.len()), (1, 1), "{name}");
            assert_eq!(twice.findings[0].message, "try 2");
        }
    }

    #[test]
    fn findings_say_what_was_thrown_or_which_step_it_was() {
        let report = version("12.9.0");
        let told = |name| {
            let findings = &named(&report, name).findings;
            findings.iter().map(|finding| (finding.r#type.as_str(), finding.message.as_str())).collect::<Vec<_>>()
        };
        let broke = ("Error", "it broke: é <b> & ]]>\nin two lines");
        assert_eq!(told("fails"), [broke]);
        assert_eq!(told("fails in its step and in a hook"), [broke, ("TypeError", "the hook broke")]);
        assert_eq!(told("is undefined"), [("undefined", "undefined: When nobody knows")]);
        assert_eq!(told("is pending"), [("pending", "pending: When it is pending")]);
        assert_eq!(told("is ambiguous"), [("ambiguous", "ambiguous: When it is ambiguous")]);
        assert!(named(&report, "is ambiguous").findings[0].text.starts_with("Multiple step definitions match"));
        assert!(named(&report, "fails").findings[0].text.contains("at World.<anonymous> (/project/steps.js:6"));
        assert_eq!(told("is skipped"), [("", "")]);
    }

    #[test]
    fn a_report_that_breaks_off_has_what_was_run_to_its_end() {
        let whole = String::from_utf8(fixture("12.9.0.ndjson")).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let cut = |count: usize| read_bytes(lines[..count].join("\n").as_bytes());
        for count in 1..lines.len() {
            let report = cut(count);
            assert!(report.is_incomplete(), "{count}");
            assert!(!report.ran.contains(&"rules.feature".to_owned()) || report.cases.len() == 18, "{count}");
            assert!(!report.ran.contains(&"mix.feature".to_owned()) || report.cases.len() >= 17, "{count}");
        }
        let last = cut(lines.len() - 1);
        assert_eq!((last.cases.len(), last.problems.as_slice()), (18, &[ReportProblem::Truncated][..]));
        let running = lines.iter().rposition(|line| line.starts_with("{\"testCaseStarted")).unwrap();
        let report = cut(running + 1);
        assert_eq!(report.ran, ["mix.feature"]);
        assert_eq!(report.problems, [ReportProblem::BrokenOff { test: "in a rule without a name".to_owned() }]);
        // In the middle of a line.
        assert!(read_bytes(&whole.as_bytes()[..whole.len() - 3]).is_incomplete());
    }

    #[test]
    fn what_is_no_feature_is_an_error_with_its_place() {
        let text = r#"{"parseError":{"source":{"uri":"a.feature","location":{"line":4,"column":3}},"message":"(4:3): no\nx"}}"#;
        let report = read_bytes(text.as_bytes());
        let case = &report.cases[0];
        assert_eq!(
            (case.outcome(), case.file.as_deref(), case.line),
            (CaseOutcome::Errored, Some("a.feature"), Some(4))
        );
        assert_eq!((case.findings[0].message.as_str(), case.findings[0].text.as_str()), ("(4:3): no", "(4:3): no\nx"));
        assert_eq!((report.ran, report.problems), (vec!["a.feature".to_owned()], vec![ReportProblem::Truncated]));
    }

    #[test]
    fn what_is_wrong_with_the_file_is_told() {
        assert_eq!(read_bytes(b"").problems, [ReportProblem::Empty]);
        assert_eq!(read_bytes(b"{\"meta\"").problems, [ReportProblem::Truncated]);
        for text in ["no message\n", "{\"pickle\":{}}\n", "7\n", "\n"] {
            assert!(matches!(read_bytes(text.as_bytes()).problems[..], [ReportProblem::Malformed { .. }]), "{text}");
        }
        let over = "{\"testRunFinished\":{\"success\":true}}";
        assert_eq!(read_bytes(over.as_bytes()).problems, []);
        // Scenarios that no document and no pickle had told of.
        let text = format!("{{\"testCaseFinished\":{{\"testCaseStartedId\":\"1\",\"timestamp\":{{}}}}}}\n{over}");
        assert!(matches!(read_bytes(text.as_bytes()).problems[..], [ReportProblem::Malformed { .. }]));
    }

    #[test]
    fn limits_are_kept() {
        let whole = fixture("11.3.0.ndjson");
        let limited = |limits: ReadLimits| read("x", &whole[..], &limits);
        let few = limited(ReadLimits { cases: 3, ..ReadLimits::default() });
        let short = limited(ReadLimits { file_bytes: whole.len() as u64 - 9, ..ReadLimits::default() });
        for report in [few, short] {
            assert!(matches!(report.problems[..], [ReportProblem::TooLarge { .. }]), "{:?}", report.problems);
        }
    }

    #[test]
    fn a_long_attachment_is_passed_over_and_another_long_line_is_not() {
        let over = b"{\"testRunFinished\":{}}\n";
        let long = |begin: &str| {
            let text = vec![b'x'; usize::try_from(LINE_BYTES).unwrap() + 9];
            [begin.as_bytes(), &text, b"\"}}\n", over].concat()
        };
        assert_eq!(read_bytes(&long("{\"attachment\":{\"body\":\"")).problems, []);
        assert_eq!(read_bytes(&long("{\"source\":{\"data\":\"")).problems, []);
        let report = read_bytes(&long("{\"pickle\":{\"name\":\""));
        assert!(matches!(report.problems[..], [ReportProblem::TooLarge { .. }]));
    }

    #[test]
    fn a_skip_that_took_no_time_was_not_even_begun() {
        let whole = String::from_utf8(fixture("12.9.0.ndjson")).unwrap();
        let lines = whole.lines().map(|line| {
            let (begin, rest) = line.split_once("\"duration\":{").unwrap_or((line, ""));
            let (_, end) = rest.split_once('}').unwrap_or_default();
            if rest.is_empty() { line.to_owned() } else { format!("{begin}\"duration\":{{}}{end}") }
        });
        let report =
            read_bytes(lines.map(|line| line.replace("PASSED", "SKIPPED") + "\n").collect::<String>().as_bytes());
        assert_eq!(named(&report, "is skipped").findings[0].r#type, "not-run");
    }

    #[test]
    fn half_a_character_does_no_harm() {
        let whole = String::from_utf8(fixture("12.9.0.ndjson")).unwrap().replace("it broke", "it \\ud83d broke");
        assert_eq!(read_bytes(whole.as_bytes()).cases.len(), 18);
    }
}
