//! `[[service]]` tables: services that the configuration file describes itself, without a compose file.
//!
//! A key that is unknown is an error here, as everywhere in the file. What has the same meaning as in a compose file is read
//! by the same functions, which are in `notation`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::env_file;
use super::environment::Environment;
use super::error::ConfigError;
use super::scalar::{ContainerPath, PidsLimit, Scalar, User};
use super::variable::EnvEntry;
use crate::model::{
    ContainerSettings, DependencyCondition, EnvVar, ImageSource, Privileges, ResourceLimits, Service, order_services,
};
use crate::notation::{
    Fault, Fields, Needed, Node, Reading, Unread, Wrong, build, capabilities, command, depends_on, health, labels,
    pairs, parse_cpus, parse_duration, parse_memory, parse_service_name, parse_size, ready, reset, scope, tmpfs,
    ulimits, volumes,
};

/// The key of the tables. With text it is the option of the same name.
pub(super) const KEY: &str = "service";

/// A service that a table needs, and that only a compose file may have.
#[derive(Debug, Clone)]
pub struct ForeignNeed {
    name: String,
    unless_there: Wrong,
}

impl ForeignNeed {
    /// Makes sure that the service is there after all.
    ///
    /// # Errors
    /// [`ConfigError::Service`] with the place in the file, when it is not.
    pub fn check(&self, services: &[Service]) -> Result<(), ConfigError> {
        match services.iter().any(|service| service.name == self.name) {
            true => Ok(()),
            false => Err(self.unless_there.clone().into()),
        }
    }
}

/// Reads the tables. Relative paths are taken from `base`; with `names_more`, services may need some that are not here.
pub(super) fn read(
    tables: &Node,
    base: &Path,
    names_more: bool,
    environment: &Environment,
) -> Result<(Vec<Service>, Vec<ForeignNeed>), ConfigError> {
    let mut services: Vec<Service> = Vec::new();
    let mut foreign = Vec::new();
    let mut all_needed = Vec::new();
    for table in tables.expect_list(KEY)? {
        let (service, needed) = service(table, base, environment)?;
        if services.iter().any(|other| other.name == service.name) {
            let fault = Fault::new(format!("has the name `{}` of an earlier one", service.name));
            return Err(table.wrong(KEY, fault.help("Give it a name of its own.")).into());
        }
        all_needed.extend(needed.into_iter().map(|needed| (service.name.clone(), needed)));
        services.push(service);
    }
    for (name, Needed { dependency, at, is_required }) in all_needed {
        let is_known = services.iter().any(|service| service.name == dependency.service);
        if !is_known && is_required {
            let fault = Fault::new(format!("names `{}`, which is no service", dependency.service));
            let fault = fault.help("Correct the name, or add the service.");
            let wrong = Wrong { at, key: format!("{KEY}.{name}.depends-on"), fault };
            if !names_more {
                return Err(wrong.into());
            }
            foreign.push(ForeignNeed { name: dependency.service, unless_there: wrong });
        }
    }
    Ok((order_services(services)?, foreign))
}

fn service(table: &Node, base: &Path, environment: &Environment) -> Result<(Service, Vec<Needed>), ConfigError> {
    let name = name(&mut Fields::of(table, KEY)?, table)?;
    let variable = |name: &str| environment.value(name).ok().flatten().map(str::to_owned);
    let home = variable("HOME");
    let reading =
        &mut Reading { base, home: home.as_deref(), duration: parse_duration, variable: &variable, unread: Vec::new() };
    let mut fields = Fields::of(table, format!("{KEY}.{name}"))?;
    _ = fields.take("name");
    let mut service = Service::new(&name, image(&mut fields, table, reading)?);
    service.aliases = fields.texts("aliases")?;
    service.entrypoint = fields.read("entrypoint", command)?;
    service.command = fields.read("command", command)?;
    service.container = container(&mut fields, reading)?;
    service.labels = fields.read("labels", labels)?.unwrap_or_default();
    service.init = fields.flag("init")?.unwrap_or(false);
    service.stop_signal = fields.text("stop-signal")?;
    service.stop_grace = fields.parse("stop-grace", parse_duration)?.unwrap_or(Service::STOP_GRACE);
    service.health = fields.read("health", |node, key| health(node, key, "start-period", reading))?;
    service.ready = ready(&mut fields, reading)?;
    service.per = scope(&mut fields)?;
    service.reset = reset(&mut fields)?;
    let needs = |node: &Node, key: &str| depends_on(node, key, DependencyCondition::Healthy, reading);
    let needed = fields.read("depends-on", needs)?.unwrap_or_default();
    service.depends_on = needed.iter().map(|needed| needed.dependency.clone()).collect();
    let files = fields.texts("env-file")?;
    let env = fields.read("env", pairs)?.unwrap_or_default();
    fields.end(reading);
    if let Some(unread) = reading.unread.first() {
        return Err(unknown(unread));
    }
    service.container.env = variables(&files, env, base, environment)?;
    Ok((service, needed))
}

fn name(fields: &mut Fields<'_>, table: &Node) -> Result<String, Wrong> {
    let name = fields.parse("name", parse_service_name)?;
    name.ok_or_else(|| table.wrong(KEY, Fault::new("must have a `name`").help("Others reach it by its name.")))
}

fn image(fields: &mut Fields<'_>, table: &Node, reading: &mut Reading<'_>) -> Result<ImageSource, Wrong> {
    let image = fields.text("image")?;
    let built = fields.read("build", |node, key| build(node, key, "no-cache", reading))?;
    let wrong = |must: &str| {
        let fault = Fault::new(must).help("Name an image, or a directory to build one from.");
        Err(table.wrong(KEY, fault))
    };
    match (image, built) {
        (Some(image), None) => Ok(ImageSource::Named(image)),
        (None, Some(build)) => Ok(ImageSource::Built(build)),
        (Some(_), Some(_)) => wrong("has both `image` and `build`"),
        (None, None) => wrong("has neither `image` nor `build`"),
    }
}

fn container(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Result<ContainerSettings, Wrong> {
    let base = reading.base;
    let mut mounts = fields.read("volumes", |node, key| volumes(node, key, reading))?.unwrap_or_default();
    mounts.extend(fields.read("tmpfs", |node, key| tmpfs(node, key, reading))?.unwrap_or_default());
    Ok(ContainerSettings {
        work_dir: fields.parse("work-dir", |text| ContainerPath::parse(text, base))?.map(|path| path.0),
        user: fields.parse("user", |text| User::parse(text, base))?.map(|user| user.0),
        mounts,
        hostname: fields.text("hostname")?,
        dns: fields.texts("dns")?,
        extra_hosts: fields.texts("extra-hosts")?,
        limits: ResourceLimits {
            memory_bytes: fields.parse("memory", parse_memory)?,
            cpu_millis: fields.parse("cpus", parse_cpus)?,
            pids: fields
                .parse("pids", |text| PidsLimit::parse(text, base))?
                .and_then(|limit| limit.0)
                .map(std::num::NonZeroU32::get),
            shm_bytes: fields.parse("shm-size", parse_size)?,
            ulimits: fields.read("ulimits", ulimits)?.unwrap_or_default(),
        },
        privileges: Privileges {
            cap_add: capabilities(fields.texts("cap-add")?),
            cap_drop: capabilities(fields.texts("cap-drop")?),
            devices: fields.texts("devices")?,
            read_only: fields.flag("read-only")?.unwrap_or(false),
        },
        ..ContainerSettings::default()
    })
}

/// Reads the files of variables as `--env-file` does, and puts the service's own over theirs.
fn variables(
    files: &[String],
    env: Vec<(String, Option<String>)>,
    base: &Path,
    environment: &Environment,
) -> Result<Vec<EnvVar>, ConfigError> {
    let mut entries: Vec<EnvEntry> = Vec::new();
    for file in files {
        entries.extend(env_file::read(&base.join(file), &PathBuf::from(file))?);
    }
    entries.extend(env.into_iter().map(|(name, value)| EnvEntry { name, value }));
    let mut variables = BTreeMap::new();
    for EnvEntry { name, value } in entries {
        let value = match value {
            Some(value) => Some(value),
            None => environment.value(&name)?.map(str::to_owned),
        };
        match value {
            Some(value) => _ = variables.insert(name, value),
            None => _ = variables.remove(&name),
        }
    }
    Ok(variables.into_iter().map(|(name, value)| EnvVar { name, value }).collect())
}

pub(super) fn unknown(unread: &Unread) -> ConfigError {
    let help = match unread.suggestion {
        Some(close) => format!("Did you mean `{close}`?"),
        None => "docs/services.md lists all keys.".to_owned(),
    };
    let fault = Fault::new("is not a key of a service").help(help);
    Wrong { at: unread.at.clone(), key: unread.key.clone(), fault }.into()
}
