//! The log of a run in plain lines, for pipes and for the logs of CI machines.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::Event;
use crate::report::Sink;

use super::lines::{Lines, Watch};
use super::narrator::{Narrator, Place, Verbosity};
use super::output::OutputOptions;
use super::palette::Colours;
use super::teller::{PATIENCE, Teller};

/// Writes a line for each event that a person wants to know of, and lines under it for what failed.
pub struct Plain {
    teller: Teller,
}

/// A writer that several threads share.
struct Paper {
    out: Mutex<Box<dyn Write + Send>>,
    printed: AtomicU64,
}

impl Plain {
    /// Makes a log on a writer, which is standard error for a run, since standard output is for data.
    pub fn new(out: Box<dyn Write + Send>, colours: Colours, verbosity: Verbosity) -> Self {
        let paper = Paper { out: Mutex::new(out), printed: AtomicU64::new(0) };
        let narrator = Narrator::new(colours, verbosity, Place::Log);
        Self { teller: Teller::new(narrator, colours, Arc::new(paper)) }
    }

    /// Shows the output of tests too.
    #[must_use]
    pub fn with_output(mut self, options: OutputOptions) -> Self {
        self.teller.show_output(options);
        self
    }

    /// Returns what tells whether the log gets on.
    pub fn watch(&self) -> Watch {
        self.teller.watch()
    }
}

impl Lines for Paper {
    fn print(&self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        // One write for the whole keeps it in one piece when other programs write to the same log.
        let mut text = lines.join("\n");
        text.push('\n');
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(text.as_bytes())?;
        out.flush()?;
        self.printed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn printed(&self) -> u64 {
        self.printed.load(Ordering::Relaxed)
    }
}

impl Sink for Plain {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.teller.tell(event)
    }

    fn close(&mut self) -> io::Result<()> {
        self.teller.close()
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }
}
