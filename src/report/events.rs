//! The file of a run's events, one JSON object a line. Every other report can be made from it again.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::{EVENT_FORMAT_VERSION, Event, EventKind};

use super::{Sink, WriteError};

/// Writes each event as a line of JSON.
#[derive(Debug)]
pub struct EventLog {
    out: BufWriter<File>,
}

/// Writes each event as a line of JSON at once, for somebody who reads while the run goes on.
///
/// A reader that goes away has had enough: nothing more is written then, and that is no error.
pub struct EventStream {
    out: Box<dyn Write + Send>,
    has_reader: bool,
}

/// Why a file of events cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EventLogError {
    /// The file cannot be opened, or reading it broke off.
    #[error("read the events in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line, other than a torn last one, is not an event of this format.
    #[error("read the events in `{}`: line {line} is not an event", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A newer minke wrote the file.
    #[error(
        "read the events in `{}`: they have format {found}, and this minke knows formats up to {}; upgrade minke",
        path.display(),
        EVENT_FORMAT_VERSION
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u32,
    },
}

impl EventLog {
    /// Begins a new file.
    ///
    /// # Errors
    /// The file cannot be made, or there is one already: a run's events are never written over.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { out: BufWriter::new(File::create_new(path)?) })
    }
}

impl Sink for EventLog {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, event)?;
        self.out.write_all(b"\n")?;
        // Units start often, and losing one of those lines in a crash loses no result.
        if matches!(event.kind, EventKind::UnitStarted { .. }) { Ok(()) } else { self.out.flush() }
    }

    fn close(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl EventStream {
    /// Writes to anything.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self { out: Box::new(out), has_reader: true }
    }

    /// Begins a file anew, with the directories that it lacks; a pipe or a device is written to as it is.
    ///
    /// # Errors
    /// The file or a directory cannot be made; the error names the file.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let make = || {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            folder.map_or(Ok(()), std::fs::create_dir_all)?;
            File::create(path)
        };
        let file = make().map_err(|error| WriteError::File { what: "events", path: path.to_owned(), error })?;
        Ok(Self::new(file))
    }
}

impl Sink for EventStream {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if !self.has_reader {
            return Ok(());
        }
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        match self.out.write_all(&line).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.has_reader = false;
                Ok(())
            }
            result => result,
        }
    }
}

/// Reads a file of events in their order.
///
/// A last line without a line end that is no whole event is left out: the writer was killed while it wrote it.
///
/// # Errors
/// The file cannot be read, a line is not an event, or a newer minke wrote it.
pub fn read_events(path: &Path) -> Result<Vec<Event>, EventLogError> {
    let read_error = |source| EventLogError::Read { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(read_error)?);
    let mut events = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes).map_err(read_error)? == 0 {
            break;
        }
        if line == 1
            && let Some(found) = newer_format(&bytes)
        {
            return Err(EventLogError::Newer { path: path.to_owned(), found });
        }
        match serde_json::from_slice(&bytes) {
            Ok(event) => events.push(event),
            Err(_) if bytes.last() != Some(&b'\n') => break,
            Err(source) => return Err(EventLogError::Line { path: path.to_owned(), line, source }),
        }
    }
    Ok(events)
}

/// Returns the format that the first line declares, if it is one that this minke does not know yet.
///
/// It is looked at before anything else of the line, since anything else may have changed with the format.
fn newer_format(line: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Start {
        event: String,
        format: u32,
    }
    let start: Start = serde_json::from_slice(line).ok()?;
    (start.event == "run-started" && start.format > EVENT_FORMAT_VERSION).then_some(start.format)
}
