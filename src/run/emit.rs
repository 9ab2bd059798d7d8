//! Telling the world: events get their number and time, are folded, and go to every sink.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use jiff::Timestamp;

use super::{RunDirectory, RunError};
use crate::model::{Event, EventKind, RunState};
use crate::report::{EventLog, Sink};

/// Where a run's output and events go.
pub struct Sinks {
    directory: RunDirectory,
    live: Vec<Box<dyn Sink>>,
}

impl Sinks {
    /// Sends output and `events.jsonl` to a run's directory, and events to nobody else yet.
    pub fn new(directory: RunDirectory) -> Self {
        Self { directory, live: Vec::new() }
    }

    /// Adds a live consumer of events.
    #[must_use]
    pub fn with(mut self, sink: impl Sink + 'static) -> Self {
        self.live.push(Box::new(sink));
        self
    }

    pub(super) fn directory(&self) -> &RunDirectory {
        &self.directory
    }
}

/// Numbers events, folds them and hands them on.
pub(super) struct Emitter {
    seq: u64,
    state: RunState,
    // Unbounded, so that a slow sink never delays the run; a run has a bounded number of events for each unit.
    sinks: Vec<(mpsc::Sender<Arc<Event>>, JoinHandle<()>)>,
}

impl Emitter {
    /// Starts a thread for each sink.
    pub(super) fn start(sinks: Sinks) -> Result<Self, RunError> {
        let path = sinks.directory.events();
        let log = EventLog::create(&path).map_err(RunError::write(path))?;
        let all = std::iter::once(Box::new(log) as Box<dyn Sink>).chain(sinks.live);
        let sinks = all.map(|sink| {
            let (sender, events) = mpsc::channel();
            (sender, std::thread::spawn(move || feed(sink, &events)))
        });
        Ok(Self { seq: 0, state: RunState::new(), sinks: sinks.collect() })
    }

    pub(super) fn emit(&mut self, kind: EventKind) {
        self.seq += 1;
        let event = Arc::new(Event { seq: self.seq, at: Timestamp::now(), kind });
        self.state.apply(&event);
        for (sender, _) in &self.sinks {
            // A sink that failed has dropped its end; it has said so itself.
            let _ = sender.send(Arc::clone(&event));
        }
    }

    pub(super) fn state(&self) -> &RunState {
        &self.state
    }

    /// Waits until every sink has taken every event, and returns what the events add up to.
    pub(super) fn finish(self) -> RunState {
        for (sender, thread) in self.sinks {
            drop(sender);
            // A panic in a sink has been printed by its thread and takes nothing from the run.
            let _ = thread.join();
        }
        self.state
    }
}

fn feed(mut sink: Box<dyn Sink>, events: &mpsc::Receiver<Arc<Event>>) {
    for event in events {
        if sink.event(&event).is_err() {
            return;
        }
    }
    let _ = sink.close();
}
