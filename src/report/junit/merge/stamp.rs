//! Times of day and durations, as frameworks write them and as a merge does.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Stands for a time that is not known, where another would be assumed.
pub(super) const UNKNOWN: &str = "unknown";

/// Reads a time as microseconds since 1970: RFC 3339 with any offset or with none (which is taken for UTC), or RFC 1123.
/// The very beginning of 1970 is what some write who know no time.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let mail = || rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    let found: Timestamp = text.parse().ok().or_else(civil).or_else(mail)?;
    // A year before 0 or after 9999 has more than four digits.
    let is_known = (-62_167_219_200..253_402_300_800).contains(&found.as_second()) && found != Timestamp::UNIX_EPOCH;
    is_known.then(|| found.as_microsecond())
}

/// Writes a time in UTC.
pub(super) fn text(microseconds: i64) -> String {
    Timestamp::from_microsecond(microseconds).map_or_else(|_| UNKNOWN.to_owned(), |time| time.to_string())
}

/// Appends a duration in seconds with three decimals, and up to six where they are needed.
pub(super) fn push_seconds(out: &mut String, microseconds: u128) {
    let mut digits = [b'0'; 6];
    let mut fraction = microseconds % 1_000_000;
    for digit in digits.iter_mut().rev() {
        *digit += (fraction % 10) as u8;
        fraction /= 10;
    }
    let needed = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1).max(3);
    out.push_str(&(microseconds / 1_000_000).to_string());
    out.push('.');
    out.extend(digits[..needed].iter().map(|&digit| char::from(digit)));
}

#[cfg(test)]
mod tests {
    use super::{parse, push_seconds, text};

    #[test]
    fn times_of_many_dialects_are_the_same_time() {
        for form in [
            "2026-11-21T06:57:44Z",
            "2026-11-21T06:57:44",
            "2026-11-21 06:57:44.000",
            "2026-11-21T07:57:44+01:00",
            "Sat, 21 Nov 2026 06:57:44 GMT",
        ] {
            assert_eq!(parse(form).map(text).as_deref(), Some("2026-11-21T06:57:44Z"), "{form}");
        }
        for form in ["", "unknown", "yesterday", "12345", "1970-01-01T00:00:00", "-009000-01-01T00:00:00Z"] {
            assert_eq!(parse(form), None, "{form}");
        }
    }

    #[test]
    fn durations_have_three_to_six_decimals() {
        for (microseconds, expected) in
            [(0, "0.000"), (51_000, "0.051"), (1_234_567_891, "1234.567891"), (1_200, "0.0012")]
        {
            let mut out = String::new();
            push_seconds(&mut out, microseconds);
            assert_eq!(out, expected);
        }
    }
}
