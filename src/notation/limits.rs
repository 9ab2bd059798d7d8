//! What a container may use, in the words of files.

use super::node::{Node, Value, Wrong};
use super::{Fault, fields, parse_size, print_size};
use crate::model::Ulimit;

/// The least memory that Docker gives a container.
const LEAST_MEMORY: u64 = 6 << 20;
/// The least processor time that Docker gives a container, in thousandths of a core.
const LEAST_CPU_MILLIS: u64 = 10;

/// Reads `ulimits`: a map of names to a number, or to `{soft, hard}`.
pub(crate) fn ulimits(node: &Node, key: &str) -> Result<Vec<Ulimit>, Wrong> {
    let read = |(name, node): (&String, &Node)| {
        let key = format!("{key}.{name}");
        let (soft, hard) = match &node.value {
            Value::Map(_) => {
                let mut fields = fields::Fields::of(node, key.clone())?;
                let soft = fields.required("soft").and_then(|node| limit(node, &key))?;
                let hard = fields.required("hard").and_then(|node| limit(node, &key))?;
                if let Some((name, _)) = fields.rest().first() {
                    return Err(node.wrong(&key, Fault::new(format!("must have `soft` and `hard` only, not `{name}`"))));
                }
                (soft, hard)
            }
            Value::Null | Value::Scalar(_) | Value::List(_) => {
                let both = limit(node, &key)?;
                (both, both)
            }
        };
        Ok(Ulimit { name: name.clone(), soft, hard })
    };
    node.expect_map(key)?.iter().map(read).collect()
}

fn limit(node: &Node, key: &str) -> Result<i64, Wrong> {
    fields::parse(node, key, |text| match text.parse::<i64>() {
        Ok(limit) if limit >= -1 => Ok(limit),
        Ok(_) | Err(_) => Err(Fault::new("must be a whole number, -1 for no limit")),
    })
}

/// Parses a number of cores to thousandths of one.
pub(crate) fn parse_cpus(text: &str) -> Result<u64, Fault> {
    let is_number = text.chars().all(|char| char.is_ascii_digit() || char == '.');
    let cores = text.parse::<f64>().ok().filter(|_| is_number).filter(|cores| *cores < 1e6);
    let help = "Give a number of cores such as `1.5`.";
    match cores.map(|cores| (cores * 1000.0).round() as u64) {
        Some(millis) if millis >= LEAST_CPU_MILLIS => Ok(millis),
        Some(_) => Err(Fault::new("must be at least 0.01").help(help)),
        None => Err(Fault::new("must be a number greater than 0").help(help)),
    }
}

/// Parses an amount of memory that a container can have, to bytes.
pub(crate) fn parse_memory(text: &str) -> Result<u64, Fault> {
    match parse_size(text)? {
        bytes if bytes < LEAST_MEMORY => Err(Fault::new(format!("must be at least {}", print_size(LEAST_MEMORY)))
            .help("That is the least that Docker accepts; `512m` means 512 MiB, a bare number is bytes.")),
        bytes => Ok(bytes),
    }
}

/// Parses a number of processes; -1 and 0 mean no limit.
pub(crate) fn parse_pids(text: &str) -> Result<Option<u32>, Fault> {
    match text.parse::<i64>() {
        Ok(-1 | 0) => Ok(None),
        Ok(number) if u32::try_from(number).is_ok() => Ok(u32::try_from(number).ok()),
        Ok(_) | Err(_) => Err(Fault::new("must be a whole number of processes, -1 for no limit")),
    }
}
