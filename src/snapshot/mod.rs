//! Images of minke's own making: the project's files over an image, and what a setup command made of it.
//!
//! An image is named after everything that it is made of, so that it is made once and found again. Knows engines and the
//! project's files, and nothing of plans and frameworks.

mod cache;
mod error;
mod place;
mod setup;
mod sources;

pub use cache::{CacheEntry, cached, prune};
pub use error::SnapshotError;
pub use place::{Place, owner_of};
pub use setup::{SetUp, Setup, set_up};
pub use sources::{Copied, Sources, copy_sources};
