//! Durations as options have them.

use std::path::Path;
use std::time::Duration;

use super::raw::Kind;
use super::scalar::Scalar;
use crate::notation::{Fault, parse_duration, print_duration};

impl Scalar for Duration {
    const KINDS: &'static [Kind] = &[Kind::String, Kind::Integer, Kind::Float];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        parse_duration(text)
    }

    fn print(&self, _root: &Path) -> String {
        print_duration(*self)
    }
}
