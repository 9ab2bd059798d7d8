//! Makes a service of what the merged files say about it.

use std::path::PathBuf;

use super::error::ComposeError;
use super::ports;
use crate::model::{
    Build, ContainerSettings, DependencyCondition, HealthCheck, ImageSource, Mount, MountSource, Privileges,
    ResourceLimits, Service,
};
use crate::notation::{
    At, Fault, Fields, Needed, Node, Reading, Unread, Wrong, build, capabilities, command, depends_on, health, labels,
    pairs, parse, parse_cpus, parse_memory, parse_pids, parse_service_name, parse_size, ready, reset, scope, tmpfs,
    ulimits, volumes,
};

/// A service before its files are read and its names are looked up.
pub(super) struct Draft {
    pub(super) service: Service,
    /// The name of its image, also of one that is built.
    pub(super) image: Option<String>,
    pub(super) env_files: Vec<EnvFile>,
    /// The variables of the service itself; they win over those of files, also by having no value.
    pub(super) env: Vec<(String, Option<String>)>,
    pub(super) needed: Vec<Needed>,
    pub(super) networks: Vec<(String, At)>,
    /// Where its mounts stand.
    pub(super) mounts_at: At,
    /// What is said about it, each with where it is said.
    pub(super) remarks: Vec<(At, String)>,
}

/// A file of variables.
pub(super) struct EnvFile {
    pub(super) path: PathBuf,
    pub(super) is_required: bool,
    pub(super) is_raw: bool,
    pub(super) at: At,
}

/// Lists the profiles of a service; one without any always belongs.
pub(super) fn profiles(node: &Node, name: &str) -> Result<Vec<String>, ComposeError> {
    let Some(map) = node.as_map() else { return Ok(Vec::new()) };
    let Some(node) = map.get("profiles").filter(|node| !node.is_null()) else { return Ok(Vec::new()) };
    let key = format!("services.{name}.profiles");
    let list = node.expect_list(&key)?;
    Ok(list.iter().map(|node| node.expect_text(&key).map(str::to_owned)).collect::<Result<_, _>>()?)
}

/// Reads the service that stands below `services` by this name.
pub(super) fn read(name: &str, node: &Node, reading: &mut Reading<'_>) -> Result<Draft, ComposeError> {
    let key = format!("services.{name}");
    parse_service_name(name).map_err(|fault| node.wrong(&key, fault))?;
    let mut fields = Fields::of(node, key)?;
    let mut remarks = Vec::new();
    let image = fields.text("image")?;
    let source = match (fields.read("build", |node, key| build(node, key, "no_cache", reading))?, &image) {
        (Some(build), _) => ImageSource::Built(build),
        (None, Some(image)) => ImageSource::Named(image.clone()),
        (None, None) => {
            let (path, line) = (node.at.file.to_path_buf(), node.at.line);
            return Err(ComposeError::NoImage { path, line, service: name.to_owned() });
        }
    };
    let mut service = Service::new(name, source);
    service.entrypoint = fields.read("entrypoint", command)?;
    service.command = fields.read("command", command)?;
    service.labels = fields.read("labels", labels)?.unwrap_or_default();
    service.init = fields.flag("init")?.unwrap_or(false);
    service.stop_signal = fields.text("stop_signal")?;
    service.stop_grace = fields.parse("stop_grace_period", reading.duration)?.unwrap_or(Service::STOP_GRACE);
    service.health = fields.read("healthcheck", |node, key| check(node, key, reading))?;
    let needs = |node: &Node, key: &str| depends_on(node, key, DependencyCondition::Started, reading);
    let needed = fields.read("depends_on", needs)?.unwrap_or_default();
    let mounts_at = fields.take("volumes").map_or_else(|| node.at.clone(), |node| node.at.clone());
    service.container = container(&mut fields, reading)?;
    let env = fields.read("environment", pairs)?.unwrap_or_default();
    let env_files = fields.read("env_file", |node, key| env_files(node, key, reading))?.unwrap_or_default();
    let (aliases, networks) = fields.read("networks", |node, key| networks(node, key, reading))?.unwrap_or_default();
    service.aliases = aliases;
    own_keys(&mut fields, &mut service, reading)?;
    names(&mut fields, &mut service, &mut remarks)?;
    ports::check(&mut fields, &mut remarks)?;
    // They were read when it was found out which services belong.
    _ = fields.take("profiles");
    let variable = |(name, value): (String, Option<String>)| {
        let value = value.or_else(|| (reading.variable)(&name));
        (name, value)
    };
    let env = env.into_iter().map(variable).collect();
    fields.end(reading);
    Ok(Draft { service, image, env_files, env, needed, networks, mounts_at, remarks })
}

/// Returns the volumes with names that a service mounts.
pub(super) fn named_volumes(service: &Service) -> impl Iterator<Item = &str> {
    service.container.mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Volume(Some(name)) => Some(name.as_str()),
        MountSource::Volume(None) | MountSource::Existing(_) | MountSource::Host(_) | MountSource::Tmpfs { .. } => None,
    })
}

/// Returns how the image of a service is built.
pub(super) fn built(draft: &Draft) -> Option<&Build> {
    match &draft.service.image {
        ImageSource::Built(build) => Some(build),
        ImageSource::Named(_) => None,
    }
}

fn container(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Result<ContainerSettings, Wrong> {
    let mut mounts: Vec<Mount> = fields.read("volumes", |node, key| volumes(node, key, reading))?.unwrap_or_default();
    mounts.extend(fields.read("tmpfs", |node, key| tmpfs(node, key, reading))?.unwrap_or_default());
    Ok(ContainerSettings {
        work_dir: fields.text("working_dir")?,
        user: fields.text("user")?,
        mounts,
        hostname: fields.text("hostname")?,
        dns: fields.texts("dns")?,
        extra_hosts: fields.texts("extra_hosts")?,
        limits: limits(fields, reading)?,
        privileges: Privileges {
            cap_add: capabilities(fields.texts("cap_add")?),
            cap_drop: capabilities(fields.texts("cap_drop")?),
            devices: fields.read("devices", |node, key| devices(node, key, reading))?.unwrap_or_default(),
            read_only: fields.flag("read_only")?.unwrap_or(false),
        },
        ..ContainerSettings::default()
    })
}

fn limits(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Result<ResourceLimits, Wrong> {
    let deployed = fields.read("deploy", |node, key| deployed(node, key, reading))?.unwrap_or_default();
    Ok(ResourceLimits {
        memory_bytes: fields.parse("mem_limit", memory)?.flatten().or(deployed.memory_bytes),
        cpu_millis: fields.parse("cpus", cpus)?.flatten().or(deployed.cpu_millis),
        pids: fields.parse("pids_limit", parse_pids)?.flatten().or(deployed.pids),
        shm_bytes: fields.parse("shm_size", parse_size)?,
        ulimits: fields.read("ulimits", ulimits)?.unwrap_or_default(),
    })
}

/// Reads the limits below `deploy.resources`.
fn deployed(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<ResourceLimits, Wrong> {
    let mut limits = ResourceLimits::default();
    let mut deploy = Fields::of(node, key)?;
    deploy.read("resources", |node, key| {
        let mut resources = Fields::of(node, key)?;
        resources.read("limits", |node, key| {
            let mut fields = Fields::of(node, key)?;
            limits.memory_bytes = fields.parse("memory", memory)?.flatten();
            limits.cpu_millis = fields.parse("cpus", cpus)?.flatten();
            limits.pids = fields.parse("pids", parse_pids)?.flatten();
            fields.end(reading);
            Ok(())
        })?;
        resources.end(reading);
        Ok(())
    })?;
    deploy.end(reading);
    Ok(limits)
}

/// Parses an amount of memory; 0 means no limit.
fn memory(text: &str) -> Result<Option<u64>, Fault> {
    if parse_size(text) == Ok(0) { Ok(None) } else { parse_memory(text).map(Some) }
}

/// Parses a number of cores; 0 means no limit.
fn cpus(text: &str) -> Result<Option<u64>, Fault> {
    match text.trim_matches(['0', '.']) {
        "" if !text.is_empty() => Ok(None),
        _ => parse_cpus(text).map(Some),
    }
}

fn check(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<HealthCheck, Wrong> {
    health(node, key, "start_period", reading)
}

fn devices(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<Vec<String>, Wrong> {
    let device = |node: &Node| {
        if let Some(text) = node.as_text() {
            return Ok(text.to_owned());
        }
        let mut fields = Fields::of(node, key)?;
        let source = fields.required("source")?.expect_text(key)?.to_owned();
        let parts = [Some(source.clone()), fields.text("target")?.or(Some(source)), fields.text("permissions")?];
        fields.end(reading);
        Ok(parts.into_iter().flatten().collect::<Vec<_>>().join(":"))
    };
    node.expect_list(key)?.iter().map(device).collect()
}

fn env_files(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<Vec<EnvFile>, Wrong> {
    let file = |node: &Node| {
        let mut fields = Fields::of(node, key)?;
        let path = fields.required("path")?;
        let file = EnvFile {
            path: PathBuf::from(path.expect_text(key)?),
            is_required: fields.flag("required")?.unwrap_or(true),
            is_raw: fields
                .parse("format", |text| match text {
                    "raw" => Ok(()),
                    _ => Err(Fault::new("must be `raw`, or left out").given(text)),
                })?
                .is_some(),
            at: node.at.clone(),
        };
        fields.end(reading);
        Ok(file)
    };
    node.expect_list(key)?.iter().map(file).collect()
}

type Networks = (Vec<String>, Vec<(String, At)>);

/// Reads the aliases of a service on all its networks, which are one here, and the networks.
fn networks(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<Networks, Wrong> {
    let (mut aliases, mut networks): Networks = Default::default();
    for (name, node) in node.expect_map(key)? {
        networks.push((name.clone(), node.at.clone()));
        if node.is_null() {
            continue;
        }
        let mut fields = Fields::of(node, format!("{key}.{name}"))?;
        for alias in fields.texts("aliases")? {
            if !aliases.contains(&alias) {
                aliases.push(alias);
            }
        }
        fields.end(reading);
    }
    Ok((aliases, networks))
}

/// Reads minke's own keys, `per`, `reset` and `ready` below `x-minke`. One that is unknown is an error.
fn own_keys(fields: &mut Fields<'_>, service: &mut Service, reading: &mut Reading<'_>) -> Result<(), ComposeError> {
    let key = fields.path("x-minke");
    let Some(node) = fields.take("x-minke") else { return Ok(()) };
    let before = reading.unread.len();
    let mut own = Fields::of(node, key)?;
    service.per = scope(&mut own)?;
    service.reset = reset(&mut own)?;
    service.ready = ready(&mut own, reading)?;
    own.end(reading);
    match reading.unread.get(before) {
        Some(Unread { at, key, suggestion }) => {
            let help = suggestion.map(|close| format!("Did you mean `{close}`?"));
            let help = help.unwrap_or_else(|| "`x-minke` has `per`, `reset` and `ready`.".to_owned());
            Err(ComposeError::value(at, key, Fault::new("is not a key of minke's").help(help)))
        }
        None => Ok(()),
    }
}

/// Lets the name that the container would have be an alias, and checks all names that others use.
fn names(fields: &mut Fields<'_>, service: &mut Service, remarks: &mut Vec<(At, String)>) -> Result<(), Wrong> {
    let key = fields.path("container_name");
    let Some(node) = fields.take("container_name") else { return Ok(()) };
    let name = parse(node, &key, |text| match text.is_empty() || text.contains(char::is_whitespace) {
        true => Err(Fault::new("must be a name without spaces")),
        false => Ok(text.to_owned()),
    })?;
    remarks.push((node.at.clone(), format!("`{key}` is not honoured: it is an alias on the shard's network instead")));
    if name != service.name && !service.aliases.contains(&name) {
        service.aliases.push(name);
    }
    Ok(())
}
