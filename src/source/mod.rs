//! The project's files: which of them are copied into containers, what they hold, and how they travel.
//!
//! Knows the host's file system and nothing of engines.

mod archive;
mod error;
mod index;
mod list;
mod manifest;

pub use archive::{Owner, archive};
pub use error::SourceError;
pub use index::Index;
pub(crate) use index::write_whole;
pub use list::{Listed, Rules, list};
pub use manifest::{Change, Entry, Kind, Manifest};
