//! Amounts of memory as people type them.

use super::Fault;

const SUFFIXES: [(char, u32); 5] = [('t', 40), ('g', 30), ('m', 20), ('k', 10), ('b', 0)];

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
