//! Numbers as frameworks write them into JUnit attributes.

use std::borrow::Cow;

/// The longest duration that is taken for one: some 31 years. Whoever adds durations up stays far from every overflow.
pub(crate) const MOST_SECONDS: f64 = 1e9;

/// Reads a duration in seconds: `0.5`, `8.1e-05`, `1,234.5`, `1.234,5`, `0,5`, `2s`. A negative one is 0.
///
/// A single comma before exactly three digits separates thousands, unless a 0 stands before it.
/// `None` for anything else, such as `NaN`, and for more than [`MOST_SECONDS`].
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let text = text.strip_suffix('s').unwrap_or(text).trim_end();
    let seconds: f64 = plain_decimal(text).parse().ok()?;
    (seconds <= MOST_SECONDS).then_some(seconds.max(0.0))
}

/// Reads a count: `7`, and `7.0` as some write it.
pub(crate) fn count(text: &str) -> Option<usize> {
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

fn plain_decimal(text: &str) -> Cow<'_, str> {
    let Some(comma) = text.rfind(',') else { return text.into() };
    let plain = match text.rfind('.') {
        Some(dot) if comma > dot => text.replace('.', "").replace(',', "."),
        Some(_) => text.replace(',', ""),
        None if separates_thousands(text) => text.replace(',', ""),
        None => text.replace(',', "."),
    };
    plain.into()
}

fn separates_thousands(text: &str) -> bool {
    let mut groups = text.trim_start_matches('-').split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && !first.starts_with('0') && groups.all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::{count, seconds};

    #[test]
    fn durations_of_many_dialects_are_understood() {
        for (text, expected) in [
            ("0.5", 0.5),
            ("8.1e-05", 8.1e-05),
            (" 3 ", 3.0),
            ("1,234.5", 1234.5),
            ("1.234,5", 1234.5),
            ("1,234,567", 1_234_567.0),
            ("1,234", 1234.0),
            ("0,123", 0.123),
            ("12,5", 12.5),
            ("2s", 2.0),
            ("2.5 s", 2.5),
            ("-0.001", 0.0),
            ("-1,5", 0.0),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_none() {
        for text in ["", "NaN", "inf", "-inf", "infinity", "1e300", "2ms", "a", "1,2,3", ",", "1 2"] {
            assert_eq!(seconds(text).filter(|&seconds| seconds > 0.0), None, "{text}");
        }
        assert_eq!(seconds("NaN"), None);
    }

    #[test]
    fn counts_may_have_a_decimal_zero() {
        assert_eq!(count("7"), Some(7));
        assert_eq!(count("7.0"), Some(7));
        assert_eq!(count("-1"), None);
    }
}
