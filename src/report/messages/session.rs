//! A run as far as its messages tell: which test cases there are, and what came of each.

use std::collections::{BTreeSet, HashMap};

use super::attempt::Attempt;
use super::envelope::{Envelope, ParseError, Pickle, TestCase, TestCaseFinished, TestCaseStarted};
use super::scenarios::{Naming, Scenarios};
use super::{OUTLINE_LINE, PARSE_ERROR};
use crate::model::{Case, Finding, FindingKind};

/// The name of the case that stands for a file that is no feature.
const PARSE_ERROR_NAME: &str = "Parse error";

/// What was read so far.
#[derive(Default)]
pub(super) struct Session {
    pub(super) cases: Vec<Case>,
    /// Whether the last message was seen.
    pub(super) is_over: bool,
    /// Whether a message told of something that no message before it had told.
    pub(super) has_gaps: bool,
    naming: Naming,
    scenarios: Scenarios,
    pickles: HashMap<String, Pickle>,
    /// Test cases that were not executed to the end yet, by their ids.
    waiting: HashMap<String, Waiting>,
    /// Executions that run, by their ids.
    running: HashMap<String, Attempt>,
    /// The files of the cases.
    files: BTreeSet<String>,
}

/// A test case that is not done.
struct Waiting {
    test_case: TestCase,
    /// What executions before the last one said.
    earlier: Vec<Finding>,
}

impl Session {
    /// Takes a message.
    pub(super) fn take(&mut self, message: Envelope) {
        if let Some(meta) = message.meta {
            self.naming = Naming::of_version(&meta.implementation.version);
        }
        if let Some(document) = message.gherkin_document {
            self.scenarios.take(document);
        }
        if let Some(error) = message.parse_error {
            self.take_parse_error(error);
        }
        if let Some(pickle) = message.pickle {
            self.pickles.insert(pickle.id.clone(), pickle);
        }
        if let Some(test_case) = message.test_case {
            self.waiting.insert(test_case.id.clone(), Waiting { test_case, earlier: Vec::new() });
        }
        if let Some(started) = message.test_case_started {
            self.begin(started);
        }
        if let Some(attachment) = message.attachment {
            let attempt = attachment.test_case_started_id.as_ref().and_then(|id| self.running.get_mut(id));
            if let Some(attempt) = attempt {
                attempt.take_attachment(&attachment);
            }
        }
        if let Some(step) = message.test_step_finished
            && let Some(attempt) = self.running.get_mut(&step.test_case_started_id)
        {
            attempt.take_step(step);
        }
        if let Some(finished) = message.test_case_finished {
            self.finish(&finished);
        }
        self.is_over |= message.test_run_finished.is_some();
    }

    /// Returns the files of which every selected scenario was executed to its end, or that are no features.
    pub(super) fn whole_files(&self) -> Vec<String> {
        let pickle_of = |waiting: &Waiting| self.pickles.get(&waiting.test_case.pickle_id);
        let unfinished: BTreeSet<&str> =
            self.waiting.values().filter_map(pickle_of).map(|pickle| pickle.uri.0.as_str()).collect();
        self.files.iter().filter(|file| !unfinished.contains(file.as_str())).cloned().collect()
    }

    /// Names a scenario that runs.
    pub(super) fn running_case(&self) -> Option<String> {
        let waiting = self.running.values().find_map(|attempt| self.waiting.get(&attempt.test_case_id))?;
        let pickle = self.pickles.get(&waiting.test_case.pickle_id)?;
        Some(self.scenarios.title(pickle, self.naming)?.name)
    }

    fn take_parse_error(&mut self, error: ParseError) {
        let file = error.source.uri.unwrap_or_default().0;
        let finding = Finding {
            kind: FindingKind::Error,
            message: error.message.0.lines().next().unwrap_or_default().to_owned(),
            r#type: PARSE_ERROR.to_owned(),
            text: error.message.0,
        };
        self.files.insert(file.clone());
        self.cases.push(Case {
            classname: file.clone(),
            name: PARSE_ERROR_NAME.to_owned(),
            file: Some(file),
            line: error.source.location.map(|location| location.line),
            findings: vec![finding],
            ..Case::default()
        });
    }

    fn begin(&mut self, started: TestCaseStarted) {
        if self.waiting.contains_key(&started.test_case_id) {
            self.running.insert(started.id, Attempt::new(started.test_case_id, started.timestamp));
        } else {
            self.has_gaps = true;
        }
    }

    fn finish(&mut self, finished: &TestCaseFinished) {
        let Some(attempt) = self.running.remove(&finished.test_case_started_id) else {
            self.has_gaps = true;
            return;
        };
        let Some(mut waiting) = self.waiting.remove(&attempt.test_case_id) else { return };
        let Some(pickle) = self.pickles.get(&waiting.test_case.pickle_id) else {
            self.has_gaps = true;
            return;
        };
        let ended = attempt.end(finished.timestamp, &waiting.test_case, pickle, &self.scenarios);
        if finished.will_be_retried {
            waiting.earlier.extend(ended.findings);
            self.waiting.insert(waiting.test_case.id.clone(), waiting);
            return;
        }
        let Some(title) = self.scenarios.title(pickle, self.naming) else {
            self.has_gaps = true;
            return;
        };
        self.files.insert(pickle.uri.0.clone());
        self.cases.push(Case {
            classname: title.feature,
            name: title.name,
            file: Some(pickle.uri.0.clone()),
            line: title.line,
            earlier: waiting.earlier,
            properties: title
                .outline_line
                .map(|line| (OUTLINE_LINE.to_owned(), line.to_string()))
                .into_iter()
                .collect(),
            ..ended
        });
    }
}
