//! A container that is created and never started, to look into an image with.

use std::sync::Arc;

use crate::engine::{ContainerId, ContainerSpec, Engine, EngineError, PathKind, read_text};

/// How many links one after another are followed.
const MOST_LINKS: usize = 8;

/// An image opened for looking at; its files are read through the engine, so it needs neither a shell nor anything else.
pub struct Probe {
    engine: Arc<dyn Engine>,
    container: ContainerId,
    work_dir: String,
    image: String,
}

impl Probe {
    /// Creates the container. [`Probe::close`] must be called on every path.
    ///
    /// # Errors
    /// If the engine cannot create it.
    pub async fn open(engine: Arc<dyn Engine>, spec: &ContainerSpec, work_dir: &str) -> Result<Self, EngineError> {
        let container = engine.create(spec).await?;
        Ok(Self { engine, container, work_dir: work_dir.to_owned(), image: spec.image_name.clone() })
    }

    /// Removes the container.
    ///
    /// # Errors
    /// If the engine cannot remove it.
    pub async fn close(self) -> Result<(), EngineError> {
        self.engine.remove(&self.container).await
    }

    /// Returns the image as the user named it.
    pub(super) fn image(&self) -> &str {
        &self.image
    }

    /// Returns the directory that relative paths start from.
    pub fn work_dir(&self) -> &str {
        &self.work_dir
    }

    /// Makes a path absolute.
    pub(super) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        let base = self.work_dir.trim_end_matches('/');
        if path == "." { format!("{base}/") } else { format!("{base}/{path}") }
    }

    /// Says what a path is after following links, and where it really is; `None` when there is nothing.
    ///
    /// # Errors
    /// If the engine cannot tell.
    pub async fn look(&self, path: &str) -> Result<Option<(PathKind, String)>, EngineError> {
        let mut path = self.absolute(path);
        for _ in 0..MOST_LINKS {
            match self.engine.stat(&self.container, &path).await? {
                Some(PathKind::Link { target }) if target != path => path = target,
                Some(kind) => return Ok(Some((kind, path))),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Reads the first MiB of a file; what is not UTF-8 in it is replaced.
    pub(super) async fn read_text(&self, path: &str) -> Result<String, EngineError> {
        read_text(&*self.engine, &self.container, path).await
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    pub(super) fn container(&self) -> &ContainerId {
        &self.container
    }
}
