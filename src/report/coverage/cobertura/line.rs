//! A line, and how much is known of its branches.
//!
//! Two documents seldom say which branches were taken, only how many. The merged number is what is certain: with the names of
//! those that were missed (`missing-branches` of coverage.py) exactly those that every document missed; with a list of
//! conditions the best of each; else the largest number of any document, which may be too small and is never too large.

use std::collections::{BTreeMap, BTreeSet};

/// The most branches that a line is believed to have.
pub(super) const MOST_BRANCHES: u64 = 100_000;

/// A line: how often it ran, and its branches if it has some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) hits: u64,
    pub(super) branches: Option<Branches>,
}

/// The branches of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branches {
    total: u64,
    /// The largest number of covered branches that any document tells.
    covered: u64,
    /// The branches that every document names as missed; `None` when one did not name them, or had another total.
    missing: Option<BTreeSet<String>>,
    /// The conditions by number: their type, and the best of their rates in hundredths of a percent.
    pub(super) conditions: BTreeMap<u64, (String, u64)>,
}

impl Line {
    pub(super) fn merge(&mut self, other: Self) {
        self.hits = self.hits.saturating_add(other.hits);
        match (&mut self.branches, other.branches) {
            (Some(known), Some(more)) => known.merge(more),
            (none @ None, more) => *none = more,
            (Some(_), None) => {}
        }
    }
}

impl Branches {
    /// Describes the branches of one line of one document. `missing` names those that were missed, with commas between.
    pub(super) fn new(covered: u64, total: u64, missing: Option<&str>) -> Self {
        let names = missing.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let names: BTreeSet<String> = names.map(str::to_owned).collect();
        // Names that stand there twice, as two ways out of a function do, tell fewer branches than there are.
        let missing = (names.len() as u64 == total - covered).then_some(names);
        Self { total, covered, missing, conditions: BTreeMap::new() }
    }

    /// Returns how many branches there are.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Returns how many of them are known to have been taken.
    pub(super) fn covered(&self) -> u64 {
        let named = self.missing.as_ref().map(|missing| self.total.saturating_sub(missing.len() as u64));
        self.covered.max(named.unwrap_or(0)).max(self.covered_conditions()).min(self.total)
    }

    /// Returns the names of the missed branches, if every document named them.
    pub(super) fn missing(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().flatten().map(String::as_str)
    }

    fn merge(&mut self, other: Self) {
        self.covered = self.covered.max(other.covered);
        self.missing = match (self.missing.take(), other.missing) {
            // Where totals differ, so do the sources, and a name is not the same branch.
            (Some(one), Some(named)) if self.total == other.total => Some(one.intersection(&named).cloned().collect()),
            (_, _) => None,
        };
        self.total = self.total.max(other.total);
        for (number, (kind, rate)) in other.conditions {
            let known = self.conditions.entry(number).or_default();
            // Either type is as good; the choice must not depend on the order.
            known.0 = std::mem::take(&mut known.0).max(kind);
            known.1 = known.1.max(rate);
        }
    }

    /// Counts what the conditions tell, when each is a jump with its two branches and they are all.
    fn covered_conditions(&self) -> u64 {
        let are_jumps = self.conditions.values().all(|(kind, _)| kind == "jump");
        if !are_jumps || self.conditions.len() as u64 * 2 != self.total {
            return 0;
        }
        self.conditions.values().map(|(_, rate)| rate / 5_000).sum()
    }
}
