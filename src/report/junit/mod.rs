//! JUnit files: a tolerant reader of any, and the writer of one.
//!
//! Knows no framework: what a framework means by a class name or a file is its own module's affair.

mod claims;
mod clean;
mod decode;
mod excerpt;
mod number;
mod reader;
mod reference;
mod tag;
mod tokens;
mod tree;

pub use reader::{ReadLimits, read};
