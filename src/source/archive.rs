//! A project's files as a tar stream.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::manifest::{Entry, Kind, Manifest, hex};

/// How many bytes are sent at once.
const PIECE_BYTES: usize = 256 << 10;
/// How many pieces may wait for the engine.
const PIECES: usize = 4;

/// Who files in a container belong to, as numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// Packs entries of a project for a directory of a container, whose absolute path the names in the archive begin with.
///
/// The stream fails when a file is not what the manifest says any more: an image that is named after its content must have
/// that content.
pub fn archive(
    project: &Path,
    manifest: &Manifest,
    paths: Vec<PathBuf>,
    dir: &str,
    owner: Owner,
) -> BoxStream<'static, io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(PIECES);
    let entries: Vec<(PathBuf, Entry)> =
        paths.into_iter().filter_map(|path| Some((path.clone(), manifest.entries.get(&path)?.clone()))).collect();
    let (project, dir) = (project.to_owned(), PathBuf::from(dir.trim_start_matches('/')));
    tokio::task::spawn_blocking(move || {
        let writer = Pieces { sender: sender.clone(), piece: Vec::with_capacity(PIECE_BYTES) };
        if let Err(error) = pack(writer, &project, &entries, &dir, owner) {
            // Nobody listens any more when the engine has refused the archive, and says so itself.
            let _ = sender.blocking_send(Err(error));
        }
    });
    futures::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) }).boxed()
}

fn pack(writer: Pieces, project: &Path, entries: &[(PathBuf, Entry)], dir: &Path, owner: Owner) -> io::Result<()> {
    let mut builder = tar::Builder::new(writer);
    let mut top = header(0o755, owner);
    top.set_entry_type(tar::EntryType::Directory);
    if !dir.as_os_str().is_empty() {
        builder.append_data(&mut top, dir, io::empty())?;
    }
    for (path, entry) in entries {
        let whole = project.join(path);
        let name = dir.join(path);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()));
        let mut header = header(entry.mode, owner);
        if let Ok(metadata) = fs::symlink_metadata(&whole) {
            header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
        }
        match &entry.kind {
            Kind::Directory => {
                header.set_entry_type(tar::EntryType::Directory);
                builder.append_data(&mut header, &name, io::empty())?;
            }
            Kind::Link { target } => {
                header.set_entry_type(tar::EntryType::Symlink);
                builder.append_link(&mut header, &name, target)?;
            }
            Kind::File { bytes, hash } => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_size(*bytes);
                let mut content =
                    Proven { file: File::open(&whole).map_err(named)?, hasher: Sha256::new(), left: *bytes };
                builder.append_data(&mut header, &name, &mut content).map_err(named)?;
                if hex(&content.hasher.finalize()) != *hash {
                    return Err(named(changed()));
                }
            }
        }
    }
    builder.into_inner()?.flush()
}

fn header(mode: u32, owner: Owner) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_uid(owner.uid.into());
    header.set_gid(owner.gid.into());
    header.set_size(0);
    header
}

fn changed() -> io::Error {
    io::Error::other("it was changed while it was copied; run again")
}

/// Reads exactly as many bytes as the archive's header says, and digests them.
struct Proven {
    file: File,
    hasher: Sha256,
    left: u64,
}

impl Read for Proven {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        match self.file.read(&mut buffer[..most])? {
            0 => Err(changed()),
            read => {
                self.hasher.update(&buffer[..read]);
                self.left -= read as u64;
                Ok(read)
            }
        }
    }
}

/// Gathers what is written into pieces and sends them.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES)));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the engine takes no more");
        self.sender.blocking_send(Ok(piece)).map_err(gone)
    }
}
