//! Amounts of memory and of processor time as people type them.

use std::path::Path;

use super::raw::{Fault, Kind};
use super::scalar::Scalar;

/// The least memory that Docker gives a container.
const LEAST_MEMORY: u64 = 6 << 20;
/// The least processor time that Docker gives a container, in thousandths of a core.
const LEAST_CPU_MILLIS: u64 = 10;
const SUFFIXES: [(char, u32); 5] = [('t', 40), ('g', 30), ('m', 20), ('k', 10), ('b', 0)];

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

/// Parses an amount of memory to bytes: `512m`, `1.5g`, `2GiB`, `1073741824`.
///
/// Suffixes are read as Docker reads them (`RAMInBytes` of docker/go-units): `b`, `k`, `m`, `g`, `t`, in either case, alone or
/// followed by `b` or `ib`, and always powers of 1024.
pub fn parse_size(text: &str) -> Result<u64, Fault> {
    let fault =
        || Fault::new("must be an amount of memory").help("Such as `512m`, `2g`, `1GiB`; a bare number is bytes.");
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, suffix) = (&text[..end], text[end..].trim_start());
    let mut suffix = suffix.chars();
    let shift = match suffix.next() {
        None => 0,
        Some(letter) => SUFFIXES.iter().find(|(char, _)| *char == letter).map(|(_, shift)| *shift).ok_or_else(fault)?,
    };
    let allowed: &[&str] = if shift == 0 { &[""] } else { &["", "b", "ib"] };
    if !allowed.contains(&suffix.as_str()) {
        return Err(fault());
    }
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift).ok_or_else(fault);
    }
    let bytes = number.parse::<f64>().map_err(|_| fault())? * (1_u64 << shift) as f64;
    if bytes < u64::MAX as f64 { Ok(bytes as u64) } else { Err(fault()) }
}

/// Writes an amount of memory with the largest suffix that needs no fraction, so that [`parse_size`] reads the same one.
pub fn print_size(bytes: u64) -> String {
    let fits = |(_, shift): &&(char, u32)| bytes != 0 && *shift > 0 && bytes.trailing_zeros() >= *shift;
    match SUFFIXES.iter().find(fits) {
        Some((suffix, shift)) => format!("{}{suffix}", bytes >> shift),
        None => bytes.to_string(),
    }
}
