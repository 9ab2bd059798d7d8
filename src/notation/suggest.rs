//! Finds what somebody probably meant to type.

/// How alike two words must be, from 0 to 1, for one to be taken for the other.
const ALIKE: f64 = 0.8;

/// Returns the candidate that is most like `typed`, if one is like it at all.
pub(crate) fn closest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest(typed, candidates, 1).pop()
}

/// Returns the candidates that are like `typed`, the most alike first and at most `limit` of them.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>, limit: usize) -> Vec<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    let typed = plain(typed);
    let mut alike: Vec<(f64, &str)> = candidates
        .map(|candidate| (strsim::jaro_winkler(&typed, &plain(candidate)), candidate))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .collect();
    alike.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    alike.truncate(limit);
    alike.into_iter().map(|(_, candidate)| candidate).collect()
}
