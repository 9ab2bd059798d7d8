//! How people write things down, whatever the file they write them in: durations, amounts of memory, mounts, checks, and
//! what is wrong with them.
//!
//! Pure, and knows no file's syntax: what was read is handed in as text, or as a tree of values.

mod build;
mod depends;
mod dockerignore;
mod duration;
mod fault;
mod fields;
mod health;
mod limits;
mod lossy;
mod mode;
mod mounts;
mod names;
mod node;
mod ready;
mod size;
mod suggest;
mod words;

pub(crate) use build::build;
pub(crate) use depends::{Needed, depends_on};
pub(crate) use dockerignore::DockerIgnore;
pub use duration::{parse_duration, print_duration};
pub use fault::Fault;
pub(crate) use fields::{Fields, Reading, Unread, parse};
pub(crate) use health::health;
pub(crate) use limits::{parse_cpus, parse_memory, parse_pids, ulimits};
pub(crate) use lossy::LossyText;
pub(crate) use mode::parse_mode;
pub(crate) use mounts::{host_path, is_host_path, parts as mount_parts, tmpfs, volumes};
pub(crate) use names::{capabilities, labels, parse_service_name};
pub(crate) use node::{At, Duty, Map, Node, Value, Wrong};
pub(crate) use ready::{ready, reset, scope};
pub use size::{parse_size, print_size};
pub(crate) use suggest::{closest, nearest};
pub(crate) use words::{command, pair_map, pairs, parse_port};
