//! minke as a library: the example, and sinks of a program's own that fail, panic or are slow.

use std::io;
use std::num::NonZeroU32;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use minke::engine::{DockerClient, DockerEngine};
use minke::model::{Event, EventKind, ExitCode, Mount, Policy, RunState, ShardTemplate, Unit};
use minke::plan::{FrameworkCall, Isolation, Plan, PlanInput, plan};
use minke::report::{Sink, read_events};
use minke::run::{Cancel, RunDirectory, Sinks, new_run_id};

use crate::support::{PYTHON, Project, containers_of};

fn project() -> Project {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("test_b.py", "def test_b(): assert 1 == 2\n");
    project
}

fn plan_of(project: &Project) -> Plan {
    let mut template = ShardTemplate::new(PYTHON);
    template.container.work_dir = Some("/project".to_owned());
    template.container.mounts = vec![Mount::host(project.path().to_owned(), "/project")];
    plan(PlanInput {
        units: vec![Unit::new("test_a.py"), Unit::new("test_b.py")],
        partition: None,
        shards: NonZeroU32::new(2).unwrap(),
        isolation: Isolation::File,
        units_per_invocation: None,
        framework: FrameworkCall::new("pytest", vec!["pytest".into()], Vec::new()),
        template,
        image_id: None,
        policy: Policy::default(),
    })
}

/// Runs the plan with a sink, in a runtime of its own, and checks what no sink may change.
fn run_with(sink: impl Sink + 'static) -> RunState {
    let project = project();
    let directory = RunDirectory::create(&project.path().join(".minke"), new_run_id()).unwrap();
    let events = directory.events();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let state = runtime.block_on(async {
        let engine = Arc::new(
            DockerEngine::connect(&DockerClient::from_variables(|name| std::env::var(name).ok())).await.unwrap(),
        );
        minke::run(plan_of(&project), engine, Sinks::new(directory).with(sink), Cancel::new()).await.unwrap()
    });
    assert_eq!(ExitCode::of(&state), ExitCode::TestsFailed);
    let counts = state.unit_counts();
    assert_eq!((counts.passed, counts.failed, counts.total()), (1, 1, 2));
    let events = read_events(&events).unwrap();
    assert!(matches!(events.last().unwrap().kind, EventKind::RunEnded { exit_code: 1, .. }));
    assert_eq!(RunState::of(&events).units(), state.units());
    assert_eq!(containers_of(&state.run().unwrap().to_string()), "");
    state
}

#[test]
fn the_example_that_embeds_minke_runs() {
    let project = project();
    let example = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline", "--example", "embed", "--", PYTHON])
        .arg(project.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&example.stdout);
    assert!(example.status.success(), "{}", String::from_utf8_lossy(&example.stderr));
    assert!(text.contains("test_a.py: passed (1 cases)") && text.contains("test_b.py: failed (1 cases)"), "{text}");
    assert!(text.contains("exit code 1"), "{text}");
}

/// Fails at the nth event.
struct Failing(u32);

impl Sink for Failing {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| io::Error::other("no room for it"))?;
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_is_told_and_changes_nothing() {
    for good in [0, 3] {
        let state = run_with(Failing(good));
        let told = state.warnings().iter().filter(|warning| warning.contains("no room for it"));
        assert_eq!(told.count(), 1, "{:?}", state.warnings());
    }
}

/// Fails when it is closed.
struct FailsAtTheEnd;

impl Sink for FailsAtTheEnd {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        Err(io::Error::other("no room at the end"))
    }
}

#[test]
fn a_sink_that_fails_after_the_last_event_is_told_too() {
    assert!(run_with(FailsAtTheEnd).warnings()[0].contains("no room at the end"));
}

/// Panics at the first event.
struct Panicking;

impl Sink for Panicking {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        panic!("a bug of the program's own at {event:?}")
    }
}

#[test]
fn a_sink_that_panics_is_told_and_changes_nothing() {
    assert!(run_with(Panicking).warnings()[0].contains("panicked"));
}

/// Takes its time over each event.
struct Slow(Arc<Mutex<Vec<u64>>>);

impl Sink for Slow {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        std::thread::park_timeout(Duration::from_millis(200));
        self.0.lock().unwrap().push(event.seq);
        Ok(())
    }
}

#[test]
fn a_slow_sink_gets_every_event_before_the_run_returns() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let state = run_with(Slow(Arc::clone(&seen)));
    assert_eq!(state.warnings(), [""; 0]);
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 7 && seen.iter().copied().eq(1..=seen.len() as u64), "{seen:?}");
}
