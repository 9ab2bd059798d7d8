//! The check that the engine runs in a container, as the Compose specification writes it.

use super::Fault;
use super::fields::{Fields, Reading};
use super::node::{Node, Value, Wrong};
use crate::model::HealthCheck;

/// Reads `{test, interval, timeout, retries, start_period, disable}`, with `start-period` where a file has such keys.
pub(crate) fn health(
    node: &Node,
    key: &str,
    start_period: &'static str,
    reading: &mut Reading<'_>,
) -> Result<HealthCheck, Wrong> {
    let mut fields = Fields::of(node, key)?;
    let duration = reading.duration;
    let check = HealthCheck {
        test: fields.read("test", test)?,
        interval: fields.parse("interval", duration)?,
        timeout: fields.parse("timeout", duration)?,
        retries: fields.number("retries")?,
        start_period: fields.parse(start_period, duration)?,
    };
    let is_disabled = fields.flag("disable")?.unwrap_or(false);
    fields.end(reading);
    Ok(if is_disabled { HealthCheck::none() } else { check })
}

/// Reads a test: text for a shell, or a list that begins with `NONE`, `CMD` or `CMD-SHELL`.
fn test(node: &Node, key: &str) -> Result<Vec<String>, Wrong> {
    let words = match &node.value {
        Value::Scalar(text) => vec!["CMD-SHELL".to_owned(), text.clone()],
        Value::List(_) => super::words::texts(node, key)?,
        Value::Null | Value::Map(_) => return Err(node.unlike(key, "must be text or a list of words")),
    };
    let is_good = match words.first().map(String::as_str) {
        Some("NONE") => words.len() == 1,
        Some("CMD" | "CMD-SHELL") => words.len() > 1,
        Some(_) | None => false,
    };
    match is_good {
        true => Ok(words),
        false => Err(node.wrong(
            key,
            Fault::new("must begin with `CMD`, `CMD-SHELL` or `NONE`")
                .help("Such as `[CMD, pg_isready]`; text instead of a list is run by a shell."),
        )),
    }
}
