//! What a person sees while a run goes on, and at its end.
//!
//! Knows the model's events and nothing of where they come from; which of the two sinks is used, and whether there are
//! colours, is the caller's choice.

pub(crate) mod case_text;
pub(crate) mod clean;
mod estimate;
pub(crate) mod fit;
mod follow;
mod lines;
mod live;
mod log;
mod narrator;
mod network;
mod output;
mod palette;
mod plain;
mod record;
pub(crate) mod span;
mod summary;
mod teller;
mod view;

pub use lines::Watch;
pub use live::Live;
pub use narrator::Verbosity;
pub use output::{OutputMode, OutputOptions};
pub use palette::Colours;
pub use plain::Plain;
pub use record::{RecordOptions, Shown, record_verdict, write_record};
pub use summary::{SummaryOptions, repeat_words, summary, write_summary};
pub(crate) use summary::{is_failed_or_errored, rerun_lines, verdict_line};
