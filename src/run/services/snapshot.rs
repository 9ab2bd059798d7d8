//! The files of a service that is ready, so that others of it begin where it stood.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;

use crate::engine::{CACHE_LABEL, CommitSpec, ContainerId, Engine, EngineError, Image, Labels, TarStream};
use crate::model::{ImageId, Mount, MountSource, Service};

/// How many bytes of a volume travel at once.
const PIECE_BYTES: usize = 256 << 10;
/// The name of the images.
const REPOSITORY: &str = "minke-service";

/// The image of a stopped service, and what was in its volumes.
pub(super) struct Snapshot {
    pub(super) image: ImageId,
    volumes: Vec<(String, Arc<File>)>,
}

impl Snapshot {
    /// Takes the files of a service's container that has been stopped.
    pub(super) async fn take(
        engine: &Arc<dyn Engine>,
        service: &Service,
        image: &Image,
        container: &ContainerId,
        tag: &str,
    ) -> Result<Self, EngineError> {
        let mut volumes = Vec::new();
        for path in volumes_of(service, image) {
            let Some(mut archive) = engine.archive(container, &path).await? else { continue };
            let kept = |source: io::Error| EngineError::Operation {
                operation: format!("keep the volume `{path}` of service `{}`", service.name),
                source: Box::new(source),
            };
            let mut file = tempfile::tempfile().map_err(kept)?;
            while let Some(piece) = archive.next().await {
                file.write_all(&piece?).map_err(kept)?;
            }
            volumes.push((path, Arc::new(file)));
        }
        let spec = CommitSpec {
            repository: REPOSITORY.to_owned(),
            tag: tag.to_owned(),
            entrypoint: image.entrypoint.clone(),
            user: image.user.clone(),
            emptied_env: service.container.env.iter().map(|var| var.name.clone()).collect(),
            labels: Labels::blank().into_iter().chain([(CACHE_LABEL.to_owned(), "service".to_owned())]).collect(),
        };
        Ok(Self { image: engine.commit(container, &spec).await?, volumes })
    }

    /// Puts the volumes' files into a created container.
    pub(super) async fn put(&self, engine: &Arc<dyn Engine>, container: &ContainerId) -> Result<(), EngineError> {
        for (path, file) in &self.volumes {
            let above = Path::new(path).parent().and_then(Path::to_str).unwrap_or("/");
            engine.put(container, above, stream(Arc::clone(file))).await?;
        }
        Ok(())
    }
}

/// Lists the directories of a service that are not in its image: the image's volumes, and its own that it may write to.
fn volumes_of(service: &Service, image: &Image) -> Vec<String> {
    let mounts = &service.container.mounts;
    let is_own = |mount: &&Mount| matches!(mount.source, MountSource::Volume(_)) && !mount.read_only;
    let own = mounts.iter().filter(is_own).map(|mount| &mount.container);
    let of_image = image.volumes.iter().filter(|path| !mounts.iter().any(|mount| mount.container == **path));
    own.chain(of_image).cloned().collect()
}

fn stream(file: Arc<File>) -> TarStream {
    futures::stream::unfold(0_u64, move |at| {
        let file = Arc::clone(&file);
        async move {
            let mut piece = vec![0; PIECE_BYTES];
            match file.read_at(&mut piece, at) {
                Ok(0) => None,
                Ok(read) => {
                    piece.truncate(read);
                    Some((Ok(Bytes::from(piece)), at + read as u64))
                }
                Err(error) => Some((Err(error), at)),
            }
        }
    })
    .boxed()
}
