//! What all containers of a run have in common.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ResourceLimits;

/// Describes the container that each shard of a run gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardTemplate {
    /// The image as the user named it.
    pub image: String,
    /// The directory in the container that unit paths are relative to; `None` means the image's own.
    pub work_dir: Option<String>,
    /// Host directories that the container sees.
    pub mounts: Vec<Mount>,
    /// Environment, later entries winning.
    pub env: Vec<EnvVar>,
    /// The network that the container is attached to.
    pub network: Network,
    /// The user inside the container, as `--user` takes it.
    pub user: Option<String>,
    /// What the container may use.
    pub limits: ResourceLimits,
    /// Shell text that must succeed in each container before the framework starts; needs `/bin/sh` in the image.
    pub before_command: Option<String>,
}

impl ShardTemplate {
    /// Makes a template with an image and nothing else: no mounts, no network, no limits.
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            work_dir: None,
            mounts: Vec::new(),
            env: Vec::new(),
            network: Network::None,
            user: None,
            limits: ResourceLimits::default(),
            before_command: None,
        }
    }
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

/// A host directory that is bind-mounted into the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The directory on the engine's host.
    pub host: PathBuf,
    /// Where the container sees it.
    pub container: String,
}

/// The network that a container is attached to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Loopback only.
    None,
    /// The engine's default bridge.
    Bridge,
    /// A network of this name, which exists already.
    Named(String),
}
