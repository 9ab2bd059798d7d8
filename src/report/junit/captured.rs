//! Where collected text goes.

use super::group::{CaseDetails, SuiteDetails};
use crate::model::Case;

/// The most bytes of all outputs of one suite.
const SUITE_OUTPUT_BYTES: usize = 16 << 20;

/// Ends an output of which further elements did not fit.
const LEFT_OUT: &str = "\n[minke left out more output here]";

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

impl Target {
    /// Gives a suite its text.
    pub(crate) fn store_in_suite(self, details: &mut SuiteDetails, text: &str) {
        let outputs = if matches!(self, Self::SuiteErr) { &mut details.system_err } else { &mut details.system_out };
        let bytes: usize = outputs.iter().map(String::len).sum();
        match outputs.last() {
            _ if text.is_empty() => {}
            Some(last) if last == LEFT_OUT => {}
            Some(_) if bytes + text.len() > SUITE_OUTPUT_BYTES => outputs.push(LEFT_OUT.to_owned()),
            Some(_) | None => outputs.push(text.to_owned()),
        }
    }

    /// Gives a case its text; `details` are there if somebody follows.
    pub(crate) fn store_in_case(self, case: &mut Case, details: Option<&mut CaseDetails>, text: &str, limit: usize) {
        let earlier = details.and_then(|details| details.earlier.last_mut());
        match self {
            Self::Finding { .. } => {
                if let Some(finding) = case.findings.last_mut() {
                    finding.text = text.to_owned();
                }
            }
            Self::Earlier { .. } => {
                if let Some(finding) = case.earlier.last_mut().filter(|_| !text.is_empty()) {
                    finding.text = text.to_owned();
                }
            }
            Self::EarlierOut { .. } => {
                earlier.into_iter().for_each(|earlier| append(&mut earlier.system_out, text, limit))
            }
            Self::EarlierErr { .. } => {
                earlier.into_iter().for_each(|earlier| append(&mut earlier.system_err, text, limit))
            }
            Self::Out { .. } => append(&mut case.system_out, text, limit),
            Self::Err { .. } => append(&mut case.system_err, text, limit),
            Self::Property { .. } => {
                if let Some((_, value)) = case.properties.last_mut().filter(|(_, value)| value.is_empty()) {
                    *value = text.to_owned();
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
fn append(output: &mut Option<String>, text: &str, limit: usize) {
    match output {
        _ if text.is_empty() => {}
        None => *output = Some(text.to_owned()),
        Some(before) if before.len() + text.len() < limit => {
            before.push('\n');
            before.push_str(text);
        }
        Some(before) if before.ends_with(LEFT_OUT) => {}
        Some(before) => before.push_str(LEFT_OUT),
    }
}
