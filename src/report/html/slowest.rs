//! What took longest.

use std::time::Duration;

use super::failures::{duration, names};
use super::text::name;
use super::words::{case_word, span, unit_class};
use crate::model::{Case, RunState, UnitRecord};

/// Units and cases that are named.
const NAMES: usize = 20;

/// The units, or the cases, that took longest, longest first.
pub(super) struct Slowest {
    pub(super) title: &'static str,
    pub(super) rows: Vec<SlowRow>,
}

/// A unit, or a case of one.
pub(super) struct SlowRow {
    pub(super) unit: usize,
    pub(super) name: String,
    pub(super) below: String,
    pub(super) class: &'static str,
    pub(super) span: String,
    /// Its part of the longest one's time, in percent.
    pub(super) percent: String,
}

/// Finds what took longest; equals stay in the plan's order. What took no time at all is in no list.
pub(super) fn lists(state: &RunState) -> Vec<Slowest> {
    let units = || state.units().iter().enumerate();
    let of_units = longest(units().map(|(place, unit)| (unit.duration, (place, unit))));
    let of_cases = longest(units().flat_map(|(place, unit)| {
        unit.cases.iter().filter_map(move |case| Some((duration(case.seconds?)?, (place, unit, case))))
    }));
    let most = of_units.first().map_or(Duration::ZERO, |(span, _)| *span);
    let most_of_case = of_cases.first().map_or(Duration::ZERO, |(span, _)| *span);
    let units = of_units.into_iter().map(|(span, (place, unit))| unit_row(place, unit, span, most));
    let cases = of_cases.into_iter().map(|(span, (place, unit, case))| case_row(place, unit, case, span, most_of_case));
    let lists = [Slowest { title: "Units", rows: units.collect() }, Slowest { title: "Cases", rows: cases.collect() }];
    lists.into_iter().filter(|list| !list.rows.is_empty()).collect()
}

/// Keeps the longest, without sorting all.
fn longest<T>(all: impl Iterator<Item = (Duration, T)>) -> Vec<(Duration, T)> {
    let mut longest: Vec<(Duration, T)> = Vec::with_capacity(NAMES + 1);
    for (span, item) in all.filter(|(span, _)| !span.is_zero()) {
        let place = longest.partition_point(|(other, _)| *other >= span);
        if place < NAMES {
            longest.insert(place, (span, item));
            longest.truncate(NAMES);
        }
    }
    longest
}

fn unit_row(place: usize, unit: &UnitRecord, time: Duration, most: Duration) -> SlowRow {
    SlowRow {
        unit: place,
        name: name(unit.unit.as_str()).into_owned(),
        below: String::new(),
        class: unit_class(&unit.outcome()),
        span: span(time),
        percent: percent(time, most),
    }
}

fn case_row(place: usize, unit: &UnitRecord, case: &Case, time: Duration, most: Duration) -> SlowRow {
    SlowRow {
        unit: place,
        name: names(case).1,
        below: name(unit.unit.as_str()).into_owned(),
        class: case_word(case.outcome()),
        span: span(time),
        percent: percent(time, most),
    }
}

fn percent(time: Duration, most: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() / most.as_secs_f64().max(f64::MIN_POSITIVE) * 100.0)
}
