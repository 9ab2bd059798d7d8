//! A live consumer of events.

use std::io;
use std::time::Duration;

use crate::model::Event;

/// Takes a run's events in their order, each once.
///
/// A run calls each sink from a thread of its own, so a slow sink never delays a test; after an error it gets no more events.
pub trait Sink: Send {
    /// Takes one event.
    ///
    /// # Errors
    /// An error means that the sink can take no more events; the run goes on, and has a warning of it.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Writes what is still held back; called once, after the last event.
    ///
    /// # Errors
    /// As [`Sink::event`].
    fn close(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Returns how long the run's end waits for the sink to take the events that are left; `None` is as long as it takes.
    /// A sink that is given up goes on by itself, in its thread.
    fn patience(&self) -> Option<Duration> {
        None
    }
}
