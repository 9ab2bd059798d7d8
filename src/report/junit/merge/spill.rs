//! Sorts any number of records in bounded memory: runs are sorted in memory, written to one temporary file, and merged.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use super::record::Record;

/// The most bytes of records that a sorter keeps in memory.
const RUN_BYTES: usize = 1024 * 1024;

/// How much of the file is read for all runs together; each run has at least [`LEAST_BUFFER`].
const READ_BYTES: usize = 1024 * 1024;
const LEAST_BUFFER: usize = 16 * 1024;

/// The bytes before a record: the lengths of its key and of its payload.
const LENGTHS: usize = 8;

/// The temporary file, and the runs that are complete.
#[derive(Default)]
pub(super) struct Spill {
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    file: Option<File>,
    end: u64,
    runs: Vec<Run>,
}

enum Run {
    Memory(Chunk),
    File { start: u64, end: u64 },
}

/// Records in memory.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where each record begins.
    starts: Vec<u32>,
}

/// Takes records and makes sorted runs of them.
pub(super) struct Sorter<'a> {
    spill: &'a Spill,
    chunk: Chunk,
}

/// Gives the records of all runs in their order.
pub(super) struct Sorted<'a> {
    runs: Vec<Cursor<'a>>,
    file: Option<File>,
    /// The runs that have a record, as a heap with the least first.
    heap: Vec<usize>,
}

struct Cursor<'a> {
    from: From<'a>,
    current: Record,
}

enum From<'a> {
    Memory { chunk: &'a Chunk, next: usize },
    File { at: u64, end: u64, buffer: Vec<u8>, used: usize, room: usize },
}

impl Spill {
    /// Begins to give all records.
    pub(super) fn sorted<T>(&self, take: impl FnOnce(&mut Sorted<'_>) -> io::Result<T>) -> io::Result<T> {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let file = shared.file.as_ref().map(File::try_clone).transpose()?;
        let room = (READ_BYTES / shared.runs.len().max(1)).max(LEAST_BUFFER);
        let runs = shared.runs.iter().map(|run| Cursor { from: run.begin(room), current: Record::default() }).collect();
        let mut sorted = Sorted { runs, file, heap: Vec::new() };
        sorted.fill()?;
        take(&mut sorted)
    }
}

impl Run {
    fn begin(&self, room: usize) -> From<'_> {
        match self {
            Self::Memory(chunk) => From::Memory { chunk, next: 0 },
            &Self::File { start, end } => From::File { at: start, end, buffer: Vec::new(), used: 0, room },
        }
    }
}

impl Chunk {
    fn key(&self, start: u32) -> &[u8] {
        self.part(start).0
    }

    fn part(&self, start: u32) -> (&[u8], &[u8]) {
        let (key, payload, _) = part(&self.bytes[start as usize..]);
        (key, payload)
    }

    fn sort(&mut self) {
        let mut starts = std::mem::take(&mut self.starts);
        starts.sort_by(|&one, &other| self.key(one).cmp(self.key(other)));
        self.starts = starts;
    }
}

impl<'a> Sorter<'a> {
    /// Begins an empty run.
    pub(super) fn new(spill: &'a Spill) -> Self {
        Self { spill, chunk: Chunk::default() }
    }

    /// Takes a record.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(super) fn push(&mut self, key: &[u8], payload: &[u8]) -> io::Result<()> {
        self.chunk.starts.push(self.chunk.bytes.len() as u32);
        self.chunk.bytes.extend_from_slice(&(key.len() as u32).to_ne_bytes());
        self.chunk.bytes.extend_from_slice(&(payload.len() as u32).to_ne_bytes());
        self.chunk.bytes.extend_from_slice(key);
        self.chunk.bytes.extend_from_slice(payload);
        if self.chunk.bytes.len() >= RUN_BYTES { self.write_run() } else { Ok(()) }
    }

    /// Completes the last run, which stays in memory.
    pub(super) fn finish(mut self) {
        self.chunk.sort();
        let mut shared = self.spill.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.runs.push(Run::Memory(self.chunk));
    }

    fn write_run(&mut self) -> io::Result<()> {
        self.chunk.sort();
        let mut shared = self.spill.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.file.is_none() {
            shared.file = Some(tempfile::tempfile()?);
        }
        let start = shared.end;
        let Some(file) = &mut shared.file else { return Ok(()) };
        file.seek(SeekFrom::Start(start))?;
        let mut writer = io::BufWriter::with_capacity(256 * 1024, file);
        for &record in &self.chunk.starts {
            let rest = &self.chunk.bytes[record as usize..];
            writer.write_all(&rest[..part(rest).2])?;
        }
        writer.flush()?;
        drop(writer);
        shared.end = start + self.chunk.bytes.len() as u64;
        let end = shared.end;
        shared.runs.push(Run::File { start, end });
        self.chunk.bytes.clear();
        self.chunk.starts.clear();
        Ok(())
    }
}

impl Sorted<'_> {
    /// Puts the next record into the place of another one; returns false at the end.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(super) fn take(&mut self, into: &mut Record) -> io::Result<bool> {
        let Some(&run) = self.heap.first() else { return Ok(false) };
        std::mem::swap(into, &mut self.runs[run].current);
        if !self.runs[run].advance(self.file.as_ref())? {
            self.heap.swap_remove(0);
        }
        self.sink(0);
        Ok(true)
    }

    /// Returns the next record and leaves it where it is.
    pub(super) fn peek(&self) -> Option<&Record> {
        self.heap.first().map(|&run| &self.runs[run].current)
    }

    fn fill(&mut self) -> io::Result<()> {
        for run in 0..self.runs.len() {
            if self.runs[run].advance(self.file.as_ref())? {
                self.heap.push(run);
            }
        }
        (0..self.heap.len() / 2).rev().for_each(|place| self.sink(place));
        Ok(())
    }

    /// Moves a run down the heap to where it belongs.
    fn sink(&mut self, mut place: usize) {
        let key = |heap: &[usize], place: usize| heap.get(place).map(|&run| self.runs[run].current.key.as_slice());
        loop {
            let mut least = place;
            for child in [2 * place + 1, 2 * place + 2] {
                if child < self.heap.len() && key(&self.heap, child) < key(&self.heap, least) {
                    least = child;
                }
            }
            if least == place {
                return;
            }
            self.heap.swap(place, least);
            place = least;
        }
    }
}

impl Cursor<'_> {
    /// Takes the next record of the run; returns false at its end.
    fn advance(&mut self, file: Option<&File>) -> io::Result<bool> {
        match &mut self.from {
            From::Memory { chunk, next } => {
                let Some(&start) = chunk.starts.get(*next) else { return Ok(false) };
                *next += 1;
                let (key, payload) = chunk.part(start);
                self.current.fill(key, payload);
                Ok(true)
            }
            From::File { at, end, buffer, used, room } => {
                let Some(file) = file else { return Ok(false) };
                let mut needed = LENGTHS;
                loop {
                    let rest = &buffer[*used..];
                    if rest.len() >= LENGTHS {
                        needed = LENGTHS + length(rest) + length(&rest[4..]);
                        if rest.len() >= needed {
                            break;
                        }
                    }
                    if at == end {
                        return Ok(false);
                    }
                    buffer.drain(..*used);
                    *used = 0;
                    let wanted = (*end - *at).min((*room).max(needed) as u64);
                    let start = buffer.len();
                    buffer.resize(start + wanted as usize, 0);
                    file.read_exact_at(&mut buffer[start..], *at)?;
                    *at += wanted;
                }
                let (key, payload, _) = part(&buffer[*used..]);
                self.current.fill(key, payload);
                *used += needed;
                Ok(true)
            }
        }
    }
}

fn length(bytes: &[u8]) -> usize {
    u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize
}

/// Returns the key and the payload of the record at the beginning, and how long it is with its lengths.
fn part(bytes: &[u8]) -> (&[u8], &[u8], usize) {
    let (key, payload) = (length(bytes), length(&bytes[4..]));
    let end = LENGTHS + key + payload;
    (&bytes[LENGTHS..LENGTHS + key], &bytes[LENGTHS + key..end], end)
}

#[cfg(test)]
mod tests {
    use super::{Record, Sorter, Spill};

    #[test]
    fn records_come_back_in_order_whether_they_fit_into_memory_or_not() {
        for (count, size) in [(0_u32, 0), (10, 10), (3_000, 20_000)] {
            let spill = Spill::default();
            let mut sorter = Sorter::new(&spill);
            for number in 0..count {
                let shuffled = (number * 7919) % count;
                sorter.push(format!("{shuffled:08}").as_bytes(), &vec![shuffled as u8; size]).unwrap();
            }
            sorter.finish();
            let seen = spill
                .sorted(|sorted| {
                    let mut seen = 0_u32;
                    let mut record = Record::default();
                    while sorted.take(&mut record)? {
                        assert_eq!(record.key, format!("{seen:08}").into_bytes());
                        assert_eq!(record.payload, vec![seen as u8; size]);
                        seen += 1;
                    }
                    Ok(seen)
                })
                .unwrap();
            assert_eq!(seen, count);
        }
    }
}
