//! Writes elements.
//!
//! junit-report writes the document of a run. It needs all of a document in memory, so a merge of any size is written
//! here, element by element, of texts that went through the same cleaning.

use quick_xml::escape::escape;

use super::attempt::{Attempt, Packed};
use super::options::{Dialect, Flaky};
use super::rows::Rows;
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
    /// The report in which texts of the case may stand.
    pub(super) input: u32,
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
    /// Counts what is written of a case.
    pub(super) fn count(self, name: CaseName<'_>, attempts: &[Packed<'_>], totals: &mut Totals) {
        totals.lacks_file |= name.file.is_empty();
        match self.flaky {
            Flaky::Surefire | Flaky::Last => attempts.last().into_iter().for_each(|last| count(last, totals)),
            Flaky::Repeat => attempts.iter().for_each(|attempt| count(attempt, totals)),
        }
    }

    /// Appends a case, of which the last attempt has the last word.
    pub(super) fn push(self, out: &mut Rows, name: CaseName<'_>, attempts: &[Attempt<'_>]) {
        let Some((last, earlier)) = attempts.split_last() else { return };
        match self.flaky {
            Flaky::Surefire | Flaky::Last => self.row(out, name, last, earlier, None),
            Flaky::Repeat if earlier.is_empty() => self.row(out, name, last, &[], None),
            Flaky::Repeat => {
                for (number, attempt) in (1..).zip(attempts) {
                    let place = format!("{number} of {}", attempts.len());
                    self.row(out, name, attempt, &[], Some(place));
                }
            }
        }
    }

    fn row(
        self,
        out: &mut Rows,
        name: CaseName<'_>,
        last: &Attempt<'_>,
        earlier: &[Attempt<'_>],
        place: Option<String>,
    ) {
        let markup = &mut out.markup;
        markup.push_str("<testcase");
        attribute(markup, "name", name.name);
        attribute(markup, "classname", name.class);
        markup.push_str(" time=\"");
        stamp::push_seconds(markup, last.microseconds.into());
        markup.push('"');
        name.group.into_iter().for_each(|group| push_group(markup, group, name.file));
        if !self.dialect.is_strict() {
            if !name.file.is_empty() {
                attribute(markup, "file", name.file);
            }
            last.details.line.into_iter().for_each(|line| attribute(markup, "line", &line.to_string()));
            push_time(markup, last.time, self.time);
        }
        let empty = markup.len();
        markup.push('>');
        if !self.dialect.is_strict() {
            let place = place.map(|place| (ATTEMPT, place));
            let own = last.details.properties.iter().map(|(name, value)| (name.as_str(), value.clone()));
            push_properties(markup, own.chain(place));
        }
        self.verdicts(out, name.input, last, earlier);
        out.push_output("system-out", &last.system_out, name.input);
        out.push_output("system-err", &last.system_err, name.input);
        if out.markup.len() == empty + 1 {
            out.markup.truncate(empty);
            out.markup.push_str("/>\n");
        } else {
            out.markup.push_str("</testcase>\n");
        }
    }

    /// Writes what the attempts said, in the order that Surefire's schema wants.
    fn verdicts(self, out: &mut Rows, input: u32, last: &Attempt<'_>, earlier: &[Attempt<'_>]) {
        if last.kind.is_none() && earlier.is_empty() {
            return;
        }
        let prefix = if last.kind.is_none() { "flaky" } else { "rerun" };
        for kind in [FindingKind::Failure, FindingKind::Skipped, FindingKind::Error] {
            if last.kind == Some(kind) {
                let element = match kind {
                    FindingKind::Failure => "failure",
                    FindingKind::Skipped => "skipped",
                    FindingKind::Error => "error",
                };
                self.open_verdict(&mut out.markup, element, last, kind != FindingKind::Skipped);
                out.push_body(element, &last.text, input);
            }
            for attempt in earlier.iter().filter(|attempt| attempt.kind == Some(kind)) {
                let of = if kind == FindingKind::Error { "Error" } else { "Failure" };
                self.earlier(out, input, &format!("{prefix}{of}"), attempt, last.time);
            }
        }
    }

    fn open_verdict(self, out: &mut String, element: &str, attempt: &Attempt<'_>, has_type: bool) {
        out.push_str("\n<");
        out.push_str(element);
        if !attempt.message.is_empty() {
            attribute(out, "message", &attempt.message);
        }
        if !attempt.r#type.is_empty() || (has_type && self.dialect.is_strict()) {
            attribute(out, "type", &attempt.r#type);
        }
    }

    fn earlier(self, out: &mut Rows, input: u32, element: &str, attempt: &Attempt<'_>, time: Option<i64>) {
        let markup = &mut out.markup;
        self.open_verdict(markup, element, attempt, true);
        if !self.dialect.is_strict() {
            markup.push_str(" time=\"");
            stamp::push_seconds(markup, attempt.microseconds.into());
            markup.push('"');
            push_time(markup, attempt.time, time);
        }
        markup.push_str(">\n<stackTrace");
        out.push_body("stackTrace", &attempt.text, input);
        out.push_output("system-out", &attempt.system_out, input);
        out.push_output("system-err", &attempt.system_err, input);
        out.markup.push_str("</");
        out.markup.push_str(element);
        out.markup.push('>');
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

fn count(attempt: &Packed<'_>, totals: &mut Totals) {
    totals.tally.tests += 1;
    totals.microseconds += u128::from(attempt.microseconds());
    match attempt.kind() {
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

fn attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    out.push_str(&escape(value));
    out.push('"');
}
