//! One `<testcase>` as a framework reported it.

use serde::{Deserialize, Serialize};

/// What a framework said of one test inside a unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The JUnit class name; may be empty, as frameworks write it.
    pub classname: String,
    /// The JUnit name; may be empty, as frameworks write it.
    pub name: String,
    /// The file that the framework named, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line that the framework named, counted from 1: a reader keeps what the file says, and the framework's own
    /// module makes it so (pytest counts from 0, see `framework/pytest.rs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Duration in seconds; `None` when the framework gave none or no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Every failure, error and skip that the framework attached, in its order; empty for a pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What executions of the case before the last one said, where the framework itself ran it again: its failures and
    /// errors in their order, read from Surefire's `flaky...` and `rerun...` elements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Finding>,
    /// Captured standard output, cut to a bounded length by the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_out: Option<String>,
    /// Captured standard error, cut to a bounded length by the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_err: Option<String>,
    /// `<property>` children as name and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<(String, String)>,
}

/// One failure, error or skip of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which of the three it is.
    pub kind: FindingKind,
    /// The `message` attribute; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The `type` attribute; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub r#type: String,
    /// The element's text, such as a traceback.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Finding {
    /// The type of an error that only says that the test was running when its report ends: nothing is known of it.
    pub const RUNNING: &str = "minke.running";
}

/// Tells failures, errors and skips apart, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// `<skipped>`
    Skipped,
    /// `<failure>`
    Failure,
    /// `<error>`
    Error,
}

/// The outcome of one case; the worst of its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseOutcome {
    /// No finding.
    Passed,
    /// Only skips.
    Skipped,
    /// A failure, and no error.
    Failed,
    /// An error.
    Errored,
}

impl Case {
    /// Returns the worst of the findings: error, then failure, then skip, then pass.
    pub fn outcome(&self) -> CaseOutcome {
        match self.findings.iter().map(|finding| finding.kind).max() {
            None => CaseOutcome::Passed,
            Some(FindingKind::Skipped) => CaseOutcome::Skipped,
            Some(FindingKind::Failure) => CaseOutcome::Failed,
            Some(FindingKind::Error) => CaseOutcome::Errored,
        }
    }

    /// Returns the worst finding, the first of them if there are several.
    pub fn worst_finding(&self) -> Option<&Finding> {
        let worst = self.findings.iter().map(|finding| finding.kind).max()?;
        self.findings.iter().find(|finding| finding.kind == worst)
    }

    /// Tells whether the case failed at first and passed in the end.
    pub fn is_flaky(&self) -> bool {
        !self.earlier.is_empty() && self.outcome() == CaseOutcome::Passed
    }

    /// Tells whether the framework named neither class nor case, as pytest does for a test that its session's end cut off.
    pub fn is_nameless(&self) -> bool {
        self.classname.trim().is_empty() && self.name.trim().is_empty()
    }
}

impl CaseOutcome {
    /// Tells whether the outcome makes its unit fail.
    pub fn is_bad(self) -> bool {
        match self {
            Self::Passed | Self::Skipped => false,
            Self::Failed | Self::Errored => true,
        }
    }
}
