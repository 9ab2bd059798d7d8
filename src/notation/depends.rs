//! What a service needs, as the Compose specification writes it.

use super::Fault;
use super::fields::{Fields, Reading};
use super::node::{At, Node, Value, Wrong};
use crate::model::{Dependency, DependencyCondition};

/// A dependency, and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Needed {
    pub(crate) dependency: Dependency,
    /// Whether there must be such a service.
    pub(crate) is_required: bool,
    pub(crate) at: At,
}

/// Reads `depends_on`: a list of names, or a map of names to `{condition, required}`.
///
/// A name alone waits for the condition `plain`.
pub(crate) fn depends_on(
    node: &Node,
    key: &str,
    plain: DependencyCondition,
    reading: &mut Reading<'_>,
) -> Result<Vec<Needed>, Wrong> {
    let needed = |service: &str, condition, is_required, at: &At| Needed {
        dependency: Dependency { service: service.to_owned(), condition },
        is_required,
        at: at.clone(),
    };
    match &node.value {
        Value::Scalar(name) => Ok(vec![needed(name, plain, true, &node.at)]),
        Value::List(list) => {
            list.iter().map(|node| Ok(needed(node.expect_text(key)?, plain, true, &node.at))).collect()
        }
        Value::Map(map) => {
            let read = |(name, node): (&String, &Node)| {
                if node.is_null() {
                    return Ok(needed(name, plain, true, &node.at));
                }
                let mut fields = Fields::of(node, format!("{key}.{name}"))?;
                let condition = fields.parse("condition", condition)?.unwrap_or(plain);
                let is_required = fields.flag("required")?.unwrap_or(true);
                fields.end(reading);
                Ok(needed(name, condition, is_required, &node.at))
            };
            map.iter().map(read).collect()
        }
        Value::Null => Ok(Vec::new()),
    }
}

fn condition(text: &str) -> Result<DependencyCondition, Fault> {
    match text.strip_prefix("service_").unwrap_or(text) {
        "started" => Ok(DependencyCondition::Started),
        "healthy" => Ok(DependencyCondition::Healthy),
        "completed_successfully" => Ok(DependencyCondition::CompletedSuccessfully),
        _ => Err(Fault::new("must be `service_started`, `service_healthy` or `service_completed_successfully`")),
    }
}
