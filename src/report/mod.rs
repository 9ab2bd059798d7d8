//! Everything that a person or another tool gets to see: live consumers of events, and the files written at the end.
//!
//! Knows only the model; never an engine, a framework or the driver.

pub mod annotations;
mod ansi;
pub(crate) mod coverage;
mod events;
pub mod go_test;
pub mod html;
pub mod jest;
pub mod junit;
pub mod markdown;
pub mod messages;
pub mod prove_state;
mod redact;
mod replace;
pub mod rspec;
mod sink;
pub mod tap;
pub mod terminal;
mod text;
pub mod trace;
pub mod unittest;

pub use events::{EventLog, EventLogError, EventStream, read_events};
pub use redact::{MaskedReader, Masking, Redactor};
pub use replace::WriteError;
pub(crate) use replace::{replace, replace_with};
pub use sink::Sink;
