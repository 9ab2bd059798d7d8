//! Writes numbers and durations for people.

use std::time::Duration;

use crate::model::{CaseCounts, CaseOutcome, UnitOutcome};

/// Writes a number with its noun: `1 unit`, `20,000 units`.
pub(super) fn number(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{} {noun}s", grouped(count)) }
}

/// Writes a number with a comma between thousands.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a length of time: `0.004 s`, `4.25 s`, `42.1 s`, `3 min 04 s`, `1 h 02 min`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    let whole = seconds.round() as u64;
    match seconds {
        seconds if seconds < 0.9995 => format!("{seconds:.3} s"),
        seconds if seconds < 9.995 => format!("{seconds:.2} s"),
        seconds if seconds < 59.95 => format!("{seconds:.1} s"),
        _ if whole < 3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// Writes a size: `812 bytes`, `4.1 kB`, `23.0 MB`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000.. => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// Writes the counts that are not zero: `3 passed, 2 failed`; `no cases` without any.
pub(super) fn counts(counts: CaseCounts) -> String {
    let parts = [
        (counts.failed, "failed"),
        (counts.errored, "errored"),
        (counts.skipped, "skipped"),
        (counts.passed, "passed"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", grouped(*count)))
        .collect();
    if parts.is_empty() { "no cases".to_owned() } else { parts.join(", ") }
}

/// Returns a case's outcome as a word, which is its class in the style sheet too.
pub(super) fn case_word(outcome: CaseOutcome) -> &'static str {
    match outcome {
        CaseOutcome::Passed => "passed",
        CaseOutcome::Skipped => "skipped",
        CaseOutcome::Failed => "failed",
        CaseOutcome::Errored => "errored",
    }
}

/// Returns a unit's outcome as a class of the style sheet.
pub(super) fn unit_class(outcome: &UnitOutcome) -> &'static str {
    match outcome {
        UnitOutcome::Passed => "passed",
        UnitOutcome::Failed => "failed",
        UnitOutcome::Errored(_) => "errored",
        UnitOutcome::NotRun => "notrun",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_well_at_every_length() {
        for (millis, text) in [
            (0, "0.000 s"),
            (4, "0.004 s"),
            (999, "0.999 s"),
            (4_250, "4.25 s"),
            (9_996, "10.0 s"),
            (59_949, "59.9 s"),
            (59_960, "1 min 00 s"),
            (184_000, "3 min 04 s"),
            (3_723_000, "1 h 02 min"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((number(1, "unit"), number(2000, "case")), ("1 unit".to_owned(), "2,000 cases".to_owned()));
    }
}
