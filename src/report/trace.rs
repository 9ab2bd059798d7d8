//! A run as a trace: who did what when, for Perfetto and the trace viewer of Chrome.
//!
//! Format: the JSON object form of the Trace Event Format,
//! <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>. The run is a process, each slot a thread
//! of it; spans are complete events (`X`) in microseconds since the run's beginning, and within a thread each either holds
//! another or ends before it begins.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::terminal::case_text::counts;
use super::{WriteError, replace};
use crate::model::{Cause, RunState, ShardId, ShardRecord, Slot, UnitId, UnitRecord};

/// The number of the only process.
const PROCESS: u32 = 1;
/// The thread of what concerns the run as a whole; slots have their own numbers, from 1.
const RUN_THREAD: u32 = 0;

/// One event of a trace.
#[derive(Debug, Serialize)]
struct TraceEvent {
    name: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'static str,
    ph: &'static str,
    ts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u64>,
    pid: u32,
    tid: u32,
    /// How far an instant reaches: `t` its thread, `p` the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    args: Value,
}

/// A stretch of time in microseconds since the run's beginning; its end is never before its start.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u64,
    end: u64,
}

/// The events that are collected, and the clock that they share.
struct Trace<'a> {
    state: &'a RunState,
    zero: Timestamp,
    /// The end of the run, or the last that is known of one that has not ended, in microseconds since its beginning.
    end: u64,
    /// The units that were run again alone, by the shard that gave no proof of them.
    requeued: HashMap<ShardId, Vec<(&'a UnitId, &'a Cause)>>,
    events: Vec<TraceEvent>,
}

/// Writes a run as a trace in JSON.
///
/// # Errors
/// Fails only if minke itself is wrong: every value has a form in JSON.
pub fn write(state: &RunState) -> Result<Vec<u8>, WriteError> {
    let mut requeued: HashMap<ShardId, Vec<_>> = HashMap::new();
    for (unit, (shard, why)) in state.units().iter().flat_map(|unit| unit.requeued.iter().map(move |from| (unit, from)))
    {
        requeued.entry(*shard).or_default().push((&unit.unit, &why.cause));
    }
    let zero = state.started_at().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut trace = Trace { state, zero, end: micros_between(zero, last_moment(state)), requeued, events: Vec::new() };
    trace.add_all();
    let run = state.run().map(|run| run.to_string());
    let began = state.started_at().map(|at| at.to_string());
    let document = json!({
        "displayTimeUnit": "ms",
        "otherData": { "run": run, "began": began },
        "traceEvents": trace.events,
    });
    serde_json::to_vec(&document).map_err(|error| WriteError::Document { what: "trace", detail: error.to_string() })
}

/// Writes a run as a trace file. Missing directories are made, and the file appears whole or not at all.
///
/// # Errors
/// Fails as [`write()`] does, and if the file or its directory cannot be written; the error names the path.
pub fn write_file(state: &RunState, path: &Path) -> Result<(), WriteError> {
    replace("trace", path, &write(state)?)
}

impl<'a> Trace<'a> {
    fn add_all(&mut self) {
        let state = self.state;
        let mut slots: BTreeMap<Slot, Vec<&ShardRecord>> = BTreeMap::new();
        for shard in state.shards() {
            slots.entry(shard.slot).or_default().push(shard);
        }
        let name = state.plan().map_or_else(|| "minke".to_owned(), |plan| format!("minke {}", plan.framework));
        self.add_name("process_name", RUN_THREAD, json!({ "name": name }));
        self.add_thread(RUN_THREAD, "run");
        for slot in slots.keys() {
            self.add_thread(slot.0, &format!("slot {slot}"));
        }
        self.add_run();
        for (slot, shards) in slots {
            let mut free_from = 0;
            for shard in shards {
                free_from = self.add_shard(slot.0, shard, free_from);
            }
        }
    }

    fn add_run(&mut self) {
        let counts = self.state.unit_counts();
        let args = json!({
            "passed": counts.passed, "failed": counts.failed, "errored": counts.errored, "not_run": counts.not_run,
        });
        let span = Span { start: 0, end: self.end };
        self.add_span("run", "run", RUN_THREAD, span, args);
        if let (Some(why), Some(at)) = (self.state.cancelled(), self.state.cancelled_at()) {
            let at = self.micros(at);
            self.add_instant(format!("cancelled: {why}"), "cancel", RUN_THREAD, at, "p");
        }
    }

    /// Adds a shard that does not begin before `free_from`, and returns when its slot is free again.
    fn add_shard(&mut self, thread: u32, shard: &ShardRecord, free_from: u64) -> u64 {
        let start = self.micros(shard.launched_at).max(free_from);
        let whole = Span { start, end: shard.ended_at.map_or(self.end, |at| self.micros(at)).max(start) };
        self.add_span(&format!("shard {}", shard.shard), "shard", thread, whole, shard_args(shard));
        let Some(started_at) = shard.started_at else {
            self.add_span("container start", "container", thread, whole, json!({ "came_to_run": false }));
            self.add_requeues(thread, shard.shard, whole.end);
            return whole.end;
        };
        let started = whole.clamp(self.micros(started_at));
        self.add_span("container start", "container", thread, Span { start: whole.start, end: started }, Value::Null);
        let stopped = shard.wall.map_or(whole.end, |wall| whole.clamp(started.saturating_add(micros_of(wall))));
        let worked = Span { start: started, end: stopped };
        for (unit, span, args) in self.units_of(shard, worked) {
            self.add_unit(thread, shard.shard, &unit, span, args);
        }
        if shard.wall.is_some() && shard.ended_at.is_some() {
            self.add_span("reports", "container", thread, Span { start: stopped, end: whole.end }, Value::Null);
        }
        self.add_requeues(thread, shard.shard, whole.end);
        whole.end
    }

    /// Finds when a shard ran its units: all the time for one that was alone, else from what its output showed, else from the
    /// units' own durations, one behind the other. The third part says which it was.
    fn units_of(&self, shard: &ShardRecord, worked: Span) -> Vec<(UnitId, Span, Value)> {
        if let [unit] = &shard.units[..] {
            return vec![(unit.clone(), worked, json!({ "times": "of its own container" }))];
        }
        if shard.came_to.is_empty() {
            return self.estimated_units_of(shard, worked);
        }
        let mut starts = Vec::new();
        let mut earliest = worked.start;
        for (unit, at) in &shard.came_to {
            earliest = worked.clamp(self.micros(*at)).max(earliest);
            starts.push((unit.clone(), earliest));
        }
        let ends = starts.iter().skip(1).map(|(_, at)| *at).chain([worked.end]);
        let spans = ends.collect::<Vec<_>>().into_iter().zip(starts);
        spans
            .map(|(end, (unit, start))| (unit, Span { start, end }, json!({ "times": "seen in the output" })))
            .collect()
    }

    fn estimated_units_of(&self, shard: &ShardRecord, worked: Span) -> Vec<(UnitId, Span, Value)> {
        let units: Vec<&UnitRecord> = shard
            .units
            .iter()
            .filter_map(|unit| self.unit(unit))
            .filter(|unit| unit.shard == Some(shard.shard))
            .collect();
        let total: u64 = units.iter().map(|unit| micros_of(unit.duration)).fold(0, u64::saturating_add);
        let room = worked.end - worked.start;
        let fitted = |duration: u64| match total > room {
            // Rounded down, so that the sum stays within the room.
            true => u64::try_from(u128::from(duration) * u128::from(room) / u128::from(total)).unwrap_or(0),
            false => duration,
        };
        let mut start = worked.start;
        let lay = |unit: &&UnitRecord| {
            let span = Span { start, end: worked.clamp(start.saturating_add(fitted(micros_of(unit.duration)))) };
            start = span.end;
            (unit.unit.clone(), span, json!({ "times": "estimated: durations of cases, one behind the other" }))
        };
        units.iter().map(lay).collect()
    }

    fn add_unit(&mut self, thread: u32, shard: ShardId, unit: &UnitId, span: Span, mut args: Value) {
        // A unit that was run again elsewhere has its outcome there.
        let counted = self.unit(unit).filter(|record| record.shard == Some(shard));
        if let Some(record) = counted {
            args["outcome"] = json!(record.outcome().word());
            args["cases"] = json!(counts(&record.cases));
            args["attempt"] = json!(record.attempt);
        }
        self.add_span(unit.as_str(), "unit", thread, span, args);
        if let Some(record) = counted.filter(|record| record.outcome().is_bad()) {
            self.add_instant(format!("{}: {unit}", record.outcome().word()), "failure", thread, span.end, "t");
        }
    }

    /// Adds the units that the shard gave no proof of and that were run again: that is decided at its end.
    fn add_requeues(&mut self, thread: u32, shard: ShardId, at: u64) {
        for (unit, why) in self.requeued.remove(&shard).unwrap_or_default() {
            self.add_instant(format!("run again alone: {unit}: {why}"), "requeue", thread, at, "t");
        }
    }

    fn add_thread(&mut self, thread: u32, name: &str) {
        self.add_name("thread_name", thread, json!({ "name": name }));
        self.add_name("thread_sort_index", thread, json!({ "sort_index": thread }));
    }

    fn add_name(&mut self, what: &str, thread: u32, args: Value) {
        self.add(TraceEvent { args, ..event(what.to_owned(), "", "M", thread, 0) });
    }

    fn add_span(&mut self, name: &str, category: &'static str, thread: u32, span: Span, args: Value) {
        let dur = Some(span.end - span.start);
        self.add(TraceEvent { dur, args, ..event(name.to_owned(), category, "X", thread, span.start) });
    }

    fn add_instant(&mut self, name: String, category: &'static str, thread: u32, at: u64, reach: &'static str) {
        self.add(TraceEvent { s: Some(reach), ..event(name, category, "i", thread, at) });
    }

    fn add(&mut self, event: TraceEvent) {
        self.events.push(event);
    }

    fn unit(&self, unit: &UnitId) -> Option<&'a UnitRecord> {
        self.state.unit(unit)
    }

    fn micros(&self, at: Timestamp) -> u64 {
        micros_between(self.zero, at)
    }
}

impl Span {
    fn clamp(self, at: u64) -> u64 {
        at.clamp(self.start, self.end)
    }
}

fn event(name: String, cat: &'static str, ph: &'static str, tid: u32, ts: u64) -> TraceEvent {
    TraceEvent { name, cat, ph, ts, dur: None, pid: PROCESS, tid, s: None, args: Value::Null }
}

/// Finds the last moment that is known of a run.
fn last_moment(state: &RunState) -> Timestamp {
    let of_shards = state
        .shards()
        .flat_map(|shard| [Some(shard.launched_at), shard.started_at, shard.ended_at].into_iter().flatten());
    let seen = state.shards().flat_map(|shard| shard.came_to.iter().map(|(_, at)| *at));
    let of_run = state.ended_at().into_iter().chain(state.cancelled_at());
    of_shards.chain(seen).chain(of_run).max().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Counts from the run's beginning; a clock that was set back meanwhile gives no time before it.
fn micros_between(zero: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.as_microsecond().saturating_sub(zero.as_microsecond())).unwrap_or(0)
}

fn micros_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn shard_args(shard: &ShardRecord) -> Value {
    json!({
        "attempt": shard.attempt,
        "container": shard.container,
        "exit": shard.exit,
        "problem": shard.problem.as_ref().map(|problem| problem.trouble.cause.to_string()),
        "units": shard.units,
    })
}
