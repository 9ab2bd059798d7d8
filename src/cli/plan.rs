//! `minke plan`: what would run where.

use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use super::args::Format;
use super::error::CliError;
use super::image_progress::ImageProgress;
use super::prepare::prepare;
use crate::config::{Settings, print_size};
use crate::engine::{DockerClient, DockerEngine};
use crate::model::{ContainerSettings, MountSource};
use crate::plan::Plan;
use crate::run::new_run_id;

/// Prints the plan that a run with these settings would carry out; nothing is run.
///
/// # Errors
/// Whatever keeps a plan from being made, and [`CliError::Output`].
pub async fn plan(
    settings: &Settings,
    docker: &DockerClient,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let progress = Arc::new(ImageProgress::new(settings, None));
    let engine = DockerEngine::connect(docker).await?.observed_by(progress);
    let prepared = prepare(settings, Arc::new(engine), new_run_id()).await?;
    if let Some(error) = prepared.unusable_image {
        return Err(error);
    }
    for note in &prepared.notes {
        let _ = writeln!(std::io::stderr(), "{note}");
    }
    for remark in &prepared.remarks {
        let _ = writeln!(std::io::stderr(), "warning: {remark}");
    }
    match format {
        Format::Text => write_text(&prepared.plan, out)?,
        Format::Json => write_json(&prepared.plan, out)?,
    }
    Ok(())
}

fn write_text(plan: &Plan, out: &mut dyn Write) -> std::io::Result<()> {
    let units = plan.units().len();
    let call = plan.framework();
    writeln!(out, "framework  {} (`{}`)", call.name, call.command.join(" "))?;
    writeln!(out, "image      {}", plan.template().image)?;
    let batches = plan.batches().len();
    let (unit, batch) = (if units == 1 { "unit" } else { "units" }, if batches == 1 { "batch" } else { "batches" });
    writeln!(out, "size       {units} {unit}, in {batches} {batch}, at most {} at once", plan.shards())?;
    let services = service_names(plan);
    if !services.is_empty() {
        writeln!(out, "services   {}", services.join(", "))?;
    }
    for (number, batch) in (1..).zip(plan.batches()) {
        let container = plan.template().container_of(plan.unit(batch.units[0]));
        let differences = differences(&plan.template().container, container);
        let of_its_own = if differences.is_empty() { String::new() } else { format!(": {}", differences.join(", ")) };
        writeln!(out, "\nbatch {number}{of_its_own}")?;
        for &unit in &batch.units {
            let path = plan.unit(unit).id.as_str();
            // A name with a line break in it must not look like two.
            if path.contains(char::is_control) { writeln!(out, "  {path:?}")? } else { writeln!(out, "  {path}")? }
        }
    }
    Ok(())
}

/// Tells what of a container is not as in the usual one, by the keys of an `[[override]]`.
fn differences(usual: &ContainerSettings, container: &ContainerSettings) -> Vec<String> {
    let (before, limits) = (&usual.limits, &container.limits);
    let (had, privileges) = (&usual.privileges, &container.privileges);
    let in_memory = |settings: &ContainerSettings| {
        let mounts = settings.mounts.iter().filter(|mount| matches!(mount.source, MountSource::Tmpfs { .. }));
        mounts.cloned().collect::<Vec<_>>()
    };
    let size = |key: &str, size: Option<u64>| format!("{key} {}", size.map(print_size).unwrap_or_default());
    let rows = [
        (before.memory_bytes != limits.memory_bytes, size("memory", limits.memory_bytes)),
        (
            before.cpu_millis != limits.cpu_millis,
            format!("cpus {}", limits.cpu_millis.unwrap_or_default() as f64 / 1000.0),
        ),
        (
            before.pids != limits.pids,
            format!("pids {}", limits.pids.map_or_else(|| "none".to_owned(), |pids| pids.to_string())),
        ),
        (before.shm_bytes != limits.shm_bytes, size("shm-size", limits.shm_bytes)),
        (usual.user != container.user, format!("user {}", container.user.as_deref().unwrap_or_default())),
        (had.read_only != privileges.read_only, format!("read-only {}", privileges.read_only)),
        (before.ulimits != limits.ulimits, "ulimit".to_owned()),
        (in_memory(usual) != in_memory(container), "tmpfs".to_owned()),
        (usual.dns != container.dns, "dns".to_owned()),
        (usual.extra_hosts != container.extra_hosts, "add-host".to_owned()),
        (had.devices != privileges.devices, "device".to_owned()),
        (had.cap_add != privileges.cap_add, "cap-add".to_owned()),
        (had.cap_drop != privileges.cap_drop, "cap-drop".to_owned()),
    ];
    rows.into_iter().filter(|(differs, _)| *differs).map(|(_, row)| row).collect()
}

fn service_names(plan: &Plan) -> Vec<&str> {
    plan.template().services.list.iter().map(|service| service.name.as_str()).collect()
}

/// Writes `{"version": 1, "framework", "image", "image_id", "isolation", "shards", "services": [name], "units": [path],
/// "batches": [[path]]}`.
fn write_json(plan: &Plan, out: &mut dyn Write) -> std::io::Result<()> {
    let path = |&unit| plan.unit(unit).id.as_str();
    let batches: Vec<Vec<&str>> = plan.batches().iter().map(|batch| batch.units.iter().map(path).collect()).collect();
    let document = json!({
        "version": crate::plan::PLAN_FORMAT_VERSION,
        "framework": { "name": plan.framework().name, "command": plan.framework().command, "args": plan.framework().args },
        "image": plan.template().image,
        "image_id": plan.image_id(),
        "isolation": plan.isolation(),
        "shards": plan.shards(),
        "services": service_names(plan),
        "units": plan.units().iter().map(|unit| unit.id.as_str()).collect::<Vec<_>>(),
        "batches": batches,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
