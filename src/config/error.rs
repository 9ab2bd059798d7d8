//! What can be wrong with what was typed, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::origin::Origin;
use super::spec::OptionSpec;
use crate::model::ServiceCycle;
use crate::notation::{Fault, Wrong};

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A configuration file is not TOML.
    #[error("{}:{line}: {message}: `{text}`", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        message: String,
        /// What the line says.
        text: String,
    },
    /// A directory has two configuration files.
    #[error("both `{}` and `{}` configure minke", one.display(), other.display())]
    TwoFiles {
        /// `minke.toml`.
        one: PathBuf,
        /// `pyproject.toml` with a `[tool.minke]`.
        other: PathBuf,
    },
    /// A `pyproject.toml` was named that does not configure minke.
    #[error("`{}` has no table `[tool.minke]`", path.display())]
    NoTable {
        /// The file.
        path: PathBuf,
    },
    /// A configuration file has a key that means nothing.
    #[error("{}:{line}: unknown key `{key}`", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The key that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// The environment has a `MINKE_` variable that means nothing.
    #[error("unknown environment variable `{name}`")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The variable that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A variable that is needed is not text.
    #[error("the value of the environment variable `{name}` is not valid UTF-8")]
    NotUtf8 {
        /// The variable.
        name: String,
    },
    /// A value makes no sense.
    #[error("{place} {}{}", fault.must, not(given))]
    Value {
        /// The option, and where it was given.
        place: Place,
        /// What is wrong with it.
        fault: Fault,
        /// The value, unless it may be a secret.
        given: Option<String>,
    },
    /// A value of a configuration file has a type that the option cannot have.
    #[error("{place} must be {}, not {found}", place.spec.expected())]
    WrongType {
        /// The option, and where it was given.
        place: Place,
        /// The type that was found, with its article.
        found: &'static str,
    },
    /// Two options exclude each other and come from the same kind of source.
    #[error("{one} cannot be used together with {other}")]
    Conflict {
        /// One of the options.
        one: Place,
        /// The other option.
        other: Place,
    },
    /// A line of an env-file makes no sense. The line is not repeated, because it may hold a secret.
    #[error("{}:{line}: a variable {}", path.display(), fault.must)]
    EnvFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A `[[service]]` table has a key or a value that makes no sense.
    #[error("{}:{line}: `{key}` {}", path.display(), fault.must)]
    Service {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, after `service.` and the service's name.
        key: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Services of the configuration file need each other.
    #[error(transparent)]
    ServiceCycle(#[from] ServiceCycle),
    /// An option was given that says nothing without another one.
    #[error("`{}` is given without `{}`", spec.flag(), without.flag())]
    Unused {
        /// The option.
        spec: &'static OptionSpec,
        /// The one that it belongs to.
        without: &'static OptionSpec,
    },
    /// The reports of `--command` would lie where all containers see them.
    #[error("the reports `{glob}` lie in the mounted directory, where no container can tell its own from the others'")]
    SharedReport {
        /// The glob of `--report`.
        glob: String,
    },
    /// An option that the command needs was given nowhere.
    #[error("no {} is given", spec.key)]
    Missing {
        /// The option.
        spec: &'static OptionSpec,
    },
}

impl ConfigError {
    /// Returns what to do next.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => Some("Check that it is a file and that you may read it.".to_owned()),
            Self::Syntax { .. } => Some("Strings need quotes, and each key stands on a line of its own.".to_owned()),
            Self::TwoFiles { .. } => {
                Some("Keep one: move the keys to one file and remove them from the other.".to_owned())
            }
            Self::NoTable { .. } => Some("Add `[tool.minke]`, or name a `minke.toml`.".to_owned()),
            Self::UnknownKey { suggestion, .. } => Some(match suggestion {
                Some(key) => format!("Did you mean `{key}`?"),
                None => "`minke config` lists all keys.".to_owned(),
            }),
            Self::UnknownVariable { suggestion, .. } => Some(match suggestion {
                Some(name) => format!("Did you mean `{name}`? Otherwise remove it from the environment."),
                None => "Remove it from the environment; `minke run --help` lists all variables.".to_owned(),
            }),
            Self::NotUtf8 { .. } => Some("Set it to UTF-8 text, or remove it from the environment.".to_owned()),
            Self::Value { fault, .. } | Self::EnvFile { fault, .. } | Self::Service { fault, .. } => fault.help.clone(),
            Self::ServiceCycle(_) => Some("Take one of them out of the other's `depends-on`.".to_owned()),
            Self::WrongType { .. } => None,
            Self::Conflict { .. } => Some("Remove one of the two.".to_owned()),
            Self::Unused { spec, without } => Some(format!("Add `{}`, or leave out `{}`.", without.flag(), spec.flag())),
            Self::SharedReport { .. } => Some(
                "Let the name of the file be part of it, such as `--report 'out/{unit}.xml'`, or let the command write to \
                 a directory outside, such as `--report '/tmp/out/*.xml'`."
                    .to_owned(),
            ),
            Self::Missing { spec } => Some(missing_help(spec)),
        }
    }
}

impl From<Wrong> for ConfigError {
    fn from(wrong: Wrong) -> Self {
        let Wrong { at, key, fault } = wrong;
        Self::Service { path: at.file.to_path_buf(), line: at.line, key, fault }
    }
}

/// An option, and where its value was given.
#[derive(Debug, Clone)]
pub struct Place {
    pub(super) spec: &'static OptionSpec,
    pub(super) origin: Origin,
}

impl Place {
    /// Returns the option.
    pub fn spec(&self) -> &'static OptionSpec {
        self.spec
    }

    /// Returns where its value was given.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn at_line(&self, line: Option<usize>) -> Self {
        Self { spec: self.spec, origin: self.origin.at_line(line) }
    }

    pub(super) fn fault(&self, fault: Fault, given: Option<&String>) -> ConfigError {
        ConfigError::Value { place: self.clone(), fault, given: given.filter(|text| !text.is_empty()).cloned() }
    }

    pub(super) fn wrong_type(&self, found: &'static str) -> ConfigError {
        ConfigError::WrongType { place: self.clone(), found }
    }
}

/// Two places are equal if they are those of one option at one origin.
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.spec.key == other.spec.key && self.origin == other.origin
    }
}

/// Writes the option as it is named at its source.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => write!(f, "the default of `{}`", self.spec.key),
            Origin::File { path, line } => write!(f, "{}:{line}: `{}`", path.display(), self.spec.key),
            Origin::Env(name) => write!(f, "`{name}`"),
            Origin::Flag => write!(f, "`{}`", self.spec.flag()),
        }
    }
}

fn not(given: &Option<String>) -> String {
    given.as_ref().map_or(String::new(), |text| format!(", not `{text}`"))
}

fn missing_help(spec: &OptionSpec) -> String {
    let value = if spec.choices.is_empty() { spec.value.to_owned() } else { spec.choices.join("|") };
    format!("Use `{} {value}`, set `{}`, or write `{} = \"...\"` in minke.toml.", spec.flag(), spec.env, spec.key)
}
