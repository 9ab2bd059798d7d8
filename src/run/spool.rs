//! A shard's output on its way to disk. Never more than a buffer and a tail of it is in memory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::engine::Output;
use crate::model::{OutputFile, OutputStream, ShardId};
use crate::report::{Masking, Redactor};

/// How many bytes of the end are kept for messages.
const TAIL_BYTES: usize = 4096;

/// The two output files of a shard.
#[derive(Debug)]
pub(super) struct Spool {
    stdout: Stream,
    stderr: Stream,
}

#[derive(Debug)]
struct Stream {
    masking: Masking<Arc<Redactor>>,
    file: File,
    path: String,
    bytes: u64,
    tail: Vec<u8>,
}

impl Spool {
    /// Creates `stdout.log` and `stderr.log` in the shard's directory.
    pub(super) fn create(dir: &Path, shard: ShardId, redactor: Option<&Arc<Redactor>>) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let open = |stream: OutputStream| -> io::Result<Stream> {
            let file = File::create(dir.join(format!("{}.log", stream.name())))?;
            let masking = Masking::new(redactor.cloned());
            Ok(Stream { masking, file, path: OutputFile::path_of(shard, stream), bytes: 0, tail: Vec::new() })
        };
        Ok(Self { stdout: open(OutputStream::Stdout)?, stderr: open(OutputStream::Stderr)? })
    }

    /// Appends a piece of output, byte for byte but for secrets.
    ///
    /// The write is a copy into the system's cache, shorter than handing the piece to another thread would take.
    pub(super) fn write(&mut self, piece: &Output) -> io::Result<()> {
        match piece {
            Output::Stdout(bytes) => self.stdout.write(bytes),
            Output::Stderr(bytes) => self.stderr.write(bytes),
        }
    }

    /// Writes what was held back because a secret might have begun with it.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.stdout.end()?;
        self.stderr.end()
    }

    /// Returns the two files, standard output first.
    pub(super) fn files(&self) -> (OutputFile, OutputFile) {
        (self.stdout.output_file(), self.stderr.output_file())
    }

    /// Returns the end of standard error, or of standard output when standard error is empty.
    pub(super) fn tail(&self) -> String {
        let stream = if self.stderr.bytes > 0 { &self.stderr } else { &self.stdout };
        String::from_utf8_lossy(&stream.tail).into_owned()
    }
}

impl Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let masked = self.masking.feed(bytes);
        self.keep(&masked)
    }

    fn end(&mut self) -> io::Result<()> {
        let rest = self.masking.end();
        self.keep(&rest)
    }

    fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        let new = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        let excess = (self.tail.len() + new.len()).saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess.min(self.tail.len()));
        self.tail.extend_from_slice(new);
        self.file.write_all(bytes)
    }

    fn output_file(&self) -> OutputFile {
        OutputFile { path: self.path.clone(), bytes: self.bytes }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn files_hold_every_byte_and_the_tail_is_the_end(pieces in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..3000)), 0..12)) {
            let dir = tempfile::tempdir().unwrap();
            let mut spool = Spool::create(dir.path(), ShardId(1), None).unwrap();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            for (is_err, bytes) in pieces {
                let bytes = Bytes::from(bytes);
                if is_err { err.extend_from_slice(&bytes) } else { out.extend_from_slice(&bytes) }
                spool.write(&if is_err { Output::Stderr(bytes) } else { Output::Stdout(bytes) }).unwrap();
            }
            prop_assert_eq!(&fs::read(dir.path().join("stdout.log")).unwrap(), &out);
            prop_assert_eq!(&fs::read(dir.path().join("stderr.log")).unwrap(), &err);
            let last = if err.is_empty() { &out } else { &err };
            let end = &last[last.len().saturating_sub(TAIL_BYTES)..];
            prop_assert_eq!(spool.tail(), String::from_utf8_lossy(end));
        }
    }
}
