//! Telling the world: events get their number and time, are folded, and go to every sink.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc as inputs;

use super::{RunDirectory, RunError};
use crate::model::{CancelReason, Event, EventKind, RunState};
use crate::report::{EventLog, Redactor, Sink};
use crate::schedule::Input;

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
    redactor: Option<Arc<Redactor>>,
    // Unbounded, so that a slow sink never delays the run; a run has a bounded number of events for each unit.
    sinks: Vec<Fed>,
}

/// A sink that a thread feeds with events.
struct Fed {
    events: mpsc::Sender<Arc<Event>>,
    /// Ends with what nobody could be told any more.
    thread: JoinHandle<Option<EventKind>>,
    /// Closed when the thread is at its end.
    over: mpsc::Receiver<()>,
    /// How long the run's end waits for it.
    patience: Option<Duration>,
}

/// What a sink is to the run.
enum Role {
    /// The file of events, without which the run's record is not whole.
    Record(PathBuf),
    /// A consumer that the run can do without.
    Consumer,
}

impl Emitter {
    /// Starts a thread for each sink. One that fails says so to the scheduler.
    pub(super) fn start(
        sinks: Sinks,
        inputs: &inputs::Sender<Input>,
        redactor: Option<Arc<Redactor>>,
    ) -> Result<Self, RunError> {
        let path = sinks.directory.events();
        let log = EventLog::create(&path).map_err(RunError::write(&path))?;
        let record = (Box::new(log) as Box<dyn Sink>, Role::Record(path));
        let all = std::iter::once(record).chain(sinks.live.into_iter().map(|sink| (sink, Role::Consumer)));
        let sinks = all.map(|(sink, role)| {
            let (sender, events) = mpsc::channel();
            let inputs = inputs.clone();
            let patience = sink.patience();
            let (held, over) = mpsc::channel();
            let thread = std::thread::spawn(move || {
                let _held = held;
                feed(sink, &role, &events, &inputs)
            });
            Fed { events: sender, thread, over, patience }
        });
        Ok(Self { seq: 0, state: RunState::new(), redactor, sinks: sinks.collect() })
    }

    pub(super) fn emit(&mut self, kind: EventKind) {
        self.seq += 1;
        let kind = match &self.redactor {
            Some(redactor) => redactor.event(kind),
            None => kind,
        };
        let event = Arc::new(Event { seq: self.seq, at: Timestamp::now(), kind: kind.rounded() });
        self.state.apply(&event);
        for sink in &self.sinks {
            // A sink that failed has dropped its end; it has said so itself.
            let _ = sink.events.send(Arc::clone(&event));
        }
    }

    pub(super) fn state(&self) -> &RunState {
        &self.state
    }

    /// Waits until every sink has taken every event, and returns what the events add up to. What fails so late is in the
    /// state alone. A sink that is out of patience, such as a terminal that nobody reads, is left to its thread.
    pub(super) fn finish(mut self) -> RunState {
        for Fed { events, thread, over, patience } in self.sinks {
            drop(events);
            if let Some(patience) = patience
                && over.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout)
            {
                continue;
            }
            let failed = thread.join().unwrap_or_else(|_| {
                let text = "a consumer of the run's events panicked and got no more of them".to_owned();
                Some(EventKind::Warning { text })
            });
            if let Some(kind) = failed {
                self.seq += 1;
                self.state.apply(&Event { seq: self.seq, at: Timestamp::now(), kind });
            }
        }
        self.state
    }
}

/// Hands events to a sink until it fails. Returns what nobody could be told any more.
fn feed(
    mut sink: Box<dyn Sink>,
    role: &Role,
    events: &mpsc::Receiver<Arc<Event>>,
    inputs: &inputs::Sender<Input>,
) -> Option<EventKind> {
    let fed = events.iter().try_for_each(|event| sink.event(&event)).and_then(|()| sink.close());
    let error = fed.err()?;
    match inputs.blocking_send(role.input_of(&error)) {
        Ok(()) => None,
        Err(_) => Some(role.event_of(&error)),
    }
}

impl Role {
    fn input_of(&self, error: &io::Error) -> Input {
        match self {
            Self::Record(path) => Input::Cancel(record_lost(path, error)),
            Self::Consumer => Input::Warn(consumer_lost(error)),
        }
    }

    fn event_of(&self, error: &io::Error) -> EventKind {
        match self {
            Self::Record(path) => EventKind::Cancelled { why: record_lost(path, error) },
            Self::Consumer => EventKind::Warning { text: consumer_lost(error) },
        }
    }
}

fn record_lost(path: &Path, error: &io::Error) -> CancelReason {
    CancelReason::OutputLost { detail: format!("`{}`: {error}", path.display()) }
}

fn consumer_lost(error: &io::Error) -> String {
    format!("a consumer of the run's events failed and gets no more of them: {error}")
}
