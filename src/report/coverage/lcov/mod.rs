//! lcov's tracefiles: one record for each source file, with its lines, functions and branches.
//!
//! The format is that of geninfo(1) of lcov 1 and 2, "FILES". Counts of the same line, function or branch are summed, so that
//! neither the order nor the grouping of a merge matters; the sums of a record (`LF`, `LH` and so on) are counted anew.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::LineCounts;

/// How many lines, functions and branches are held, of all files together.
const MOST_ENTRIES: usize = 10_000_000;

/// Any number of tracefiles as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lcov {
    records: BTreeMap<String, Record>,
    /// How many lines, functions and branches there are.
    entries: usize,
}

/// What is known of one source file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Record {
    /// The names of tests (`TN`) that are not empty.
    tests: BTreeSet<String>,
    /// The ids of the source's version (`VER`); more than one is a contradiction.
    versions: BTreeSet<String>,
    functions: BTreeMap<String, Function>,
    branches: BTreeMap<Branch, Option<u64>>,
    conditions: BTreeMap<Condition, u64>,
    lines: BTreeMap<u64, Line>,
}

/// A line: how often it ran, and the checksums of its text; more than one is a contradiction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Line {
    hits: u64,
    checksums: BTreeSet<String>,
}

/// A function: where it begins and perhaps ends, and how often it was called, if that is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Function {
    places: BTreeSet<(u64, Option<u64>)>,
    hits: Option<u64>,
}

/// A branch. It is `None` times taken (`-`) when its block was never come to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Branch {
    line: u64,
    is_exception: bool,
    block: Label,
    name: Label,
}

/// A condition of a decision (`MCDC`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Condition {
    line: u64,
    group: Label,
    index: Label,
    sense: Label,
    expression: String,
}

/// A number or a name; numbers come first, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Label(String);

impl Label {
    fn number(&self) -> (bool, u64) {
        self.0.parse().map_or((true, 0), |number| (false, number))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number().cmp(&other.number()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Lcov {
    /// Tells whether there is no record.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Counts the lines of all sources.
    pub(crate) fn lines(&self) -> LineCounts {
        let lines = || self.records.values().flat_map(|record| record.lines.values());
        LineCounts { covered: lines().filter(|line| line.hits > 0).count() as u64, total: lines().count() as u64 }
    }

    /// Says of which sources the merged files had different versions, because counts of different texts say nothing together.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        let differs =
            |record: &Record| record.versions.len() > 1 || record.lines.values().any(|line| line.checksums.len() > 1);
        let sources = self.records.iter().filter(|(_, record)| differs(record)).map(|(source, _)| source);
        sources.map(|source| format!("containers had different versions of {}", super::quoted(source))).collect()
    }

    fn add(&mut self, source: String, record: Record) {
        let merged = self.records.entry(source).or_default();
        let before = merged.entries();
        merged.merge(record);
        self.entries += merged.entries() - before;
    }
}

impl Record {
    fn entries(&self) -> usize {
        self.functions.len() + self.branches.len() + self.conditions.len() + self.lines.len()
    }

    fn merge(&mut self, other: Self) {
        self.tests.extend(other.tests);
        self.versions.extend(other.versions);
        for (name, function) in other.functions {
            let known = self.functions.entry(name).or_default();
            known.places.extend(function.places);
            known.hits = sum(known.hits, function.hits);
        }
        for (branch, taken) in other.branches {
            self.take_branch(branch, taken);
        }
        for (condition, hits) in other.conditions {
            let known = self.conditions.entry(condition).or_default();
            *known = known.saturating_add(hits);
        }
        for (number, line) in other.lines {
            self.run_line(number, line.hits, line.checksums);
        }
    }

    fn run_line(&mut self, number: u64, hits: u64, checksums: impl IntoIterator<Item = String>) {
        let line = self.lines.entry(number).or_default();
        line.hits = line.hits.saturating_add(hits);
        line.checksums.extend(checksums);
    }

    fn take_branch(&mut self, branch: Branch, taken: Option<u64>) {
        let known = self.branches.entry(branch).or_default();
        *known = sum(*known, taken);
    }
}

/// Adds counts of which either may be unknown.
fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}
