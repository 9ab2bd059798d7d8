//! Decides what a run's report says: which suites and cases, in which order, with which words. Writes no XML.
//!
//! Every text that leaves this module is legal in XML 1.0; bodies are made for CDATA sections.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::clean;
use super::location::{class_of, locate};
use super::row::{NAME_BYTES, Row, Verdict};
use crate::model::{RunState, ShardId, ShardProblem, ShardRecord, UnitOutcome, UnitRecord, split_part};

/// The name of the case that stands for a unit as a whole.
const UNIT_CASE: &str = "(unit)";

/// The name of the case that stands for a shard as a whole.
const SHARD_CASE: &str = "(shard)";

/// The host name of a suite that no shard ran.
const NO_SHARD: &str = "minke";

/// A `<testsuite>`.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) host_name: String,
    pub(crate) timestamp: Timestamp,
    pub(crate) file: Option<String>,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) rows: Vec<Row>,
}

/// Lays a run out: a suite for each unit in the plan's order, then one for each shard whose problem no unit explains.
pub(crate) fn lay_out(state: &RunState, work_dir: Option<&str>) -> Vec<Suite> {
    let units = state.units().iter().map(|unit| unit_suite(state, unit, work_dir));
    let shards = state.unresolved_shards().map(|(shard, problem)| shard_suite(state, shard, problem));
    units.chain(shards).collect()
}

fn unit_suite(state: &RunState, record: &UnitRecord, work_dir: Option<&str>) -> Suite {
    let path = split_part(record.unit.as_str()).0;
    let class = class_of(path);
    let mut rows: Vec<Row> = record
        .cases
        .iter()
        .map(|case| Row::of_case(case, &class, locate(case.file.as_deref(), case.line, path, work_dir)))
        .collect();
    if let Some(verdict) = unit_verdict(state, record) {
        let seconds = if rows.is_empty() { record.duration.as_secs_f64() } else { 0.0 };
        rows.push(Row::of_minke(&class, UNIT_CASE, Some(locate(None, None, path, None)), seconds, verdict));
    }
    make_unique(&mut rows);
    let shard = record.shard.and_then(|shard| state.shard(shard));
    Suite {
        name: clean::attribute(record.unit.as_str(), NAME_BYTES),
        package: clean::attribute(&class, NAME_BYTES),
        host_name: record.shard.map_or_else(|| NO_SHARD.to_owned(), host_name),
        timestamp: shard.map(|shard| shard.launched_at).or(state.started_at()).unwrap_or(Timestamp::UNIX_EPOCH),
        file: Some(clean::attribute(&locate(None, None, path, None).file, NAME_BYTES)),
        properties: unit_properties(state, record, shard),
        rows,
    }
}

fn shard_suite(state: &RunState, shard: &ShardRecord, problem: &ShardProblem) -> Suite {
    let name = format!("minke shard {}", shard.shard);
    let class = format!("minke.shard-{}", shard.shard);
    let mut properties = run_properties(state);
    properties.extend(shard_properties(shard.shard, Some(shard)));
    properties.extend(shard.wall.map(|wall| property("minke.wall", &plain_seconds(wall.as_secs_f64()).to_string())));
    let seconds = shard.wall.unwrap_or_default().as_secs_f64();
    Suite {
        rows: vec![Row::of_minke(&class, SHARD_CASE, None, seconds, Verdict::of_trouble(&problem.trouble))],
        name,
        package: class,
        host_name: host_name(shard.shard),
        timestamp: shard.launched_at,
        file: None,
        properties,
    }
}

/// Tells what the report has to say of a unit besides its cases: nothing when they say it all.
fn unit_verdict(state: &RunState, record: &UnitRecord) -> Option<Verdict> {
    if let Some(trouble) = &record.trouble {
        return Some(Verdict::of_trouble(trouble));
    }
    match record.outcome() {
        UnitOutcome::Passed => None,
        UnitOutcome::Failed => {
            let has_bad_case = record.cases.iter().any(|case| case.outcome().is_bad());
            (!has_bad_case).then(|| Verdict::error("failed", "the unit failed, and none of its cases did", ""))
        }
        UnitOutcome::Errored(cause) => Some(Verdict::error(cause.name(), &cause.to_string(), "")),
        UnitOutcome::NotRun => {
            let why = match state.cancelled() {
                Some(reason) => format!("not run: {reason}"),
                None => "not run: the run ended before it came to this unit".to_owned(),
            };
            Some(Verdict::error("not-run", &why, ""))
        }
    }
}

fn unit_properties(state: &RunState, record: &UnitRecord, shard: Option<&ShardRecord>) -> Vec<(String, String)> {
    let mut properties = run_properties(state);
    if let Some(id) = record.shard {
        properties.extend(shard_properties(id, shard));
    }
    let outcome = record.outcome();
    properties.push(property("minke.outcome", outcome.word()));
    if let UnitOutcome::Errored(cause) = &outcome {
        properties.push(property("minke.cause", cause.name()));
    }
    properties.push(property("minke.attempt", &record.attempt.to_string()));
    properties.push(property("minke.wall", &plain_seconds(record.duration.as_secs_f64()).to_string()));
    if record.ends > 1 {
        properties
            .push(property("minke.remark", &format!("the unit ended {} times; the last end counts", record.ends)));
    }
    properties
}

/// Returns what is the same for the whole run; it stands in every suite, because few schemas allow it above them.
fn run_properties(state: &RunState) -> Vec<(String, String)> {
    let plan = state.plan();
    let mut properties = vec![property("minke.version", env!("CARGO_PKG_VERSION"))];
    properties.extend(state.run().map(|run| property("minke.run", &run.to_string())));
    properties.extend(plan.map(|plan| property("minke.framework", &plan.framework)));
    properties.extend(plan.map(|plan| property("minke.image", &plan.image)));
    properties.extend(plan.and_then(|plan| plan.image_id.as_deref()).map(|id| property("minke.image-id", id)));
    let digest = plan.and_then(|plan| plan.image_digest.as_deref());
    properties.extend(digest.map(|digest| property("minke.image-digest", digest)));
    properties
}

fn shard_properties(id: ShardId, shard: Option<&ShardRecord>) -> Vec<(String, String)> {
    let mut properties = vec![property("minke.shard", &id.to_string())];
    let container = shard.and_then(|shard| shard.container.as_deref());
    properties.extend(container.map(|container| property("minke.container", container)));
    properties
}

fn property(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), clean::attribute(value, NAME_BYTES))
}

/// Rounds to microseconds, so that no more than six decimals are written.
pub(crate) fn plain_seconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

fn host_name(shard: ShardId) -> String {
    format!("shard-{shard}")
}

/// Gives the later ones of equal cases a number, because some consumers show only the first of them. A name that is
/// unique stays as it is.
fn make_unique(rows: &mut [Row]) {
    let mut taken: HashSet<(String, String)> = rows.iter().map(key).collect();
    if taken.len() == rows.len() {
        return;
    }
    let mut last_number: HashMap<(String, String), usize> = HashMap::new();
    for row in rows {
        let number = last_number.entry(key(row)).or_insert(0);
        *number += 1;
        if *number == 1 {
            continue;
        }
        while !taken.insert((row.classname.clone(), format!("{} [{number}]", row.name))) {
            *number += 1;
        }
        row.name = format!("{} [{number}]", row.name);
    }
}

fn key(row: &Row) -> (String, String) {
    (row.classname.clone(), row.name.clone())
}
