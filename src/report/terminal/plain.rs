//! The log of a run in plain lines, for pipes and for the logs of CI machines.

use std::io::{self, Write};

use crate::model::Event;
use crate::report::Sink;

use super::narrator::{Narrator, Place, Verbosity};
use super::palette::Colours;

/// Writes a line for each event that a person wants to know of, and lines under it for what failed.
pub struct Plain {
    out: Box<dyn Write + Send>,
    narrator: Narrator,
}

impl Plain {
    /// Makes a log on a writer, which is standard error for a run, since standard output is for data.
    pub fn new(out: Box<dyn Write + Send>, colours: Colours, verbosity: Verbosity) -> Self {
        Self { out, narrator: Narrator::new(colours, verbosity, Place::Log) }
    }
}

impl Sink for Plain {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let mut text = self.narrator.tell(event).join("\n");
        if text.is_empty() {
            return Ok(());
        }
        // One write for the whole event keeps it in one piece when other programs write to the same log.
        text.push('\n');
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn close(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
