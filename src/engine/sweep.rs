//! Removal of what earlier runs left behind.

use jiff::Timestamp;

use super::{Engine, EngineError, OwnedObject};
use crate::model::RunId;

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// What was removed, or would be in a dry run.
    pub removed: Vec<OwnedObject>,
    /// What belongs to runs that are still alive, or may be.
    pub kept: Vec<OwnedObject>,
    /// What should have been removed and could not be.
    pub failed: Vec<(OwnedObject, EngineError)>,
}

/// Removes the containers, networks and volumes whose owner is gone or whose time has passed, running ones included.
///
/// What is without minke's labels is never touched, nor is one whose owner lives, however long it has lived, or may
/// live.
///
/// # Errors
/// If the engine cannot list what it has.
pub async fn sweep(engine: &dyn Engine, now: Timestamp, dry_run: bool) -> Result<Swept, EngineError> {
    let mut swept = Swept::default();
    for object in engine.owned().await? {
        let labels = &object.labels;
        let alive = labels.owner.is_this_process() || labels.owner.is_alive();
        let abandoned = !alive && (labels.owner.is_dead() || labels.expires < now);
        if !abandoned {
            swept.kept.push(object);
        } else if dry_run {
            swept.removed.push(object);
        } else {
            match engine.remove_object(&object).await {
                Ok(()) => swept.removed.push(object),
                Err(error) => swept.failed.push((object, error)),
            }
        }
    }
    Ok(swept)
}

/// Removes everything of one run, whoever owns it, and returns what there was.
///
/// # Errors
/// If the engine cannot list what it has, or cannot remove some of it.
pub async fn remove_run(engine: &dyn Engine, run: RunId) -> Result<Vec<OwnedObject>, EngineError> {
    let mut left = engine.owned().await?;
    left.retain(|object| object.labels.run == run);
    for object in &left {
        engine.remove_object(object).await?;
    }
    Ok(left)
}
