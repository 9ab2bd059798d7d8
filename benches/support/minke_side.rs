//! minke's side: the library runs the plan.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use minke::model::{Policy, RunState, ShardTemplate, Unit};
use minke::plan::{Isolation, Plan, PlanInput, plan};
use minke::run::{Cancel, RunDirectory, Sinks, new_run_id};

use super::job::{Grouping, Job, Measured, Spooled};
use super::usage::{peak_memory, processor_time};
use super::{Failure, argv, connect};

/// Runs a job with minke.
pub(crate) async fn run(job: &Job) -> Result<Measured, Failure> {
    let engine = Arc::new(connect().await?);
    let plan = plan_of(job);
    let (processor, begun) = (processor_time()?, Instant::now());
    let directory = RunDirectory::create(&job.dir, new_run_id())?;
    let path = directory.path().to_owned();
    let state = minke::run(plan, engine, Sinks::new(directory), Cancel::new()).await?;
    let (wall, processor) = (begun.elapsed(), processor_time()? - processor);
    let outputs = state.shards().map(|shard| Spooled {
        unit: shard.units.first().map(ToString::to_string).unwrap_or_default(),
        stdout: path.join(&shard.stdout.path),
        stderr: path.join(&shard.stderr.path),
    });
    let outputs = outputs.collect();
    check(job, &state)?;
    Ok(Measured { wall, processor, peak_memory: peak_memory()?, outputs })
}

fn plan_of(job: &Job) -> Plan {
    plan(PlanInput {
        units: job.units.iter().map(Unit::new).collect(),
        partition: None,
        shards: NonZeroU32::new(job.at_once).unwrap_or(NonZeroU32::MIN),
        isolation: match job.grouping {
            Grouping::UnitEach => Isolation::File,
            Grouping::AllInOne => Isolation::Shard,
        },
        units_per_invocation: None,
        framework: argv::call(&job.work),
        template: ShardTemplate::new(&job.image),
        image_id: None,
        policy: Policy::default(),
    })
}

/// Makes sure that the figures are those of a run that went well.
fn check(job: &Job, state: &RunState) -> Result<(), Failure> {
    let troubles = state.units().iter().filter_map(|unit| unit.trouble.as_ref()).map(|trouble| &trouble.detail);
    let said: Vec<&String> = state.warnings().iter().chain(troubles).take(3).collect();
    if state.unit_counts().passed == job.units.len() && said.is_empty() {
        return Ok(());
    }
    Err(format!("minke's run did not go well: {:?}, {said:?}", state.unit_counts()).into())
}
