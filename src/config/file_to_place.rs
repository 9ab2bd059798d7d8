//! Files that are written into containers, as `--file` takes them.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::scalar::Scalar;
use crate::model::PlacedFile;
use crate::notation::{Fault, parse_mode};

/// What a template's name ends in.
const TEMPLATE_END: &str = ".j2";

/// `FROM:TO[:MODE]`: a file of this machine, as an absolute path, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileToPlace {
    from: PathBuf,
    to: String,
    mode: u32,
}

impl FileToPlace {
    /// Reads the file. Errors name it as it is below `root`.
    pub(crate) fn read(self, root: &Path) -> Result<PlacedFile, ConfigError> {
        let content = fs::read(&self.from).map_err(|source| ConfigError::Unreadable {
            path: self.from.strip_prefix(root).unwrap_or(&self.from).to_owned(),
            source,
        })?;
        let is_template = self.from.to_string_lossy().ends_with(TEMPLATE_END);
        Ok(PlacedFile { path: self.to, content, is_template, mode: self.mode, owner: None })
    }
}

impl Scalar for FileToPlace {
    fn parse(text: &str, base: &Path) -> Result<Self, Fault> {
        let advice = "Write FROM:TO or FROM:TO:MODE, such as `app.conf:/etc/app.conf:0640`.";
        let (rest, mode) = match text.rsplit_once(':') {
            Some((rest, mode)) if mode.starts_with(|char: char| char.is_ascii_digit()) => (rest, Some(mode)),
            _ => (text, None),
        };
        let (from, to) = rest.split_once(':').ok_or_else(|| Fault::new("must say where the file goes").help(advice))?;
        if from.is_empty() || !to.starts_with('/') || to.ends_with('/') {
            return Err(Fault::new("must have a file and an absolute path in the container").help(advice));
        }
        let Some(mode) = mode.map_or(Some(PlacedFile::MODE), parse_mode) else {
            return Err(Fault::new("must have permissions of octal digits").help(advice));
        };
        Ok(Self { from: PathBuf::parse(from, base)?, to: to.to_owned(), mode })
    }

    fn print(&self, root: &Path) -> String {
        format!("{}:{}:{:04o}", self.from.print(root), self.to, self.mode)
    }
}
