//! The services of one network: started in the order of their dependencies, stopped in the other.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::error::ServiceError;
use super::lock;
use super::member::Member;
use super::pool::Resources;
use super::ready::Looked;
use crate::engine::{ContainerSpec, EngineError, NetworkSpec, ObjectKind, OwnedObject};
use crate::model::{ContainerExit, Dependency, DependencyCondition, MountSource, Network, Reset, Service};

/// How far a service has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    Waiting,
    Started,
    Ready,
}

/// A service that has left the stage, for reports.
pub(crate) struct ServiceEnd {
    pub(crate) name: String,
    pub(crate) log: PathBuf,
    /// The log's length in bytes.
    pub(crate) bytes: u64,
    /// How it ended by itself; `None` when it ran to the last.
    pub(crate) exit: Option<ContainerExit>,
}

/// The services of one network.
pub(super) struct ServiceSet {
    resources: Arc<Resources>,
    /// What the names of containers, network and volumes begin with.
    prefix: String,
    services: Vec<Service>,
    /// Another network that its containers are on.
    shared_network: Option<String>,
    network: Mutex<Option<String>>,
    members: Vec<Mutex<Option<Member>>>,
    volumes: Mutex<Vec<String>>,
    logs: Mutex<PathBuf>,
}

impl ServiceSet {
    pub(super) fn new(
        resources: Arc<Resources>,
        name: &str,
        services: Vec<Service>,
        shared_network: Option<String>,
        logs: PathBuf,
    ) -> Self {
        let prefix = format!("minke-{}-{name}", resources.labels.run);
        let members = services.iter().map(|_| Mutex::new(None)).collect();
        Self {
            resources,
            prefix,
            services,
            shared_network,
            network: Mutex::new(None),
            members,
            volumes: Mutex::new(Vec::new()),
            logs: Mutex::new(logs),
        }
    }

    /// Returns the network's name, once there is one.
    pub(super) fn network(&self) -> Option<String> {
        lock(&self.network).clone()
    }

    /// Returns the engine's name of a volume that services have by this one.
    pub(super) fn volume(&self, name: &str) -> Option<String> {
        let whole = format!("{}-{name}", self.prefix);
        lock(&self.volumes).contains(&whole).then_some(whole)
    }

    /// Makes the network if there is none, and starts every service that does not run.
    pub(super) async fn start(&self) -> Result<(), ServiceError> {
        if self.network().is_none() {
            self.make_network().await?;
        }
        let progress: Vec<_> = self.services.iter().map(|_| watch::Sender::new(Progress::Waiting)).collect();
        let given_up = CancellationToken::new();
        let mut starting: FuturesUnordered<_> =
            (0..self.services.len()).map(|place| self.start_one(place, &progress, &given_up)).collect();
        let mut all = Ok(());
        // The others end what they are about before anything is removed: a call to the engine is never left alone.
        while let Some(started) = starting.next().await {
            if started.is_err() && all.is_ok() {
                all = started;
                given_up.cancel();
            }
        }
        all
    }

    /// Waits until what a shard needs besides services that are ready holds: that some have come to their ends.
    pub(super) async fn wait_for(&self, needs: &[Dependency]) -> Result<(), ServiceError> {
        for need in needs.iter().filter(|need| need.condition == DependencyCondition::CompletedSuccessfully) {
            if let Some(place) = self.place(&need.service) {
                self.completed(place).await?;
            }
        }
        Ok(())
    }

    /// Makes a set that has served one container fit for the next one.
    pub(super) async fn reset(&self, logs: PathBuf) -> Result<(), ServiceError> {
        for (place, service) in self.services.iter().enumerate().rev() {
            let failed = |error: EngineError| ServiceError::of_engine(&service.name, &error);
            match service.reset {
                Reset::None => {}
                Reset::Restart => {
                    if let Some(container) = self.container(place) {
                        self.resources.stop(&container, service).await.map_err(failed)?;
                        self.ended(place).await;
                    }
                }
                Reset::Recreate | Reset::Snapshot => self.remove_member(place).await.map_err(failed)?,
            }
        }
        self.remove_free_volumes().await;
        *lock(&self.logs) = logs;
        for (place, service) in self.services.iter().enumerate() {
            if let Some(member) = lock(&self.members[place]).as_ref() {
                let unwritable = |error| ServiceError::new(&service.name, format!("cannot write its log: {error}"));
                member.log.redirect(&self.log_path(service)).map_err(unwritable)?;
            }
        }
        self.start().await
    }

    /// Tells whether it can serve another container, once that is wanted.
    pub(super) fn can_be_reset(&self) -> bool {
        self.services.iter().any(|service| matches!(service.reset, Reset::None | Reset::Restart))
    }

    /// Returns the address of each service that runs.
    pub(super) async fn addresses(&self) -> Result<Vec<(String, String)>, EngineError> {
        let mut addresses = Vec::new();
        let Some(network) = self.network() else { return Ok(addresses) };
        for (place, service) in self.services.iter().enumerate() {
            let Some(container) = self.container(place) else { continue };
            if let Some(address) = self.resources.engine.address(&container, &network).await? {
                addresses.push((service.name.clone(), address.to_string()));
            }
        }
        Ok(addresses)
    }

    /// Tells of each service where its log is, and how it ended if it has.
    pub(super) fn ends(&self) -> Vec<ServiceEnd> {
        let end = |(place, service): (usize, &Service)| {
            let member = lock(&self.members[place]);
            let member = member.as_ref()?;
            Some(ServiceEnd {
                name: service.name.clone(),
                log: self.log_path(service),
                bytes: *member.log.written().borrow(),
                exit: member.exit().borrow().clone(),
            })
        };
        self.services.iter().enumerate().filter_map(end).collect()
    }

    /// Stops the services, each with its own signal and grace, after those that depend on it, and removes everything.
    ///
    /// Returns what could not be removed.
    pub(super) async fn remove(&self, politely: bool) -> Vec<EngineError> {
        let gone: Vec<_> = self.services.iter().map(|_| watch::Sender::new(false)).collect();
        let removing = (0..self.services.len()).map(|place| self.remove_one(place, politely, &gone));
        let mut errors: Vec<EngineError> = join_all(removing).await.into_iter().flatten().collect();
        let network = lock(&self.network).take();
        let volumes = std::mem::take(&mut *lock(&self.volumes));
        let networks = network.into_iter().map(|id| (ObjectKind::Network, id));
        for (kind, id) in networks.chain(volumes.into_iter().map(|id| (ObjectKind::Volume, id))) {
            let object = OwnedObject { kind, id, labels: self.resources.labels.clone() };
            errors.extend(self.resources.engine.remove_object(&object).await.err());
        }
        errors
    }

    /// Stops and removes a service as soon as those that depend on it are gone, and returns what went wrong.
    async fn remove_one(&self, place: usize, politely: bool, gone: &[watch::Sender<bool>]) -> Vec<EngineError> {
        let service = &self.services[place];
        let depends = |other: &Service| other.depends_on.iter().any(|need| need.service == service.name);
        for (_, dependent) in self.services.iter().zip(gone).filter(|(other, _)| depends(other)) {
            let _ = dependent.subscribe().wait_for(|gone| *gone).await;
        }
        let mut errors = Vec::new();
        if let Some(container) = self.container(place).filter(|_| politely && self.runs(place)) {
            errors.extend(self.resources.stop(&container, service).await.err());
        }
        errors.extend(self.remove_member(place).await.err());
        gone[place].send_replace(true);
        errors
    }

    fn runs(&self, place: usize) -> bool {
        lock(&self.members[place]).as_ref().is_some_and(|member| member.exit().borrow().is_none())
    }

    async fn make_network(&self) -> Result<(), ServiceError> {
        let name = format!("{}-net", self.prefix);
        let addresses = self.services.len();
        let made = self.resources.make_network(addresses, |subnet| NetworkSpec {
            name: name.clone(),
            subnet,
            internal: self.resources.internal,
            labels: self.resources.labels.clone(),
        });
        made.await?;
        *lock(&self.network) = Some(name);
        Ok(())
    }

    /// Starts a service when those that it depends on are there, unless another one has failed meanwhile.
    async fn start_one(
        &self,
        place: usize,
        progress: &[watch::Sender<Progress>],
        given_up: &CancellationToken,
    ) -> Result<(), ServiceError> {
        let service = &self.services[place];
        for need in &service.depends_on {
            tokio::select! {
                biased;
                reached = self.wait_for_dependency(need, progress) => reached?,
                () = given_up.cancelled() => return Err(not_wanted(service)),
            }
        }
        if !self.runs(place) {
            let up = self.bring_up(place, &progress[place], given_up).await;
            up.map_err(|error| self.with_last_lines(place, error))?;
        }
        progress[place].send_replace(Progress::Ready);
        Ok(())
    }

    async fn wait_for_dependency(
        &self,
        need: &Dependency,
        progress: &[watch::Sender<Progress>],
    ) -> Result<(), ServiceError> {
        // A service that all shards share is ready before any set of a shard is begun.
        let Some(place) = self.place(&need.service) else { return Ok(()) };
        let wanted = match need.condition {
            DependencyCondition::Started | DependencyCondition::CompletedSuccessfully => Progress::Started,
            DependencyCondition::Healthy => Progress::Ready,
        };
        let mut reached = progress[place].subscribe();
        // Its own failure is told by itself.
        let _ = reached.wait_for(|now| *now >= wanted).await;
        if need.condition == DependencyCondition::CompletedSuccessfully {
            self.completed(place).await?;
        }
        Ok(())
    }

    /// Waits until the end of a container that has been stopped is known.
    async fn ended(&self, place: usize) {
        let exit = lock(&self.members[place]).as_ref().map(Member::exit);
        if let Some(mut exit) = exit {
            let _ = exit.wait_for(Option::is_some).await;
        }
    }

    async fn completed(&self, place: usize) -> Result<(), ServiceError> {
        let exit = lock(&self.members[place]).as_ref().map(Member::exit);
        let Some(mut exit) = exit else { return Ok(()) };
        let code = match exit.wait_for(Option::is_some).await {
            Ok(ended) => ended.as_ref().map_or(0, |exit| exit.code),
            Err(_) => return Ok(()),
        };
        let failed = || ServiceError::new(&self.services[place].name, format!("it ended with exit code {code}"));
        if code == 0 { Ok(()) } else { Err(self.with_last_lines(place, failed())) }
    }

    /// Creates the container if there is none, starts it and waits until it is ready. Of a service whose files are to be
    /// cloned, the first one only shows how they look.
    async fn bring_up(
        &self,
        place: usize,
        progress: &watch::Sender<Progress>,
        given_up: &CancellationToken,
    ) -> Result<(), ServiceError> {
        let service = &self.services[place];
        let failed = |error: EngineError| ServiceError::of_engine(&service.name, &error);
        if service.reset == Reset::Snapshot {
            let snapshot = self.resources.snapshot(service, async {
                self.create(place, None).await?;
                self.run_until_ready(place, None, given_up).await?;
                let container = self.container(place).ok_or_else(|| gone(service))?;
                self.resources.stop(&container, service).await.map_err(failed)?;
                Ok(container)
            });
            let snapshot = snapshot.await?;
            self.remove_member(place).await.map_err(failed)?;
            self.create(place, Some(&snapshot.image)).await?;
            let container = self.container(place).ok_or_else(|| gone(service))?;
            snapshot.put(&self.resources.engine, &container).await.map_err(failed)?;
        } else if self.container(place).is_none() {
            self.create(place, None).await?;
        }
        self.run_until_ready(place, Some(progress), given_up).await
    }

    async fn create(&self, place: usize, image: Option<&crate::model::ImageId>) -> Result<(), ServiceError> {
        let service = &self.services[place];
        let failed = |error: EngineError| ServiceError::of_engine(&service.name, &error);
        let resources = &self.resources;
        let known = resources.image(service).await?;
        let network = self.network().ok_or_else(|| gone(service))?;
        let mut settings = service.container.clone();
        settings.network = Network::Named(network);
        for mount in &mut settings.mounts {
            if let MountSource::Existing(name) = &mount.source
                && !resources.engine.has_volume(name).await.map_err(failed)?
            {
                let detail = format!("there is no volume `{name}`; make it with `docker volume create {name}`");
                return Err(ServiceError::new(&service.name, detail));
            }
            if let MountSource::Volume(Some(name)) = &mut mount.source {
                *name = format!("{}-{name}", self.prefix);
                resources.engine.create_volume(name, &resources.labels).await.map_err(failed)?;
                let mut volumes = lock(&self.volumes);
                if !volumes.contains(name) {
                    volumes.push(name.clone());
                }
            }
        }
        let names: Vec<String> = std::iter::once(&service.name).chain(&service.aliases).cloned().collect();
        let id = image.cloned().unwrap_or_else(|| known.id.clone());
        let name = format!("{}-{}", self.prefix, service.name);
        let labels = resources.labels.clone();
        let container = resources
            .engine
            .create(&ContainerSpec {
                entrypoint: service.entrypoint.clone(),
                command: service.command.clone(),
                aliases: names,
                health: service.health.clone(),
                init: service.init,
                stop_signal: service.stop_signal.clone(),
                user_labels: service.labels.clone(),
                ..ContainerSpec::new(name, id, service.image_name(), settings, labels)
            })
            .await
            .map_err(failed)?;
        if let Some(shared) = &self.shared_network {
            // Its own names stand for each shard's own service, so the shared network does not know them.
            resources.engine.connect(&container, shared, &[]).await.map_err(failed)?;
        }
        let log = self.log_path(service);
        let unwritable = |error| ServiceError::new(&service.name, format!("cannot write `{}`: {error}", log.display()));
        let member = Member::new(container, &log, resources.redactor.clone()).map_err(unwritable)?;
        *lock(&self.members[place]) = Some(member);
        Ok(())
    }

    async fn run_until_ready(
        &self,
        place: usize,
        progress: Option<&watch::Sender<Progress>>,
        given_up: &CancellationToken,
    ) -> Result<(), ServiceError> {
        let service = &self.services[place];
        if given_up.is_cancelled() {
            return Err(not_wanted(service));
        }
        // Taken out while it is started, for a lock is not held across a call to the engine.
        let mut member = lock(&self.members[place]).take().ok_or_else(|| gone(service))?;
        let started = member.start(&self.resources.engine).await;
        let (container, log, mut exit) = (member.container.clone(), Arc::clone(&member.log), member.exit());
        *lock(&self.members[place]) = Some(member);
        started.map_err(|error| ServiceError::of_engine(&service.name, &error))?;
        if let Some(progress) = progress {
            progress.send_replace(Progress::Started);
        }
        let network = self.network().ok_or_else(|| gone(service))?;
        let looked =
            Looked { engine: &self.resources.engine, service, container: &container, network: &network, log: &log };
        let code = tokio::select! {
            biased;
            ready = looked.wait() => return ready.map_err(|why| ServiceError::new(&service.name, why)),
            () = given_up.cancelled() => return Err(not_wanted(service)),
            ended = exit.wait_for(Option::is_some) => ended.map_or(0, |exit| exit.as_ref().map_or(0, |exit| exit.code)),
        };
        Err(ServiceError::new(&service.name, format!("it ended with exit code {code} before it was ready")))
    }

    async fn remove_member(&self, place: usize) -> Result<(), EngineError> {
        let Some(container) = self.container(place) else { return Ok(()) };
        self.resources.engine.remove(&container).await?;
        let member = lock(&self.members[place]).take();
        if let Some(mut member) = member {
            member.finish().await;
        }
        Ok(())
    }

    /// Removes the volumes that no service that goes on has.
    async fn remove_free_volumes(&self) {
        let used: Vec<String> = self
            .services
            .iter()
            .enumerate()
            .filter(|(place, _)| lock(&self.members[*place]).is_some())
            .flat_map(|(_, service)| &service.container.mounts)
            .filter_map(|mount| match &mount.source {
                MountSource::Volume(Some(name)) => Some(format!("{}-{name}", self.prefix)),
                MountSource::Volume(None)
                | MountSource::Existing(_)
                | MountSource::Host(_)
                | MountSource::Tmpfs { .. } => None,
            })
            .collect();
        let free: Vec<String> = lock(&self.volumes).extract_if(.., |name| !used.contains(name)).collect();
        for id in free {
            let object = OwnedObject { kind: ObjectKind::Volume, id, labels: self.resources.labels.clone() };
            // What stays is removed with the run.
            let _ = self.resources.engine.remove_object(&object).await;
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.services.iter().position(|service| service.name == name)
    }

    fn container(&self, place: usize) -> Option<crate::engine::ContainerId> {
        lock(&self.members[place]).as_ref().map(|member| member.container.clone())
    }

    fn log_path(&self, service: &Service) -> PathBuf {
        lock(&self.logs).join(format!("{}.log", service.name))
    }

    fn with_last_lines(&self, place: usize, error: ServiceError) -> ServiceError {
        let lines = lock(&self.members[place]).as_ref().map(|member| member.log.last_lines());
        error.with_last_lines(lines.unwrap_or_default())
    }
}

fn not_wanted(service: &Service) -> ServiceError {
    ServiceError::new(&service.name, "it is not wanted any more, as another one has failed")
}

fn gone(service: &Service) -> ServiceError {
    ServiceError::new(&service.name, "its container is gone")
}
