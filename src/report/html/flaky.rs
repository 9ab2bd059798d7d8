//! What gave different answers when it was run again.

use super::failures::{headline, names};
use super::text::{name, visible};
use super::words::{number, unit_class};
use crate::model::{RunState, Trouble, UnitOutcome, UnitRecord};

/// The flaky cases, and the units that minke ran again.
pub(super) struct Flaky {
    pub(super) cases: Vec<FlakyCase>,
    pub(super) units: Vec<Requeued>,
}

/// A case that failed at first and passed in the end.
pub(super) struct FlakyCase {
    pub(super) unit: usize,
    pub(super) unit_name: String,
    pub(super) name: String,
    pub(super) earlier: String,
    pub(super) headline: String,
}

/// A unit of which the first execution gave no proof.
pub(super) struct Requeued {
    pub(super) unit: usize,
    pub(super) name: String,
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    /// The shard, the cause and the sentence of each execution without proof.
    pub(super) reasons: Vec<(u32, String, String)>,
}

impl Flaky {
    /// Collects what was run more than once.
    pub(super) fn of(state: &RunState) -> Self {
        let units = || state.units().iter().enumerate();
        Self {
            cases: units().flat_map(|(place, unit)| flaky_cases(place, unit)).collect(),
            units: units()
                .filter(|(_, unit)| !unit.requeued.is_empty())
                .map(|(place, unit)| requeued(place, unit))
                .collect(),
        }
    }
}

fn flaky_cases(place: usize, unit: &UnitRecord) -> impl Iterator<Item = FlakyCase> {
    unit.cases.iter().filter(|case| case.is_flaky()).map(move |case| FlakyCase {
        unit: place,
        unit_name: name(unit.unit.as_str()).into_owned(),
        name: names(case).1,
        earlier: number(case.earlier.len(), "earlier finding"),
        headline: case.earlier.first().map(headline).unwrap_or_default(),
    })
}

fn requeued(place: usize, unit: &UnitRecord) -> Requeued {
    let outcome: UnitOutcome = unit.outcome();
    let reason = |why: &Trouble| (why.cause.to_string(), visible(why.detail.trim()).into_owned());
    Requeued {
        unit: place,
        name: name(unit.unit.as_str()).into_owned(),
        class: unit_class(&outcome),
        word: outcome.word(),
        reasons: unit
            .requeued
            .iter()
            .map(|(shard, why)| {
                let (cause, detail) = reason(why);
                (shard.0, cause, detail)
            })
            .collect(),
    }
}
