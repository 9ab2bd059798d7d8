//! Cobertura's XML: packages, their classes, the lines of each.
//!
//! The format is `coverage-04.dtd` of Cobertura, and what coverage.py and Istanbul add to it (`missing-branches`). Lines are
//! merged by package, file, class and number: their hits are summed. Rates are worked out anew.

mod line;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use self::line::{Branches, Line};
use crate::model::LineCounts;

/// How many lines are held, of all files together.
const MOST_ENTRIES: usize = 10_000_000;

/// Lines by their numbers.
type Lines = BTreeMap<u64, Line>;

/// Any number of documents as one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cobertura {
    /// The directories that file names are relative to.
    sources: BTreeSet<String>,
    packages: BTreeMap<String, BTreeMap<ClassName, Class>>,
    /// The latest time at which a document was written, in milliseconds since 1970.
    timestamp: u64,
    /// How many lines there are.
    entries: usize,
    /// How many documents were read.
    documents: usize,
}

/// What a class is known by in its package.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct ClassName {
    file: String,
    name: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Class {
    complexity: f64,
    /// The methods by name and signature.
    methods: BTreeMap<(String, String), Method>,
    lines: Lines,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Method {
    complexity: f64,
    lines: Lines,
}

/// What classes add up to; a line that several classes of a file have counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    lines: LineCounts,
    branches: LineCounts,
}

impl Cobertura {
    /// Tells whether no document was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.documents == 0
    }

    /// Counts the lines of all files.
    pub(crate) fn lines(&self) -> LineCounts {
        self.counts().lines
    }

    fn counts(&self) -> Counts {
        Counts::of(self.packages.values().flatten())
    }

    fn add(&mut self, package: &str, name: ClassName, class: Class) {
        if !self.packages.contains_key(package) {
            self.packages.insert(package.to_owned(), BTreeMap::new());
        }
        let Some(classes) = self.packages.get_mut(package) else { return };
        let merged = classes.entry(name).or_default();
        let before = merged.entries();
        merged.merge(class);
        self.entries += merged.entries() - before;
    }
}

impl Class {
    fn entries(&self) -> usize {
        self.lines.len() + self.methods.values().map(|method| 1 + method.lines.len()).sum::<usize>()
    }

    fn merge(&mut self, other: Self) {
        self.complexity = self.complexity.max(other.complexity);
        merge_lines(&mut self.lines, other.lines);
        for (name, method) in other.methods {
            let known = self.methods.entry(name).or_default();
            known.complexity = known.complexity.max(method.complexity);
            merge_lines(&mut known.lines, method.lines);
        }
    }
}

fn merge_lines(lines: &mut Lines, others: Lines) {
    for (number, line) in others {
        lines.entry(number).or_default().merge(line);
    }
}

impl Counts {
    fn of<'a>(classes: impl IntoIterator<Item = (&'a ClassName, &'a Class)>) -> Self {
        let mut files: BTreeMap<&str, BTreeMap<u64, (bool, Option<&Branches>)>> = BTreeMap::new();
        for (name, class) in classes {
            let lines = files.entry(&name.file).or_default();
            for (number, line) in &class.lines {
                let known = lines.entry(*number).or_default();
                known.0 |= line.hits > 0;
                // Classes of one file that share a line tell of the same branches; the fuller word counts.
                let more = |branches: &&Branches| (branches.covered(), branches.total());
                known.1 = known.1.into_iter().chain(&line.branches).max_by_key(more);
            }
        }
        let mut counts = Self::default();
        for (is_covered, branches) in files.values().flat_map(BTreeMap::values) {
            counts.lines.total += 1;
            counts.lines.covered += u64::from(*is_covered);
            counts.branches.total += branches.map_or(0, Branches::total);
            counts.branches.covered += branches.map_or(0, Branches::covered);
        }
        counts
    }

    fn of_lines(lines: &Lines) -> Self {
        let branches = || lines.values().filter_map(|line| line.branches.as_ref());
        Self {
            lines: LineCounts {
                covered: lines.values().filter(|line| line.hits > 0).count() as u64,
                total: lines.len() as u64,
            },
            branches: LineCounts {
                covered: branches().map(Branches::covered).sum(),
                total: branches().map(Branches::total).sum(),
            },
        }
    }
}
