//! How a case and its findings are put into words.

use crate::model::{Case, CaseCounts, Finding, UnitRecord};

use super::clean::{LONGEST_LINE, clean_name, first_line};
use super::fit::shorten_middle;

/// Returns the failing cases in their order.
pub(crate) fn failing(cases: &[Case]) -> impl Iterator<Item = &Case> {
    cases.iter().filter(|case| case.outcome().is_bad())
}

/// Names a case for a person: `class > name`, or what there is of it.
pub(crate) fn label(case: &Case) -> String {
    let (class, name) = (clean_name(case.classname.trim()), clean_name(case.name.trim()));
    match (class.is_empty(), name.is_empty()) {
        (false, false) => shorten_middle(&format!("{class} > {name}"), LONGEST_LINE),
        (false, true) => class,
        (true, false) => name,
        (true, true) => match &case.file {
            Some(file) => format!("a case without a name in {}", clean_name(file)),
            None => "a case without a name".to_owned(),
        },
    }
}

/// Says in one line what a finding is: its message, else its type, else the first line of its text.
pub(crate) fn headline(finding: &Finding) -> String {
    [&finding.message, &finding.r#type, &finding.text]
        .into_iter()
        .map(|text| first_line(text))
        .find(|line| !line.is_empty())
        .unwrap_or_else(|| "the framework gave no message".to_owned())
}

/// Returns what there is to say of a finding below its headline: its text, or what follows the headline's line.
pub(crate) fn body(finding: &Finding) -> &str {
    let (message, text) = (finding.message.trim(), finding.text.trim());
    if text.is_empty() || text == message {
        below_first_line(message)
    } else if message.is_empty() && finding.r#type.trim().is_empty() {
        below_first_line(text)
    } else {
        // Not trimmed, so that the first line keeps its indentation.
        &finding.text
    }
}

fn below_first_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, below)| below)
}

/// Writes the counts that are not zero: `3 passed, 2 failed`; `no cases` without any.
pub(crate) fn counts(cases: &[Case]) -> String {
    let counts = CaseCounts::of(cases);
    let parts = [
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.errored, "errored"),
        (counts.skipped, "skipped"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { "no cases".to_owned() } else { parts.join(", ") }
}

/// Returns every text of a unit in which a program may have told what went wrong.
pub(crate) fn texts(unit: &UnitRecord) -> impl Iterator<Item = &str> {
    let of_cases = unit.cases.iter().filter(|case| case.outcome().is_bad()).flat_map(|case| {
        let findings = case.findings.iter().flat_map(|finding| [&finding.message, &finding.text]);
        findings.chain(&case.system_out).chain(&case.system_err).map(String::as_str)
    });
    let of_trouble = unit.trouble.iter().flat_map(|trouble| [trouble.detail.as_str(), trouble.output_tail.as_str()]);
    of_cases.chain(of_trouble)
}

/// Writes a number with its noun: `1 unit`, `2 units`.
pub(crate) fn number(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
