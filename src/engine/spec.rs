//! What a container is made of.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Owner;
use crate::model::{ImageId, RunId, ShardTemplate};

/// The label that holds the run's id.
pub(super) const RUN: &str = "minke.run";
/// The label that holds the process that owns the container.
pub(super) const OWNER: &str = "minke.owner";
/// The label that holds the time after which nobody owns the container any more.
pub(super) const EXPIRES: &str = "minke.expires";

/// Everything that an engine needs to create a container.
#[derive(Debug, Clone)]
pub struct ContainerSpec {
    /// The container's name.
    pub name: String,
    /// The image's content id.
    pub image: ImageId,
    /// The command as argv; passed as it is, never through a shell.
    pub argv: Vec<String>,
    /// Whether `argv` takes the place of the image's entry point too, instead of being its arguments.
    pub replaces_entrypoint: bool,
    /// What all containers of the run have in common.
    pub template: ShardTemplate,
    /// Environment of this container alone, `NAME=value`, after the template's.
    pub env: Vec<String>,
    /// Who the container belongs to.
    pub labels: Labels,
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

    /// Reads labels back; `None` when one of them is missing or is not minke's writing.
    pub(super) fn from_map(map: &HashMap<String, String>) -> Option<Self> {
        Some(Self {
            run: map.get(RUN)?.parse().ok()?,
            owner: map.get(OWNER)?.parse().ok()?,
            expires: map.get(EXPIRES)?.parse().ok()?,
        })
    }
}
