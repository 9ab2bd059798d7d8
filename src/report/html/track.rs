//! The times of one shard and of its slot, as stretches of the run's time.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{RunState, ShardRecord, Slot, UnitId, UnitRecord};

/// What happened during a stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing ran in the slot.
    Idle,
    /// The container was created and started.
    Start,
    /// The container ran, before the framework came to a unit.
    Framework,
    /// A unit ran; its place in the plan.
    Unit(usize),
    /// Units ran, nobody knows which when.
    Units,
    /// The container had ended, and its reports were read.
    Collection,
}

/// A part of a slot's time, from and to in seconds since the run began.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stretch {
    pub(super) kind: Kind,
    pub(super) shard: Option<u32>,
    pub(super) from: f64,
    pub(super) to: f64,
    /// Whether the ends are worked out of the cases' times, because the output did not show them.
    pub(super) is_estimate: bool,
}

/// The times of one slot, without a gap from the run's beginning to its end.
#[derive(Debug, PartialEq)]
pub(super) struct Track {
    pub(super) slot: u32,
    pub(super) stretches: Vec<Stretch>,
    /// When its last shard ended, in seconds.
    pub(super) last_end: f64,
}

/// When a shard did what, in seconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times {
    pub(super) launched: f64,
    pub(super) started: f64,
    pub(super) stopped: f64,
    pub(super) ended: f64,
}

impl Stretch {
    /// Returns the length in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.to - self.from
    }
}

impl Track {
    /// Sums up the seconds of the stretches of some kind.
    pub(super) fn seconds(&self, is_meant: impl Fn(&Kind) -> bool) -> f64 {
        self.stretches.iter().filter(|stretch| is_meant(&stretch.kind)).map(Stretch::seconds).sum()
    }
}

/// Returns how long the run took, in seconds: up to the last that is known of it, if it has not ended.
pub(super) fn length(state: &RunState) -> f64 {
    let Some(begin) = state.started_at() else { return 0.0 };
    let last = state.shards().flat_map(|shard| [Some(shard.launched_at), shard.started_at, shard.ended_at]).flatten();
    let last = last.chain(state.ended_at()).max().unwrap_or(begin);
    since(begin, last)
}

/// Works out when a shard did what. A shard that has not ended lasts to the end of the run.
pub(super) fn times(shard: &ShardRecord, begin: Timestamp, length: f64) -> Times {
    let launched = since(begin, shard.launched_at);
    let ended = shard.ended_at.map_or(length, |at| since(begin, at)).max(launched);
    let started = shard.started_at.map_or(ended, |at| since(begin, at)).clamp(launched, ended);
    let stopped = shard.wall.map_or(ended, |wall| started + wall.as_secs_f64()).clamp(started, ended);
    Times { launched, started, stopped, ended }
}

/// Makes a track for each slot that the run may use.
pub(super) fn tracks(state: &RunState) -> Vec<Track> {
    let Some(begin) = state.started_at() else { return Vec::new() };
    let length = length(state);
    let units: HashMap<&UnitId, usize> =
        state.units().iter().enumerate().map(|(place, unit)| (&unit.unit, place)).collect();
    let mut shards: Vec<&ShardRecord> = state.shards().collect();
    shards.sort_by_key(|shard| (shard.slot, shard.launched_at));
    let slots = shards.iter().map(|shard| shard.slot.0).chain(state.plan().map(|plan| plan.shards.min(1024))).max();
    let track = |slot: u32| {
        let of_slot = shards.iter().filter(|shard| shard.slot == Slot(slot));
        let mut stretches = Vec::new();
        let mut now = 0.0;
        let mut last_end = 0.0;
        for shard in of_slot {
            let times = times(shard, begin, length);
            add(&mut stretches, Kind::Idle, None, now, times.launched);
            add(&mut stretches, Kind::Start, Some(shard), times.launched, times.started);
            add_units(&mut stretches, shard, state, &units, begin, times);
            add(&mut stretches, Kind::Collection, Some(shard), times.stopped, times.ended);
            now = times.ended;
            last_end = times.ended;
        }
        add(&mut stretches, Kind::Idle, None, now, length);
        Track { slot, stretches, last_end }
    };
    (1..=slots.unwrap_or(0)).map(track).collect()
}

fn add(stretches: &mut Vec<Stretch>, kind: Kind, shard: Option<&ShardRecord>, from: f64, to: f64) {
    if to > from {
        let shard = shard.map(|shard| shard.shard.0);
        stretches.push(Stretch { kind, shard, from, to, is_estimate: false });
    }
}

/// Divides the time in which a shard's container ran among its units: by what the output showed, else in proportion to the
/// times of their cases.
fn add_units(
    stretches: &mut Vec<Stretch>,
    shard: &ShardRecord,
    state: &RunState,
    places: &HashMap<&UnitId, usize>,
    begin: Timestamp,
    times: Times,
) {
    let (from, to) = (times.started, times.stopped);
    let unit = |unit: &UnitId| places.get(unit).map_or(Kind::Units, |&place| Kind::Unit(place));
    if let [only] = shard.units.as_slice() {
        return add(stretches, unit(only), Some(shard), from, to);
    }
    if !shard.came_to.is_empty() {
        let starts: Vec<f64> = shard.came_to.iter().map(|(_, at)| since(begin, *at).clamp(from, to)).collect();
        add(stretches, Kind::Framework, Some(shard), from, starts[0]);
        for (number, (id, _)) in shard.came_to.iter().enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(to);
            add(stretches, unit(id), Some(shard), starts[number], end);
        }
        return;
    }
    let proven: Vec<(usize, &UnitRecord)> = shard
        .units
        .iter()
        .filter_map(|unit| places.get(unit).map(|&place| (place, &state.units()[place])))
        .filter(|(_, unit)| unit.shard == Some(shard.shard))
        .collect();
    let sum = proven.iter().map(|(_, unit)| unit.duration).sum::<Duration>().as_secs_f64();
    if sum <= 0.0 || proven.len() < shard.units.len() {
        return add(stretches, Kind::Units, Some(shard), from, to);
    }
    let mut now = from;
    for (place, unit) in proven {
        let end = (now + unit.duration.as_secs_f64() / sum * (to - from)).min(to);
        add(stretches, Kind::Unit(place), Some(shard), now, end);
        if let Some(last) = stretches.last_mut() {
            last.is_estimate = true;
        }
        now = end;
    }
}

fn since(begin: Timestamp, at: Timestamp) -> f64 {
    at.duration_since(begin).as_secs_f64().max(0.0)
}
