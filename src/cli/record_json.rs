//! Recorded runs as JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::recorded::{RecordError, RecordedRun};
use crate::model::{CaseOutcome, ExitCode, OutputFile, RunState, ShardRecord, UnitOutcome, UnitRecord};

/// The version of the JSON that `minke show` writes.
const FORMAT_VERSION: u32 = 1;

/// Makes `{"version": 1, "run", "directory", "begun", "ended", "exit_code", "finished", "units": {counts}, "cases": {counts},
/// "warnings", "coverage", "shown": [unit]}`; all units are shown when none is given.
pub(super) fn run_json(state: &RunState, dir: &Path, units: Option<&[&UnitRecord]>) -> Value {
    let all: Vec<&UnitRecord> = state.units().iter().collect();
    let shown: Vec<Value> = units.unwrap_or(&all).iter().map(|unit| unit_json(state, dir, unit)).collect();
    let mut document = head(state, dir);
    document["version"] = json!(FORMAT_VERSION);
    document["warnings"] = json!(state.warnings());
    document["coverage"] = json!(state.coverage());
    document["cancelled"] = json!(state.cancelled().map(|why| why.to_string()));
    document["shard_problems"] = state
        .unresolved_shards()
        .map(|(shard, problem)| {
            json!({ "shard": shard.shard, "cause": problem.trouble.cause.name(), "detail": problem.trouble.detail })
        })
        .collect();
    document["shown"] = Value::Array(shown);
    document
}

/// Makes `{"version": 1, "runs": [run]}`, where each run has what [`run_json`] begins with, or an `error`.
pub(super) fn runs_json<'a>(runs: impl Iterator<Item = (&'a RecordedRun, Result<RunState, RecordError>)>) -> Value {
    let row = |(run, state): (&RecordedRun, Result<RunState, RecordError>)| match state {
        Ok(state) => head(&state, &run.dir),
        Err(error) => json!({ "run": run.name(), "directory": run.dir, "error": error.to_string() }),
    };
    json!({ "version": FORMAT_VERSION, "runs": runs.map(row).collect::<Vec<Value>>() })
}

fn head(state: &RunState, dir: &Path) -> Value {
    let (units, cases) = (state.unit_counts(), state.case_counts());
    let flaky = state.flaky_cases();
    let is_finished = state.ended_at().is_some();
    json!({
        "run": state.run(),
        "directory": dir,
        "framework": state.plan().map(|plan| &plan.framework),
        "image": state.plan().map(|plan| &plan.image),
        "begun": state.started_at(),
        "ended": state.ended_at(),
        "finished": is_finished,
        "exit_code": is_finished.then(|| state.exit_code().unwrap_or(ExitCode::of(state).code())),
        "wall": state.wall().map(|wall| wall.as_secs_f64()),
        "units": {
            "total": units.total(),
            "passed": units.passed,
            "failed": units.failed,
            "errored": units.errored,
            "not_run": units.not_run,
        },
        "cases": {
            "total": cases.total(),
            "passed": cases.passed,
            "failed": cases.failed,
            "errored": cases.errored,
            "skipped": cases.skipped,
            "flaky": flaky,
        },
    })
}

fn unit_json(state: &RunState, dir: &Path, unit: &UnitRecord) -> Value {
    let shard = unit.shard.and_then(|shard| state.shard(shard));
    let cause = match unit.outcome() {
        UnitOutcome::Errored(cause) => Some(cause.name()),
        UnitOutcome::Passed | UnitOutcome::Failed | UnitOutcome::NotRun => None,
    };
    let requeued = unit.requeued.iter().map(|(shard, why)| json!({ "shard": shard, "cause": why.cause.name() }));
    json!({
        "unit": unit.unit,
        "outcome": unit.outcome().word(),
        "cause": cause,
        "detail": unit.trouble.as_ref().map(|trouble| &trouble.detail),
        "shard": unit.shard,
        "attempt": unit.attempt,
        "seconds": unit.duration.as_secs_f64(),
        "requeued": requeued.collect::<Vec<Value>>(),
        "logs": shard.map(|shard| logs(shard, dir)).unwrap_or_default(),
        "logs_are_its_own": shard.is_some_and(|shard| shard.units.len() == 1),
        "repeat": repeat(state, unit),
        "cases": unit.cases.iter().map(case_json).collect::<Vec<Value>>(),
    })
}

fn case_json(case: &crate::model::Case) -> Value {
    let outcome = match case.outcome() {
        CaseOutcome::Passed => "passed",
        CaseOutcome::Skipped => "skipped",
        CaseOutcome::Failed => "failed",
        CaseOutcome::Errored => "errored",
    };
    let mut value = json!(case);
    value["outcome"] = json!(outcome);
    value["flaky"] = json!(case.is_flaky());
    value
}

fn logs(shard: &ShardRecord, dir: &Path) -> Vec<Value> {
    let written = |file: &&OutputFile| !file.path.is_empty();
    let log = |file: &OutputFile| json!({ "path": dir.join(&file.path), "bytes": file.bytes });
    [&shard.stdout, &shard.stderr].into_iter().filter(written).map(log).collect()
}

/// The words of the command that runs the unit again; none when the record has no command.
fn repeat(state: &RunState, unit: &UnitRecord) -> Vec<String> {
    let Some(plan) = state.plan().filter(|plan| !plan.command_line.is_empty()) else { return Vec::new() };
    crate::report::terminal::repeat_words(&plan.command_line, &plan.framework_args, &unit.unit)
}
