//! `minke plan`: what would run where.

use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use super::args::Format;
use super::error::CliError;
use super::image_progress::ImageProgress;
use super::prepare::prepare;
use crate::config::Settings;
use crate::engine::{DockerClient, DockerEngine};
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
    for (number, batch) in (1..).zip(plan.batches()) {
        writeln!(out, "\nbatch {number}")?;
        for &unit in &batch.units {
            let path = plan.unit(unit).id.as_str();
            // A name with a line break in it must not look like two.
            if path.contains(char::is_control) { writeln!(out, "  {path:?}")? } else { writeln!(out, "  {path}")? }
        }
    }
    Ok(())
}

/// Writes `{"version": 1, "framework", "image", "image_id", "isolation", "shards", "units": [path], "batches": [[path]]}`.
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
        "units": plan.units().iter().map(|unit| unit.id.as_str()).collect::<Vec<_>>(),
        "batches": batches,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
