//! A directory to configure minke in, with an environment of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use minke::cli;
use minke::config::{ConfigError, Environment, Setting, Settings};

pub(crate) struct Project {
    directory: tempfile::TempDir,
    below: PathBuf,
    variables: BTreeMap<OsString, OsString>,
}

impl Project {
    /// Makes an empty repository.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join(".git")).unwrap();
        Self { directory, below: PathBuf::new(), variables: BTreeMap::new() }
    }

    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Makes a directory of the repository the current one.
    pub(crate) fn within(mut self, name: &str) -> Self {
        self.below = PathBuf::from(name);
        fs::create_dir_all(self.current()).unwrap();
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    pub(crate) fn top(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn current(&self) -> PathBuf {
        self.top().join(&self.below)
    }

    /// Returns the settings of `minke ARGUMENTS`, which must be a valid command line.
    pub(crate) fn settings(&self, arguments: &[&str]) -> Result<Settings, ConfigError> {
        let words = ["minke"].iter().chain(arguments).map(OsString::from);
        let cli = cli::parse(words).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        cli.settings(&Environment::from_vars(self.variables.clone()), &self.current())
    }

    /// Returns the error of `minke ARGUMENTS` as text, with its advice.
    pub(crate) fn error(&self, arguments: &[&str]) -> String {
        match self.settings(arguments) {
            Ok(_) => panic!("{arguments:?} is accepted"),
            Err(error) => format!("{error}\nhelp: {}", error.help().unwrap_or_default()),
        }
    }
}

/// Returns the lines of `minke config` for an option.
pub(crate) fn rows<'settings>(settings: &'settings Settings, key: &str) -> Vec<&'settings Setting> {
    settings.provenance().iter().filter(|row| row.key == key).collect()
}
