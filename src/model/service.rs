//! A service that tests need, such as a database: what it is made of, when it is ready, and how long it lives.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ContainerSettings, HealthCheck, Subnet};

/// Describes a container that runs beside those of the tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The name by which others reach it.
    pub name: String,
    /// Other names by which others reach it.
    pub aliases: Vec<String>,
    /// Where its image comes from.
    pub image: ImageSource,
    /// What takes the place of the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// What takes the place of the image's command.
    pub command: Option<Vec<String>>,
    /// What the container is given. Its network is not used: a service is on the network of its shard.
    pub container: ContainerSettings,
    /// Labels besides minke's.
    pub labels: Vec<(String, String)>,
    /// Whether a small init is its first process.
    pub init: bool,
    /// The signal that asks it to end; `None` means the image's own, or SIGTERM.
    pub stop_signal: Option<String>,
    /// How long it has to end.
    #[serde(with = "super::seconds")]
    pub stop_grace: Duration,
    /// The services that are started before it.
    pub depends_on: Vec<Dependency>,
    /// The check that the engine runs in it; `None` means the image's own.
    pub health: Option<HealthCheck>,
    /// What else must hold before it is ready.
    pub ready: Vec<Readiness>,
    /// Who shares it.
    pub per: ServiceScope,
    /// What is done with it before it serves the next container.
    pub reset: Reset,
}

impl Service {
    /// How long a service has to end when nothing else is said, as in compose.
    pub const STOP_GRACE: Duration = Duration::from_secs(10);

    /// Makes a service of a name and an image, and nothing else.
    pub fn new(name: impl Into<String>, image: ImageSource) -> Self {
        Self {
            name: name.into(),
            aliases: Vec::new(),
            image,
            entrypoint: None,
            command: None,
            container: ContainerSettings::default(),
            labels: Vec::new(),
            init: false,
            stop_signal: None,
            stop_grace: Self::STOP_GRACE,
            depends_on: Vec::new(),
            health: None,
            ready: Vec::new(),
            per: ServiceScope::default(),
            reset: Reset::default(),
        }
    }

    /// Returns the name of its image; one that is built has the name of what it is for.
    pub fn image_name(&self) -> &str {
        match &self.image {
            ImageSource::Named(name) => name,
            ImageSource::Built(_) => &self.name,
        }
    }
}

/// The services of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Services {
    /// The services, dependencies first.
    pub list: Vec<Service>,
    /// What the tests' own containers need of them.
    pub needs: Vec<Dependency>,
    /// The range that the networks' addresses are taken from.
    pub subnets: Subnet,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageSource {
    /// It has this name, and is pulled where it is missing.
    Named(String),
    /// It is built.
    Built(Build),
}

/// How an image is built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The directory whose files the build sees, as an absolute path.
    pub context: PathBuf,
    /// The Dockerfile, as an absolute path; `None` means `Dockerfile` in the context.
    pub dockerfile: Option<PathBuf>,
    /// The stage to build; `None` means the last.
    pub target: Option<String>,
    /// Build arguments, `NAME` and value.
    pub args: Vec<(String, String)>,
    /// Whether every step is run again.
    pub no_cache: bool,
}

/// A service that another one needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Its name.
    pub service: String,
    /// What must hold before the other one is started.
    pub condition: DependencyCondition,
}

/// What must hold for a dependency before the service that needs it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyCondition {
    /// It has been started.
    Started,
    /// It is ready.
    Healthy,
    /// It has ended with exit code 0.
    CompletedSuccessfully,
}

/// What must hold before a service is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// What is looked at.
    pub probe: ReadinessProbe,
    /// How long it may take.
    #[serde(with = "super::seconds")]
    pub timeout: Duration,
}

impl Readiness {
    /// How long a service may take when nothing else is said.
    pub const TIMEOUT: Duration = Duration::from_secs(60);
}

/// How it is found out whether a service is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadinessProbe {
    /// The service accepts connections.
    Tcp {
        /// On this port.
        port: u16,
    },
    /// The service answers a GET request.
    Http {
        /// On this port.
        port: u16,
        /// The path, beginning with `/`.
        path: String,
        /// The `Host` header; `None` means the service's name.
        host: Option<String>,
        /// The status that it answers with; `None` means any from 200 to 399.
        status: Option<u16>,
    },
    /// Its output has lines that match.
    Log {
        /// A regular expression.
        pattern: String,
        /// How many lines must match.
        count: u32,
    },
    /// A command in its container ends with 0.
    Exec {
        /// The command.
        command: Vec<String>,
    },
}

/// Who shares a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceScope {
    /// Nobody: each shard has its own.
    #[default]
    Shard,
    /// All shards of a run on one engine.
    Node,
    /// All shards of a run.
    Run,
}

/// What is done with a service of a shard before it serves the next container in the shard's place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// It goes on as it is.
    None,
    /// It is stopped and started again, with its files.
    Restart,
    /// A new one takes its place.
    #[default]
    Recreate,
    /// A new one takes its place, with the files that the first one had when it was ready.
    Snapshot,
}
