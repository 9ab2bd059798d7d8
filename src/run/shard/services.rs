//! The services of a shard, from its beginning to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::{Life, REMOVE_LIMIT_LOST, ShardTask};
use crate::engine::EngineError;
use crate::model::{Cause, OutputFile, ServiceLog};
use crate::run::services::{Lease, ServiceEnd};
use crate::schedule::{Input, LaunchFailure, ShardReport};

/// How long it may take to stop and remove the services of a shard.
const REMOVE_SERVICES_LIMIT: Duration = Duration::from_secs(300);
/// The directory of a shard's directory that the logs of its services are in.
const SERVICES_DIR: &str = "services";

impl ShardTask {
    /// Brings up the shard's services; false when the shard ends here, and `life` says why.
    pub(super) async fn has_services(&mut self, life: &mut Life, lease: &mut Option<Lease>) -> bool {
        let shared = Arc::clone(&self.shared);
        let Some(pool) = &shared.services else { return true };
        let logs = self.dir.join(SERVICES_DIR);
        let starting = async {
            let lease = lease.insert(pool.lease(self.slot, self.shard, &logs).await?);
            pool.start(lease, &logs).await
        };
        let started = tokio::select! {
            started = starting => started,
            Some(control) = self.control.recv() => {
                life.stop = Some(control.why);
                return false;
            }
        };
        match started {
            Ok(()) => true,
            Err(error) => {
                life.failure = Some(LaunchFailure { cause: Cause::Service, detail: error.to_string() });
                false
            }
        }
    }

    /// Tells what there is of the services' logs, with paths relative to the run's directory.
    pub(super) fn service_logs(&self, lease: &Lease) -> Vec<ServiceLog> {
        let log = |end: ServiceEnd| {
            let path = self.in_run_dir(&end.log);
            ServiceLog { name: end.name, log: OutputFile { path, bytes: end.bytes }, exit: end.exit }
        };
        lease.ends().into_iter().map(log).collect()
    }

    /// Hands the services back for the next shard, or returns them to be removed, and tells of those that ended by themselves.
    pub(super) async fn give_back(&self, lease: Option<Lease>, report: &ShardReport) -> Option<Lease> {
        let (lease, pool) = (lease?, self.shared.services.as_ref()?);
        for end in lease.ends() {
            if let Some(exit) = end.exit.filter(|exit| exit.code != 0) {
                let log = end.log.display();
                let text = format!("service `{}` of shard {} ended with exit code {}", end.name, self.shard, exit.code);
                self.tell(Input::Warn(format!("{text}; its log is `{log}`"))).await;
            }
        }
        let healthy = report.exit.is_some() && !self.shared.engine_lost.is_cancelled();
        pool.take_back(lease, healthy)
    }

    pub(super) async fn remove_services(&self, lease: &Lease) {
        let (politely, limit) = match self.shared.engine_lost.is_cancelled() {
            true => (false, REMOVE_LIMIT_LOST),
            false => (true, REMOVE_SERVICES_LIMIT),
        };
        let errors = match timeout(limit, lease.remove(politely)).await {
            Ok(errors) => errors.iter().map(EngineError::in_full).collect(),
            Err(_) => vec![format!("the engine did not remove them within {} s", limit.as_secs())],
        };
        for error in errors {
            let text = format!("services of shard {} may be left behind: {error}; run `minke clean`", self.shard);
            self.tell(Input::Warn(text)).await;
        }
    }
}
