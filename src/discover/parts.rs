//! Dividing found test files into their parts, for `--split all`.

use std::fs;
use std::path::Path;

use super::{DiscoverError, Found, Probe};
use crate::engine::PathKind;
use crate::framework::Framework;
use crate::model::split_part;

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

fn or_whole(unit: String, framework: &dyn Framework, text: &str) -> Vec<String> {
    // What was selected as a part is one already.
    let is_whole = split_part(&unit).1.is_none();
    let parts = if is_whole { framework.parts_in(&unit, text) } else { Vec::new() };
    if parts.is_empty() { vec![unit] } else { parts }
}
