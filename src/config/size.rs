//! Amounts of memory and of processor time as options have them.

use std::path::Path;

use super::raw::Kind;
use super::scalar::Scalar;
use crate::notation::{Fault, parse_size, print_size};

/// The least memory that Docker gives a container.
const LEAST_MEMORY: u64 = 6 << 20;
/// The least processor time that Docker gives a container, in thousandths of a core.
const LEAST_CPU_MILLIS: u64 = 10;

/// An amount of memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

/// An amount of processor time in thousandths of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CpuMillis(pub(crate) u64);

impl Scalar for Bytes {
    const KINDS: &'static [Kind] = &[Kind::String, Kind::Integer];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        match parse_size(text)? {
            bytes if bytes < LEAST_MEMORY => Err(Fault::new(format!("must be at least {}", print_size(LEAST_MEMORY)))
                .help("That is the least that Docker accepts; `512m` means 512 MiB, a bare number is bytes.")),
            bytes => Ok(Self(bytes)),
        }
    }

    fn print(&self, _root: &Path) -> String {
        print_size(self.0)
    }
}

impl Scalar for CpuMillis {
    const KINDS: &'static [Kind] = &[Kind::Integer, Kind::Float, Kind::String];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let is_number = text.chars().all(|char| char.is_ascii_digit() || char == '.');
        let cores = text.parse::<f64>().ok().filter(|_| is_number).filter(|cores| *cores < 1e6);
        let millis = cores.map(|cores| (cores * 1000.0).round() as u64);
        match millis {
            Some(millis) if millis >= LEAST_CPU_MILLIS => Ok(Self(millis)),
            Some(_) => Err(Fault::new("must be at least 0.01").help("Give a number of cores such as `1.5`.")),
            None => Err(Fault::new("must be a number greater than 0").help("Give a number of cores such as `1.5`.")),
        }
    }

    fn print(&self, _root: &Path) -> String {
        (self.0 as f64 / 1000.0).to_string()
    }
}
