//! Puts together what is printed of an event: the narrator's words, and the output of tests around them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::model::Event;

use super::lines::{Lines, Watch};
use super::narrator::Narrator;
use super::output::{Output, OutputOptions};
use super::palette::Colours;

/// How long a run's end waits for a terminal: long enough for every one that reads, and short enough for the reports not to
/// wait for one that does not.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Prints events.
pub(super) struct Teller {
    narrator: Narrator,
    colours: Colours,
    output: Option<Output>,
    to: Arc<dyn Lines>,
}

impl Teller {
    pub(super) fn new(narrator: Narrator, colours: Colours, to: Arc<dyn Lines>) -> Self {
        Self { narrator, colours, output: None, to }
    }

    pub(super) fn show_output(&mut self, options: OutputOptions) {
        self.output = Some(Output::new(options, self.colours, Arc::clone(&self.to)));
    }

    pub(super) fn watch(&self) -> Watch {
        Watch::of(&self.to)
    }

    /// Prints what an event means, and the output that it calls for.
    pub(super) fn tell(&mut self, event: &Event) -> io::Result<()> {
        if let Some(output) = &mut self.output {
            output.before(&event.kind)?;
        }
        self.to.print(&self.narrator.tell(event))?;
        match &mut self.output {
            Some(output) => output.after(&event.kind),
            None => Ok(()),
        }
    }

    /// Ends what goes on beside the events.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.output.as_mut().map_or(Ok(()), Output::close)
    }
}
