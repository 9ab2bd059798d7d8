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

    /// Writes the flags as words of a command line, without the options of the given keys. Values of variables are left
    /// out: they may be secrets, and the words are going to be shown.
    pub fn words_without(&self, keys: &[&str]) -> Vec<String> {
        let config_file = self.config_file.iter().map(|path| format!("--config={}", path.display()));
        let kept = self.given.iter().filter(|(spec, _)| !keys.contains(&spec.key));
        config_file.chain(kept.flat_map(|(spec, raw)| words(spec, raw))).collect()
    }

    pub(super) fn options(&self, root: &Path) -> Result<Options, ConfigError> {
        let mut options = Options::default();
        for (spec, raw) in &self.given {
            spec.read(&mut options, raw, Origin::Flag, root)?;
        }
        Ok(options)
    }
}

fn words(spec: &OptionSpec, raw: &Raw) -> Vec<String> {
    let values = match raw {
        Raw::Scalar(word) => std::slice::from_ref(word),
        Raw::List(words) => words.as_slice(),
    };
    let flag = format!("--{}", spec.key);
    let word = |value: &Word| match (spec.shape, spec.key) {
        (Shape::Count, _) => vec![flag.clone(); value.text.parse().unwrap_or(1)],
        (Shape::Switch, _) if value.text == "true" => vec![flag.clone()],
        (Shape::Switch, _) => vec![format!("{flag}={}", value.text)],
        (Shape::All, "env" | "build-arg") => {
            vec![flag.clone(), value.text.split('=').next().unwrap_or_default().to_owned()]
        }
        (Shape::One | Shape::Many | Shape::All, _) => vec![flag.clone(), value.text.clone()],
    };
    values.iter().flat_map(word).collect()
}
