//! `[[override]]` tables: options of containers that hold for some units only.

use super::error::ConfigError;
use super::options::{Options, find};
use super::setting::Printed;
use super::spec::OptionSpec;
use crate::model::ContainerChanges;
use crate::notation::{Fault, Fields, Node, closest};

/// The key of the tables.
pub(super) const KEY: &str = "override";

/// The key that says which units a table is for.
pub(super) const UNITS: &str = "units";

/// The options that may differ from unit to unit.
pub const OVERRIDABLE: [&str; 13] = [
    "memory",
    "cpus",
    "pids",
    "shm-size",
    "tmpfs",
    "ulimit",
    "read-only",
    "user",
    "dns",
    "add-host",
    "device",
    "cap-add",
    "cap-drop",
];

/// Options of containers that hold for some units only.
#[derive(Debug, Clone)]
pub struct ContainerOverride {
    /// Globs of the units' files, relative to the current directory.
    pub units: Vec<String>,
    /// What their containers are given otherwise.
    pub changes: ContainerChanges,
}

/// What is wrong with a value that is no list of tables.
pub(super) fn no_table(value: &Node) -> ConfigError {
    let fault = Fault::new("must be a list of tables");
    value.wrong(KEY, fault.help(format!("Write `[[{KEY}]]`, and `{UNITS}` and the options below it."))).into()
}

/// Reads which units a table is for.
pub(super) fn units(table: &Node) -> Result<Vec<String>, ConfigError> {
    let units = Fields::of(table, KEY)?.texts(UNITS)?;
    if units.is_empty() {
        let fault = Fault::new(format!("must have `{UNITS}`")).help("Give one glob of test files, or several.");
        return Err(table.wrong(KEY, fault).into());
    }
    Ok(units)
}

/// Finds the option that a key of a table is; `node` is its value.
pub(super) fn option(key: &str, node: &Node) -> Result<&'static OptionSpec, ConfigError> {
    if let Some(spec) = find(key).filter(|spec| OVERRIDABLE.contains(&spec.key)) {
        return Ok(spec);
    }
    let help = match closest(key, OVERRIDABLE.into_iter().chain([UNITS])) {
        Some(close) if find(key).is_none() => format!("Did you mean `{close}`?"),
        Some(_) | None => format!("Besides `{UNITS}` there are: {}.", OVERRIDABLE.join(", ")),
    };
    let fault = Fault::new("is not a key of an override").help(help);
    Err(node.wrong(&format!("{KEY}.{key}"), fault).into())
}

/// Makes an override of a table's options, of which those do not count that a stronger source gives for all units.
pub(super) fn settle(units: Vec<String>, mut options: Options, stronger: [&Options; 2]) -> ContainerOverride {
    let root = std::path::Path::new("");
    for spec in OVERRIDABLE.into_iter().filter_map(find) {
        let is_given = |options: &Options| {
            (spec.print)(options, spec, root).iter().any(|row| !matches!(row.value, Printed::Unset(_)))
        };
        if stronger.into_iter().any(is_given) {
            (spec.clear)(&mut options);
        }
    }
    let changes = ContainerChanges {
        user: options.user.value().map(|user| user.0),
        memory_bytes: options.memory.value().map(|memory| memory.0),
        cpu_millis: options.cpus.value().map(|cpus| cpus.0),
        pids: options.pids.value().map(|pids| pids.0.map(std::num::NonZeroU32::get)),
        shm_bytes: options.shm_size.value().map(|size| size.0),
        ulimits: options.ulimit.given(|limit| limit.0),
        tmpfs: options.tmpfs.given(|entry| entry.0),
        dns: options.dns.given(|server| server.0.to_string()),
        extra_hosts: options.add_host.given(|host| host.0),
        cap_add: options.cap_add.given(|name| name.0),
        cap_drop: options.cap_drop.given(|name| name.0),
        devices: options.device.given(|device| device.0),
        read_only: options.read_only.value().map(|switch| switch.0),
    };
    ContainerOverride { units, changes }
}
