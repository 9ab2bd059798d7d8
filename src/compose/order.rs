//! Puts services in an order in which each comes after those that it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::error::ComposeError;

/// Orders services, which are given by name with the names of those that they need; among equals by name.
///
/// # Errors
/// [`ComposeError::Cycle`]. Names that are no services are left out of account.
pub(super) fn order(needs: &BTreeMap<String, Vec<String>>) -> Result<Vec<String>, ComposeError> {
    let known = |names: &[String]| names.iter().filter(|name| needs.contains_key(*name)).cloned().collect();
    let mut open: BTreeMap<&str, BTreeSet<String>> =
        needs.iter().map(|(name, needed)| (name.as_str(), known(needed))).collect();
    let mut needed_by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, needed) in &open {
        for other in needed {
            needed_by.entry(other.clone()).or_default().push(name);
        }
    }
    let mut free: BTreeSet<&str> = open.iter().filter(|(_, needed)| needed.is_empty()).map(|(name, _)| *name).collect();
    let mut ordered = Vec::new();
    while let Some(name) = free.pop_first() {
        open.remove(name);
        for other in needed_by.get(name).into_iter().flatten() {
            let Some(needed) = open.get_mut(other) else { continue };
            needed.remove(name);
            if needed.is_empty() {
                free.insert(other);
            }
        }
        ordered.push(name.to_owned());
    }
    match open.is_empty() {
        true => Ok(ordered),
        false => Err(ComposeError::Cycle { names: cycle(&open) }),
    }
}

/// Finds a cycle among services of which each needs another one.
fn cycle(open: &BTreeMap<&str, BTreeSet<String>>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut next = open.keys().next().copied();
    while let Some(name) = next {
        if let Some(start) = places.get(name) {
            names.drain(..*start);
            names.push(name.to_owned());
            break;
        }
        places.insert(name, names.len());
        names.push(name.to_owned());
        next = open.get(name).and_then(BTreeSet::first).map(String::as_str);
    }
    names
}
