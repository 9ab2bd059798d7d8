//! What a suite says of itself in its attributes, against what it holds.

use super::number;
use crate::model::{Case, FindingKind};

/// The counters of a suite, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// `<testcase>` elements.
    pub(crate) tests: usize,
    /// Cases with a failure, and failures of the suite itself.
    pub(crate) failures: usize,
    /// Cases with an error, and errors of the suite itself.
    pub(crate) errors: usize,
    /// Cases with a skip.
    pub(crate) skipped: usize,
}

/// The counters of a suite, as it claims them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Claims {
    tests: Option<usize>,
    failures: Option<usize>,
    errors: Option<usize>,
    skipped: Option<usize>,
}

impl Tally {
    /// Counts a case.
    pub(crate) fn add_case(&mut self, case: &Case) {
        let has = |kind| usize::from(case.findings.iter().any(|finding| finding.kind == kind));
        self.tests += 1;
        self.failures += has(FindingKind::Failure);
        self.errors += has(FindingKind::Error);
        self.skipped += has(FindingKind::Skipped);
    }

    /// Adds another tally.
    pub(crate) fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

impl Claims {
    /// Reads the claims out of a suite's attributes; what is no number is no claim.
    pub(crate) fn of<'a>(attribute: impl Fn(&str) -> Option<&'a str>) -> Self {
        let claim = |name: &str| attribute(name).and_then(number::count);
        Self { tests: claim("tests"), failures: claim("failures"), errors: claim("errors"), skipped: claim("skipped") }
    }

    /// Tells in words that failures or errors are claimed although none was counted.
    pub(crate) fn missing_failures(&self, counted: Tally) -> Option<String> {
        let claimed = (self.failures.unwrap_or(0), self.errors.unwrap_or(0));
        let is_missing = claimed != (0, 0) && (counted.failures, counted.errors) == (0, 0);
        is_missing.then(|| format!("failures=\"{}\", errors=\"{}\"", claimed.0, claimed.1))
    }

    /// Tells in words how the claims differ from the count; `None` when they do not.
    pub(crate) fn difference(&self, counted: Tally) -> Option<String> {
        let differences: Vec<String> = [
            ("tests", self.tests, counted.tests),
            ("failures", self.failures, counted.failures),
            ("errors", self.errors, counted.errors),
            ("skipped", self.skipped, counted.skipped),
        ]
        .into_iter()
        .filter_map(|(name, claimed, counted)| {
            let claimed = claimed.filter(|&claimed| claimed != counted)?;
            Some(format!("{name}=\"{claimed}\", counted {counted}"))
        })
        .collect();
        (!differences.is_empty()).then(|| differences.join("; "))
    }
}
