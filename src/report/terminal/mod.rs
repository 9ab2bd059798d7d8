//! What a person sees while a run goes on, and at its end.
//!
//! Knows the model's events and nothing of where they come from; which of the two sinks is used, and whether there are
//! colours, is the caller's choice.

pub(crate) mod case_text;
pub(crate) mod clean;
pub(crate) mod fit;
mod live;
mod narrator;
mod network;
mod palette;
mod plain;
pub(crate) mod span;
mod summary;
mod view;

pub use live::Live;
pub use narrator::Verbosity;
pub use palette::Colours;
pub use plain::Plain;
pub use summary::{SummaryOptions, summary, write_summary};
pub(crate) use summary::{is_failed_or_errored, rerun_lines, verdict_line};
