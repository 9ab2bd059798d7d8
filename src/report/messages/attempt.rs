//! One execution of a test case: the results of its steps and hooks, and what they logged.

use super::NOT_RUN;
use super::envelope::{Attachment, Pickle, TestCase, TestStepFinished, TestStepResult, Timestamp};
use super::scenarios::Scenarios;
use crate::model::{Case, Finding, FindingKind};
use crate::report::junit::Excerpt;

/// The media type of what `this.log` of a step writes.
const LOG: &str = "text/x.cucumber.log+plain";

/// How many bytes of a scenario's output are kept.
const OUTPUT_BYTES: usize = 256 << 10;

/// The column at which cucumber-js writes how a step ended.
const STATUS_COLUMN: usize = 76;

/// An execution that runs.
pub(super) struct Attempt {
    pub(super) test_case_id: String,
    begun: Timestamp,
    /// The results by the ids of their steps, in the order of their ends.
    results: Vec<(String, TestStepResult)>,
    log: Excerpt<'static>,
}

impl Attempt {
    pub(super) fn new(test_case_id: String, begun: Timestamp) -> Self {
        Self { test_case_id, begun, results: Vec::new(), log: Excerpt::new(OUTPUT_BYTES) }
    }

    pub(super) fn take_step(&mut self, step: TestStepFinished) {
        self.results.push((step.test_step_id, step.test_step_result));
    }

    /// Keeps what a step logged; other attachments are passed over.
    pub(super) fn take_attachment(&mut self, attachment: &Attachment) {
        if attachment.media_type.0 == LOG {
            self.log.push("\n");
            self.log.push(&attachment.body.0);
        }
    }

    /// Makes a case of the execution, without its name and its place.
    pub(super) fn end(self, ended: Timestamp, test_case: &TestCase, pickle: &Pickle, scenarios: &Scenarios) -> Case {
        let step_of = |id: &str| {
            let test_step = test_case.test_steps.iter().find(|step| step.id == id)?;
            let step = pickle.steps.iter().find(|step| Some(&step.id) == test_step.pickle_step_id.as_ref())?;
            let keyword = step.ast_node_ids.first().map_or("", |id| scenarios.keyword(id));
            Some(format!("{keyword} {}", step.text.0.trim()).trim_start().to_owned())
        };
        let seconds = ended.seconds_since(self.begun);
        let mut output = Excerpt::new(OUTPUT_BYTES);
        let mut findings = Vec::new();
        let worst = self.results.iter().map(|(_, result)| Status::of(&result.status.0)).max();
        let was_run = self.results.iter().any(|(_, result)| result.duration != Timestamp::default());
        for (id, result) in self.results {
            let step = step_of(&id);
            if let Some(step) = &step {
                output.push(&line(step, &result.status.0));
            }
            let status = Status::of(&result.status.0);
            if status.is_bad() {
                findings.push(finding(status, step, result));
            } else if worst == Some(Status::Skipped) && status == Status::Skipped && findings.is_empty() {
                findings.push(skip(was_run, result));
            }
        }
        let output = format!("{}{}", output.finish(), self.log.finish());
        let system_out = Some(output.trim_matches('\n').to_owned()).filter(|output| !output.is_empty());
        Case { seconds: Some(seconds), findings, system_out, ..Case::default() }
    }
}

/// How a step ended, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Passed,
    Skipped,
    Pending,
    Undefined,
    Ambiguous,
    Failed,
    /// A word that is not known.
    Other,
}

impl Status {
    fn of(status: &str) -> Self {
        match status {
            "PASSED" => Self::Passed,
            "SKIPPED" => Self::Skipped,
            "PENDING" => Self::Pending,
            "UNDEFINED" => Self::Undefined,
            "AMBIGUOUS" => Self::Ambiguous,
            "FAILED" => Self::Failed,
            _ => Self::Other,
        }
    }

    fn is_bad(self) -> bool {
        match self {
            Self::Passed | Self::Skipped => false,
            Self::Pending | Self::Undefined | Self::Ambiguous | Self::Failed | Self::Other => true,
        }
    }
}

/// Writes a step and how it ended, as cucumber-js does in JUnit.
fn line(step: &str, status: &str) -> String {
    let dots = STATUS_COLUMN.saturating_sub(step.chars().count()).max(2);
    format!("{step}{}{}\n", ".".repeat(dots), status.to_lowercase())
}

/// Makes a finding of a scenario that was skipped. What skips a scenario takes some time itself, so that one that took
/// none was never begun: a dry run and `--fail-fast` report such.
fn skip(was_run: bool, result: TestStepResult) -> Finding {
    let r#type = if was_run { String::new() } else { NOT_RUN.to_owned() };
    Finding { kind: FindingKind::Skipped, message: String::new(), r#type, text: result.message.0 }
}

/// Makes a finding of a step or hook that did not pass. Its type is that of what was thrown, else the status.
fn finding(status: Status, step: Option<String>, result: TestStepResult) -> Finding {
    let word = result.status.0.to_lowercase();
    let (r#type, thrown, stack) = match result.exception {
        Some(thrown) => (thrown.r#type.0, thrown.message.unwrap_or_default().0, thrown.stack_trace),
        None => (String::new(), String::new(), None),
    };
    let text = Some(result.message).filter(|text| !text.0.is_empty()).or(stack).unwrap_or_default().0;
    let step = step.unwrap_or_else(|| "a hook".to_owned());
    let kind = if status == Status::Other { FindingKind::Error } else { FindingKind::Failure };
    let message = match status {
        Status::Failed if thrown.is_empty() => text.lines().next().unwrap_or_default().to_owned(),
        Status::Failed => thrown,
        Status::Other => format!("cucumber says `{word}`, which minke does not know: {step}"),
        Status::Passed | Status::Skipped | Status::Pending | Status::Undefined | Status::Ambiguous => {
            format!("{word}: {step}")
        }
    };
    let r#type = if r#type.is_empty() { word } else { r#type };
    Finding { kind, message, r#type, text }
}
