//! `minke clean`: removes what earlier runs left behind.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::Format;
use super::error::CliError;
use crate::engine::{DockerClient, DockerEngine, ObjectKind, OwnedObject, SecretDir, Swept, sweep};
use crate::model::ExitCode;

/// The version of the JSON that `--format json` writes.
const FORMAT_VERSION: u32 = 1;

/// Removes, or with `dry_run` lists, the containers, networks and volumes of runs that are no longer alive. Their secrets are
/// removed first, with or without an engine.
///
/// # Errors
/// [`CliError::Engine`] when there is no engine, [`CliError::Output`] when standard output is closed.
pub async fn clean(
    docker: &DockerClient,
    dry_run: bool,
    format: Format,
    out: &mut dyn Write,
) -> Result<ExitCode, CliError> {
    if !dry_run {
        SecretDir::sweep();
    }
    let engine = DockerEngine::connect(docker).await?;
    let swept = sweep(&engine, Timestamp::now(), dry_run).await?;
    match format {
        Format::Text => write_text(&swept, dry_run, out)?,
        Format::Json => write_json(&swept, dry_run, out)?,
    }
    Ok(if swept.failed.is_empty() { ExitCode::Passed } else { ExitCode::Infrastructure })
}

fn write_text(swept: &Swept, dry_run: bool, out: &mut dyn Write) -> io::Result<()> {
    let verb = if dry_run { "would remove" } else { "removed" };
    for object in &swept.removed {
        writeln!(out, "{verb} {}", describe(object))?;
    }
    for object in &swept.kept {
        writeln!(out, "kept {}: its run may still be alive", describe(object))?;
    }
    for (object, error) in &swept.failed {
        writeln!(out, "could not remove {}: {}", describe(object), error.in_full())?;
    }
    if swept.removed.is_empty() && swept.failed.is_empty() {
        writeln!(out, "nothing to remove")?;
    }
    Ok(())
}

/// Writes `{"version": 1, "dry_run", "removed": [{"container"|"network"|"volume", "run"}], "kept": [...], "failed": [{..., "error"}]}`.
///
/// With `dry_run` the removed ones are those that would be.
fn write_json(swept: &Swept, dry_run: bool, out: &mut dyn Write) -> io::Result<()> {
    let row = |object: &OwnedObject| json!({ object.kind.name(): object.id, "run": object.labels.run });
    let failed = swept.failed.iter().map(|(object, error)| {
        let mut row = row(object);
        row["error"] = Value::String(error.in_full());
        row
    });
    let document = json!({
        "version": FORMAT_VERSION,
        "dry_run": dry_run,
        "removed": swept.removed.iter().map(row).collect::<Vec<_>>(),
        "kept": swept.kept.iter().map(row).collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn describe(object: &OwnedObject) -> String {
    let id: String = object.id.chars().take(12).collect();
    format!("{} {id} of run {}", object.kind.name(), object.labels.run)
}

/// Counts things by their kind, such as `2 containers, 1 network`.
pub(super) fn objects<'a>(found: impl IntoIterator<Item = &'a OwnedObject>) -> String {
    let kinds: Vec<ObjectKind> = found.into_iter().map(|object| object.kind).collect();
    let counted = [ObjectKind::Container, ObjectKind::Network, ObjectKind::Volume].map(|kind| {
        let count = kinds.iter().filter(|&&other| other == kind).count();
        (count > 0).then(|| format!("{count} {}{}", kind.name(), if count == 1 { "" } else { "s" }))
    });
    counted.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
