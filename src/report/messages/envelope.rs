//! The messages that are looked at, with the fields that are needed.
//!
//! Format: <https://github.com/cucumber/messages>; each line has one of the fields of [`Envelope`], or one that is passed over.

use serde::Deserialize;

use crate::report::text::Text;

/// One line.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Envelope {
    pub(super) meta: Option<Meta>,
    pub(super) gherkin_document: Option<GherkinDocument>,
    pub(super) parse_error: Option<ParseError>,
    pub(super) pickle: Option<Pickle>,
    pub(super) test_case: Option<TestCase>,
    pub(super) test_case_started: Option<TestCaseStarted>,
    pub(super) attachment: Option<Attachment>,
    pub(super) test_step_finished: Option<TestStepFinished>,
    pub(super) test_case_finished: Option<TestCaseFinished>,
    pub(super) test_run_finished: Option<TestRunFinished>,
}

#[derive(Deserialize)]
pub(super) struct Meta {
    pub(super) implementation: Implementation,
}

#[derive(Deserialize)]
pub(super) struct Implementation {
    #[serde(default)]
    pub(super) version: String,
}

/// A feature file, parsed.
#[derive(Deserialize)]
pub(super) struct GherkinDocument {
    /// Missing when the file is empty.
    pub(super) feature: Option<Feature>,
}

#[derive(Deserialize)]
pub(super) struct Feature {
    #[serde(default)]
    pub(super) name: Text,
    #[serde(default)]
    pub(super) children: Vec<Child>,
}

/// What a feature or a rule holds: one of these.
#[derive(Deserialize)]
pub(super) struct Child {
    pub(super) background: Option<Background>,
    pub(super) scenario: Option<Scenario>,
    pub(super) rule: Option<Rule>,
}

#[derive(Deserialize)]
pub(super) struct Background {
    #[serde(default)]
    pub(super) steps: Vec<Step>,
}

#[derive(Deserialize)]
pub(super) struct Rule {
    #[serde(default)]
    pub(super) name: Text,
    #[serde(default)]
    pub(super) children: Vec<RuleChild>,
}

#[derive(Deserialize)]
pub(super) struct RuleChild {
    pub(super) background: Option<Background>,
    pub(super) scenario: Option<Scenario>,
}

/// A scenario, or an outline of several.
#[derive(Deserialize)]
pub(super) struct Scenario {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: Text,
    pub(super) location: Location,
    #[serde(default)]
    pub(super) steps: Vec<Step>,
    #[serde(default)]
    pub(super) examples: Vec<Examples>,
}

#[derive(Deserialize)]
pub(super) struct Step {
    pub(super) id: String,
    #[serde(default)]
    pub(super) keyword: Text,
}

/// A table of an outline.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Examples {
    #[serde(default)]
    pub(super) name: Text,
    #[serde(default)]
    pub(super) table_body: Vec<Row>,
}

#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) location: Location,
}

#[derive(Deserialize)]
pub(super) struct Location {
    pub(super) line: u32,
}

/// A file that is no feature.
#[derive(Deserialize)]
pub(super) struct ParseError {
    pub(super) source: SourceReference,
    #[serde(default)]
    pub(super) message: Text,
}

#[derive(Deserialize)]
pub(super) struct SourceReference {
    pub(super) uri: Option<Text>,
    pub(super) location: Option<Location>,
}

/// A scenario, or one row of an outline, as it can be executed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pickle {
    pub(super) id: String,
    pub(super) uri: Text,
    #[serde(default)]
    pub(super) name: Text,
    /// The scenario, and then the row where it is an outline.
    #[serde(default)]
    pub(super) ast_node_ids: Vec<String>,
    #[serde(default)]
    pub(super) steps: Vec<PickleStep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PickleStep {
    pub(super) id: String,
    #[serde(default)]
    pub(super) text: Text,
    /// The step in the document, and then the row.
    #[serde(default)]
    pub(super) ast_node_ids: Vec<String>,
}

/// A pickle that was selected, with its hooks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestCase {
    pub(super) id: String,
    pub(super) pickle_id: String,
    #[serde(default)]
    pub(super) test_steps: Vec<TestStep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestStep {
    pub(super) id: String,
    /// Missing for a hook.
    pub(super) pickle_step_id: Option<String>,
}

/// One execution of a test case begins.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestCaseStarted {
    pub(super) id: String,
    pub(super) test_case_id: String,
    pub(super) timestamp: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    #[serde(default)]
    pub(super) body: Text,
    #[serde(default)]
    pub(super) media_type: Text,
    pub(super) test_case_started_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestStepFinished {
    pub(super) test_case_started_id: String,
    pub(super) test_step_id: String,
    pub(super) test_step_result: TestStepResult,
}

#[derive(Deserialize)]
pub(super) struct TestStepResult {
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    pub(super) duration: Timestamp,
    #[serde(default)]
    pub(super) message: Text,
    pub(super) exception: Option<Exception>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exception {
    #[serde(default)]
    pub(super) r#type: Text,
    #[serde(default)]
    pub(super) message: Option<Text>,
    #[serde(default)]
    pub(super) stack_trace: Option<Text>,
}

/// One execution of a test case ends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestCaseFinished {
    pub(super) test_case_started_id: String,
    pub(super) timestamp: Timestamp,
    #[serde(default)]
    pub(super) will_be_retried: bool,
}

/// The last message of a run that came to its end.
#[derive(Deserialize)]
pub(super) struct TestRunFinished {}

/// A time since 1970, or a duration.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Timestamp {
    #[serde(default)]
    seconds: i64,
    #[serde(default)]
    nanos: i64,
}

impl Timestamp {
    /// Returns how many seconds lie between an earlier time and this one; 0 if it is not earlier.
    pub(super) fn seconds_since(self, earlier: Self) -> f64 {
        let nanos = i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos);
        let before = i128::from(earlier.seconds) * 1_000_000_000 + i128::from(earlier.nanos);
        (nanos - before).max(0) as f64 / 1e9
    }
}
