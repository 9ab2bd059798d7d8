//! What a container is made of.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Owner;
use crate::model::{ContainerSettings, HealthCheck, ImageId, RunId};

/// The label that holds the run's id.
pub(super) const RUN: &str = "minke.run";
/// The label that holds the process that owns the container.
pub(super) const OWNER: &str = "minke.owner";
/// The label that holds the time after which nobody owns the container any more.
pub(super) const EXPIRES: &str = "minke.expires";

/// The label of every image of minke's own making; its value is the kind.
pub const CACHE_LABEL: &str = "minke.cache";

/// Everything that an engine needs to create a container.
#[derive(Debug, Clone)]
pub struct ContainerSpec {
    /// The container's name.
    pub name: String,
    /// The image's content id.
    pub image: ImageId,
    /// The image as the user named it.
    pub image_name: String,
    /// What takes the place of the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// What takes the place of the image's command, as argv; passed as it is, never through a shell.
    pub command: Option<Vec<String>>,
    /// What the container is given besides.
    pub container: ContainerSettings,
    /// Environment of this container alone, `NAME=value`; a name that the settings have too has their value.
    pub env: Vec<String>,
    /// Other names by which containers of the same network reach it; only for a network of a name.
    pub aliases: Vec<String>,
    /// The check that the engine runs in the container; `None` means the image's own.
    pub health: Option<HealthCheck>,
    /// Whether the engine's init is the first process.
    pub init: bool,
    /// The signal that asks it to end; `None` means the image's own.
    pub stop_signal: Option<String>,
    /// Labels besides minke's.
    pub user_labels: Vec<(String, String)>,
    /// Who the container belongs to.
    pub labels: Labels,
}

impl ContainerSpec {
    /// Describes a container that runs tests or a command around them: under the engine's init, and without the image's
    /// health check, which would run beside the tests.
    pub fn new(name: String, image: ImageId, image_name: &str, container: ContainerSettings, labels: Labels) -> Self {
        Self {
            name,
            image,
            image_name: image_name.to_owned(),
            entrypoint: None,
            command: None,
            container,
            env: Vec::new(),
            aliases: Vec::new(),
            health: Some(HealthCheck::none()),
            init: true,
            stop_signal: None,
            user_labels: Vec::new(),
            labels,
        }
    }

    /// Sets the command; `replaces_entrypoint` puts its first word in the place of the image's entry point.
    #[must_use]
    pub fn with_command(mut self, mut argv: Vec<String>, replaces_entrypoint: bool) -> Self {
        self.entrypoint = (replaces_entrypoint && !argv.is_empty()).then(|| argv.drain(..1).collect());
        self.command = Some(argv);
        self
    }

    /// Gives the container a command that no image has: it is made to be looked into or written to, and never started.
    pub fn never_started(self, replaces_entrypoint: bool) -> Self {
        self.with_command(vec!["/minke-never-runs-this".to_owned()], replaces_entrypoint)
    }

    /// Returns the words that this description gives the container to run, as one line for people.
    pub fn command_line(&self) -> String {
        let words = self.entrypoint.iter().chain(&self.command).flatten();
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// Who a container belongs to, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The run.
    pub run: RunId,
    /// The minke process.
    pub owner: Owner,
    /// After this nobody owns the container any more, wherever its owner was.
    pub expires: Timestamp,
}

impl Labels {
    /// Writes the labels as the engine keeps them.
    pub(super) fn to_map(&self) -> HashMap<String, String> {
        HashMap::from([
            (RUN.to_owned(), self.run.to_string()),
            (OWNER.to_owned(), self.owner.to_string()),
            (EXPIRES.to_owned(), self.expires.to_string()),
        ])
    }

    /// Returns the same labels with nothing in them, for an image that is made of a container: it belongs to no run.
    pub fn blank() -> Vec<(String, String)> {
        [RUN, OWNER, EXPIRES].map(|name| (name.to_owned(), String::new())).to_vec()
    }

    /// Reads labels back; `None` when one of them is missing or is not minke's writing.
    pub(super) fn from_map(map: &HashMap<String, String>) -> Option<Self> {
        Some(Self {
            run: map.get(RUN)?.parse().ok()?,
            owner: map.get(OWNER)?.parse().ok()?,
            expires: map.get(EXPIRES)?.parse().ok()?,
        })
    }
}
