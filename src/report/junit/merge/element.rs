//! Writes elements.
//!
//! junit-report writes the document of a run. It needs all of a document in memory, so a merge of any size is written
//! here, element by element, of texts that went through the same cleaning.

use quick_xml::escape::escape;

use super::attempt::Attempt;
use super::options::{Dialect, Flaky};
use super::stamp;
use super::suite::{FILE_IN_GROUP, SUITES, SuiteMeta, Totals};
use super::unite::ATTEMPT;
use crate::model::FindingKind;

/// The first line of every document.
pub(super) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// What is the same for the rows of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct CaseName<'a> {
    pub(super) class: &'a str,
    pub(super) name: &'a str,
    /// Empty if none is known.
    pub(super) file: &'a str,
    /// The suite, if the row tells it together with `file`, because the form has no attribute for that.
    pub(super) group: Option<&'a str>,
}

/// How the rows of a suite are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) dialect: Dialect,
    pub(super) flaky: Flaky,
    /// When the suite began.
    pub(super) time: Option<i64>,
}

impl Form {
    /// Appends a case, of which the last attempt has the last word, and counts what is written.
    pub(super) fn push(self, out: &mut String, name: CaseName<'_>, attempts: &[Attempt], totals: &mut Totals) {
        let Some((last, earlier)) = attempts.split_last() else { return };
        match self.flaky {
            Flaky::Surefire | Flaky::Last => self.row(out, name, last, earlier, None, totals),
            Flaky::Repeat if earlier.is_empty() => self.row(out, name, last, &[], None, totals),
            Flaky::Repeat => {
                for (number, attempt) in (1..).zip(attempts) {
                    let place = format!("{number} of {}", attempts.len());
                    self.row(out, name, attempt, &[], Some(place), totals);
                }
            }
        }
    }

    fn row(
        self,
        out: &mut String,
        name: CaseName<'_>,
        last: &Attempt,
        earlier: &[Attempt],
        place: Option<String>,
        totals: &mut Totals,
    ) {
        count(last, totals);
        totals.lacks_file |= name.file.is_empty();
        out.push_str("<testcase");
        attribute(out, "name", name.name);
        attribute(out, "classname", name.class);
        out.push_str(" time=\"");
        stamp::push_seconds(out, last.microseconds.into());
        out.push('"');
        name.group.into_iter().for_each(|group| push_group(out, group, name.file));
        if !self.dialect.is_strict() {
            if !name.file.is_empty() {
                attribute(out, "file", name.file);
            }
            last.details.line.into_iter().for_each(|line| attribute(out, "line", &line.to_string()));
            push_time(out, last.time, self.time);
        }
        let empty = out.len();
        out.push('>');
        if !self.dialect.is_strict() {
            let place = place.map(|place| (ATTEMPT, place));
            let own = last.details.properties.iter().map(|(name, value)| (name.as_str(), value.clone()));
            push_properties(out, own.chain(place));
        }
        self.verdicts(out, last, earlier);
        push_output(out, "system-out", &last.system_out);
        push_output(out, "system-err", &last.system_err);
        if out.len() == empty + 1 {
            out.truncate(empty);
            out.push_str("/>\n");
        } else {
            out.push_str("</testcase>\n");
        }
    }

    /// Writes what the attempts said, in the order that Surefire's schema wants.
    fn verdicts(self, out: &mut String, last: &Attempt, earlier: &[Attempt]) {
        let prefix = if last.kind.is_none() { "flaky" } else { "rerun" };
        for kind in [FindingKind::Failure, FindingKind::Skipped, FindingKind::Error] {
            if last.kind == Some(kind) {
                let element = match kind {
                    FindingKind::Failure => "failure",
                    FindingKind::Skipped => "skipped",
                    FindingKind::Error => "error",
                };
                self.open_verdict(out, element, last, kind != FindingKind::Skipped);
                push_body(out, element, &last.text);
            }
            for attempt in earlier.iter().filter(|attempt| attempt.kind == Some(kind)) {
                let of = if kind == FindingKind::Error { "Error" } else { "Failure" };
                self.earlier(out, &format!("{prefix}{of}"), attempt, last.time);
            }
        }
    }

    fn open_verdict(self, out: &mut String, element: &str, attempt: &Attempt, has_type: bool) {
        out.push_str("\n<");
        out.push_str(element);
        if !attempt.message.is_empty() {
            attribute(out, "message", &attempt.message);
        }
        if !attempt.r#type.is_empty() || (has_type && self.dialect.is_strict()) {
            attribute(out, "type", &attempt.r#type);
        }
    }

    fn earlier(self, out: &mut String, element: &str, attempt: &Attempt, time: Option<i64>) {
        self.open_verdict(out, element, attempt, true);
        if !self.dialect.is_strict() {
            out.push_str(" time=\"");
            stamp::push_seconds(out, attempt.microseconds.into());
            out.push('"');
            push_time(out, attempt.time, time);
        }
        out.push_str(">\n<stackTrace");
        push_body(out, "stackTrace", &attempt.text);
        push_output(out, "system-out", &attempt.system_out);
        push_output(out, "system-err", &attempt.system_err);
        out.push_str("</");
        out.push_str(element);
        out.push('>');
    }
}

/// Appends the start of a suite and its properties; `made_of` names the suites that it is made of, if it is no suite itself.
pub(super) fn push_suite_start(
    out: &mut String,
    name: &str,
    meta: &SuiteMeta,
    totals: &Totals,
    dialect: Dialect,
    made_of: &[String],
) {
    out.push_str("<testsuite");
    attribute(out, "name", name);
    push_totals(out, totals);
    if !dialect.is_strict() {
        meta.time.into_iter().for_each(|time| attribute(out, "timestamp", &stamp::text(time)));
        let [hostname, package] = [&meta.hostnames, &meta.packages].map(|set| set.first().map(String::as_str));
        for (name, value) in [("hostname", hostname), ("file", meta.written_file(totals)), ("package", package)] {
            value.into_iter().for_each(|value| attribute(out, name, value));
        }
    }
    out.push('>');
    let parts = made_of.iter().map(|suite| (SUITES, suite.clone()));
    push_properties(out, parts.chain(meta.written_properties(totals, dialect.is_strict())));
    out.push('\n');
}

/// Appends the start of a document that holds suites.
pub(super) fn push_root_start(out: &mut String, totals: &Totals, time: Option<i64>) {
    out.push_str("<testsuites");
    attribute(out, "name", "minke merge");
    push_totals(out, totals);
    time.into_iter().for_each(|time| attribute(out, "timestamp", &stamp::text(time)));
    out.push_str(">\n");
}

/// Appends an output; nothing if there is none.
pub(super) fn push_output(out: &mut String, element: &str, text: &str) {
    if !text.is_empty() {
        if out.ends_with('>') {
            out.push('\n');
        }
        out.push('<');
        out.push_str(element);
        push_body(out, element, text);
    }
}

fn push_totals(out: &mut String, totals: &Totals) {
    let tally = totals.tally;
    for (name, count) in
        [("tests", tally.tests), ("failures", tally.failures), ("errors", tally.errors), ("skipped", tally.skipped)]
    {
        attribute(out, name, &count.to_string());
    }
    out.push_str(" time=\"");
    stamp::push_seconds(out, totals.microseconds);
    out.push('"');
}

fn count(attempt: &Attempt, totals: &mut Totals) {
    totals.tally.tests += 1;
    totals.microseconds += u128::from(attempt.microseconds);
    match attempt.kind {
        None => {}
        Some(FindingKind::Skipped) => totals.tally.skipped += 1,
        Some(FindingKind::Failure) => totals.tally.failures += 1,
        Some(FindingKind::Error) => totals.tally.errors += 1,
    }
}

/// Appends the suite of a case and, if it has one, its file: without it rows of two files would be one case in a later merge.
fn push_group(out: &mut String, suite: &str, file: &str) {
    out.push_str(" group=\"");
    out.push_str(&escape(suite));
    if !file.is_empty() {
        // A reader would take the character itself for a space.
        out.push_str(&format!("&#{};", u32::from(FILE_IN_GROUP)));
        out.push_str(&escape(file));
    }
    out.push('"');
}

/// Appends a time if it is not the one that a reader would assume.
fn push_time(out: &mut String, time: Option<i64>, assumed: Option<i64>) {
    if time != assumed {
        attribute(out, "timestamp", &time.map_or_else(|| stamp::UNKNOWN.to_owned(), stamp::text));
    }
}

fn push_properties<'a>(out: &mut String, properties: impl Iterator<Item = (&'a str, String)>) {
    let mut properties = properties.peekable();
    if properties.peek().is_none() {
        return;
    }
    out.push_str("\n<properties>");
    for (name, value) in properties {
        out.push_str("\n<property");
        attribute(out, "name", name);
        attribute(out, "value", &value);
        out.push_str("/>");
    }
    out.push_str("\n</properties>");
}

/// Ends a start tag, and appends the text and the end of the element.
fn push_body(out: &mut String, element: &str, text: &str) {
    if text.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push_str("><![CDATA[");
    let mut sections = text.split("]]>");
    out.push_str(sections.next().unwrap_or_default());
    for section in sections {
        out.push_str("]]]]><![CDATA[>");
        out.push_str(section);
    }
    out.push_str("]]></");
    out.push_str(element);
    out.push('>');
}

fn attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    out.push_str(&escape(value));
    out.push('"');
}
