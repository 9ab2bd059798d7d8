//! Secrets, as `--secret` and `--secret-env` take them.

use std::fs;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::{ConfigError, Place};
use super::field::Given;
use super::scalar::Scalar;
use crate::model::Secret;
use crate::notation::Fault;

/// The fewest bytes that a secret can have: shorter ones would be masked in the middle of innocent words.
const LEAST_BYTES: usize = 4;

/// Words that reports and events are written with. A secret that stands in one would be masked there too, and nobody could
/// read the report any more: JUnit, what Go, RSpec, jest and cucumber write of their own, TAP, minke's events.
const WORDS: &str = "testsuites testsuite testcase classname failures failure errors error skipped disabled assertions \
    system-out system-err properties property timestamp hostname message flakyFailure flakyError rerunFailure rerunError \
    stackTrace version encoding standalone CDATA DOCTYPE Action Package Elapsed Output output start pause cont \
    examples example description full_description file_path line_number run_time status pending_message exception \
    backtrace testResults assertionResults ancestorTitles fullName failureMessages location duration numTotalTests success \
    testCaseStarted testCaseFinished testStepStarted testStepFinished testStepResult testRunFinished gherkinDocument \
    pickleStepIds attachment undefined ambiguous feature background scenario keyword passed failed pending unknown \
    subtest Bail unit-started unit-ended unit-requeued shard-started shard-ended shard-kept container-started run-started \
    run-ended planned warning cancelled errored outcome attempt cases findings seconds trouble detail cause stdout stderr";

/// `NAME=FILE`, or `NAME` alone, which stands for the value that minke's own environment has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretEntry {
    name: String,
    file: Option<PathBuf>,
}

impl Scalar for SecretEntry {
    fn parse(text: &str, base: &Path) -> Result<Self, Fault> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(PathBuf::parse(file, base)?)),
            None => (text, None),
        };
        let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
        if name.is_empty() || name.starts_with(|char: char| char.is_ascii_digit()) || !name.chars().all(is_name) {
            return Err(Fault::new("must have a name of letters, digits and `_`")
                .help("Write NAME for a variable of minke's environment, or NAME=FILE; never the secret itself."));
        }
        Ok(Self { name: name.to_owned(), file })
    }

    fn print(&self, root: &Path) -> String {
        match &self.file {
            Some(file) => format!("{}={}", self.name, file.print(root)),
            None => self.name.clone(),
        }
    }
}

/// Finds the value of a secret.
pub(crate) fn read(
    given: &Given<SecretEntry>,
    in_environment: bool,
    environment: &Environment,
    root: &Path,
) -> Result<Secret, ConfigError> {
    let SecretEntry { name, file } = &given.value;
    let fault = |fault: Fault| Place::fault(&given.place, fault, None);
    let value = match file {
        Some(file) => fs::read(file).map_err(|source| ConfigError::Unreadable {
            path: file.strip_prefix(root).unwrap_or(file).to_owned(),
            source,
        })?,
        None => environment.value(name)?.map(|value| value.as_bytes().to_vec()).ok_or_else(|| {
            fault(
                Fault::new(format!("names `{name}`, which is no variable of the environment"))
                    .help(format!("Set {name}, or name a file: `{name}=path/to/file`.")),
            )
        })?,
    };
    if value.trim_ascii().len() < LEAST_BYTES {
        return Err(fault(
            Fault::new(format!("has fewer than {LEAST_BYTES} bytes in `{name}`"))
                .help("So short a secret is no secret, and masking it would spoil the reports."),
        ));
    }
    let is_word = std::str::from_utf8(value.trim_ascii()).is_ok_and(|value| WORDS.contains(value));
    if is_word {
        return Err(fault(Fault::new(format!("has a word in `{name}` that reports are written with")).help(
            "Masking it would spoil them: take another value, or hand it over with `--env` if it is no secret.",
        )));
    }
    Ok(Secret { name: name.clone(), value, in_environment })
}
