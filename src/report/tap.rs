//! TAP, the Test Anything Protocol, read as `prove` reads it: <https://testanything.org/tap-version-14-specification.html>.
//!
//! Only the top level counts; a subtest is text of the test that follows it.

use std::io::{BufRead, BufReader, Read};

use super::junit::{Excerpt, ReadLimits};
use crate::model::{Case, Finding, FindingKind, ReportFile, ReportProblem};

/// The longest line that is read whole; of longer ones the end is left out.
const LINE_BYTES: usize = 64 << 10;

/// Reads a TAP document. What breaks the protocol, a wrong count above all, becomes a case `(TAP)` with an error.
///
/// Never fails: what is wrong with the file itself is in [`ReportFile::problems`], and the cases before it are kept.
pub fn read(path: &str, input: impl Read, limits: &ReadLimits) -> ReportFile {
    let mut lines = Lines { input: BufReader::new(input.take(limits.file_bytes)), read: 0 };
    let mut document = Document::new(limits);
    let mut problems = Vec::new();
    let mut line = Vec::new();
    loop {
        match lines.next(&mut line) {
            Ok(false) => break,
            Ok(true) => document.take(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n'])),
            Err(error) => {
                problems.push(ReportProblem::Malformed { detail: error.to_string() });
                break;
            }
        }
        if document.cases.len() > limits.cases {
            problems.push(ReportProblem::TooLarge { detail: format!("it has more than {} tests", limits.cases) });
            break;
        }
    }
    if lines.read >= limits.file_bytes {
        problems.push(ReportProblem::TooLarge { detail: format!("it has {} bytes or more", limits.file_bytes) });
    }
    if problems.is_empty() {
        problems.extend(document.problem_at_end(lines.read));
    }
    ReportFile { path: path.to_owned(), cases: document.finish(), ran: Vec::new(), problems }
}

/// Lines of bounded length.
struct Lines<R> {
    input: R,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    /// Replaces `line` by the next one; false at the end.
    fn next(&mut self, line: &mut Vec<u8>) -> std::io::Result<bool> {
        line.clear();
        let mut any = false;
        loop {
            let piece = self.input.fill_buf()?;
            if piece.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = piece.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(piece.len());
            line.extend_from_slice(&piece[..taken.min(LINE_BYTES.saturating_sub(line.len()))]);
            self.input.consume(taken);
            self.read += taken as u64;
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

/// What has been read so far.
struct Document {
    text_bytes: usize,
    cases: Vec<Case>,
    /// How many tests the last case's number stands for.
    last_number: u64,
    plan: Option<Plan>,
    bailed_out: Option<String>,
    /// Lines of a subtest, which belong to the test that follows.
    before: Excerpt<'static>,
    /// Lines that belong to the last test, if it failed.
    after: Excerpt<'static>,
    in_yaml: bool,
    faults: Vec<String>,
    seen_any: bool,
}

struct Plan {
    count: u64,
    /// How many tests were read before it.
    at: u64,
    skip: Option<String>,
}

/// Faults that are kept.
const MOST_FAULTS: usize = 100;

impl Document {
    fn new(limits: &ReadLimits) -> Self {
        let text = || Excerpt::new(limits.text_bytes);
        Self {
            text_bytes: limits.text_bytes,
            cases: Vec::new(),
            last_number: 0,
            plan: None,
            bailed_out: None,
            before: text(),
            after: text(),
            in_yaml: false,
            faults: Vec::new(),
            seen_any: false,
        }
    }

    fn take(&mut self, line: &str) {
        if self.bailed_out.is_some() {
            return;
        }
        if self.in_yaml {
            self.in_yaml = line.trim() != "...";
            push_line(&mut self.after, line);
        } else if let Some(reason) = line.trim_start().strip_prefix("Bail out!") {
            self.seen_any = true;
            self.bailed_out = Some(reason.trim().to_owned());
        } else if let Some(test) = Test::parse(line) {
            self.add(&test);
        } else if let Some(plan) = parse_plan(line) {
            self.add_plan(plan);
        } else if line.starts_with("TAP version ") {
            self.seen_any = true;
        } else if line.trim() == "---" && line.starts_with([' ', '\t']) && !line.starts_with("    ") {
            self.in_yaml = true;
            push_line(&mut self.after, line);
        } else if line.starts_with("    ") || line.starts_with("# Subtest") {
            push_line(&mut self.before, line);
        } else if line.starts_with('#') {
            push_line(&mut self.after, line);
        }
    }

    fn add(&mut self, test: &Test<'_>) {
        self.seen_any = true;
        self.attach_text();
        let expected = self.last_number + 1;
        if let Some(number) = test.number.filter(|&number| number != expected) {
            self.fault(format!("test {number} came where test {expected} was expected"));
        }
        self.last_number = expected;
        if self.plan.as_ref().is_some_and(|plan| plan.at > 0) {
            self.fault(format!("test {expected} came after the plan at the end"));
        }
        let subtest = std::mem::replace(&mut self.before, Excerpt::new(self.text_bytes)).finish();
        self.cases.push(test.case(expected, subtest));
    }

    fn add_plan(&mut self, (count, skip): (u64, Option<String>)) {
        self.seen_any = true;
        if self.plan.is_some() {
            return self.fault("there is more than one plan".to_owned());
        }
        self.plan = Some(Plan { count, at: self.last_number, skip });
    }

    fn fault(&mut self, fault: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }

    /// Gives the lines after a test to its finding.
    fn attach_text(&mut self) {
        let text = std::mem::replace(&mut self.after, Excerpt::new(self.text_bytes)).finish();
        let finding = self.cases.last_mut().and_then(|case| case.findings.first_mut());
        if let Some(finding) = finding.filter(|_| !text.is_empty()) {
            finding.text.push_str(&text);
        }
    }

    fn problem_at_end(&self, read: u64) -> Option<ReportProblem> {
        match (self.seen_any, &self.plan, &self.bailed_out) {
            (_, Some(_), _) | (_, _, Some(_)) => None,
            (true, None, None) => Some(ReportProblem::Truncated),
            (false, None, None) if read == 0 => Some(ReportProblem::Empty),
            (false, None, None) => {
                Some(ReportProblem::Malformed { detail: "it has neither a plan nor a test of TAP".to_owned() })
            }
        }
    }

    fn finish(mut self) -> Vec<Case> {
        self.attach_text();
        let count = self.last_number;
        match &self.plan {
            // Without the word SKIP it is a file that simply has no test, and no case then.
            Some(Plan { count: 0, skip: Some(reason), .. }) if count == 0 => {
                let message = reason.clone();
                self.cases.push(special("(all skipped)", FindingKind::Skipped, message, String::new()));
            }
            Some(plan) if plan.count != count && self.bailed_out.is_none() => {
                let tests = if plan.count == 1 { "test" } else { "tests" };
                let fault = format!("the plan has {} {tests}, and {count} ran", plan.count);
                self.fault(fault);
            }
            Some(_) | None => {}
        }
        if let Some(first) = self.faults.first() {
            let text = self.faults.join("\n");
            self.cases.push(special("(TAP)", FindingKind::Error, first.clone(), text));
        }
        if let Some(reason) = &self.bailed_out {
            self.cases.push(special("(Bail out!)", FindingKind::Error, reason.clone(), String::new()));
        }
        self.cases
    }
}

/// One test line.
struct Test<'a> {
    is_ok: bool,
    number: Option<u64>,
    description: &'a str,
    directive: Option<(Directive, &'a str)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Skip,
    Todo,
}

impl<'a> Test<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (is_ok, rest) = match line.strip_prefix("not ") {
            Some(rest) => (false, rest.strip_prefix("ok")?),
            None => (true, line.strip_prefix("ok")?),
        };
        if rest.starts_with(|next: char| next.is_alphanumeric() || next == '_') {
            return None;
        }
        let rest = rest.trim_start();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let is_number = digits > 0 && !rest[digits..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
        let (number, rest) = if is_number { (rest[..digits].parse().ok(), &rest[digits..]) } else { (None, rest) };
        let (description, directive) = split_directive(rest);
        let description = description.trim();
        let description = description.strip_prefix("- ").unwrap_or(description).trim();
        Some(Self { is_ok, number, description: if description == "-" { "" } else { description }, directive })
    }

    fn case(&self, number: u64, subtest: String) -> Case {
        let name = match self.description {
            "" => format!("test {number}"),
            description => description.replace("\\#", "#").replace("\\\\", "\\"),
        };
        let mut case = Case { name, ..Case::default() };
        let finding = |kind, r#type: &str, message: &str| Finding {
            kind,
            message: message.to_owned(),
            r#type: r#type.to_owned(),
            text: subtest.clone(),
        };
        match (self.is_ok, self.directive) {
            // As prove counts them: what is to do may fail, and what is skipped has to be `ok`.
            (true, Some((Directive::Skip, why))) => case.findings.push(finding(FindingKind::Skipped, "skip", why)),
            (false, Some((Directive::Todo, why))) => case.findings.push(finding(FindingKind::Skipped, "todo", why)),
            (true, Some((Directive::Todo, why))) => case.properties.push(("todo".to_owned(), why.to_owned())),
            (true, None) => {}
            (false, Some((Directive::Skip, _)) | None) => case.findings.push(finding(FindingKind::Failure, "", "")),
        }
        case
    }
}

/// Splits `description # SKIP why` at the first `#` that no backslash stands before.
fn split_directive(text: &str) -> (&str, Option<(Directive, &str)>) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' => escaped = !escaped,
            '#' if !escaped => {
                let rest = text[at + 1..].trim_start();
                let directive = [("skip", Directive::Skip), ("todo", Directive::Todo)].into_iter().find(|(word, _)| {
                    let begins = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
                    begins && !rest[word.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
                });
                return match directive {
                    Some((word, directive)) => (&text[..at], Some((directive, rest[word.len()..].trim()))),
                    None => (text, None),
                };
            }
            _ => escaped = false,
        }
    }
    (text, None)
}

/// Reads `1..N`, with the reason where everything is skipped.
fn parse_plan(line: &str) -> Option<(u64, Option<String>)> {
    let rest = line.strip_prefix("1..")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let count = rest[..digits].parse().ok()?;
    let comment = rest[digits..].trim().strip_prefix('#').map(str::trim_start);
    let is_skip = |text: &&str| text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("skip"));
    let reason = comment.filter(is_skip).map(|text| {
        text.split_once(char::is_whitespace).map_or_else(String::new, |(_, reason)| reason.trim().to_owned())
    });
    Some((count, reason))
}

fn special(name: &str, kind: FindingKind, message: String, text: String) -> Case {
    let finding = Finding { kind, message, r#type: "tap".to_owned(), text };
    Case { name: name.to_owned(), findings: vec![finding], ..Case::default() }
}

fn push_line(text: &mut Excerpt<'_>, line: &str) {
    text.push(line);
    text.push("\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::CaseOutcome;

    fn tap(text: &str) -> ReportFile {
        read("a.tap", text.as_bytes(), &ReadLimits::default())
    }

    fn outcomes(report: &ReportFile) -> Vec<(&str, CaseOutcome)> {
        report.cases.iter().map(|case| (case.name.as_str(), case.outcome())).collect()
    }

    #[test]
    fn every_kind_of_test_line_is_read() {
        let report =
            tap("TAP version 14\n1..7\nok 1 - first\nnot ok 2 second \\# 2\n#   at a.t line 3\nok 3 # skip no net\n\
             not ok 4 - later # TODO soon\nok 5 - done already # TODO soon\nok\nnot ok 7 # SKIP\n");
        let expected = [
            ("first", CaseOutcome::Passed),
            ("second # 2", CaseOutcome::Failed),
            ("test 3", CaseOutcome::Skipped),
            ("later", CaseOutcome::Skipped),
            ("done already", CaseOutcome::Passed),
            ("test 6", CaseOutcome::Passed),
            ("test 7", CaseOutcome::Failed),
        ];
        assert_eq!(outcomes(&report), expected);
        assert_eq!(report.cases[1].findings[0].text, "#   at a.t line 3\n");
        assert_eq!(report.cases[2].findings[0].message, "no net");
        assert_eq!(report.cases[4].properties, [("todo".to_owned(), "soon".to_owned())]);
        assert!(report.problems.is_empty());
    }

    #[test]
    fn subtests_and_yaml_are_text_of_their_test() {
        let report =
            tap("# Subtest: inner\n    ok 1 - in\n    not ok 2 - in too\n    1..2\nnot ok 1 - inner\n  ---\n  \
             got: 'ok 5'\nok 5 - not a test\n  ...\nok 2\n1..2\n");
        assert_eq!(outcomes(&report), [("inner", CaseOutcome::Failed), ("test 2", CaseOutcome::Passed)]);
        let text = &report.cases[0].findings[0].text;
        assert!(text.contains("not ok 2 - in too") && text.contains("got: 'ok 5'"), "{text}");
    }

    #[test]
    fn a_plan_that_is_not_kept_is_an_error() {
        for (text, fault) in [
            ("1..3\nok 1\n", "the plan has 3 tests, and 1 ran"),
            ("1..1\nok 1\nok 2\n", "the plan has 1 test, and 2 ran"),
            ("1..2\nok 1\nok 3\n", "test 3 came where test 2 was expected"),
            ("ok 1\n1..1\n1..1\n", "there is more than one plan"),
            ("ok 1\n1..2\nok 2\n", "test 2 came after the plan at the end"),
            ("1..0\nok 1\n", "the plan has 0 tests, and 1 ran"),
        ] {
            let report = tap(text);
            let last = report.cases.last().unwrap();
            assert_eq!((last.name.as_str(), last.findings[0].message.as_str()), ("(TAP)", fault));
        }
    }

    #[test]
    fn a_skipped_file_has_one_skipped_case() {
        assert_eq!(outcomes(&tap("1..0 # SKIP nothing here\n")), [("(all skipped)", CaseOutcome::Skipped)]);
        assert!(tap("1..0\n").cases.is_empty());
        assert_eq!(tap("1..0 # Skipped: no net\n").cases[0].findings[0].message, "no net");
    }

    #[test]
    fn a_bail_out_is_an_error_and_ends_the_file() {
        let report = tap("ok 1\nBail out! no disk\nok 2\n");
        assert_eq!(outcomes(&report), [("test 1", CaseOutcome::Passed), ("(Bail out!)", CaseOutcome::Errored)]);
        assert_eq!(report.cases[1].findings[0].message, "no disk");
    }

    #[test]
    fn what_is_not_whole_is_told() {
        assert_eq!(tap("ok 1\nok 2\n").problems, [ReportProblem::Truncated]);
        assert_eq!(tap("").problems, [ReportProblem::Empty]);
        assert!(matches!(tap("okay\nnotok\n").problems[..], [ReportProblem::Malformed { .. }]));
        let limits = ReadLimits { cases: 2, ..ReadLimits::default() };
        let report = read("a.tap", &b"ok\nok\nok\nok\n1..4\n"[..], &limits);
        assert!(report.is_incomplete());
    }

    #[test]
    fn an_endless_line_is_one_line() {
        let text = format!("1..2\nok 1 - {}\nok 2\n", "ok 2 ".repeat(100_000));
        let report = tap(&text);
        assert_eq!(report.cases.len(), 2);
        assert!(report.cases[0].name.len() <= LINE_BYTES);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read("a.tap", &bytes[..], &ReadLimits::default());
        }

        #[test]
        fn any_lines_of_the_protocol_are_read_and_no_test_is_lost(
            lines in proptest::collection::vec(proptest::sample::select(vec![
                "ok", "not ok 2", "1..3", "1..0 # SKIP x", "  ---", "  ...", "# x", "    ok 1", "ok 1 # TODO", "\u{e9}#", "ok 9 \\",
            ]), 0..30),
        ) {
            let report = tap(&lines.join("\n"));
            prop_assert!(report.cases.len() <= lines.len() + 3);
            let is_yaml = lines.iter().any(|line| line.trim() == "---");
            let tests = lines.iter().filter(|line| line.starts_with("ok") || line.starts_with("not")).count();
            prop_assert!(is_yaml || report.cases.len() >= tests);
        }
    }
}
