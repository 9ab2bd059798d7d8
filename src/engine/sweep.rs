//! Removal of what earlier runs left behind.

use jiff::Timestamp;

use super::{Engine, EngineError, OwnedContainer};
use crate::model::RunId;

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// Containers that were removed, or would be in a dry run.
    pub removed: Vec<OwnedContainer>,
    /// Containers of runs that are still alive, or may be.
    pub kept: Vec<OwnedContainer>,
    /// Containers that should have been removed and could not be.
    pub failed: Vec<(OwnedContainer, EngineError)>,
}

/// Removes the containers whose owner is gone or whose time has passed, running ones included.
///
/// A container without minke's labels is never touched, nor is one whose owner lives, however long it has lived, or may
/// live.
///
/// # Errors
/// If the engine cannot list its containers.
pub async fn sweep(engine: &dyn Engine, now: Timestamp, dry_run: bool) -> Result<Swept, EngineError> {
    let mut swept = Swept::default();
    for container in engine.owned().await? {
        let labels = &container.labels;
        let alive = labels.owner.is_this_process() || labels.owner.is_alive();
        let abandoned = !alive && (labels.owner.is_dead() || labels.expires < now);
        if !abandoned {
            swept.kept.push(container);
        } else if dry_run {
            swept.removed.push(container);
        } else {
            match engine.remove(&container.id).await {
                Ok(()) => swept.removed.push(container),
                Err(error) => swept.failed.push((container, error)),
            }
        }
    }
    Ok(swept)
}

/// Removes every container of one run, whoever owns it, and returns those that there were.
///
/// # Errors
/// If the engine cannot list its containers, or cannot remove one.
pub async fn remove_run(engine: &dyn Engine, run: RunId) -> Result<Vec<OwnedContainer>, EngineError> {
    let mut left = engine.owned().await?;
    left.retain(|container| container.labels.run == run);
    for container in &left {
        engine.remove(&container.id).await?;
    }
    Ok(left)
}
