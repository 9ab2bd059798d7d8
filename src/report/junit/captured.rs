//! Text that is collected, and where it goes.

use super::clean;
use super::excerpt::Excerpt;
use super::group::{CaseDetails, Span, SuiteDetails};
use crate::model::Case;

/// The most bytes of all outputs of one suite.
const SUITE_OUTPUT_BYTES: usize = 16 << 20;

/// Ends an output of which further elements did not fit.
const LEFT_OUT: &str = "\n[minke left out more output here]";

/// Text that is being collected.
pub(crate) struct Capture<'a> {
    pub(crate) target: Target,
    excerpt: Excerpt<'a>,
    /// Where all of it so far stands in the input.
    span: Option<Span>,
    is_empty: bool,
}

/// Collected text, clean and without white space around it.
pub(crate) struct Text {
    pub(crate) text: String,
    /// Where the same bytes stand in the input, if they stand anywhere.
    pub(crate) span: Option<Span>,
}

/// What collected text belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    Finding { case: usize },
    Earlier { case: usize },
    EarlierOut { case: usize },
    EarlierErr { case: usize },
    SuiteOut,
    SuiteErr,
    Out { case: usize },
    Err { case: usize },
    Property { case: usize },
}

impl<'a> Capture<'a> {
    /// Begins to collect.
    pub(crate) fn new(target: Target, excerpt: Excerpt<'a>) -> Self {
        Self { target, excerpt, span: None, is_empty: true }
    }

    /// Appends text; `at` is where the same bytes stand in the input.
    pub(crate) fn push(&mut self, text: &str, at: Option<u64>) {
        let length = text.len() as u64;
        self.span = match (at, self.span) {
            (Some(start), None) if self.is_empty => Some(Span { start, end: start + length }),
            (Some(start), Some(span)) if span.end == start => Some(Span { end: start + length, ..span }),
            _ => None,
        };
        self.is_empty = false;
        self.excerpt.push(text);
    }

    /// Ends to collect; `repaired` becomes true when characters that XML forbids were removed.
    pub(crate) fn finish(self, repaired: &mut bool) -> Text {
        let text = self.excerpt.finish();
        let is_whole = self.span.filter(|span| !text.is_empty() && span.end - span.start == text.len() as u64);
        if !clean::is_clean(&text) {
            *repaired |= !text.chars().all(clean::is_legal);
            return Text { text: trimmed(&clean::text(&text)).to_owned(), span: None };
        }
        let kept = trimmed(&text);
        if kept.len() == text.len() {
            return Text { text, span: is_whole };
        }
        let before = text[..text.trim_end().len()].len() - kept.len();
        let span = is_whole.filter(|_| !kept.is_empty()).map(|span| span.start + before as u64);
        let span = span.map(|start| Span { start, end: start + kept.len() as u64 });
        Text { text: kept.to_owned(), span }
    }
}

impl Target {
    /// Gives a suite its text.
    pub(crate) fn store_in_suite(self, details: &mut SuiteDetails, text: String) {
        let outputs = if matches!(self, Self::SuiteErr) { &mut details.system_err } else { &mut details.system_out };
        let bytes: usize = outputs.iter().map(String::len).sum();
        match outputs.last() {
            _ if text.is_empty() => {}
            Some(last) if last == LEFT_OUT => {}
            Some(_) if bytes + text.len() > SUITE_OUTPUT_BYTES => outputs.push(LEFT_OUT.to_owned()),
            Some(_) | None => outputs.push(text),
        }
    }

    /// Gives a case its text; `details` are there if somebody follows.
    pub(crate) fn store_in_case(
        self,
        case: &mut Case,
        details: Option<&mut CaseDetails>,
        text: String,
        span: Option<Span>,
        limit: usize,
    ) {
        match self {
            Self::Finding { .. } => {
                if let Some(finding) = case.findings.last_mut() {
                    finding.text = text;
                }
                details.into_iter().for_each(|details| details.finding = span);
            }
            Self::Earlier { .. } => {
                if let Some(finding) = case.earlier.last_mut().filter(|_| !text.is_empty()) {
                    finding.text = text;
                }
            }
            Self::EarlierOut { .. } => {
                if let Some(earlier) = details.and_then(|details| details.earlier.last_mut()) {
                    append(&mut earlier.system_out, text, limit);
                }
            }
            Self::EarlierErr { .. } => {
                if let Some(earlier) = details.and_then(|details| details.earlier.last_mut()) {
                    append(&mut earlier.system_err, text, limit);
                }
            }
            Self::Out { .. } => {
                let span = span.filter(|_| case.system_out.is_none());
                append(&mut case.system_out, text, limit);
                details.into_iter().for_each(|details| details.system_out = span);
            }
            Self::Err { .. } => {
                let span = span.filter(|_| case.system_err.is_none());
                append(&mut case.system_err, text, limit);
                details.into_iter().for_each(|details| details.system_err = span);
            }
            Self::Property { .. } => {
                if let Some((_, value)) = case.properties.last_mut().filter(|(_, value)| value.is_empty()) {
                    *value = text;
                }
            }
            Self::SuiteOut | Self::SuiteErr => {}
        }
    }
}

/// Removes blank lines at the beginning and white space at the end.
pub(crate) fn trimmed(text: &str) -> &str {
    let text = text.trim_end();
    let indent = text.len() - text.trim_start().len();
    let start = text[..indent].rfind('\n').map_or(0, |line_end| line_end + 1);
    &text[start..]
}

/// Adds to an output that may have several elements; what does not fit any more is left out.
fn append(output: &mut Option<String>, text: String, limit: usize) {
    match output {
        _ if text.is_empty() => {}
        None => *output = Some(text),
        Some(before) if before.len() + text.len() < limit => {
            before.push('\n');
            before.push_str(&text);
        }
        Some(before) if before.ends_with(LEFT_OUT) => {}
        Some(before) => before.push_str(LEFT_OUT),
    }
}
