//! Runs a plan: the driver carries out what the scheduler decides, one task per shard does the waiting.
//!
//! There is no policy here. What a shard's end means is judged in `schedule`; what a report says is read in `report`.

mod artifacts;
mod cancel;
mod collect;
mod coverage;
mod directory;
mod driver;
mod emit;
mod error;
mod files;
mod globbed;
mod named_reports;
mod services;
mod shard;
mod signals;
mod spool;
mod watch;

pub use cancel::Cancel;
pub use directory::{RunDirectory, builds_directory, new_run_id};
pub use driver::run;
pub use emit::Sinks;
pub use error::RunError;
pub use files::{FileContext, ServiceContext, fill_in};
pub use signals::cancel_on_signals;
