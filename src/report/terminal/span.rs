//! Writes durations for people.

use std::time::Duration;

/// Writes seconds with three decimals in nine columns or more: `   1.234s`.
pub(crate) fn precise(span: Duration) -> String {
    format!("{:>8.3}s", span.as_secs_f64())
}

/// Writes a running clock: `0:07`, `12:40`, `1:02:03`.
pub(crate) fn clock(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Writes a length of time as a phrase: `4.2 s`, `3 min 04 s`, `1 h 02 min`.
pub(crate) fn phrase(span: Duration) -> String {
    let tenths = (span.as_secs_f64() * 10.0).round();
    if tenths < 600.0 {
        return format!("{:.1} s", tenths / 10.0);
    }
    let seconds = span.as_secs_f64().round() as u64;
    if seconds < 3600 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_well_at_every_length() {
        let texts = [0, 7, 760, 3723].map(|seconds| {
            let span = Duration::from_secs(seconds);
            (precise(span), clock(span), phrase(span))
        });
        let expected = [
            ("   0.000s", "0:00", "0.0 s"),
            ("   7.000s", "0:07", "7.0 s"),
            (" 760.000s", "12:40", "12 min 40 s"),
            ("3723.000s", "1:02:03", "1 h 02 min"),
        ];
        for ((precise, clock, phrase), expected) in texts.iter().zip(expected) {
            assert_eq!((precise.as_str(), clock.as_str(), phrase.as_str()), expected);
        }
    }

    #[test]
    fn a_phrase_never_says_sixty_seconds() {
        assert_eq!(phrase(Duration::from_millis(59_970)), "1 min 00 s");
        assert_eq!(phrase(Duration::from_millis(59_940)), "59.9 s");
    }
}
