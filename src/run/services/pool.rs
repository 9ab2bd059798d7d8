//! The services of a run: one set for each shard that runs, and one that all shards share.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use super::error::ServiceError;
use super::lock;
use super::set::{ServiceEnd, ServiceSet};
use super::snapshot::Snapshot;
use crate::engine::{ContainerId, Engine, EngineError, Image, ImageRequest, Labels, NetworkSpec};
use crate::model::{Dependency, Network, Reset, Service, ServiceScope, Services, ShardId, Slot, Subnet};
use crate::report::Redactor;
use crate::run::cancel::Cancel;
use crate::schedule::Signal;

/// How many shards in a row may lack a service before nobody waits for it any more.
const MOST_FAILURES: u32 = 2;
/// Addresses of a network that no container gets: its own, its gateway's and the one for all.
const RESERVED_ADDRESSES: usize = 3;

/// What all sets of a run use.
pub(super) struct Resources {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) labels: Labels,
    /// Whether the run is asked to end at once.
    cancel: Cancel,
    /// What masks secrets in logs.
    pub(super) redactor: Option<Arc<Redactor>>,
    /// Whether the networks lead nowhere.
    pub(super) internal: bool,
    range: Subnet,
    images: Mutex<HashMap<String, Arc<OnceCell<Image>>>>,
    snapshots: Mutex<HashMap<String, Arc<OnceCell<Snapshot>>>>,
}

/// The services of a run.
pub(crate) struct ServicePool {
    resources: Arc<Resources>,
    own: Vec<Service>,
    shared: Vec<Service>,
    needs: Vec<Dependency>,
    /// A network that exists already, which shards are on too.
    outside: Option<String>,
    dir: PathBuf,
    shared_set: OnceCell<ServiceSet>,
    kept: Mutex<HashMap<Slot, ServiceSet>>,
    failures: AtomicU32,
    last_failure: Mutex<Option<ServiceError>>,
}

/// The services that a shard has for as long as it runs.
pub(crate) struct Lease {
    slot: Slot,
    set: ServiceSet,
    shared_network: Option<String>,
    outside: Option<String>,
}

impl ServicePool {
    /// Makes the pool of a run; nothing is started yet. `dir` is the run's directory.
    pub(crate) fn new(
        engine: Arc<dyn Engine>,
        labels: Labels,
        services: &Services,
        network: &Network,
        dir: &Path,
        redactor: Option<Arc<Redactor>>,
        cancel: Cancel,
    ) -> Self {
        let (own, shared) = services.list.iter().cloned().partition(|service| service.per == ServiceScope::Shard);
        let outside = match network {
            Network::Named(name) => Some(name.clone()),
            Network::None | Network::Bridge => None,
        };
        let resources = Resources {
            engine,
            labels,
            cancel,
            redactor,
            internal: *network != Network::Bridge,
            range: services.subnets,
            images: Mutex::default(),
            snapshots: Mutex::default(),
        };
        Self {
            resources: Arc::new(resources),
            own,
            shared,
            needs: services.needs.clone(),
            outside,
            dir: dir.to_owned(),
            shared_set: OnceCell::new(),
            kept: Mutex::default(),
            failures: AtomicU32::new(0),
            last_failure: Mutex::default(),
        }
    }

    /// Prepares what a shard of a slot needs; [`ServicePool::start`] brings it up, and [`ServicePool::take_back`] takes it back,
    /// on every path.
    pub(crate) async fn lease(&self, slot: Slot, shard: ShardId, logs: &Path) -> Result<Lease, ServiceError> {
        self.check_failures()?;
        let shared_network = if self.shared.is_empty() { None } else { self.shared_set().await?.network() };
        let kept = lock(&self.kept).remove(&slot);
        let set = kept.unwrap_or_else(|| {
            // Not after the slot: the services of its last shard may still be on their way out.
            let name = shard.to_string();
            ServiceSet::new(
                Arc::clone(&self.resources),
                &name,
                self.own.clone(),
                shared_network.clone(),
                logs.to_owned(),
            )
        });
        Ok(Lease { slot, set, shared_network, outside: self.outside.clone() })
    }

    /// Brings up the services of a lease and waits until they are ready.
    pub(crate) async fn start(&self, lease: &Lease, logs: &Path) -> Result<(), ServiceError> {
        let started = match lease.set.network() {
            None => lease.set.start().await,
            Some(_) => lease.set.reset(logs.to_owned()).await,
        };
        let waited = match started {
            Ok(()) => lease.set.wait_for(&self.needs).await,
            failed => failed,
        };
        match &waited {
            Ok(()) => self.failures.store(0, Ordering::Relaxed),
            Err(error) => self.remember(error),
        }
        waited
    }

    /// Returns the address of each service that a shard reaches.
    pub(crate) async fn addresses(&self, lease: &Lease) -> Result<Vec<(String, String)>, EngineError> {
        let mut addresses = lease.set.addresses().await?;
        if let Some(shared) = self.shared_set.get() {
            addresses.extend(shared.addresses().await?);
        }
        Ok(addresses)
    }

    /// Takes a lease back. What serves the slot's next shard is kept, the rest is returned, to be removed by
    /// [`Lease::remove`].
    pub(crate) fn take_back(&self, lease: Lease, healthy: bool) -> Option<Lease> {
        if !healthy || !lease.set.can_be_reset() {
            return Some(lease);
        }
        let before = lock(&self.kept).insert(lease.slot, lease.set);
        before.map(|set| Lease { slot: lease.slot, set, shared_network: None, outside: None })
    }

    /// Removes everything that is still there, at the run's end. Returns what could not be removed.
    pub(crate) async fn close(&self) -> Vec<EngineError> {
        let kept: Vec<ServiceSet> = lock(&self.kept).drain().map(|(_, set)| set).collect();
        let mut errors: Vec<EngineError> =
            futures::future::join_all(kept.iter().map(|set| set.remove(true))).await.into_iter().flatten().collect();
        if let Some(set) = self.shared_set.get() {
            errors.extend(set.remove(true).await);
        }
        let snapshots: Vec<_> = lock(&self.resources.snapshots).drain().map(|(_, cell)| cell).collect();
        for snapshot in snapshots.iter().filter_map(|cell| cell.get()) {
            errors.extend(self.resources.engine.remove_image(&snapshot.image.0).await.err());
        }
        errors
    }

    /// Starts the services that all shards share, once.
    async fn shared_set(&self) -> Result<&ServiceSet, ServiceError> {
        let start = async {
            // Whoever waited for another's attempt need not make one as well.
            self.check_failures()?;
            let logs = self.dir.join("services");
            let set = ServiceSet::new(Arc::clone(&self.resources), "run", self.shared.clone(), None, logs);
            match set.start().await {
                Ok(()) => Ok(set),
                Err(error) => {
                    // What stays is removed at the run's end by its labels.
                    set.remove(false).await;
                    self.remember(&error);
                    Err(error)
                }
            }
        };
        self.shared_set.get_or_try_init(|| start).await
    }

    /// Fails as the last shard did, when too many in a row have.
    fn check_failures(&self) -> Result<(), ServiceError> {
        if self.failures.load(Ordering::Relaxed) < MOST_FAILURES {
            return Ok(());
        }
        lock(&self.last_failure).clone().map_or(Ok(()), Err)
    }

    fn remember(&self, error: &ServiceError) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        *lock(&self.last_failure) = Some(error.clone());
    }
}

impl Lease {
    /// Returns the network that the shard's container is created on; `None` when the shard has no services of its own.
    pub(crate) fn network(&self) -> Option<String> {
        self.set.network()
    }

    /// Returns the engine's name of a volume that services of the shard have by this one.
    pub(crate) fn volume(&self, name: &str) -> Option<String> {
        self.set.volume(name)
    }

    /// Attaches the shard's created container to the other networks that it is on.
    pub(crate) async fn connect(&self, engine: &dyn Engine, container: &ContainerId) -> Result<(), EngineError> {
        for network in self.shared_network.iter().chain(&self.outside) {
            engine.connect(container, network, &[]).await?;
        }
        Ok(())
    }

    /// Tells of each service where its log is, and how it ended if it has.
    pub(crate) fn ends(&self) -> Vec<ServiceEnd> {
        self.set.ends()
    }

    /// Stops and removes the services. Returns what could not be removed.
    pub(crate) async fn remove(&self, politely: bool) -> Vec<EngineError> {
        self.set.remove(politely).await
    }
}

impl Resources {
    /// Stops a service's container with its own signal and grace, which a second request to end the run cuts short.
    pub(super) async fn stop(&self, container: &ContainerId, service: &Service) -> Result<(), EngineError> {
        let mut stopping = pin!(self.engine.stop(container, service.stop_grace));
        tokio::select! {
            stopped = &mut stopping => return stopped,
            () = self.cancel.requested_again() => {}
        }
        // One that is gone meanwhile needs no signal, and the end is waited for in any case.
        let _ = self.engine.signal(container, Signal::Kill).await;
        stopping.await
    }

    /// Finds a service's image, once for all sets.
    pub(super) async fn image(&self, service: &Service) -> Result<Image, ServiceError> {
        let name = service.image_name();
        let cell = Arc::clone(lock(&self.images).entry(name.to_owned()).or_default());
        let request = ImageRequest::new(name);
        let found = cell.get_or_try_init(|| self.engine.image(&request)).await;
        found.cloned().map_err(|error| ServiceError::of_engine(&service.name, &error))
    }

    /// Returns the files that a service of a name begins with. The first that asks makes it ready; `make` gives its container,
    /// stopped.
    pub(super) async fn snapshot(
        &self,
        service: &Service,
        make: impl Future<Output = Result<ContainerId, ServiceError>>,
    ) -> Result<Taken, ServiceError> {
        let cell = Arc::clone(lock(&self.snapshots).entry(service.name.clone()).or_default());
        let image = self.image(service).await?;
        let tag = format!("{}-{}", self.labels.run, service.name);
        cell.get_or_try_init(|| async {
            let container = make.await?;
            let taken = Snapshot::take(&self.engine, service, &image, &container, &tag).await;
            taken.map_err(|error| ServiceError::of_engine(&service.name, &error))
        })
        .await?;
        debug_assert_eq!(service.reset, Reset::Snapshot, "only such services are cloned");
        Ok(Taken(cell))
    }

    /// Makes a network with addresses that nobody else has.
    pub(super) async fn make_network(
        &self,
        containers: usize,
        spec: impl Fn(String) -> NetworkSpec,
    ) -> Result<(), ServiceError> {
        let of_engine = |error: EngineError| ServiceError::of_network(error.in_full());
        let mut taken: Vec<Subnet> = host_routes();
        let networks = self.engine.subnets().await.map_err(of_engine)?;
        taken.extend(networks.iter().filter_map(|text| text.parse::<Subnet>().ok()));
        // One more for the shard, and as many again for containers that take the place of others.
        let addresses = (2 * (containers + 1) + RESERVED_ADDRESSES).next_power_of_two();
        let bits = u8::try_from(32 - addresses.trailing_zeros()).unwrap_or(24).min(28);
        let start = uuid::Uuid::now_v7().as_u128() as u32;
        let mut last = None;
        for subnet in self.range.free(bits, start, &taken).take(64) {
            match self.engine.create_network(&spec(subnet.to_string())).await {
                Ok(()) => return Ok(()),
                // Somebody else took it meanwhile, or a route of the engine's host lies there.
                Err(error) if error.in_full().contains("overlap") => last = Some(error),
                Err(error) => return Err(of_engine(error)),
            }
        }
        let why = last.map(|error| format!(": {}", error.in_full())).unwrap_or_default();
        let detail = format!("no free addresses are left in {}{why}; give another range with `--subnets`", self.range);
        Err(ServiceError::of_network(detail))
    }
}

/// A snapshot that has been taken.
pub(super) struct Taken(Arc<OnceCell<Snapshot>>);

impl std::ops::Deref for Taken {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        self.0.get().expect("it is handed out after it has been taken")
    }
}

/// Reads the blocks that this machine has routes to (proc(5), `/proc/net/route`); none where there is no such file.
fn host_routes() -> Vec<Subnet> {
    let text = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |place: usize| u32::from_str_radix(fields.get(place)?, 16).ok().map(u32::swap_bytes);
        let (address, mask) = (number(1)?, number(7)?);
        let block = format!("{}/{}", std::net::Ipv4Addr::from_bits(address & mask), mask.count_ones());
        (mask != 0).then(|| block.parse().ok())?
    };
    text.lines().skip(1).filter_map(route).collect()
}
