//! minke as a library: the example runs, and no sink of one's own can spoil a run.

use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use minke::engine::{DockerClient, DockerEngine};
use minke::model::{Event, Mount, Policy, RunState, ShardTemplate, Unit, UnitOutcome};
use minke::plan::{FrameworkCall, Isolation, PlanInput, plan};
use minke::report::Sink;
use minke::run::{Cancel, RunDirectory, Sinks, new_run_id};

use crate::support::{PYTHON, Project};

#[test]
fn the_example_runs() {
    let example = Path::new(env!("CARGO_BIN_EXE_minke")).with_file_name("examples").join("embed");
    assert!(example.exists(), "`cargo build --examples` has not been run");
    let project = Project::fixture("pytest");
    std::fs::remove_dir_all(project.path().join("tests/unit")).unwrap();
    let output = Command::new(example).arg(PYTHON).arg(project.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("tests/test_smoke.py: passed (2 cases)"), "{text}");
    assert!(text.trim_end().ends_with("exit code 1"), "{text}");
}

/// A sink that takes nothing after the first event.
struct Refuses;

impl Sink for Refuses {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if event.seq > 1 { Err(io::Error::other("no more")) } else { Ok(()) }
    }
}

/// A sink that panics.
struct Panics;

impl Sink for Panics {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        panic!("a sink's own fault")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_fails_changes_no_outcome() {
    let project = Project::fixture("pytest");
    let mut template = ShardTemplate::new(PYTHON);
    template.work_dir = Some("/project".to_owned());
    template.mounts = vec![Mount { host: project.path().to_owned(), container: "/project".to_owned() }];
    let plan = plan(PlanInput {
        units: vec![Unit::new("tests/test_smoke.py"), Unit::new("tests/cli_test.py")],
        partition: None,
        shards: NonZeroU32::new(2).unwrap(),
        isolation: Isolation::Shard,
        units_per_invocation: None,
        framework: FrameworkCall { name: "pytest".into(), command: vec!["pytest".into()], args: Vec::new() },
        template,
        image_id: None,
        policy: Policy::default(),
    });
    let client = DockerClient::from_variables(|name| std::env::var(name).ok());
    let engine = Arc::new(DockerEngine::connect(&client).await.unwrap());
    let directory = RunDirectory::create(&project.path().join(".minke"), new_run_id()).unwrap();
    let sinks = Sinks::new(directory).with(Refuses).with(Panics);
    let state: RunState = minke::run(plan, engine, sinks, Cancel::new()).await.unwrap();
    assert!(state.units().iter().all(|unit| unit.outcome() == UnitOutcome::Passed));
    assert_eq!(state.case_counts().total(), 7);
}
