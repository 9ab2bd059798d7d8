//! Figures and the bars that they are held against.

use std::ops::{Bound, RangeBounds};

/// Returns the median; not a number when there is nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length.is_multiple_of(2) => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// Writes the least and the greatest value.
pub(crate) fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{least:.2} .. {most:.2}")
}

/// Writes a bar, such as `..=2.0` or `0.9..`, and whether the value meets it.
pub(crate) fn verdict(value: f64, bar: impl RangeBounds<f64>) -> String {
    let words = match (bar.start_bound(), bar.end_bound()) {
        (Bound::Included(least), Bound::Unbounded) => format!(">= {least}"),
        (Bound::Unbounded, Bound::Included(most)) => format!("<= {most}"),
        (start, end) => format!("from {start:?} to {end:?}"),
    };
    format!("bar {words}: {}", if bar.contains(&value) { "met" } else { "MISSED" })
}
