//! Hands what one thread makes to another that goes on with it, and what is used up back again, so that its memory is used
//! again too; and bytes in blocks of one size for the thread that writes them.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// How many bytes are written at a time. A file system is quicker with blocks that begin and end where its own do.
const BLOCK_BYTES: usize = 256 * 1024;

/// How many things may wait to be taken.
const WAITING: usize = 2;

/// The end that hands things on.
pub(super) struct Giver<T> {
    full: SyncSender<T>,
    empty: Receiver<T>,
}

/// The end that takes them.
pub(super) struct Taker<T> {
    full: Receiver<T>,
    empty: Sender<T>,
}

/// Collects bytes into blocks.
pub(super) struct Blocks {
    block: Vec<u8>,
    giver: Giver<Vec<u8>>,
}

/// Makes the two ends.
pub(super) fn relay<T>() -> (Giver<T>, Taker<T>) {
    let (full, made) = sync_channel(WAITING);
    let (back, empty) = channel();
    (Giver { full, empty }, Taker { full: made, empty: back })
}

impl<T> Giver<T> {
    /// Hands something on, as soon as there is room. Returns something that was used up, if there is any.
    ///
    /// # Errors
    /// Nobody takes anything any more.
    pub(super) fn give(&self, full: T) -> io::Result<Option<T>> {
        self.full.send(full).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(self.empty.try_recv().ok())
    }
}

impl<T> Taker<T> {
    /// Takes everything, one after the other; `take` leaves it empty.
    ///
    /// # Errors
    /// As `take`'s.
    pub(super) fn each(self, mut take: impl FnMut(&mut T) -> io::Result<()>) -> io::Result<()> {
        for mut full in self.full {
            take(&mut full)?;
            // The giver may have come to its end.
            let _ = self.empty.send(full);
        }
        Ok(())
    }
}

impl Taker<Vec<u8>> {
    /// Writes every block; returns how many bytes they had.
    ///
    /// # Errors
    /// `out` fails.
    pub(super) fn write(self, out: &mut dyn Write) -> io::Result<u64> {
        let mut bytes = 0;
        self.each(|block| {
            out.write_all(block)?;
            bytes += block.len() as u64;
            block.clear();
            Ok(())
        })?;
        Ok(bytes)
    }
}

impl Blocks {
    /// Begins with an empty block.
    pub(super) fn new(giver: Giver<Vec<u8>>) -> Self {
        Self { block: Vec::with_capacity(BLOCK_BYTES), giver }
    }
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK_BYTES - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK_BYTES {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let full = std::mem::take(&mut self.block);
        self.block = self.giver.give(full)?.unwrap_or_else(|| Vec::with_capacity(BLOCK_BYTES));
        Ok(())
    }
}
