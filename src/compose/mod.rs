//! Compose files: their services as minke's own.
//!
//! A file goes through these steps: YAML into a tree (`yaml`), variables (`interpolate`), one form for what can be written in
//! several (`canonical`), `extends` and later files over earlier ones (`load`, `merge`), the services that were asked for
//! (`project`), and each of them as a [`Service`] (`service`). The rules are those of the Compose specification
//! (compose-spec.io); what is not honoured becomes a warning that names it.
//!
//! Reads the files that it is told of, and starts nothing. Knows neither engines nor options: variables and directories are
//! handed in.

mod canonical;
mod dotenv;
mod duration;
mod error;
mod ignored;
mod interpolate;
mod load;
mod merge;
mod ports;
mod project;
mod service;
mod shard;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::model::Service;

pub use error::ComposeError;
pub use shard::{Shard, shard_service};

/// What is to be read from compose files, and with what. Values of variables are left out of `Debug`: they may be secrets.
#[derive(Clone, Default)]
pub struct ReadOptions {
    /// The directory that relative paths are taken from, and that has the `.env`, as an absolute path.
    pub project_dir: PathBuf,
    /// The variables that files may use; they win over those of `.env`.
    pub variables: BTreeMap<String, String>,
    /// The profiles whose services belong; none means those of `COMPOSE_PROFILES`.
    pub profiles: Vec<String>,
    /// The services that are wanted, together with what they need; `None` means all those of the profiles.
    pub services: Option<Vec<String>>,
    /// A service that is wanted besides, for [`shard_service`].
    pub shard_service: Option<String>,
}

impl fmt::Debug for ReadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project_dir, variables, profiles, services, shard_service } = self;
        f.debug_struct("ReadOptions")
            .field("project_dir", project_dir)
            .field("variables", &variables.keys())
            .field("profiles", profiles)
            .field("services", services)
            .field("shard_service", shard_service)
            .finish()
    }
}

/// What compose files say.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The services, each after those that it depends on, and by name where it makes no difference.
    pub services: Vec<Service>,
    /// The named volumes that the services use, by name.
    pub volumes: Vec<Volume>,
    /// What is not honoured, and which variables have no value: a sentence each, with file and line.
    pub warnings: Vec<String>,
}

/// A named volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The name by which services mount it.
    pub name: String,
    /// The name of the engine's volume, if it is one that exists already.
    pub external: Option<String>,
}

/// Reads the services of compose files, of which later ones change what earlier ones say.
///
/// # Errors
/// As [`ComposeError`] lists them.
pub fn read(files: &[PathBuf], options: &ReadOptions) -> Result<Read, ComposeError> {
    project::read(files, options)
}
