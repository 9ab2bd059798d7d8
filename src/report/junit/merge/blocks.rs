//! Blocks of a document on their way from the thread that makes them to the one that writes them.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// How many bytes are written at a time.
const BLOCK_BYTES: usize = 256 * 1024;

/// How many blocks may wait to be written.
const WAITING: usize = 2;

/// Collects what is made into blocks.
pub(super) struct Blocks {
    block: Vec<u8>,
    full: SyncSender<Vec<u8>>,
    /// Blocks that have been written, whose memory is taken again.
    empty: Receiver<Vec<u8>>,
}

/// The blocks that were made.
pub(super) struct Made {
    full: Receiver<Vec<u8>>,
    empty: Sender<Vec<u8>>,
}

/// Makes the two ends.
pub(super) fn blocks() -> (Blocks, Made) {
    let (full, made) = sync_channel(WAITING);
    let (back, empty) = channel();
    (Blocks { block: Vec::new(), full, empty }, Made { full: made, empty: back })
}

impl Made {
    /// Writes every block; returns how many bytes they had.
    ///
    /// # Errors
    /// `out` fails.
    pub(super) fn write(self, out: &mut dyn Write) -> io::Result<u64> {
        let mut bytes = 0;
        for mut block in self.full {
            out.write_all(&block)?;
            bytes += block.len() as u64;
            block.clear();
            // The maker may have come to its end.
            let _ = self.empty.send(block);
        }
        Ok(bytes)
    }
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() + bytes.len() > BLOCK_BYTES {
            self.flush()?;
        }
        self.block.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK_BYTES));
        let full = std::mem::replace(&mut self.block, next);
        self.full.send(full).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
