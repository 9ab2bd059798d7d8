//! Reading archives of containers, which come as streams, with readers that wait.

use std::io::{self, Read};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::{ContainerId, Engine, EngineError};

/// How much of a text file is read, in bytes.
const TEXT_BYTES: u64 = 1 << 20;

/// Reads an archive on a thread that may wait; `operation` says in an error what was to be done.
pub(crate) async fn read_archive<T: Send + 'static>(
    archive: BoxStream<'static, Result<Bytes, EngineError>>,
    operation: String,
    read: impl FnOnce(Box<dyn Read + Send>) -> io::Result<T> + Send + 'static,
) -> Result<T, EngineError> {
    let reader = SyncIoBridge::new(StreamReader::new(archive.map_err(io::Error::other).boxed()));
    let done = tokio::task::spawn_blocking(move || read(Box::new(reader))).await;
    let done = done.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    done.map_err(|source| EngineError::Operation { operation, source: Box::new(source) })
}

/// Reads the beginning of a text file in the image that a container is of; one that is not there is empty. Bytes that are no
/// UTF-8 are replaced.
pub(crate) async fn read_text(engine: &dyn Engine, container: &ContainerId, path: &str) -> Result<String, EngineError> {
    let Some(archive) = engine.archive(container, path).await? else { return Ok(String::new()) };
    let first_file = |reader| {
        let mut bytes = Vec::new();
        if let Some(entry) = tar::Archive::new(reader).entries()?.next() {
            entry?.take(TEXT_BYTES).read_to_end(&mut bytes)?;
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read_archive(archive, format!("read `{path}` in the image"), first_file).await
}
