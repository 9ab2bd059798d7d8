//! One running service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::log::ServiceLog;
use crate::engine::{ContainerId, Engine, EngineError};
use crate::model::ContainerExit;
use crate::report::Redactor;

/// How long the last output of a container may take after its end.
const LAST_OUTPUT: Duration = Duration::from_secs(5);

/// A container of a service, what it prints and how it ends.
pub(super) struct Member {
    pub(super) container: ContainerId,
    pub(super) log: Arc<ServiceLog>,
    /// How it ended; `None` while it runs.
    exit: watch::Sender<Option<ContainerExit>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Member {
    /// Takes a created container.
    pub(super) fn new(container: ContainerId, log: &Path, redactor: Option<Arc<Redactor>>) -> std::io::Result<Self> {
        let log = Arc::new(ServiceLog::create(log, redactor)?);
        Ok(Self { container, log, exit: watch::Sender::new(None), tasks: Vec::new() })
    }

    /// Starts the container, or starts it again, and follows its output and its end.
    pub(super) async fn start(&mut self, engine: &Arc<dyn Engine>) -> Result<(), EngineError> {
        self.forget_tasks();
        let mut output = engine.start(&self.container).await?;
        self.exit.send_replace(None);
        let log = Arc::clone(&self.log);
        self.tasks.push(tokio::spawn(async move {
            while let Some(Ok(piece)) = output.next().await {
                // A log that cannot be written must not stop the service; the run's own files tell of a full disk.
                let _ = log.take(&piece);
            }
            let _ = log.end();
        }));
        let (engine, container, exit) = (Arc::clone(engine), self.container.clone(), self.exit.clone());
        self.tasks.push(tokio::spawn(async move {
            let lost = |error: EngineError| ContainerExit { code: -1, oom_killed: false, error: Some(error.in_full()) };
            let ended = engine.wait(&container).await.unwrap_or_else(lost);
            exit.send_replace(Some(ended));
        }));
        Ok(())
    }

    /// Tells how it ended, now and later.
    pub(super) fn exit(&self) -> watch::Receiver<Option<ContainerExit>> {
        self.exit.subscribe()
    }

    /// Takes what an ended container printed last, for as long as the engine may need to hand it over.
    pub(super) async fn finish(&mut self) {
        let _ = timeout(LAST_OUTPUT, join_all(&mut self.tasks)).await;
    }

    fn forget_tasks(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.forget_tasks();
    }
}
