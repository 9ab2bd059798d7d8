//! Makes attempts of the cases of a report, with every text in the form in which it is written, and read again.

use std::borrow::Cow;

use memchr::memchr_iter;

use super::attempt::{Attempt, Details, Text};
use super::options::MergeOptions;
use super::{stamp, unite};
use crate::model::{Case, Finding, FindingKind};
use crate::report::junit::captured::trimmed;
use crate::report::junit::clean;
use crate::report::junit::excerpt::Excerpt;
use crate::report::junit::group::{CaseDetails, EarlierDetails, Span};
use crate::report::junit::row::{NAME_BYTES, Words};

/// A shorter text is taken along, for it takes no more room than the place where it stands.
const STAYS: usize = 64;

/// The report that is being read.
pub(super) struct Reading<'a> {
    pub(super) options: &'a MergeOptions,
    /// Where its long texts can be read, for texts that are cut.
    pub(super) path: String,
    /// Whether it can be read a second time, so that texts may stay in it.
    pub(super) again: bool,
}

impl Reading<'_> {
    /// Brings a text that is read into the form in which it is written, and read again.
    pub(super) fn canonical<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let limit = self.options.dialect.text_bytes();
        if text.len() <= limit {
            return Cow::Borrowed(trimmed(text));
        }
        let mut excerpt = Excerpt::pointing_at(&self.path, limit);
        excerpt.push(text);
        Cow::Owned(trimmed(&excerpt.finish()).to_owned())
    }

    /// Leaves a text where it stands, if it is written as it is and can be read again.
    fn text<'t>(&self, text: &'t str, span: Option<Span>) -> Text<'t> {
        let stays = |span: &Span| {
            self.again
                && text.len() >= STAYS
                && span.end - span.start == text.len() as u64
                && !memchr_iter(b'>', text.as_bytes()).any(|end| text.as_bytes()[..end].ends_with(b"]]"))
        };
        match span.filter(stays) {
            Some(span) => Text::There(span),
            None => Text::Here(self.canonical(text)),
        }
    }

    /// Makes attempts of a case: those before the last, and the last.
    pub(super) fn attempts<'c>(&self, case: &'c Case, details: &'c CaseDetails, time: Option<i64>) -> Vec<Attempt<'c>> {
        let mut attempts = Vec::with_capacity(case.earlier.len() + 1);
        for (place, finding) in case.earlier.iter().enumerate() {
            attempts.push(self.earlier(finding, details.earlier.get(place), time));
        }
        let words = Words::of_case(case, self.options.dialect.text_bytes());
        let mut last = self.attempt(words, time, case.seconds);
        if let [only] = case.findings.as_slice()
            && last.text == Text::Here(only.text.as_str().into())
        {
            last.text = self.text(&only.text, details.finding);
        }
        last.system_out = self.text(case.system_out.as_deref().unwrap_or_default(), details.system_out);
        last.system_err = self.text(case.system_err.as_deref().unwrap_or_default(), details.system_err);
        attempts.push(Attempt { is_final: true, details: self.details(case), ..last });
        attempts
    }

    fn earlier<'c>(&self, finding: &Finding, details: Option<&'c EarlierDetails>, time: Option<i64>) -> Attempt<'c> {
        let words = Words::of_finding(finding, self.options.dialect.text_bytes());
        let Some(details) = details else { return self.attempt(Some(words), time, None) };
        let time = own_time(details.timestamp.as_deref(), time);
        let output = |text: &'c Option<String>| self.text(text.as_deref().unwrap_or_default(), None);
        let (system_out, system_err) = (output(&details.system_out), output(&details.system_err));
        Attempt { system_out, system_err, ..self.attempt(Some(words), time, details.seconds) }
    }

    fn attempt<'c>(&self, words: Option<Words>, time: Option<i64>, seconds: Option<f64>) -> Attempt<'c> {
        let microseconds = self.options.dialect.rounded((seconds.unwrap_or_default() * 1e6).round() as u64);
        let mut attempt = Attempt { time, microseconds, ..Attempt::default() };
        if let Some(words) = words {
            attempt.kind = Some(words.kind);
            attempt.r#type = words.r#type.into();
            attempt.message = words.message.into();
            attempt.text = Text::Here(self.canonical(&words.text).into_owned().into());
        }
        if attempt.kind == Some(FindingKind::Skipped) && self.options.dialect.is_strict() {
            attempt.r#type = Cow::default();
        }
        attempt
    }

    fn details(&self, case: &Case) -> Details {
        let attribute = |text: &str| clean::attribute(text, NAME_BYTES);
        if self.options.dialect.is_strict() {
            return Details::default();
        }
        let own = case.properties.iter().filter(|(name, _)| name != unite::ATTEMPT);
        let properties = own.map(|(name, value)| (attribute(name), attribute(value))).collect();
        Details { line: case.line, properties }
    }
}

/// Returns the time that something has of its own, else that of what is around it.
pub(super) fn own_time(own: Option<&str>, around: Option<i64>) -> Option<i64> {
    match own {
        Some(own) => stamp::parse(own),
        None => around,
    }
}
