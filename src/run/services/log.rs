//! What a service prints, on its way to a file.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use super::lock;
use crate::engine::Output;
use crate::report::{Masking, Redactor};

/// How many bytes of the end are looked at for the last lines.
const TAIL_BYTES: u64 = 4096;
/// How many lines an error shows.
const LAST_LINES: usize = 15;

/// The log of one service; both of its streams, as they come.
pub(super) struct ServiceLog {
    file: Mutex<Target>,
    written: watch::Sender<u64>,
}

/// Where a log goes.
struct Target {
    path: PathBuf,
    file: File,
    /// How many bytes of others stood in the file before.
    before: u64,
    masking: Masking<Arc<Redactor>>,
}

impl ServiceLog {
    pub(super) fn create(path: &Path, redactor: Option<Arc<Redactor>>) -> io::Result<Self> {
        let (file, before) = open(path)?;
        let target = Target { path: path.to_owned(), file, before, masking: Masking::new(redactor) };
        Ok(Self { file: Mutex::new(target), written: watch::Sender::new(0) })
    }

    /// Goes on in another file.
    pub(super) fn redirect(&self, path: &Path) -> io::Result<()> {
        let (file, before) = open(path)?;
        let mut target = self.target();
        (target.path, target.file, target.before) = (path.to_owned(), file, before);
        self.written.send_replace(0);
        Ok(())
    }

    pub(super) fn take(&self, piece: &Output) -> io::Result<()> {
        let (Output::Stdout(bytes) | Output::Stderr(bytes)) = piece;
        let mut target = self.target();
        let masked = target.masking.feed(bytes);
        self.keep(&mut target, &masked)
    }

    /// Writes what was held back because a secret might have begun with it.
    pub(super) fn end(&self) -> io::Result<()> {
        let mut target = self.target();
        let rest = target.masking.end();
        self.keep(&mut target, &rest)
    }

    fn keep(&self, target: &mut Target, bytes: &[u8]) -> io::Result<()> {
        target.file.write_all(bytes)?;
        self.written.send_modify(|written| *written += bytes.len() as u64);
        Ok(())
    }

    fn target(&self) -> MutexGuard<'_, Target> {
        lock(&self.file)
    }

    /// Tells how many bytes were written, and each time when there are more.
    pub(super) fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Reads what stands behind the first `from` bytes.
    pub(super) fn read_from(&self, from: u64) -> io::Result<Vec<u8>> {
        let (path, before) = {
            let target = self.target();
            (target.path.clone(), target.before)
        };
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(before + from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns the last lines.
    pub(super) fn last_lines(&self) -> String {
        let from = self.written.borrow().saturating_sub(TAIL_BYTES);
        let bytes = self.read_from(from).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }
}

/// Opens a file to go on in it; returns how many bytes it has.
fn open(path: &Path) -> io::Result<(File, u64)> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let file = File::options().create(true).append(true).open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}
