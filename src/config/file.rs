//! Configuration files: where they are looked for, and where minke is in them.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeTable;

use super::contents::Contents;
use super::error::ConfigError;

const OWN_NAME: &str = "minke.toml";
const PROJECT_NAME: &str = "pyproject.toml";

/// A configuration file and its text.
pub(crate) struct ConfigFile {
    /// The file, with a directory that relative paths are taken from.
    pub(crate) path: PathBuf,
    /// The file as errors name it.
    pub(super) shown: PathBuf,
    text: String,
}

pub(super) type Table<'text> = DeTable<'text>;

impl ConfigFile {
    /// Reads the file that somebody named.
    pub(crate) fn named(path: &Path, root: &Path) -> Result<Self, ConfigError> {
        let path = root.join(path);
        let shown = shown(&path, root);
        let text =
            fs::read_to_string(&path).map_err(|source| ConfigError::Unreadable { path: shown.clone(), source })?;
        let file = Self { path, shown, text };
        if file.is_project() && !file.has_table()? {
            return Err(ConfigError::NoTable { path: file.shown });
        }
        Ok(file)
    }

    /// Looks for a file in `root` and upwards, as far as the first directory that has one or that holds `.git`.
    pub(crate) fn search(root: &Path) -> Result<Option<Self>, ConfigError> {
        for directory in root.ancestors() {
            let own = Self::in_directory(directory, OWN_NAME, root)?;
            let project = match Self::in_directory(directory, PROJECT_NAME, root)? {
                Some(file) if file.has_table()? => Some(file),
                Some(_) | None => None,
            };
            match (own, project) {
                (Some(own), Some(project)) => {
                    return Err(ConfigError::TwoFiles { one: own.shown, other: project.shown });
                }
                (Some(file), None) | (None, Some(file)) => return Ok(Some(file)),
                (None, None) if directory.join(".git").exists() => return Ok(None),
                (None, None) => {}
            }
        }
        Ok(None)
    }

    /// Parses the file.
    pub(crate) fn contents(&self) -> Result<Contents<'_>, ConfigError> {
        Ok(Contents::new(self, self.table()?.unwrap_or_default()))
    }

    /// Returns the directory that relative paths are taken from.
    pub(super) fn base(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    pub(super) fn shown(&self) -> Arc<Path> {
        Arc::from(self.shown.as_path())
    }

    fn in_directory(directory: &Path, name: &str, root: &Path) -> Result<Option<Self>, ConfigError> {
        let path = directory.join(name);
        let shown = shown(&path, root);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self { path, shown, text })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ConfigError::Unreadable { path: shown, source }),
        }
    }

    fn is_project(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == PROJECT_NAME)
    }

    /// Tells whether the file configures minke. One that does not name minke is not parsed: its mistakes are not ours.
    fn has_table(&self) -> Result<bool, ConfigError> {
        Ok(self.text.contains("minke") && self.table()?.is_some())
    }

    /// Parses the file, and returns minke's table if there is one.
    fn table(&self) -> Result<Option<Table<'_>>, ConfigError> {
        let root = DeTable::parse(&self.text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            self.syntax(error.span().unwrap_or_default(), message)
        })?;
        if !self.is_project() {
            return Ok(Some(root.into_inner()));
        }
        let Some(value) = root.get_ref().get("tool").and_then(|tool| tool.get_ref().get("minke")) else {
            return Ok(None);
        };
        match value.get_ref().as_table() {
            Some(table) => Ok(Some(table.clone())),
            None => Err(self.syntax(value.span(), "`tool.minke` must be a table".to_owned())),
        }
    }

    pub(super) fn line(&self, span: Range<usize>) -> usize {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn syntax(&self, span: Range<usize>, message: String) -> ConfigError {
        let line = self.line(span);
        let text = self.text.lines().nth(line - 1).unwrap_or_default().trim().to_owned();
        ConfigError::Syntax { path: self.shown.clone(), line, message, text }
    }
}

/// Returns the path as people are shown it: relative to `root` where it lies below it.
pub(crate) fn shown(path: &Path, root: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}
