//! How people write things down, whatever the file they write them in: durations, amounts of memory, and what is wrong with them.
//!
//! Pure, and knows no file's syntax: what was read is handed in.

mod duration;
mod fault;
mod size;
mod suggest;

pub use duration::{parse_duration, print_duration};
pub use fault::Fault;
pub use size::{parse_size, print_size};
pub(crate) use suggest::{closest, nearest};
