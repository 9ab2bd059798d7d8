//! What all containers of a run have in common.

use serde::{Deserialize, Serialize};

use super::{ContainerSettings, EnvVar, PlacedFile, Secret, Services, Unit};

/// Describes the container that each shard of a run gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardTemplate {
    /// The image as the user named it.
    pub image: String,
    /// The digest by which a registry knows the image, as `NAME@sha256:...`; `None` for one that no registry is known to have.
    pub digest: Option<String>,
    /// What the container is given. Unit paths are relative to its working directory.
    pub container: ContainerSettings,
    /// What containers of some units are given instead, with all that the usual ones have besides.
    pub variants: Vec<ContainerSettings>,
    /// Names by which services reach a container of the tests, besides its own.
    pub aliases: Vec<String>,
    /// Shell text that must succeed in each container before the framework starts; needs `/bin/sh` in the image.
    pub before_command: Option<String>,
    /// Files that are written into each container before it starts.
    pub files: Vec<PlacedFile>,
    /// What templates among them can name of minke's own environment.
    pub file_env: Vec<EnvVar>,
    /// Who files belong to when nothing else is said: the container's user and group.
    pub owner: (u32, u32),
    /// The secrets, which a mount already holds as files.
    pub secrets: Vec<Secret>,
    /// Globs of files that are copied out of each container when it has ended, relative to its working directory or
    /// absolute.
    pub artifacts: Vec<String>,
    /// Globs of coverage files in each container, likewise, besides coverage.py's data; empty when no coverage is wanted.
    pub coverage: Vec<String>,
    /// What runs beside each container.
    pub services: Services,
}

impl ShardTemplate {
    /// Makes a template with an image and nothing else: no mounts, no network, no limits.
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            digest: None,
            container: ContainerSettings::default(),
            variants: Vec::new(),
            aliases: Vec::new(),
            before_command: None,
            files: Vec::new(),
            file_env: Vec::new(),
            owner: (0, 0),
            secrets: Vec::new(),
            artifacts: Vec::new(),
            coverage: Vec::new(),
            services: Services::default(),
        }
    }

    /// Returns what the container of a unit is given.
    pub fn container_of(&self, unit: &Unit) -> &ContainerSettings {
        let place = (unit.variant as usize).checked_sub(1);
        place.and_then(|place| self.variants.get(place)).unwrap_or(&self.container)
    }
}
