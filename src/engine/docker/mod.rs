//! Docker Engine, and whatever else speaks its API.

mod build;
mod connect;
mod create;
mod credentials;
mod failure;
mod helper;
mod images;
mod inside;
mod networks;
mod program;
mod snapshots;
mod wire;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, ContainerArchiveInfoOptionsBuilder, CreateContainerOptionsBuilder,
    DownloadFromContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder,
    ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions, WaitContainerOptionsBuilder,
};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::image::Unobserved;
use super::spec::RUN;
use super::{
    BuildRequest, CachedImage, CommitSpec, ContainerId, ContainerSpec, Engine, EngineError, EngineInfo, ExecResult,
    Health, Image, ImageObserver, ImageRequest, Labels, NetworkSpec, ObjectKind, Output, OwnedObject, PathKind,
    TarStream,
};
use crate::model::{ContainerExit, ImageId};
use crate::schedule::Signal;
pub use connect::DockerClient;
use credentials::CredentialFiles;
use failure::{is_gone, operation};
use images::Asked;

/// A Docker Engine behind its API.
#[derive(Debug)]
pub struct DockerEngine {
    docker: Docker,
    endpoint: connect::Endpoint,
    info: OnceCell<EngineInfo>,
    credentials: CredentialFiles,
    observer: Arc<dyn ImageObserver>,
    asked: Asked,
}

impl DockerEngine {
    /// Connects to the engine that the `docker` client would use, and checks that it answers.
    ///
    /// # Errors
    /// [`EngineError::Address`] for an address of an unknown kind; [`EngineError::Unreachable`] when nothing answers.
    pub async fn connect(client: &DockerClient) -> Result<Self, EngineError> {
        let endpoint = connect::Endpoint::of(client)?;
        let docker = endpoint.client()?;
        let engine = Self {
            docker: docker.with_request_modifier(wire::mend),
            endpoint,
            info: OnceCell::new(),
            credentials: client.credential_files(),
            observer: Arc::new(Unobserved),
            asked: Asked::default(),
        };
        engine.docker.ping().await.map_err(|error| engine.endpoint.unreachable(&error))?;
        Ok(engine)
    }

    /// Tells somebody how pulls and builds get on.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn ImageObserver>) -> Self {
        Self { observer, ..self }
    }

    async fn read_info(&self) -> Result<EngineInfo, EngineError> {
        let version = self.docker.version().await.map_err(|error| operation("read the engine's version", error))?;
        let info = self.docker.info().await.map_err(|error| operation("read the engine's state", error))?;
        Ok(EngineInfo {
            endpoint: self.endpoint.to_string(),
            version: version.version.unwrap_or_default(),
            api_version: version.api_version.unwrap_or_default(),
            cpus: info.ncpu.and_then(|cpus| u32::try_from(cpus).ok()).unwrap_or(1).max(1),
            memory_bytes: info.mem_total.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            cgroup_version: info.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
            data_dir: info.docker_root_dir.unwrap_or_default(),
            system_time: info.system_time.map(|time| time.to_string()),
            is_local: self.endpoint.is_local(),
            has_init: info.init_binary.is_some_and(|path| !path.is_empty()),
            warnings: info.warnings.unwrap_or_default(),
        })
    }

    async fn cached_info(&self) -> Result<&EngineInfo, EngineError> {
        self.info.get_or_try_init(|| self.read_info()).await
    }
}

#[async_trait]
impl Engine for DockerEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.cached_info().await.cloned()
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.docker.ping().await.map(drop).map_err(|error| self.endpoint.unreachable(&error))
    }

    async fn image(&self, request: &ImageRequest) -> Result<Image, EngineError> {
        images::find(self, request).await
    }

    async fn build(&self, request: &BuildRequest) -> Result<Image, EngineError> {
        build::build(self, request).await
    }

    async fn local_image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        images::local(self, reference).await
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<ContainerId, EngineError> {
        let options = CreateContainerOptionsBuilder::default().name(&spec.name).build();
        let body = create::body(spec);
        let created = self.docker.create_container(Some(options), body).await;
        created.map(|created| ContainerId(created.id)).map_err(|error| failure::of_create(spec, error))
    }

    async fn start(
        &self,
        container: &ContainerId,
    ) -> Result<BoxStream<'static, Result<Output, EngineError>>, EngineError> {
        let options = AttachContainerOptionsBuilder::default().stream(true).stdout(true).stderr(true).build();
        let attached = self
            .docker
            .attach_container(&container.0, Some(options))
            .await
            .map_err(|error| operation(format!("attach to container {}", container.0), error))?;
        self.docker
            .start_container(&container.0, None::<StartContainerOptions>)
            .await
            .map_err(|error| failure::of_start(container, error))?;
        let output = attached.output.map(|piece| match piece {
            Ok(LogOutput::StdOut { message }) => Ok(Output::Stdout(message)),
            Ok(LogOutput::StdErr { message } | LogOutput::StdIn { message }) => Ok(Output::Stderr(message)),
            // Without a terminal this is what the client makes of a frame that was cut off.
            Ok(LogOutput::Console { .. }) => Err(EngineError::OutputLost),
            Err(error) => Err(operation("read the container's output", error)),
        });
        Ok(output.boxed())
    }

    async fn wait(&self, container: &ContainerId) -> Result<ContainerExit, EngineError> {
        let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let mut waiting = Box::pin(self.docker.wait_container(&container.0, Some(options)));
        let fallback = match waiting.next().await {
            Some(Ok(response)) => response.status_code,
            // A non-zero exit is an error to the client and a result to us.
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(operation(format!("wait for container {}", container.0), error)),
            None => return Err(EngineError::OutputLost),
        };
        let inspected = self
            .docker
            .inspect_container(&container.0, None::<InspectContainerOptions>)
            .await
            .map_err(|error| operation(format!("inspect container {}", container.0), error))?;
        let state = inspected.state.unwrap_or_default();
        Ok(ContainerExit {
            code: state.exit_code.unwrap_or(fallback),
            oom_killed: state.oom_killed.unwrap_or(false),
            error: state.error.filter(|error| !error.is_empty()),
        })
    }

    async fn created_at(&self, container: &ContainerId) -> Result<Option<Timestamp>, EngineError> {
        let inspected = self
            .docker
            .inspect_container(&container.0, None::<InspectContainerOptions>)
            .await
            .map_err(|error| operation(format!("inspect container {}", container.0), error))?;
        let text = inspected.created.map(|time| time.to_string());
        Ok(text.and_then(|text| text.parse().ok()))
    }

    async fn signal(&self, container: &ContainerId, signal: Signal) -> Result<(), EngineError> {
        let name = match signal {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
            Signal::Kill => "SIGKILL",
        };
        let options = KillContainerOptionsBuilder::default().signal(name).build();
        match self.docker.kill_container(&container.0, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if failure::is_gone_or_stopped(&error) => Ok(()),
            Err(error) => Err(operation(format!("send {name} to container {}", container.0), error)),
        }
    }

    async fn stat(&self, container: &ContainerId, path: &str) -> Result<Option<PathKind>, EngineError> {
        let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
        match self.docker.get_container_archive_info(&container.0, Some(options)).await {
            Ok(found) => Ok(Some(create::path_kind(found.file_mode, found.link_target))),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(operation(format!("look at `{path}` in the image"), error)),
        }
    }

    async fn archive(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, EngineError>>>, EngineError> {
        let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
        let what = format!("read `{path}` of the container");
        let mut stream = self.docker.download_from_container(&container.0, Some(options)).boxed().peekable();
        if let Some(Err(error)) = std::pin::Pin::new(&mut stream).peek().await
            && is_gone(error)
        {
            return Ok(None);
        }
        // The client's stream borrows nothing once its request is made.
        Ok(Some(stream.map_err(move |error| operation(what.clone(), error)).boxed()))
    }

    async fn remove(&self, container: &ContainerId) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match self.docker.remove_container(&container.0, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if is_gone(&error) || failure::is_being_removed(&error) => Ok(()),
            Err(error) => Err(operation(format!("remove container {}", container.0), error)),
        }
    }

    async fn owned(&self) -> Result<Vec<OwnedObject>, EngineError> {
        let filters = std::collections::HashMap::from([("label", vec![RUN])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = self.docker.list_containers(Some(options)).await;
        let found = found.map_err(|error| operation("list containers", error))?;
        let containers = found.into_iter().filter_map(|container| {
            let labels = Labels::from_map(&container.labels?)?;
            Some(OwnedObject { kind: ObjectKind::Container, id: container.id?, labels })
        });
        Ok(containers.chain(networks::owned(&self.docker).await?).collect())
    }

    async fn put(&self, container: &ContainerId, dir: &str, tar: TarStream) -> Result<(), EngineError> {
        snapshots::put(&self.docker, container, dir, tar).await
    }

    async fn commit(&self, container: &ContainerId, spec: &CommitSpec) -> Result<ImageId, EngineError> {
        snapshots::commit(&self.docker, container, spec).await
    }

    async fn images_with_label(&self, label: &str) -> Result<Vec<CachedImage>, EngineError> {
        snapshots::with_label(&self.docker, label).await
    }

    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        snapshots::remove(&self.docker, image).await
    }

    async fn exec(&self, container: &ContainerId, argv: &[String]) -> Result<ExecResult, EngineError> {
        inside::exec(&self.docker, container, argv).await
    }

    async fn health(&self, container: &ContainerId) -> Result<Health, EngineError> {
        inside::health(&self.docker, container).await
    }

    async fn address(&self, container: &ContainerId, network: &str) -> Result<Option<IpAddr>, EngineError> {
        networks::address(&self.docker, container, network).await
    }

    async fn create_network(&self, spec: &NetworkSpec) -> Result<(), EngineError> {
        networks::create(&self.docker, spec).await
    }

    async fn connect(&self, container: &ContainerId, network: &str, aliases: &[String]) -> Result<(), EngineError> {
        networks::connect(&self.docker, container, network, aliases).await
    }

    async fn stop(&self, container: &ContainerId, grace: Duration) -> Result<(), EngineError> {
        inside::stop(&self.docker, container, grace).await
    }

    async fn subnets(&self) -> Result<Vec<String>, EngineError> {
        networks::subnets(&self.docker).await
    }

    async fn has_volume(&self, name: &str) -> Result<bool, EngineError> {
        networks::has_volume(&self.docker, name).await
    }

    async fn create_volume(&self, name: &str, labels: &Labels) -> Result<(), EngineError> {
        networks::create_volume(&self.docker, name, labels).await
    }

    async fn remove_object(&self, object: &OwnedObject) -> Result<(), EngineError> {
        match object.kind {
            ObjectKind::Container => self.remove(&ContainerId(object.id.clone())).await,
            ObjectKind::Network => networks::remove(&self.docker, &object.id).await,
            ObjectKind::Volume => networks::remove_volume(&self.docker, &object.id).await,
        }
    }
}
