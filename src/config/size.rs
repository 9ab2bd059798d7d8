//! Amounts of memory and of processor time as options have them.

use std::path::Path;

use super::raw::Kind;
use super::scalar::Scalar;
use crate::notation::{Fault, parse_cpus, parse_memory, print_size};

/// An amount of memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

/// An amount of processor time in thousandths of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CpuMillis(pub(crate) u64);

impl Scalar for Bytes {
    const KINDS: &'static [Kind] = &[Kind::String, Kind::Integer];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        parse_memory(text).map(Self)
    }

    fn print(&self, _root: &Path) -> String {
        print_size(self.0)
    }
}

impl Scalar for CpuMillis {
    const KINDS: &'static [Kind] = &[Kind::Integer, Kind::Float, Kind::String];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        parse_cpus(text).map(Self)
    }

    fn print(&self, _root: &Path) -> String {
        (self.0 as f64 / 1000.0).to_string()
    }
}
