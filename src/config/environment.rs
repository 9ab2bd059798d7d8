//! The environment as a source of options, and as the place where `--env NAME` finds values.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::error::ConfigError;
use super::options::{OPTIONS, Options, find};
use super::origin::Origin;
use super::raw::{Raw, Word};
use crate::model::EnvVar;
use crate::notation::closest;

/// Names the configuration file, as `--config` does.
pub const CONFIG_VARIABLE: &str = "MINKE_CONFIG";

/// The variables with minke's prefix that are no options: minke sets them in its containers, or reads them elsewhere.
///
/// `MINKE_SHARDS` is the variable of `--shards`, too, so it is an option unless `MINKE_SHARD` is set, which is so only inside a
/// container of minke.
pub const RESERVED_VARIABLES: &[&str] = &["MINKE_LOG", "MINKE_PAGER", "MINKE_RUN", "MINKE_SHARD", "MINKE_SHARDS"];

const PREFIX: &str = "MINKE_";

/// The environment variables of the process, with those marked that are not text.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Option<String>>,
}

impl Environment {
    /// Takes the variables that `std::env::vars_os` gives. Those whose names are not UTF-8 are dropped.
    pub fn from_vars(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()));
        Self { variables: variables.into_iter().filter_map(text).collect() }
    }

    /// Returns the value of a variable; a value that is not UTF-8 is an error.
    pub fn value(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        match self.variables.get(name) {
            Some(Some(value)) => Ok(Some(value)),
            Some(None) => Err(ConfigError::NotUtf8 { name: name.to_owned() }),
            None => Ok(None),
        }
    }

    /// Lists the variables whose values are UTF-8.
    pub(crate) fn variables(&self) -> Vec<EnvVar> {
        let text =
            |(name, value): (&String, &Option<String>)| Some(EnvVar { name: name.clone(), value: value.clone()? });
        self.variables.iter().filter_map(text).collect()
    }

    /// Returns the configuration file that the environment names. An empty name means none.
    pub(crate) fn config_file(&self) -> Result<Option<&Path>, ConfigError> {
        Ok(self.value(CONFIG_VARIABLE)?.filter(|value| !value.is_empty()).map(Path::new))
    }

    /// Reads the options. An empty variable counts as one that is not set, because CI systems cannot unset.
    pub(crate) fn options(&self, root: &Path) -> Result<Options, ConfigError> {
        let mut options = Options::default();
        self.read_no_color(&mut options, root)?;
        let ours = self.variables.keys().filter(|name| name.starts_with(PREFIX));
        for name in ours.filter(|name| *name != CONFIG_VARIABLE && !self.is_reserved(name)) {
            let value = self.value(name)?.unwrap_or_default();
            let Some(spec) = OPTIONS.iter().find(|spec| spec.env == *name) else {
                return Err(ConfigError::UnknownVariable { name: name.clone(), suggestion: suggestion(name) });
            };
            if !value.is_empty() {
                spec.read(&mut options, &Raw::Scalar(Word::plain(value)), Origin::Env(name.clone()), root)?;
            }
        }
        Ok(options)
    }

    /// Reads `NO_COLOR`, which means never if it is not empty (no-color.org). A `MINKE_COLOR` replaces it.
    fn read_no_color(&self, options: &mut Options, root: &Path) -> Result<(), ConfigError> {
        let is_set = self.variables.get("NO_COLOR").is_some_and(|value| value.as_deref() != Some(""));
        match find("color") {
            Some(spec) if is_set => {
                spec.read(options, &Raw::Scalar(Word::plain("never")), Origin::Env("NO_COLOR".to_owned()), root)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_reserved(&self, name: &str) -> bool {
        match name {
            "MINKE_SHARDS" => self.variables.contains_key("MINKE_SHARD"),
            _ => RESERVED_VARIABLES.contains(&name),
        }
    }
}

fn suggestion(name: &str) -> Option<&'static str> {
    let plain = name.strip_prefix(PREFIX).unwrap_or(name);
    let names = OPTIONS.iter().map(|spec| spec.key).chain(["config"]);
    let aliases = OPTIONS.iter().filter_map(|spec| spec.alias);
    let key = closest(plain, names.chain(aliases))?;
    Some(
        OPTIONS.iter().find(|spec| spec.key == key || spec.alias == Some(key)).map_or(CONFIG_VARIABLE, |spec| spec.env),
    )
}
