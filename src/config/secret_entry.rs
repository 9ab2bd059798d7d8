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
    Ok(Secret { name: name.clone(), value, in_environment })
}
