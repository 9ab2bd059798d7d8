//! Finds the units that a selection means, on the host or inside an image, in the same order everywhere.

mod command;
mod error;
mod host;
mod image;
mod listing;
mod parts;
mod pattern;
mod probe;
mod recognise;

pub use command::{FoundCommand, find_command};
pub use error::DiscoverError;
pub use host::on_host;
pub use image::in_image;
pub use listing::in_listing;
pub use parts::{split_by_listing, split_in_image, split_on_host};
pub(crate) use pattern::is_glob;
pub use pattern::{Found, Globs, Selection, mark_units};
pub use probe::Probe;
pub use recognise::{Candidate, choose, project_in_image, project_on_host, settings_on_host};
