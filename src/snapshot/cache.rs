//! The images that minke has made on an engine.

use super::SnapshotError;
use crate::engine::{CACHE_LABEL, CachedImage, Engine, EngineError};

/// An image of minke's own making.
#[derive(Debug, Clone)]
pub struct CacheEntry {
    /// Its kind: `sources`, `setup` or `service`.
    pub kind: String,
    /// The image.
    pub image: CachedImage,
}

/// Lists the images that minke has made, the newest first.
///
/// # Errors
/// If the engine cannot list its images.
pub async fn cached(engine: &dyn Engine) -> Result<Vec<CacheEntry>, SnapshotError> {
    let found = engine.images_with_label(CACHE_LABEL).await?;
    let entry = |image: CachedImage| {
        let kind = image.labels.iter().find(|(name, _)| name == CACHE_LABEL).map(|(_, kind)| kind.clone());
        CacheEntry { kind: kind.unwrap_or_default(), image }
    };
    let mut entries: Vec<CacheEntry> = found.into_iter().map(entry).collect();
    entries.sort_by(|a, b| b.image.created.cmp(&a.image.created).then_with(|| a.image.id.0.cmp(&b.image.id.0)));
    Ok(entries)
}

/// Removes images that minke has made, and returns those that are gone and those that stay, with the reason.
///
/// The newest come first, as [`cached`] lists them: an image that another one is made of cannot be removed before it.
pub async fn prune(engine: &dyn Engine, entries: Vec<CacheEntry>) -> (Vec<CacheEntry>, Vec<(CacheEntry, EngineError)>) {
    let mut removed = Vec::new();
    let mut kept = Vec::new();
    for entry in entries {
        match engine.remove_image(&entry.image.id.0).await {
            Ok(()) => removed.push(entry),
            Err(error) => kept.push((entry, error)),
        }
    }
    (removed, kept)
}
