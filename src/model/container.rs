//! What a container is given beside its image and its command, whether it runs tests or a service.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ResourceLimits;

/// Everything that a container is given beside its image and its command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerSettings {
    /// The working directory; `None` means the image's own.
    pub work_dir: Option<String>,
    /// The user, as `--user` takes it; `None` means the image's own.
    pub user: Option<String>,
    /// Environment, later entries winning.
    pub env: Vec<EnvVar>,
    /// What the container sees of the world outside its image.
    pub mounts: Vec<Mount>,
    /// The network that the container is attached to.
    pub network: Network,
    /// The name that the container has for itself; `None` means one of the engine's making.
    pub hostname: Option<String>,
    /// Addresses of name servers, in the place of the engine's own.
    pub dns: Vec<String>,
    /// Lines for `/etc/hosts`, as `NAME:ADDRESS`.
    pub extra_hosts: Vec<String>,
    /// What the container may use.
    pub limits: ResourceLimits,
    /// What the container may do.
    pub privileges: Privileges,
}

impl ContainerSettings {
    /// Returns the settings of a container that has no part in named volumes: each is one of its own, which goes with it.
    #[must_use]
    pub fn with_own_volumes(mut self) -> Self {
        for mount in &mut self.mounts {
            if matches!(mount.source, MountSource::Volume(Some(_))) {
                mount.source = MountSource::Volume(None);
            }
        }
        self
    }
}

/// What a container may do beyond the least. The default is the least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privileges {
    /// Capabilities to add, without `CAP_`.
    pub cap_add: Vec<String>,
    /// Capabilities to drop besides those that every container lacks, without `CAP_`.
    pub cap_drop: Vec<String>,
    /// Devices of the engine's host, as `HOST[:CONTAINER[:rwm]]`.
    pub devices: Vec<String>,
    /// Whether the root file system is read-only.
    pub read_only: bool,
}

/// One environment variable. Its value is left out of `Debug` and of every event, because it may be a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    /// The variable's name.
    pub name: String,
    /// The variable's value.
    #[serde(skip)]
    pub value: String,
}

impl fmt::Debug for EnvVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=***", self.name)
    }
}

/// Something that is mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    #[serde(flatten)]
    pub source: MountSource,
    /// Where the container sees it.
    pub container: String,
    /// Whether the container may only read it.
    #[serde(default)]
    pub read_only: bool,
}

impl Mount {
    /// Mounts a directory or file of the engine's host, writable.
    pub fn host(host: impl Into<PathBuf>, container: impl Into<String>) -> Self {
        Self { source: MountSource::Host(host.into()), container: container.into(), read_only: false }
    }
}

/// What can be mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MountSource {
    /// A directory or file on the engine's host.
    Host(PathBuf),
    /// A volume of this name; one without a name is removed with its container.
    Volume(Option<String>),
    /// A volume of this name, which exists already and stays.
    Existing(String),
    /// A file system in memory.
    Tmpfs {
        /// Its size in bytes; `None` means the engine's default.
        bytes: Option<u64>,
        /// The permissions of its top directory; `None` means the engine's default.
        mode: Option<u32>,
    },
}

/// The network that a container is attached to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Loopback only.
    #[default]
    None,
    /// The engine's default bridge.
    Bridge,
    /// A network of this name, which exists already.
    Named(String),
}

/// A check by which a container tells whether it is healthy. What is `None` is the image's or the engine's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The test in the engine's words: `["CMD", "pg_isready"]`, `["CMD-SHELL", "..."]` or `["NONE"]`.
    pub test: Option<Vec<String>>,
    /// How long between two checks.
    #[serde(with = "super::seconds::option")]
    pub interval: Option<Duration>,
    /// How long one check may take.
    #[serde(with = "super::seconds::option")]
    pub timeout: Option<Duration>,
    /// How many checks in a row may fail.
    pub retries: Option<u32>,
    /// How long failures do not count after the start.
    #[serde(with = "super::seconds::option")]
    pub start_period: Option<Duration>,
}

impl HealthCheck {
    /// Turns off the image's own check.
    pub fn none() -> Self {
        Self { test: Some(vec!["NONE".to_owned()]), ..Self::default() }
    }
}
