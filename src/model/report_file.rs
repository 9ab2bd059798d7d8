//! A JUnit file as the reader understood it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Case;

/// One report file that a framework wrote, flattened to its cases in document order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportFile {
    /// The file's path relative to the directory it was collected from, such as `TEST-features-cart.xml`.
    pub path: String,
    /// Every case of every suite, nested ones included, in document order.
    pub cases: Vec<Case>,
    /// The test files that were run, where the report names them (Cucumber messages do).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ran: Vec<String>,
    /// What was wrong with the file; cases read before a fault are kept.
    pub problems: Vec<ReportProblem>,
}

/// Something wrong with a report file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "kebab-case")]
pub enum ReportProblem {
    /// The file has no byte, or nothing but white space.
    Empty,
    /// The file ends in the middle of an element.
    Truncated,
    /// The file ends while a test was running, as the file itself tells.
    BrokenOff {
        /// The test.
        test: String,
    },
    /// The file is not XML from some place on; what stood before it was kept.
    Malformed {
        /// What the parser said, with the place.
        detail: String,
    },
    /// A limit of size, depth or count was passed.
    TooLarge {
        /// Which limit.
        detail: String,
    },
    /// The file claims failures or errors, and holds none.
    FailuresMissing {
        /// What is claimed.
        detail: String,
    },
    /// The counters that the file claims differ from its elements (a remark: the elements are right).
    CountsDiffer {
        /// What is claimed and what was counted.
        detail: String,
    },
    /// Bytes that XML forbids were repaired (a remark).
    Repaired,
    /// A document type or an entity was left unexpanded (a remark).
    EntitiesIgnored,
}

impl ReportProblem {
    /// Tells whether cases may be missing because of the problem.
    pub fn loses_cases(&self) -> bool {
        match self {
            Self::Empty
            | Self::Truncated
            | Self::BrokenOff { .. }
            | Self::Malformed { .. }
            | Self::TooLarge { .. }
            | Self::FailuresMissing { .. } => true,
            Self::CountsDiffer { .. } | Self::Repaired | Self::EntitiesIgnored => false,
        }
    }
}

/// Writes the problem as the rest of a sentence that begins with the file's name.
impl fmt::Display for ReportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Truncated => f.write_str("breaks off"),
            Self::BrokenOff { test } => write!(f, "breaks off while `{test}` was running"),
            Self::Malformed { detail } => write!(f, "cannot be read: {detail}"),
            Self::TooLarge { detail } => write!(f, "is too large: {detail}"),
            Self::FailuresMissing { detail } => write!(f, "claims failures that it does not hold: {detail}"),
            Self::CountsDiffer { detail } => write!(f, "has counters that differ from its cases: {detail}"),
            Self::Repaired => f.write_str("had bytes that XML forbids"),
            Self::EntitiesIgnored => f.write_str("has a document type, which is ignored"),
        }
    }
}

impl ReportFile {
    /// Says why cases may be missing from the file.
    pub fn damage(&self) -> Option<String> {
        let problem = self.problems.iter().find(|problem| problem.loses_cases())?;
        Some(format!("`{}` {problem}", self.path.trim_start_matches('/')))
    }

    /// Tells whether cases may be missing from the file.
    pub fn is_incomplete(&self) -> bool {
        self.problems.iter().any(ReportProblem::loses_cases)
    }
}
