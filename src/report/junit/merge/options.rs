//! What is merged, and into which form.

use std::path::PathBuf;

/// A report to be merged.
#[derive(Debug, Clone)]
pub struct Input {
    /// Names the report in remarks, in entries for unreadable reports and in cut texts.
    pub path: String,
    /// Where its bytes come from.
    pub source: Source,
}

/// Where the bytes of a report come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file, opened when its turn has come.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// There are none, for this reason.
    Missing(String),
}

/// What becomes of the attempts of a case that ran several times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flaky {
    /// One `<testcase>` with `flaky...` or `rerun...` children.
    #[default]
    Surefire,
    /// A `<testcase>` for each attempt.
    Repeat,
    /// The last attempt alone.
    Last,
}

/// Whose habits the written form follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Everything that is known.
    #[default]
    Plain,
    /// Valid by the schemas of Surefire 3.0 and of Jenkins' xUnit plugin.
    Surefire,
    /// Class names and unique names for GitLab, which knows no suites; short texts.
    Gitlab,
    /// As plain, for Azure Pipelines, which looks for files `TEST-*.xml`.
    Azure,
}

/// How reports are merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// What becomes of several attempts.
    pub flaky: Flaky,
    /// The form that is written.
    pub dialect: Dialect,
    /// A directory that is removed from the beginning of `file` attributes and of suite names that are paths.
    pub strip_prefix: Option<String>,
    /// Whether suites of the same name in different reports are kept apart by the names of the reports.
    pub suite_prefix: bool,
}
