//! Names as they are merged, and numbers made of them.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::options::MergeOptions;
use crate::report::junit::clean;
use crate::report::junit::row::NAME_BYTES;

/// The suite of cases that stand in none with a name.
const NAMELESS_SUITE: &str = "(suite)";

/// Makes the name under which a suite is merged.
pub(super) fn suite_name(raw: &str, options: &MergeOptions) -> String {
    let name = bounded(raw);
    let name = match &options.strip_prefix {
        Some(prefix) => without_prefix(&name, prefix),
        None => name,
    };
    if name.is_empty() { NAMELESS_SUITE.to_owned() } else { name }
}

/// Cleans a name. One that is too long ends in a number made of all of it, so that two of them stay two.
pub(super) fn bounded(name: &str) -> String {
    if name.len() <= NAME_BYTES {
        return clean::attribute(name, NAME_BYTES);
    }
    let whole = clean::attribute(name, usize::MAX);
    if whole.len() <= NAME_BYTES {
        return whole;
    }
    let beginning = &whole[..whole.floor_char_boundary(NAME_BYTES - 20)];
    format!("{}...{:016x}", beginning.trim_end(), fnv(whole.as_bytes()))
}

/// Makes the path by which the file of a case is told from others; empty if there is none.
pub(super) fn file_name(raw: &str, options: &MergeOptions) -> String {
    let path = bounded(raw);
    let path = match &options.strip_prefix {
        Some(prefix) => without_prefix(&path, prefix),
        None => path,
    };
    let mut path = path.trim();
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches(|c: char| c == '/' || c.is_whitespace());
    }
    path.to_owned()
}

/// Removes a directory from the beginning of a path.
pub(super) fn without_prefix(path: &str, prefix: &str) -> String {
    let rest = path.strip_prefix(prefix.trim_end_matches('/'));
    let inside = rest.and_then(|rest| rest.strip_prefix('/')).map(|rest| rest.trim_start_matches('/'));
    inside.filter(|inside| !inside.is_empty()).unwrap_or(path).to_owned()
}

/// Hashes what tells a case from others where suites are not known.
pub(super) fn name_hash(class: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (class, name).hash(&mut hasher);
    hasher.finish()
}

/// Hashes bytes in a way that is the same in every version (FNV-1a).
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
