//! From compose files and `[[service]]` tables to the services of a run.

use std::collections::BTreeMap;

use super::error::CliError;
use crate::compose::{self, ReadOptions};
use crate::config::{Settings, name_of_built};
use crate::engine::{BuildRequest, Engine, Image, ImageRequest};
use crate::model::{
    Build, ContainerSettings, DependencyCondition, ImageSource, MountSource, Platform, Service, ServiceScope, Services,
};
use crate::report::Redactor;

/// What runs beside the tests, and what compose files say of the tests' own containers.
#[derive(Default)]
pub(super) struct Beside {
    /// The service that the tests run in the place of.
    pub(super) shard: Option<Service>,
    pub(super) services: Services,
    pub(super) warnings: Vec<String>,
}

/// Reads the compose files and adds the services of the configuration file.
pub(super) fn beside(settings: &Settings) -> Result<Beside, CliError> {
    let mut beside = match settings.compose.is_empty() {
        true => Beside::default(),
        false => of_compose(settings)?,
    };
    beside.services.list.extend(settings.services.iter().cloned());
    beside.services.subnets = settings.subnets;
    for need in &settings.foreign_needs {
        need.check(&beside.services.list)?;
    }
    check(&beside.services.list)?;
    beside.warnings.extend(beside.services.list.iter().filter_map(without_reset));
    Ok(beside)
}

/// Tells that a service is never reset, although it says how.
fn without_reset(service: &Service) -> Option<String> {
    let is_in_vain =
        service.per != ServiceScope::Shard && service.reset != Service::new("", service.image.clone()).reset;
    is_in_vain
        .then(|| format!("`reset` of `{}` means nothing: all shards share it, and it is never reset", service.name))
}

fn of_compose(settings: &Settings) -> Result<Beside, CliError> {
    let project_dir = settings.compose.first().and_then(|file| file.parent()).unwrap_or(&settings.root);
    let variables: BTreeMap<String, String> =
        settings.environment.iter().map(|var| (var.name.clone(), var.value.clone())).collect();
    let options = ReadOptions {
        project_dir: project_dir.to_owned(),
        variables,
        profiles: settings.profiles.clone(),
        services: settings.service_names.clone(),
        shard_service: settings.shard_service.clone(),
    };
    let mut read = compose::read(&settings.compose, &options)?;
    let external: BTreeMap<&str, &str> =
        read.volumes.iter().filter_map(|volume| Some((volume.name.as_str(), volume.external.as_deref()?))).collect();
    for mount in read.services.iter_mut().flat_map(|service| &mut service.container.mounts) {
        if let MountSource::Volume(Some(name)) = &mount.source
            && let Some(existing) = external.get(name.as_str())
        {
            mount.source = MountSource::Existing((*existing).to_owned());
        }
    }
    let mut warnings = read.warnings.clone();
    let Some(name) = &settings.shard_service else {
        let services = Services { list: read.services, ..Services::default() };
        return Ok(Beside { shard: None, services, warnings });
    };
    let split = compose::shard_service(&read, name)?;
    warnings.extend(split.warnings);
    let needs = split.service.depends_on.clone();
    let services = Services { list: split.sidecars, needs, ..Services::default() };
    Ok(Beside { shard: Some(split.service), services, warnings })
}

/// Refuses what no order of starting could satisfy.
fn check(services: &[Service]) -> Result<(), CliError> {
    for (place, service) in services.iter().enumerate() {
        if services[..place].iter().any(|other| other.name == service.name) {
            return Err(CliError::Services(format!("two services have the name `{}`", service.name)));
        }
        let needed = service
            .depends_on
            .iter()
            .filter_map(|need| Some((services.iter().find(|it| it.name == need.service)?, need)));
        for (other, need) in needed {
            if service.per != ServiceScope::Shard && other.per == ServiceScope::Shard {
                let (name, other) = (&service.name, &other.name);
                return Err(CliError::Services(format!(
                    "all shards share `{name}`, and it depends on `{other}`, of which each shard has its own"
                )));
            }
            let is_shared_job =
                need.condition == DependencyCondition::CompletedSuccessfully && other.per != ServiceScope::Shard;
            if is_shared_job && service.per == ServiceScope::Shard {
                let name = &other.name;
                return Err(CliError::Services(format!(
                    "`{}` waits for the end of `{name}`, which all shards share; give `{name}` to each shard",
                    service.name
                )));
            }
        }
    }
    Ok(())
}

/// Lays what a compose file says of the tests' service under what the options say.
pub(super) fn lay_under(service: &Service, settings: &Settings, container: &mut ContainerSettings) {
    let of_service = service.container.clone();
    let given = std::mem::take(&mut container.env);
    container.env = of_service.env.into_iter().chain(given).collect();
    container.mounts.splice(..0, of_service.mounts);
    container.work_dir = container.work_dir.take().or(of_service.work_dir);
    container.user = container.user.take().or(of_service.user);
    container.hostname = container.hostname.take().or(of_service.hostname);
    container.extra_hosts.splice(..0, of_service.extra_hosts);
    container.dns.splice(..0, of_service.dns);
    let limits = &mut container.limits;
    limits.memory_bytes = limits.memory_bytes.or(of_service.limits.memory_bytes);
    limits.cpu_millis = limits.cpu_millis.or(of_service.limits.cpu_millis);
    if settings.is_default("pids") {
        limits.pids = of_service.limits.pids.or(limits.pids);
    }
    limits.shm_bytes = limits.shm_bytes.or(of_service.limits.shm_bytes);
    limits.ulimits.splice(..0, of_service.limits.ulimits);
    let privileges = &mut container.privileges;
    privileges.cap_add.splice(..0, of_service.privileges.cap_add);
    privileges.cap_drop.splice(..0, of_service.privileges.cap_drop);
    privileges.devices.splice(..0, of_service.privileges.devices);
    privileges.read_only |= of_service.privileges.read_only;
}

/// Tells what a service says that means nothing for the tests that run in its place.
pub(super) fn without_effect(service: &Service) -> Option<String> {
    let plain = Service::new(&service.name, service.image.clone());
    let keys = [
        (service.entrypoint != plain.entrypoint, "entrypoint"),
        (service.command != plain.command, "command"),
        (service.labels != plain.labels, "labels"),
        (service.stop_signal != plain.stop_signal, "stop_signal"),
        (service.stop_grace != plain.stop_grace, "stop_grace_period"),
        (service.health != plain.health, "healthcheck"),
        (service.ready != plain.ready, "ready"),
        (service.per != plain.per, "per"),
        (service.reset != plain.reset, "reset"),
    ];
    let keys: Vec<String> = keys.iter().filter(|(is_given, _)| *is_given).map(|(_, key)| format!("`{key}`")).collect();
    let name = &service.name;
    let mean = if keys.len() == 1 { "means" } else { "mean" };
    (!keys.is_empty())
        .then(|| format!("{} of `{name}` {mean} nothing for the tests that run in its place", keys.join(", ")))
}

/// Builds or pulls the images of all services, so that no shard waits for one. Those that are built have a name afterwards.
pub(super) async fn obtain_images(
    services: &mut [Service],
    settings: &Settings,
    engine: &dyn Engine,
) -> Result<(), CliError> {
    for service in services {
        obtain_image(service, settings, engine, None).await?;
    }
    Ok(())
}

/// Builds or pulls the image of a service, for a platform or the engine's own.
pub(super) async fn obtain_image(
    service: &mut Service,
    settings: &Settings,
    engine: &dyn Engine,
    platform: Option<Platform>,
) -> Result<Image, CliError> {
    match &service.image {
        ImageSource::Built(of) => {
            let name = name_of_built(&of.context, Some(&service.name));
            let image = build(name.clone(), of, settings, engine, platform).await?;
            service.image = ImageSource::Named(name);
            Ok(image)
        }
        ImageSource::Named(name) => {
            Ok(engine.image(&ImageRequest { pull: settings.pull, platform, ..ImageRequest::new(name) }).await?)
        }
    }
}

/// Builds an image.
pub(super) async fn build(
    name: String,
    build: &Build,
    settings: &Settings,
    engine: &dyn Engine,
    platform: Option<Platform>,
) -> Result<Image, CliError> {
    let leave_out = vec![settings.output_dir.clone()];
    let request = BuildRequest { name, build: build.clone(), leave_out, pull: settings.pull, platform };
    let redactor = Redactor::new(&settings.secrets);
    let mask = |text: &str| redactor.as_ref().map_or_else(|| text.to_owned(), |redactor| redactor.text(text));
    Ok(engine.build(&request).await.map_err(|error| error.masked(mask))?)
}
