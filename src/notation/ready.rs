//! When a service is ready, who shares it, and what is done with it between containers: minke's own keys of a service.

use regex::bytes::Regex;

use super::fields::{Fields, Reading, parse};
use super::node::{Node, Value, Wrong};
use super::words::{command, port};
use super::{Fault, parse_duration};
use crate::model::{Readiness, ReadinessProbe, Reset, ServiceScope};

const PROBES: [&str; 4] = ["tcp", "http", "log", "exec"];

/// Reads `per`.
pub(crate) fn scope(fields: &mut Fields<'_>) -> Result<ServiceScope, Wrong> {
    let parsed = fields.parse("per", |text| match text {
        "shard" => Ok(ServiceScope::Shard),
        "node" => Ok(ServiceScope::Node),
        "run" => Ok(ServiceScope::Run),
        _ => Err(Fault::new("must be `shard`, `node` or `run`")),
    })?;
    Ok(parsed.unwrap_or_default())
}

/// Reads `reset`.
pub(crate) fn reset(fields: &mut Fields<'_>) -> Result<Reset, Wrong> {
    let parsed = fields.parse("reset", |text| match text {
        "none" => Ok(Reset::None),
        "restart" => Ok(Reset::Restart),
        "recreate" => Ok(Reset::Recreate),
        "snapshot" => Ok(Reset::Snapshot),
        _ => Err(Fault::new("must be `none`, `restart`, `recreate` or `snapshot`")),
    })?;
    Ok(parsed.unwrap_or_default())
}

/// Reads `ready`: a list of probes, or a single one. Each is a map with one of `tcp`, `http`, `log` and `exec`.
pub(crate) fn ready(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Result<Vec<Readiness>, Wrong> {
    let read = fields.read("ready", |node, key| match &node.value {
        Value::List(list) => list.iter().map(|node| readiness(node, key, reading)).collect(),
        Value::Map(_) => Ok(vec![readiness(node, key, reading)?]),
        Value::Null | Value::Scalar(_) => Err(node.unlike(key, "must be a list of probes").advised()),
    })?;
    Ok(read.unwrap_or_default())
}

fn readiness(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<Readiness, Wrong> {
    let mut fields = Fields::of(node, key).map_err(Wrong::advised)?;
    let timeout = fields.parse("timeout", parse_duration)?.unwrap_or(Readiness::TIMEOUT);
    let given: Vec<&str> = PROBES.into_iter().filter(|probe| fields.take(probe).is_some()).collect();
    let probe = match given[..] {
        ["tcp"] => ReadinessProbe::Tcp { port: port(fields.required("tcp")?, &fields.path("tcp"))? },
        ["http"] => http(fields.required("http")?, &fields.path("http"), reading)?,
        ["log"] => ReadinessProbe::Log {
            pattern: fields.parse("log", pattern)?.unwrap_or_default(),
            count: fields.number::<std::num::NonZeroU32>("count")?.map_or(1, std::num::NonZeroU32::get),
        },
        ["exec"] => {
            let words = command(fields.required("exec")?, &fields.path("exec"))?;
            if words.is_empty() {
                return Err(node.wrong(&fields.path("exec"), Fault::new("must name a program")));
            }
            ReadinessProbe::Exec { command: words }
        }
        [] | [..] => return Err(node.wrong(key, Fault::new("must have exactly one kind of probe")).advised()),
    };
    fields.end(reading);
    Ok(Readiness { probe, timeout })
}

/// Reads a regular expression over bytes, for a log may hold any.
fn pattern(text: &str) -> Result<String, Fault> {
    let fault = |error: regex::Error| Fault::new(format!("must be a regular expression: {}", last_line(&error)));
    match text {
        "" => Err(Fault::new("must not be empty").help("Give what a line of the log has when the service is ready.")),
        text => Regex::new(text).map(|_| text.to_owned()).map_err(fault),
    }
}

/// Returns what is wrong, without the picture of the place.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// Reads `{port, path, host, status}`, or a port alone.
fn http(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<ReadinessProbe, Wrong> {
    if node.as_text().is_some() {
        return Ok(ReadinessProbe::Http { port: port(node, key)?, path: "/".to_owned(), host: None, status: None });
    }
    let mut fields = Fields::of(node, key)?;
    let path = fields.read("path", |node, key| {
        parse(node, key, |text| match text.starts_with('/') && !text.contains(char::is_whitespace) {
            true => Ok(text.to_owned()),
            false => Err(Fault::new("must be a path that begins with `/` and has no spaces")),
        })
    })?;
    let status = fields.parse("status", |text| match text.parse::<u16>() {
        Ok(status @ 100..=599) => Ok(status),
        Ok(_) | Err(_) => Err(Fault::new("must be an HTTP status from 100 to 599")),
    })?;
    let probe = ReadinessProbe::Http {
        port: port(fields.required("port")?, &fields.path("port"))?,
        path: path.unwrap_or_else(|| "/".to_owned()),
        host: fields.text("host")?,
        status,
    };
    fields.end(reading);
    Ok(probe)
}

impl Wrong {
    fn advised(mut self) -> Self {
        let help = "Give one of `tcp = 5432`, `http = {port = 80, path = \"/\"}`, `log = \"ready\"` and `exec = [\"pg_isready\"]`.";
        self.fault.help.get_or_insert_with(|| help.to_owned());
        self
    }
}
