//! What the command line gave, as the command line's parser hands it in.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::options::Options;
use super::origin::Origin;
use super::raw::{Raw, Word};
use super::spec::{OptionSpec, Shape};

/// The values of the command line, by option, before they are parsed.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub(super) config_file: Option<PathBuf>,
    given: Vec<(&'static OptionSpec, Raw)>,
}

impl Flags {
    /// Names the configuration file, relative to the current directory.
    pub fn set_config_file(&mut self, path: PathBuf) {
        self.config_file = Some(path);
    }

    /// Adds the values of an option, one for each time it was given. A switch has `true` or `false`, a count its number.
    pub fn push(&mut self, spec: &'static OptionSpec, values: Vec<String>) {
        let mut words = values.into_iter().map(Word::plain);
        let raw = match spec.shape {
            Shape::One | Shape::Switch | Shape::Count => words.next_back().map(Raw::Scalar),
            Shape::Many | Shape::All => Some(Raw::List(words.collect())),
        };
        self.given.extend(raw.map(|raw| (spec, raw)));
    }

    pub(super) fn options(&self, root: &Path) -> Result<Options, ConfigError> {
        let mut options = Options::default();
        for (spec, raw) in &self.given {
            spec.read(&mut options, raw, Origin::Flag, root)?;
        }
        Ok(options)
    }
}
