//! Dividing found test files into their parts, for `--split all`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::listing::run_to_its_end;
use super::{DiscoverError, Found, Probe};
use crate::engine::{ContainerSpec, Engine, PathKind};
use crate::framework::Framework;
use crate::model::split_part;
use crate::plan::FrameworkCall;

/// How many files one listing is asked for, so that its command line stays short enough.
const FILES_PER_LISTING: usize = 500;

/// Replaces each file on the host that the framework can divide by its text by its parts. A file that cannot be read or
/// divided stays whole: the framework has the last word on it.
pub fn split_on_host(found: Found, framework: &dyn Framework, project: &Path) -> Found {
    let split = |unit: String| match fs::read_to_string(project.join(&unit)) {
        Ok(text) => or_whole(unit, framework, &text),
        Err(_) => vec![unit],
    };
    Found { units: found.units.into_iter().flat_map(split).collect(), ..found }
}

/// Does the same for files inside an image.
///
/// # Errors
/// If the engine cannot hand over a file.
pub async fn split_in_image(found: Found, framework: &dyn Framework, probe: &Probe) -> Result<Found, DiscoverError> {
    let mut units = Vec::with_capacity(found.units.len());
    for unit in found.units {
        match probe.look(&unit).await? {
            Some((PathKind::File { .. }, real)) => {
                let text = probe.read_text(&real).await?;
                units.extend(or_whole(unit, framework, &text));
            }
            Some(_) | None => units.push(unit),
        }
    }
    Ok(Found { units, ..found })
}

/// Replaces each file by the parts that the framework's own listing, run in a container, has of it. `spec` describes the
/// container for a command. A file without a part in the list stays whole, whatever the listing's exit code.
///
/// # Errors
/// If the engine cannot run the listing.
pub async fn split_by_listing(
    found: Found,
    framework: &dyn Framework,
    call: &FrameworkCall,
    engine: &dyn Engine,
    spec: impl Fn(Vec<String>) -> ContainerSpec,
) -> Result<Found, DiscoverError> {
    let files: Vec<&str> = found.units.iter().map(String::as_str).filter(|unit| split_part(unit).1.is_none()).collect();
    let mut parts: HashMap<String, Vec<String>> = HashMap::new();
    for files in files.chunks(FILES_PER_LISTING) {
        let Some(argv) = framework.part_listing(call, files) else { return Ok(found) };
        let ended = run_to_its_end(engine, &spec(argv)).await?;
        for part in framework.listed_parts(&String::from_utf8_lossy(&ended.stdout), files) {
            let file = split_part(&part).0.to_owned();
            parts.entry(file).or_default().push(part);
        }
    }
    let of_unit = |unit: String| parts.get(&unit).cloned().unwrap_or_else(|| vec![unit]);
    Ok(Found { units: found.units.into_iter().flat_map(of_unit).collect(), ..found })
}

fn or_whole(unit: String, framework: &dyn Framework, text: &str) -> Vec<String> {
    // What was selected as a part is one already.
    let is_whole = split_part(&unit).1.is_none();
    let parts = if is_whole { framework.parts_in(&unit, text) } else { Vec::new() };
    if parts.is_empty() { vec![unit] } else { parts }
}
