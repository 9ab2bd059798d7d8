//! Where images are made: an engine, a directory for what is remembered, and the run on whose behalf.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use sha2::{Digest, Sha256};

use super::SnapshotError;
use crate::engine::{
    CACHE_LABEL, CommitSpec, ContainerId, ContainerSpec, Engine, EngineError, Image, Labels, Output, TarStream,
    read_text,
};
use crate::model::{ContainerExit, ContainerSettings};
use crate::source::Owner;

/// The label that holds what images can take the place of each other: the newest is the best of them.
pub(super) const SCOPE: &str = "minke.scope";

/// Where images are made.
#[derive(Clone)]
pub struct Place {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// The directory for what is remembered of the images.
    pub dir: PathBuf,
    /// Whose the containers are that images are made of.
    pub labels: Labels,
}

impl Place {
    /// Describes a container that an image is made of.
    pub(super) fn container(
        &self,
        image: &Image,
        name: &str,
        what: &str,
        settings: ContainerSettings,
    ) -> ContainerSpec {
        let container = format!("minke-{}-{what}", self.labels.run);
        let spec = ContainerSpec::new(container, image.id.clone(), name, settings, self.labels.clone());
        // What a container is given stays in the image that is made of it: so the image keeps its own check.
        ContainerSpec { health: None, ..spec }
    }

    /// Makes an image of a container, which keeps the entry point and the user of the image that the container is of.
    pub(super) async fn commit(
        &self,
        container: &ContainerId,
        from: &Image,
        made: Made<'_>,
    ) -> Result<Image, EngineError> {
        let own = made.labels.into_iter().map(|(name, value)| (name.to_owned(), value));
        let spec = CommitSpec {
            repository: repository(made.kind),
            tag: made.key.to_owned(),
            entrypoint: from.entrypoint.clone(),
            user: from.user.clone(),
            emptied_env: made.emptied_env,
            labels: Labels::blank()
                .into_iter()
                .chain([(CACHE_LABEL.to_owned(), made.kind.to_owned())])
                .chain(own)
                .collect(),
        };
        let id = self.engine.commit(container, &spec).await?.0;
        let gone =
            || EngineError::ImageMissing { image: id.clone(), detail: "somebody removed it just now".to_owned() };
        self.engine.local_image(&id).await?.ok_or_else(gone)
    }

    /// Starts a created container, hands every piece of its output on and waits for its end.
    pub(super) async fn run_to_end(
        &self,
        container: &ContainerId,
        mut take: impl FnMut(&Output) -> io::Result<()>,
    ) -> Result<ContainerExit, EngineError> {
        let mut output = self.engine.start(container).await?;
        while let Some(piece) = output.next().await {
            take(&piece?).map_err(|source| EngineError::Operation {
                operation: "keep the output of a container".to_owned(),
                source: Box::new(source),
            })?;
        }
        self.engine.wait(container).await
    }

    /// Creates a container, puts files into it and removes it again when that or `then` fails.
    pub(super) async fn with_container<T>(
        &self,
        spec: &ContainerSpec,
        then: impl AsyncFnOnce(&ContainerId) -> Result<T, SnapshotError>,
    ) -> Result<T, SnapshotError> {
        let container = self.engine.create(spec).await?;
        let done = then(&container).await;
        let removed = self.engine.remove(&container).await;
        let done = done?;
        removed?;
        Ok(done)
    }

    /// Puts files below the root of a container.
    pub(super) async fn put(&self, container: &ContainerId, tar: TarStream) -> Result<(), EngineError> {
        self.engine.put(container, "/", tar).await
    }
}

/// An image of minke's own making.
pub(super) struct Made<'a> {
    /// Its kind.
    pub(super) kind: &'a str,
    /// Its key.
    pub(super) key: &'a str,
    /// Variables whose values must not stay in it.
    pub(super) emptied_env: Vec<String>,
    /// Labels besides its kind.
    pub(super) labels: Vec<(&'static str, String)>,
}

/// Returns the name of the images of a kind.
pub(super) fn repository(kind: &str) -> String {
    format!("minke-cache/{kind}")
}

/// Returns a digest of several texts, which no other texts have, as the tag of an image.
pub(super) fn key(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses a directory that is in a volume of the image.
pub(super) fn outside_volumes(image: &Image, name: &str, dir: &str) -> Result<(), SnapshotError> {
    let covers = |volume: &&String| Path::new(dir).starts_with(volume);
    match image.volumes.iter().find(covers) {
        Some(volume) => Err(SnapshotError::InVolume { image: name.to_owned(), volume: volume.clone() }),
        None => Ok(()),
    }
}

/// Finds out who the files of a container's user belong to: `user`, or the image's own. A name is looked up in the image's
/// `/etc/passwd` and `/etc/group`.
///
/// # Errors
/// [`EngineError::UserMissing`] for a name that the image does not know.
pub async fn owner_of(place: &Place, image: &Image, name: &str, user: Option<&str>) -> Result<Owner, EngineError> {
    let wanted = user.unwrap_or(&image.user);
    let (user, group) = wanted.split_once(':').map_or((wanted, None), |(user, group)| (user, Some(group)));
    if user.is_empty() || user == "root" && group.is_none() {
        return Ok(Owner::default());
    }
    if let (Ok(uid), Some(Ok(gid))) = (user.parse(), group.map(str::parse)) {
        return Ok(Owner { uid, gid });
    }
    let spec = place.container(image, name, "users", ContainerSettings::default()).never_started(false);
    let container = place.engine.create(&spec).await?;
    let passwd = read_text(&*place.engine, &container, "/etc/passwd").await;
    let groups = read_text(&*place.engine, &container, "/etc/group").await;
    place.engine.remove(&container).await?;
    let (passwd, groups) = (passwd?, groups?);
    let entry = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&user) || (user.parse::<u32>().is_ok() && fields.get(2) == Some(&user)));
    let number = |text: Option<&&str>| text.and_then(|text| text.parse::<u32>().ok());
    let missing = || EngineError::UserMissing { user: wanted.to_owned() };
    let uid = user.parse().ok().or_else(|| number(entry.as_ref()?.get(2))).ok_or_else(missing)?;
    let gid = match group {
        None => number(entry.as_ref().and_then(|fields| fields.get(3))).unwrap_or(0),
        Some(group) => {
            let line = groups
                .lines()
                .map(|line| line.split(':').collect::<Vec<_>>())
                .find(|line| line.first() == Some(&group));
            group.parse().ok().or_else(|| number(line.as_ref()?.get(2))).ok_or_else(missing)?
        }
    };
    Ok(Owner { uid, gid })
}
