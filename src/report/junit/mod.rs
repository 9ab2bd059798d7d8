//! JUnit files: a tolerant reader of any, and the writer of one.
//!
//! Knows no framework: what a framework means by a class name or a file is its own module's affair.

mod captured;
mod claims;
mod clean;
mod decode;
mod decorate;
mod elements;
mod excerpt;
mod group;
mod layout;
mod location;
mod markup;
pub mod merge;
mod node;
mod number;
mod reader;
mod reference;
mod row;
mod tag;
mod tokens;
mod tree;
mod writer;

pub(crate) use excerpt::Excerpt;
pub(crate) use location::locate;
pub use reader::{ReadLimits, read};
pub use writer::{WriteOptions, write, write_file};
