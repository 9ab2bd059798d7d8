//! Embeds minke in a program of one's own, with an event sink of one's own.
//!
//! `cargo run --example embed -- IMAGE PROJECT` runs the pytest files of a project directory in containers of an image
//! and prints each unit as it ends.

use std::error::Error;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::{env, io};

use minke::discover::{Selection, on_host};
use minke::engine::{DockerClient, DockerEngine};
use minke::framework::Pytest;
use minke::model::{Event, EventKind, ExitCode, Mount, Policy, ShardTemplate, Unit};
use minke::plan::{FrameworkCall, Isolation, PlanInput, plan};
use minke::report::Sink;
use minke::run::{Cancel, RunDirectory, Sinks, new_run_id};

/// Prints one line a unit.
struct Lines;

impl Sink for Lines {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let EventKind::UnitEnded { unit, outcome, cases, .. } = &event.kind {
            println!("{unit}: {} ({} cases)", outcome.word(), cases.len());
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [image, project] = arguments.as_slice() else { return Err("usage: embed IMAGE PROJECT".into()) };
    let project = Path::new(project).canonicalize()?;
    let found = on_host(&Selection { paths: &[], named: None, exclude: &[], framework: &Pytest }, &project)?;

    let mut template = ShardTemplate::new(image);
    template.container.work_dir = Some("/project".to_owned());
    template.container.mounts = vec![Mount::host(project.clone(), "/project")];
    let plan = plan(PlanInput {
        units: found.units.into_iter().map(Unit::new).collect(),
        partition: None,
        shards: NonZeroU32::new(2).expect("2 is not 0"),
        isolation: Isolation::Shard,
        units_per_invocation: None,
        framework: FrameworkCall::new("pytest", vec!["pytest-3".into()], Vec::new()),
        template,
        image_id: None,
        policy: Policy::default(),
    });

    let engine = Arc::new(DockerEngine::connect(&DockerClient::from_variables(|name| env::var(name).ok())).await?);
    let directory = RunDirectory::create(&project.join(".minke"), new_run_id())?;
    let state = minke::run(plan, engine, Sinks::new(directory).with(Lines), Cancel::new()).await?;
    println!("{:?}, exit code {}", state.case_counts(), ExitCode::of(&state).code());
    Ok(())
}
