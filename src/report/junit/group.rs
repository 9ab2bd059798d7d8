//! A suite as it is read, and who wants to know of it.

use super::claims::{Claims, Tally};
use crate::model::Case;

/// Stands between the names of a suite and of the suite around it.
const INSIDE: &str = " > ";

/// A `<testsuites>` or a `<testsuite>` that is open.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// Its own name, cut to a bounded length.
    pub(crate) name: String,
    /// The names of all suites that it stands in and its own; empty when none of them has one. `<testsuites>` gives none.
    pub(crate) path: String,
    /// Left out when it is too long, since a part of a path is none.
    pub(crate) file: Option<String>,
    pub(crate) claims: Claims,
    pub(crate) direct: Tally,
    pub(crate) nested: Tally,
    /// Whether it is a `<testsuites>`.
    pub(crate) is_root: bool,
    /// Whether a suite stands in it.
    pub(crate) has_suites: bool,
    /// What only a follower asks for.
    pub(crate) details: SuiteDetails,
}

/// What a suite says besides its cases.
#[derive(Debug, Default)]
pub(crate) struct SuiteDetails {
    /// The suite's own, else that of the one around it; as it was written.
    pub(crate) timestamp: Option<String>,
    pub(crate) hostname: Option<String>,
    pub(crate) package: Option<String>,
    pub(crate) properties: Vec<(String, String)>,
    /// The text of each element, for a merged suite has one of each report.
    pub(crate) system_out: Vec<String>,
    pub(crate) system_err: Vec<String>,
}

/// What a case says that the model has no place for.
#[derive(Debug, Default, Clone)]
pub(crate) struct CaseDetails {
    /// As it was written; cargo-nextest gives each case its own.
    pub(crate) timestamp: Option<String>,
    /// Surefire's `group`.
    pub(crate) group: Option<String>,
    /// Whether it stands for a failure or an error that the suite has itself.
    pub(crate) is_of_suite: bool,
    /// For each of the case's earlier findings.
    pub(crate) earlier: Vec<EarlierDetails>,
    /// Where the text of the last finding stands, and those of the outputs.
    pub(crate) finding: Option<Span>,
    pub(crate) system_out: Option<Span>,
    pub(crate) system_err: Option<Span>,
}

/// Where a text stands in the input, byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// What a `flaky...` or `rerun...` element says besides its finding.
#[derive(Debug, Default, Clone)]
pub(crate) struct EarlierDetails {
    pub(crate) seconds: Option<f64>,
    pub(crate) timestamp: Option<String>,
    pub(crate) system_out: Option<String>,
    pub(crate) system_err: Option<String>,
}

/// Takes cases and suites as soon as they are read, so that they need not be kept.
pub(crate) trait Follower {
    /// Takes a case of a suite. It is not `whole` when the report ended inside of it.
    fn case(&mut self, suite: &Group, case: Case, details: CaseDetails, whole: bool);

    /// Takes a suite after everything in it; `difference` is how its counters differ from what it holds.
    fn suite(&mut self, suite: Group, difference: Option<String>);
}

impl Group {
    /// Takes over what the suite around it hands down.
    pub(crate) fn stand_in(&mut self, outer: &Group) {
        if !outer.path.is_empty() && !self.path.is_empty() {
            self.path = format!("{}{INSIDE}{}", outer.path, self.path);
        } else if self.path.is_empty() {
            self.path.clone_from(&outer.path);
        }
        if self.file.is_none() {
            self.file.clone_from(&outer.file);
        }
        // That of a whole document is the beginning of its first suite, and says nothing about the others.
        if self.details.timestamp.is_none() && !outer.is_root {
            self.details.timestamp.clone_from(&outer.details.timestamp);
        }
    }
}
