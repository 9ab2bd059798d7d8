//! The shards as a table: what the timeline shows, in words, and what the containers of troubled ones wrote last.

use std::time::Duration;

use super::HtmlOptions;
use super::failures::is_failed_or_errored;
use super::links::{Link, logs};
use super::output::end_of_log;
use super::text::name;
use super::track::{length, times};
use super::words::{number, span};
use crate::model::{ContainerExit, RunState, ShardRecord, UnitId};

/// Shards whose last lines are shown.
const WITH_OUTPUT: usize = 40;
/// Units that are named of a shard.
const NAMES: usize = 3;

/// One shard.
pub(super) struct ContainerRow {
    pub(super) shard: u32,
    pub(super) slot: u32,
    pub(super) units: String,
    pub(super) begin: String,
    pub(super) start: String,
    pub(super) tests: String,
    pub(super) collection: String,
    pub(super) end: String,
    pub(super) is_bad: bool,
    pub(super) logs: Vec<Link>,
    /// What it wrote last, each stream with its name.
    pub(super) output: Vec<(String, String)>,
}

/// Makes a row for each shard, in the order of their launch.
pub(super) fn rows(state: &RunState, options: &HtmlOptions) -> Vec<ContainerRow> {
    let Some(begin) = state.started_at() else { return Vec::new() };
    let length = length(state);
    let troubled = troubled(state);
    let mut room = WITH_OUTPUT;
    let row = |shard: &ShardRecord| {
        let times = times(shard, begin, length);
        let is_bad = troubled.contains(&shard.shard.0);
        let mut output = Vec::new();
        if is_bad && room > 0 {
            room -= 1;
            output.extend(end_of_log(&shard.stdout, options).map(|html| ("Standard output".to_owned(), html)));
            output.extend(end_of_log(&shard.stderr, options).map(|html| ("Standard error".to_owned(), html)));
            output.extend(shard.kept.services.iter().filter_map(|service| {
                Some((format!("Service {}", name(&service.name)), end_of_log(&service.log, options)?))
            }));
        }
        let seconds = |from: f64, to: f64| span(Duration::try_from_secs_f64(to - from).unwrap_or_default());
        ContainerRow {
            shard: shard.shard.0,
            slot: shard.slot.0,
            units: names(&shard.units),
            begin: seconds(0.0, times.launched),
            start: seconds(times.launched, times.started),
            tests: seconds(times.started, times.stopped),
            collection: seconds(times.stopped, times.ended),
            end: end(shard),
            is_bad,
            logs: logs(shard, options),
            output,
        }
    };
    state.shards().map(row).collect()
}

/// Returns the shards that had a problem, or whose evidence says that a unit is not well, in their order.
fn troubled(state: &RunState) -> std::collections::BTreeSet<u32> {
    let of_units = state.units().iter().filter(|unit| is_failed_or_errored(unit)).filter_map(|unit| unit.shard);
    let of_shards = state.shards().filter(|shard| shard.problem.is_some()).map(|shard| shard.shard);
    of_units.chain(of_shards).map(|shard| shard.0).collect()
}

fn end(shard: &ShardRecord) -> String {
    match &shard.exit {
        Some(ContainerExit { oom_killed: true, code, .. }) => format!("exit code {code}, out of memory"),
        Some(ContainerExit { code, .. }) => format!("exit code {code}"),
        None if shard.ended_at.is_none() => "has not ended".to_owned(),
        None => "unknown".to_owned(),
    }
}

fn names(units: &[UnitId]) -> String {
    let mut names: Vec<String> = units.iter().take(NAMES).map(|unit| name(unit.as_str()).into_owned()).collect();
    if units.len() > NAMES {
        names.push(format!("and {}", number(units.len() - NAMES, "more unit")));
    }
    names.join(", ")
}
