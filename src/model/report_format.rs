//! The formats of what frameworks write down.

/// How a report file is to be read. Every format is read into the same [`ReportFile`](super::ReportFile).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportFormat {
    /// JUnit XML of any dialect.
    JUnit,
    /// Cucumber messages: a JSON object a line for everything that cucumber does.
    CucumberMessages,
    /// The Test Anything Protocol, versions 12 to 14.
    Tap,
    /// The lines of `go test -json`.
    GoTest,
    /// What `prove --state=save` keeps of each script.
    ProveState,
    /// The results that `jest --json` writes.
    Jest,
    /// What minke's own driver of unittest writes: a JSON object a line for each fact.
    Unittest,
    /// What RSpec's JSON formatter writes.
    Rspec,
}
