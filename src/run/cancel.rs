//! How the world tells a run to stop.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::CancelReason;

/// A handle that stops a run: politely at the first request, at once at the second.
#[derive(Debug, Clone)]
pub struct Cancel {
    requests: Arc<watch::Sender<Requests>>,
}

/// What has been requested so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Requests {
    pub(super) first: Option<CancelReason>,
    pub(super) again: bool,
}

impl Cancel {
    /// Makes a handle that nobody has used yet.
    pub fn new() -> Self {
        Self { requests: Arc::new(watch::Sender::new(Requests::default())) }
    }

    /// Asks the run to stop: no new units, containers get SIGINT, SIGTERM and SIGKILL within the grace. Asked again,
    /// it kills them now. The first reason counts.
    pub fn request(&self, reason: CancelReason) {
        self.requests.send_modify(|requests| match requests.first {
            None => requests.first = Some(reason),
            Some(_) => requests.again = true,
        });
    }

    /// Waits for the first request and returns its reason.
    pub async fn requested(&self) -> CancelReason {
        let mut requests = self.subscribe();
        loop {
            if let Some(reason) = &requests.borrow_and_update().first {
                return reason.clone();
            }
            // The sender lives as long as this handle.
            let _ = requests.changed().await;
        }
    }

    /// Waits for the second request.
    pub(super) async fn requested_again(&self) {
        // The sender lives as long as this handle.
        let _ = self.subscribe().wait_for(|requests| requests.again).await;
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Requests> {
        self.requests.subscribe()
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
