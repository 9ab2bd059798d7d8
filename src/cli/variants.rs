//! Which units get a container of another kind than the usual one, by the `[[override]]` tables.

use super::error::CliError;
use super::stage::{check_places, settle_tmp};
use crate::config::Settings;
use crate::discover::Globs;
use crate::model::{ShardTemplate, Unit, split_part};

/// Marks the units that overrides are for, and adds their containers to the template. Returns what a person should know.
pub(super) fn settle_variants(
    settings: &Settings,
    units: &mut [Unit],
    template: &mut ShardTemplate,
) -> Result<Vec<String>, CliError> {
    let globs = |units: &[String]| Globs::new(units, "the `units` of an `[[override]]`");
    let tables: Vec<Globs> = settings.overrides.iter().map(|table| globs(&table.units)).collect::<Result<_, _>>()?;
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    let mut remarks = Vec::new();
    for unit in units {
        let file = split_part(unit.id.as_str()).0;
        let kind: Vec<usize> = (0..tables.len()).filter(|&table| tables[table].match_path(file)).collect();
        if kind.is_empty() {
            continue;
        }
        let place = kinds.iter().position(|other| *other == kind).unwrap_or_else(|| {
            let mut container = template.container.clone();
            kind.iter().for_each(|&table| settings.overrides[table].changes.apply(&mut container));
            remarks.extend(settle_tmp(&mut container));
            template.variants.push(container);
            kinds.push(kind);
            kinds.len() - 1
        });
        unit.variant = place as u32 + 1;
    }
    remarks.dedup();
    template.variants.iter().try_for_each(|container| check_places(&template.files, container))?;
    Ok(remarks)
}
