//! Durations as people type them.

use std::time::Duration;

use super::Fault;

const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Parses a duration such as `90s`, `1h 30m` or `500ms`; a bare number is seconds. Zero and more than a year are errors.
///
/// The units are those of the `humantime` crate. The upper end keeps sums of times from overflowing.
pub fn parse_duration(text: &str) -> Result<Duration, Fault> {
    let text = text.trim();
    let is_number = text.chars().all(|char| char.is_ascii_digit() || char == '.');
    let parsed = if is_number {
        text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    } else {
        humantime::parse_duration(text).ok()
    };
    match parsed {
        Some(duration) if duration.is_zero() => Err(Fault::new("must be longer than zero")
            .help("Leave it out for the default, or give a short duration such as `1s`.")),
        Some(duration) if duration > LONGEST => {
            Err(Fault::new("must be at most a year").help("Leave it out for the default."))
        }
        Some(duration) => Ok(duration),
        None => {
            Err(Fault::new("must be a duration").help("Such as `90s`, `10m` or `1h 30m`; a bare number is seconds."))
        }
    }
}

/// Writes a duration so that [`parse_duration`] reads the same one, such as `1h 30m`.
pub fn print_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
