//! Decides what runs when, what a batch's evidence proves, and when to stop.
//!
//! Pure: `step(now, input) -> commands`. Time enters as a value, and nothing here waits. Knows neither engines nor frameworks.

mod judge;
mod ladder;
mod scheduler;

pub use judge::{Evidence, ExitMeaning, LaunchFailure, judge};
pub use ladder::Signal;
pub use scheduler::{Command, Input, Scheduler, ShardReport};
