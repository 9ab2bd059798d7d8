//! The thing that the scheduler hands out.

use serde::{Deserialize, Serialize};

use super::UnitId;

/// One test file of the plan, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The unit's path relative to the project's root.
    pub id: UnitId,
    /// Units whose report keys are equal overwrite each other's report when one invocation runs both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_key: Option<String>,
    /// Whether the unit needs an invocation of its own, because what selects it would hold for its neighbours too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// Whether the unit may end with no case at all and still pass (`--allow-empty`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_empty: bool,
    /// Which container the unit gets: 0 is the one of most units, and more are those of
    /// [`ShardTemplate::variants`](super::ShardTemplate::variants). Units that differ in it share none.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub variant: u32,
}

fn is_usual(variant: &u32) -> bool {
    *variant == 0
}

impl Unit {
    /// Makes a unit of a path, with no report key, that may share an invocation and must have a case.
    pub fn new(path: impl Into<String>) -> Self {
        Self { id: UnitId::new(path), report_key: None, alone: false, may_be_empty: false, variant: 0 }
    }
}
