//! Everything that a person or another tool gets to see: live consumers of events, and the files written at the end.
//!
//! Knows only the model; never an engine, a framework or the driver.

mod ansi;
mod events;
pub mod go_test;
pub mod junit;
pub mod messages;
pub mod prove_state;
mod replace;
mod sink;
pub mod tap;
pub mod terminal;

pub use events::{EventLog, EventLogError, read_events};
pub use replace::WriteError;
pub(crate) use replace::replace;
pub use sink::Sink;
