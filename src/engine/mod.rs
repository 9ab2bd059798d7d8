//! Where containers come from.
//!
//! An engine starts, watches and removes containers, and moves files. It knows nothing of plans, frameworks or reports.

mod archive;
mod docker;
mod error;
mod image;
mod owner;
mod reference;
mod secret_dir;
mod spec;
mod sweep;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;

use crate::model::{ContainerExit, ImageId};
use crate::schedule::Signal;

pub(crate) use archive::{read_archive, read_text};
pub use docker::{DockerClient, DockerEngine};
pub use error::EngineError;
pub use image::{BuildRequest, ImageNews, ImageObserver, ImageRequest};
pub use owner::Owner;
pub use secret_dir::SecretDir;
pub use spec::{CACHE_LABEL, ContainerSpec, Labels};
pub use sweep::{Swept, remove_run, sweep};

/// A tar archive as a stream.
pub type TarStream = BoxStream<'static, io::Result<Bytes>>;

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
    /// The user, empty when the image names none.
    pub user: String,
    /// The directories that become volumes: what is written there is no part of an image.
    pub volumes: Vec<String>,
    /// The labels.
    pub labels: BTreeMap<String, String>,
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

/// A network that is made for containers of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Its name.
    pub name: String,
    /// Its addresses, such as `10.213.4.0/27`.
    pub subnet: String,
    /// Whether nothing outside it can be reached from it.
    pub internal: bool,
    /// Who it belongs to.
    pub labels: Labels,
}

/// What a health check says of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// There is no check.
    Unchecked,
    /// No check has succeeded yet.
    Starting,
    /// The last check succeeded.
    Healthy,
    /// So many checks failed that the container counts as ill.
    Unhealthy {
        /// What the last check printed.
        output: String,
    },
}

/// Tells whether a container ended because its command was `/bin/sh` and its image has none, as the engine's own init
/// process says.
pub fn lacks_shell(exit: &ContainerExit, output: &str) -> bool {
    exit.code == 127 && output.contains("exec /bin/sh failed")
}

/// What a command in a running container came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecResult {
    /// Its exit code.
    pub code: i64,
    /// The end of what it printed, both streams.
    pub output: String,
}

/// An image that is made of a stopped container.
#[derive(Debug, Clone)]
pub struct CommitSpec {
    /// The image's name, such as `minke-cache/sources`.
    pub repository: String,
    /// The image's tag.
    pub tag: String,
    /// The entry point of the image, whatever the container's is; empty for none.
    pub entrypoint: Vec<String>,
    /// The user of the image, whoever the container's is; empty for the container's.
    pub user: String,
    /// Variables of the container whose values must not stay in the image; they are emptied.
    pub emptied_env: Vec<String>,
    /// The image's labels.
    pub labels: Vec<(String, String)>,
}

/// An image of minke's own making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedImage {
    /// The content id.
    pub id: ImageId,
    /// Its names, such as `minke-cache/sources:0123`.
    pub names: Vec<String>,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its size in bytes, with the image that it is made of.
    pub bytes: u64,
    /// When it was made, in seconds since 1970.
    pub created: i64,
}

/// Something that an engine holds for a run and that carries minke's labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Its id or name.
    pub id: String,
    /// Its labels.
    pub labels: Labels,
}

/// A kind of object that an engine holds, in the order in which they can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A container, running or not.
    Container,
    /// A network.
    Network,
    /// A volume.
    Volume,
}

impl ObjectKind {
    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Network => "network",
            Self::Volume => "volume",
        }
    }
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

    /// Finds an image, and pulls it where the request says so. Who asks for the same while it is being pulled waits for that
    /// one pull.
    async fn image(&self, request: &ImageRequest) -> Result<Image, EngineError>;

    /// Builds an image.
    async fn build(&self, request: &BuildRequest) -> Result<Image, EngineError> {
        let _ = request;
        Err(EngineError::Unsupported { operation: "build images" })
    }

    /// Finds an image that the engine has; `None` when it has none.
    async fn local_image(&self, reference: &str) -> Result<Option<Image>, EngineError>;

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

    /// Lists what carries minke's labels, in an order in which it can be removed.
    async fn owned(&self) -> Result<Vec<OwnedObject>, EngineError>;

    /// Unpacks a tar stream below a directory of a container, which need not have been started.
    async fn put(&self, container: &ContainerId, dir: &str, tar: TarStream) -> Result<(), EngineError> {
        let _ = (container, dir, tar);
        Err(EngineError::Unsupported { operation: "put files into containers" })
    }

    /// Makes an image of a container that does not run, and returns its content id.
    async fn commit(&self, container: &ContainerId, spec: &CommitSpec) -> Result<ImageId, EngineError> {
        let _ = (container, spec);
        Err(EngineError::Unsupported { operation: "make images of containers" })
    }

    /// Lists the images that carry a label.
    async fn images_with_label(&self, label: &str) -> Result<Vec<CachedImage>, EngineError> {
        let _ = label;
        Ok(Vec::new())
    }

    /// Removes an image or one of its names; one that is gone is no error.
    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        let _ = image;
        Err(EngineError::Unsupported { operation: "remove images" })
    }

    /// Runs a command in a running container.
    async fn exec(&self, container: &ContainerId, argv: &[String]) -> Result<ExecResult, EngineError> {
        let _ = (container, argv);
        Err(EngineError::Unsupported { operation: "run commands in containers" })
    }

    /// Says how healthy a container is.
    async fn health(&self, container: &ContainerId) -> Result<Health, EngineError> {
        let _ = container;
        Ok(Health::Unchecked)
    }

    /// Returns the address of a running container on a network; `None` when it has none.
    async fn address(&self, container: &ContainerId, network: &str) -> Result<Option<IpAddr>, EngineError> {
        let _ = (container, network);
        Ok(None)
    }

    /// Makes a network.
    async fn create_network(&self, spec: &NetworkSpec) -> Result<(), EngineError> {
        let _ = spec;
        Err(EngineError::Unsupported { operation: "make networks" })
    }

    /// Attaches a container that is created or runs to one more network, under these names.
    async fn connect(&self, container: &ContainerId, network: &str, aliases: &[String]) -> Result<(), EngineError> {
        let _ = (container, network, aliases);
        Err(EngineError::Unsupported { operation: "attach containers to several networks" })
    }

    /// Asks a container to end with its own signal, and kills it after the grace; one that has ended is no error.
    async fn stop(&self, container: &ContainerId, grace: Duration) -> Result<(), EngineError> {
        let _ = (container, grace);
        Err(EngineError::Unsupported { operation: "stop containers by their own signal" })
    }

    /// Lists the addresses of all networks that the engine has, as `ADDRESS/BITS`.
    async fn subnets(&self) -> Result<Vec<String>, EngineError> {
        Ok(Vec::new())
    }

    /// Tells whether there is a volume of a name.
    async fn has_volume(&self, name: &str) -> Result<bool, EngineError> {
        let _ = name;
        Ok(false)
    }

    /// Makes a volume of a name, or takes the one that there is.
    async fn create_volume(&self, name: &str, labels: &Labels) -> Result<(), EngineError> {
        let _ = (name, labels);
        Err(EngineError::Unsupported { operation: "make volumes" })
    }

    /// Removes what [`Engine::owned`] lists; what is gone is no error.
    async fn remove_object(&self, object: &OwnedObject) -> Result<(), EngineError> {
        match object.kind {
            ObjectKind::Container => self.remove(&ContainerId(object.id.clone())).await,
            ObjectKind::Network | ObjectKind::Volume => {
                Err(EngineError::Unsupported { operation: "remove networks and volumes" })
            }
        }
    }
}
