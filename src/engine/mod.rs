//! Where containers come from.
//!
//! An engine starts, watches and removes containers, and moves files. It knows nothing of plans, frameworks or reports.

mod docker;
mod error;
mod owner;
mod spec;
mod sweep;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;

use crate::model::{ContainerExit, ImageId};
use crate::schedule::Signal;

pub use docker::{DockerClient, DockerEngine};
pub use error::EngineError;
pub use owner::Owner;
pub use spec::{ContainerSpec, Labels};
pub use sweep::{Swept, remove_run, sweep};

/// Identifies a container to its engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContainerId(pub String);

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Where the engine is reached, such as `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// The engine's version.
    pub version: String,
    /// The version of its API.
    pub api_version: String,
    /// Processors that containers can use.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// The directory where the engine keeps its data, on its own host.
    pub data_dir: String,
    /// The engine's clock, as it tells it (RFC 3339).
    pub system_time: Option<String>,
    /// Whether the engine runs on this machine, so that its host paths are ours.
    pub is_local: bool,
    /// Whether the engine finds its init program.
    pub has_init: bool,
    /// Remarks of the engine on its own set-up.
    pub warnings: Vec<String>,
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The content id.
    pub id: ImageId,
    /// The registry digest such as `name@sha256:...`, when there is one.
    pub digest: Option<String>,
    /// The working directory, `/` when the image sets none.
    pub work_dir: String,
    /// The environment as `NAME=value`.
    pub env: Vec<String>,
    /// The entry point, empty when the image has none.
    pub entrypoint: Vec<String>,
}

/// A piece of a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout(Bytes),
    /// Standard error.
    Stderr(Bytes),
}

/// What a path in a container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file.
    File {
        /// Whether anybody may execute it.
        executable: bool,
    },
    /// A directory.
    Directory,
    /// A symbolic link, already resolved by the engine as far as it can be.
    Link {
        /// Where it leads, absolute.
        target: String,
    },
    /// A device, socket or pipe.
    Other,
}

/// A container that carries minke's labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedContainer {
    /// The container.
    pub id: ContainerId,
    /// Its labels.
    pub labels: Labels,
}

/// Starts, watches and removes containers.
///
/// The order is create, start, read the output to its end, wait, archive, remove. An engine attaches before it starts.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Says what the engine is.
    async fn info(&self) -> Result<EngineInfo, EngineError>;

    /// Checks that the engine answers.
    async fn ping(&self) -> Result<(), EngineError>;

    /// Finds an image, pulling it when it is missing.
    async fn image(&self, reference: &str) -> Result<Image, EngineError>;

    /// Creates a container without starting it.
    async fn create(&self, spec: &ContainerSpec) -> Result<ContainerId, EngineError>;

    /// Attaches to a created container, then starts it. The stream ends when the container's output has ended.
    async fn start(
        &self,
        container: &ContainerId,
    ) -> Result<BoxStream<'static, Result<Output, EngineError>>, EngineError>;

    /// Waits for a started container to end.
    async fn wait(&self, container: &ContainerId) -> Result<ContainerExit, EngineError>;

    /// Returns when a container was created by the engine's clock; `None` when the engine does not tell. An engine notes the
    /// start only after the container's process has begun, and may have written.
    async fn created_at(&self, container: &ContainerId) -> Result<Option<Timestamp>, EngineError> {
        let _ = container;
        Ok(None)
    }

    /// Sends a signal to the container's first process; a container that is gone or has ended is no error.
    async fn signal(&self, container: &ContainerId, signal: Signal) -> Result<(), EngineError>;

    /// Says what a path in a container is; `None` when there is nothing. The container need not have been started.
    async fn stat(&self, container: &ContainerId, path: &str) -> Result<Option<PathKind>, EngineError>;

    /// Reads a file or directory of a container as a tar stream; `None` when there is nothing.
    async fn archive(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, EngineError>>>, EngineError>;

    /// Kills and removes a container with its anonymous volumes; a container that is gone is no error.
    async fn remove(&self, container: &ContainerId) -> Result<(), EngineError>;

    /// Lists the containers that carry minke's labels, running or not.
    async fn owned(&self) -> Result<Vec<OwnedContainer>, EngineError>;
}
