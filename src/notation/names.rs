//! Names that have rules of their own: of services, labels and capabilities.

use super::Fault;
use super::node::{Node, Wrong};
use super::words::pairs;

/// What labels of minke's own begin with.
const OWN_LABELS: &str = "minke.";

/// Parses the name of a service, by which others reach it.
pub(crate) fn parse_service_name(text: &str) -> Result<String, Fault> {
    let is_name = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "_.-".contains(char));
    match is_name {
        true => Ok(text.to_owned()),
        false => Err(Fault::new("must be a name of letters, digits, `_`, `.` and `-`")),
    }
}

/// Reads labels: a map, or a list of `NAME=VALUE`. Those of minke's own are refused.
pub(crate) fn labels(node: &Node, key: &str) -> Result<Vec<(String, String)>, Wrong> {
    let labels = pairs(node, key)?;
    if let Some((name, _)) = labels.iter().find(|(name, _)| name.starts_with(OWN_LABELS)) {
        let fault =
            Fault::new(format!("has the label `{name}`, and those that begin with `{OWN_LABELS}` are minke's own"));
        return Err(node.wrong(key, fault.help("Give it another name.")));
    }
    Ok(labels.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect())
}

/// Writes capabilities as the engine names them, without `CAP_`.
pub(crate) fn capabilities(names: Vec<String>) -> Vec<String> {
    let plain = |name: String| {
        let name = name.to_ascii_uppercase();
        name.strip_prefix("CAP_").map_or_else(|| name.clone(), str::to_owned)
    };
    names.into_iter().map(plain).collect()
}
