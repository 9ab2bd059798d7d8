//! Finds the services that belong to a run, and looks up what they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::duration::parse_duration;
use super::error::ComposeError;
use super::load::Loader;
use super::service::{self, Draft, named_volumes};
use super::{Read, ReadOptions, Volume, ignored};
use crate::model::{Build, EnvVar, ImageSource, Service, order_services};
use crate::notation::{At, Fields, Map, Reading, Unread, closest};

/// The top-level keys that mean something; `version` means nothing, as in compose, and `name` is read before.
const TOP_KEYS: [&str; 5] = ["services", "volumes", "networks", "version", "name"];

/// Reads the services of merged files.
pub(super) fn read(files: &[PathBuf], options: &ReadOptions) -> Result<Read, ComposeError> {
    let mut loader = Loader::new(options)?;
    let root = loader.load(files)?;
    let mut warnings = std::mem::take(&mut loader.warnings);
    let services = section(&root, "services")?;
    let mut drafts = drafts(&services, &loader, options, &mut warnings)?;
    share_builds(&mut drafts);
    let networks = section(&root, "networks")?;
    let volumes = volumes(&section(&root, "volumes")?, &mut warnings)?;
    check_names(&drafts, &networks, &volumes)?;
    network_warnings(&drafts, &networks, &mut warnings)?;
    for (name, node) in &root {
        if !TOP_KEYS.contains(&name.as_str()) && !name.starts_with("x-") {
            let suggestion =
                closest(name, TOP_KEYS.into_iter()).and_then(|close| TOP_KEYS.into_iter().find(|key| *key == close));
            warnings.push(ignored::top_warning(&Unread { at: node.at.clone(), key: name.clone(), suggestion }));
        }
    }
    let services = drafts.into_values().map(|draft| finished(draft, &mut loader)).collect::<Result<_, _>>()?;
    warnings.append(&mut loader.warnings);
    let services = order_services(services)?;
    let used: BTreeSet<&str> = services.iter().flat_map(named_volumes).collect();
    let volumes = volumes.into_iter().filter(|volume| used.contains(volume.name.as_str())).collect();
    Ok(Read { services, volumes, warnings })
}

/// Reads the services that were asked for, and those that they need.
fn drafts(
    services: &Map,
    loader: &Loader<'_>,
    options: &ReadOptions,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, Draft>, ComposeError> {
    let (roots, active) = selected(services, loader, options)?;
    let variable = |name: &str| loader.variables.get(name).cloned();
    let home = variable("HOME");
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    let mut waiting = roots;
    while let Some(name) = waiting.pop_first() {
        let mut reading = Reading {
            base: &options.project_dir,
            home: home.as_deref(),
            duration: parse_duration,
            variable: &variable,
            unread: Vec::new(),
        };
        let node = &services[&name];
        let mut draft = service::read(&name, node, &mut reading)?;
        let said = |(at, remark): (_, String)| remark_at(&at, &remark);
        let mut lines: Vec<_> = draft.remarks.drain(..).map(|remark| (remark.0.line, said(remark))).collect();
        lines.extend(reading.unread.iter().map(|unread| (unread.at.line, ignored::warning(unread))));
        lines.sort_by_key(|(line, _)| *line);
        warnings.extend(lines.into_iter().map(|(_, warning)| warning));
        for needed in std::mem::take(&mut draft.needed) {
            let other = &needed.dependency.service;
            if active.contains(other) {
                if !drafts.contains_key(other) && *other != name {
                    waiting.insert(other.clone());
                }
                draft.service.depends_on.push(needed.dependency);
            } else if needed.is_required {
                return Err(ComposeError::UnknownDependency {
                    path: needed.at.file.to_path_buf(),
                    line: needed.at.line,
                    service: name,
                    is_inactive: services.contains_key(other),
                    name: needed.dependency.service,
                });
            }
        }
        drafts.insert(name, draft);
    }
    Ok(drafts)
}

/// Returns the services to begin with, and all those that they may need.
fn selected(
    services: &Map,
    loader: &Loader<'_>,
    options: &ReadOptions,
) -> Result<(BTreeSet<String>, BTreeSet<String>), ComposeError> {
    let mut profiles: BTreeSet<String> = options.profiles.iter().cloned().collect();
    if profiles.is_empty() {
        let given = loader.variables.get("COMPOSE_PROFILES").map(String::as_str).unwrap_or_default();
        profiles.extend(given.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
    }
    let enabled = |profiles: &BTreeSet<String>| -> Result<BTreeSet<String>, ComposeError> {
        let mut enabled = BTreeSet::new();
        for (name, node) in services {
            let own = service::profiles(node, name)?;
            if own.is_empty() || profiles.contains("*") || own.iter().any(|profile| profiles.contains(profile)) {
                enabled.insert(name.clone());
            }
        }
        Ok(enabled)
    };
    let mut roots = match &options.services {
        Some(names) => names.iter().cloned().collect(),
        None => enabled(&profiles)?,
    };
    roots.extend(options.shard_service.clone());
    // A service that is named brings its profiles with it.
    let named = options.services.iter().flatten().chain(&options.shard_service);
    for name in named {
        let Some(node) = services.get(name) else {
            let known = services.keys().cloned().collect();
            return Err(ComposeError::UnknownService { name: name.clone(), known });
        };
        profiles.extend(service::profiles(node, name)?);
    }
    let mut active = enabled(&profiles)?;
    active.extend(roots.iter().cloned());
    Ok((roots, active))
}

/// Lets a service whose image another one builds have it built, too.
fn share_builds(drafts: &mut BTreeMap<String, Draft>) {
    let built: BTreeMap<String, Build> =
        drafts.values().filter_map(|draft| Some((draft.image.clone()?, service::built(draft)?.clone()))).collect();
    for draft in drafts.values_mut() {
        if let Some(build) = draft.image.as_ref().and_then(|image| built.get(image))
            && service::built(draft).is_none()
        {
            draft.service.image = ImageSource::Built(build.clone());
        }
    }
}

fn section(root: &Map, name: &str) -> Result<Map, ComposeError> {
    match root.get(name).filter(|node| !node.is_null()) {
        Some(node) => Ok(node.expect_map(name)?.clone()),
        None => Ok(Map::new()),
    }
}

/// Reads the volumes that the files declare.
fn volumes(section: &Map, warnings: &mut Vec<String>) -> Result<Vec<Volume>, ComposeError> {
    let mut volumes = Vec::new();
    for (name, node) in section {
        let mut volume = Volume { name: name.clone(), external: None };
        if !node.is_null() {
            let mut fields = Fields::of(node, format!("volumes.{name}"))?;
            let own_name = fields.text("name")?;
            if fields.flag("external")?.unwrap_or(false) {
                volume.external = Some(own_name.unwrap_or_else(|| name.clone()));
            } else {
                warnings.extend(name_warning(&mut fields));
            }
            warnings.extend(below(&fields));
        }
        volumes.push(volume);
    }
    Ok(volumes)
}

/// Makes sure that the volumes and networks of services are declared.
fn check_names(drafts: &BTreeMap<String, Draft>, networks: &Map, volumes: &[Volume]) -> Result<(), ComposeError> {
    for (name, draft) in drafts {
        let undeclared = |volume: &&str| !volumes.iter().any(|known| known.name == **volume);
        if let Some(volume) = named_volumes(&draft.service).find(undeclared) {
            return Err(ComposeError::MissingVolume {
                path: draft.mounts_at.file.to_path_buf(),
                line: draft.mounts_at.line,
                service: name.clone(),
                volume: volume.to_owned(),
            });
        }
        let unknown = |(network, _): &&(String, _)| network != "default" && !networks.contains_key(network);
        if let Some((network, at)) = draft.networks.iter().find(unknown) {
            return Err(ComposeError::MissingNetwork {
                path: at.file.to_path_buf(),
                line: at.line,
                service: name.clone(),
                network: network.clone(),
            });
        }
    }
    Ok(())
}

/// Warns about what the files say of networks: all services of a shard are on one.
fn network_warnings(
    drafts: &BTreeMap<String, Draft>,
    networks: &Map,
    warnings: &mut Vec<String>,
) -> Result<(), ComposeError> {
    for (name, node) in networks.iter().filter(|(_, node)| !node.is_null()) {
        let mut fields = Fields::of(node, format!("networks.{name}"))?;
        warnings.extend(name_warning(&mut fields));
        warnings.extend(below(&fields));
    }
    let used: BTreeSet<&str> =
        drafts.values().flat_map(|draft| &draft.networks).map(|(name, _)| name.as_str()).collect();
    if let (true, Some(node)) = (used.len() > 1, networks.values().next()) {
        let remark = "`networks` do not part services: all those of a shard are on one network";
        warnings.push(remark_at(&node.at, remark));
    }
    Ok(())
}

fn name_warning(fields: &mut Fields<'_>) -> Option<String> {
    let key = fields.path("name");
    fields.take("name").map(|node| ignored::name_warning(&node.at, &key))
}

fn below(fields: &Fields<'_>) -> Vec<String> {
    let unread = fields.rest().into_iter().filter(|(name, _)| !name.starts_with("x-"));
    let warning = |(name, at): (&str, &At)| {
        ignored::warning(&Unread { at: at.clone(), key: fields.path(name), suggestion: fields.suggestion(name) })
    };
    unread.map(warning).collect()
}

fn remark_at(at: &At, remark: &str) -> String {
    format!("{}:{}: {remark}", at.file.display(), at.line)
}

/// Reads the variables of the files that a service names, and puts its own over them.
fn finished(draft: Draft, loader: &mut Loader<'_>) -> Result<Service, ComposeError> {
    let Draft { mut service, env_files, env, .. } = draft;
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for file in env_files {
        let entries = match loader.env_file(&file.path, file.is_raw) {
            Ok(entries) => entries?,
            Err(error) if !file.is_required && error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => {
                let (path, line) = (file.at.file.to_path_buf(), file.at.line);
                let service = service.name;
                return Err(ComposeError::MissingEnvFile { path, line, service, missing: file.path, source });
            }
        };
        for (name, value) in entries {
            if let Some(value) = value.or_else(|| loader.variables.get(&name).cloned()) {
                variables.insert(name, value);
            }
        }
    }
    for (name, value) in env {
        match value {
            Some(value) => _ = variables.insert(name, value),
            None => _ = variables.remove(&name),
        }
    }
    service.container.env = variables.into_iter().map(|(name, value)| EnvVar { name, value }).collect();
    Ok(service)
}
