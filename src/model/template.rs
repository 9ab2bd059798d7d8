//! What all containers of a run have in common.

use serde::{Deserialize, Serialize};

use super::{ContainerSettings, Services};

/// Describes the container that each shard of a run gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardTemplate {
    /// The image as the user named it.
    pub image: String,
    /// What the container is given. Unit paths are relative to its working directory.
    pub container: ContainerSettings,
    /// Shell text that must succeed in each container before the framework starts; needs `/bin/sh` in the image.
    pub before_command: Option<String>,
    /// What runs beside each container.
    pub services: Services,
}

impl ShardTemplate {
    /// Makes a template with an image and nothing else: no mounts, no network, no limits.
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            container: ContainerSettings::default(),
            before_command: None,
            services: Services::default(),
        }
    }
}
