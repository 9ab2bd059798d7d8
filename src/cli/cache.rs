//! `minke cache`: the images that minke has made.

use std::io::{self, Write};

use indicatif::HumanBytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{CacheCommand, Format};
use super::error::CliError;
use crate::engine::{DockerClient, DockerEngine, EngineError};
use crate::model::ExitCode;
use crate::snapshot::{CacheEntry, cached, prune};

/// The version of the JSON that `--format json` writes.
const FORMAT_VERSION: u32 = 1;

/// Lists or removes the images that minke has made on the engine.
///
/// # Errors
/// [`CliError::Engine`] when there is no engine, [`CliError::Output`] when standard output is closed.
pub async fn cache(docker: &DockerClient, command: &CacheCommand, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let engine = DockerEngine::connect(docker).await?;
    match command {
        CacheCommand::List(args) => {
            let entries = cached(&engine).await?;
            match args.output.format() {
                Format::Text if entries.is_empty() => writeln!(out, "nothing is kept")?,
                Format::Text => entries.iter().try_for_each(|entry| writeln!(out, "{}", describe(entry)))?,
                Format::Json => write_json(out, &json!({ "version": FORMAT_VERSION, "images": rows(&entries) }))?,
            }
            Ok(ExitCode::Passed)
        }
        CacheCommand::Prune(args) => {
            let mut chosen = cached(&engine).await?;
            if let Some(age) = args.older_than {
                let latest = Timestamp::now() - age;
                chosen.retain(|entry| entry.image.created < latest.as_second());
            }
            let (removed, kept) = if args.dry_run { (chosen, Vec::new()) } else { prune(&engine, chosen).await };
            match args.output.format() {
                Format::Text => write_pruned(out, args.dry_run, &removed, &kept)?,
                Format::Json => {
                    let kept = kept.iter().map(|(entry, why)| with(row(entry), "reason", &why.in_full()));
                    let document = json!({
                        "version": FORMAT_VERSION,
                        "dry_run": args.dry_run,
                        "removed": rows(&removed),
                        "kept": kept.collect::<Vec<_>>(),
                    });
                    write_json(out, &document)?;
                }
            }
            Ok(ExitCode::Passed)
        }
    }
}

fn write_pruned(
    out: &mut dyn Write,
    dry_run: bool,
    removed: &[CacheEntry],
    kept: &[(CacheEntry, EngineError)],
) -> io::Result<()> {
    let verb = if dry_run { "would remove" } else { "removed" };
    for entry in removed {
        writeln!(out, "{verb} {}", describe(entry))?;
    }
    for (entry, why) in kept {
        writeln!(out, "kept {}: {}", describe(entry), why.in_full())?;
    }
    if removed.is_empty() && kept.is_empty() {
        writeln!(out, "nothing to remove")?;
    }
    Ok(())
}

fn write_json(out: &mut dyn Write, document: &Value) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}

fn rows(entries: &[CacheEntry]) -> Vec<Value> {
    entries.iter().map(row).collect()
}

fn row(entry: &CacheEntry) -> Value {
    let image = &entry.image;
    json!({
        "kind": entry.kind, "id": image.id.0, "names": image.names, "bytes": image.bytes, "created": created(entry),
    })
}

fn with(mut row: Value, key: &str, value: &str) -> Value {
    row[key] = Value::String(value.to_owned());
    row
}

fn created(entry: &CacheEntry) -> String {
    Timestamp::from_second(entry.image.created).map(|time| time.to_string()).unwrap_or_default()
}

fn describe(entry: &CacheEntry) -> String {
    let name = entry.image.names.first().unwrap_or(&entry.image.id.0);
    format!("{name} ({}, of {}, with the image below it)", HumanBytes(entry.image.bytes), created(entry))
}
