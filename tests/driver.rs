//! The driver and the shard task against an engine that misbehaves on purpose, in paused time. The real engine has its own
//! tests; this one is for what a real engine does too rarely to wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;
use minke::engine::{
    ContainerId, ContainerSpec, Engine, EngineError, EngineInfo, Image, ImageRequest, Output, OwnedObject, PathKind,
    TarStream,
};
use minke::model::{
    Cause, ContainerExit, Dependency, DependencyCondition, Event, ExitCode, ImageId, ImageSource, Policy, RunState,
    Service, ShardTemplate, Unit, UnitOutcome,
};
use minke::plan::{FrameworkCall, Isolation, Plan, PlanInput, plan};
use minke::report::Sink;
use minke::run::{Cancel, RunDirectory, Sinks, new_run_id};
use minke::schedule::Signal;
use proptest::prelude::*;
use tokio::sync::watch;

/// What one container of the fake does.
#[derive(Debug, Clone)]
struct Behaviour {
    create: Call,
    start: Call,
    wait: Call,
    archive: Call,
    remove: Call,
    /// How it takes a polite signal; SIGKILL works always.
    signal: Call,
    /// Whether the output ends in an error.
    output_breaks: bool,
    /// Whether it ends by itself, or only when it is killed.
    ends: bool,
    exit_code: i64,
    /// Whether it leaves a report with a passing case for each of its units.
    reports: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Works,
    Fails,
    Hangs,
}

impl Behaviour {
    fn good() -> Self {
        let works = Call::Works;
        Self {
            create: works,
            start: works,
            wait: works,
            archive: works,
            remove: works,
            signal: works,
            output_breaks: false,
            ends: true,
            exit_code: 0,
            reports: true,
        }
    }
}

struct FakeContainer {
    units: Vec<String>,
    behaviour: Behaviour,
    killed: watch::Sender<bool>,
}

/// An engine whose nth container does as the nth behaviour says; after the last one all is well.
struct FakeEngine {
    behaviours: Vec<Behaviour>,
    ping: Call,
    /// What each container leaves as data of coverage.py.
    coverage: Option<&'static [u8]>,
    containers: Mutex<Vec<Arc<FakeContainer>>>,
    left: Mutex<BTreeSet<String>>,
}

impl FakeEngine {
    fn new(behaviours: Vec<Behaviour>) -> Self {
        Self { behaviours, ping: Call::Works, coverage: None, containers: Mutex::default(), left: Mutex::default() }
    }

    fn container(&self, id: &ContainerId) -> Arc<FakeContainer> {
        Arc::clone(&self.containers.lock().unwrap()[id.0.parse::<usize>().unwrap()])
    }
}

async fn call(call: Call) -> Result<(), EngineError> {
    match call {
        Call::Works => Ok(()),
        Call::Fails => Err(EngineError::Operation { operation: "do as told".into(), source: "no".into() }),
        Call::Hangs => std::future::pending().await,
    }
}

fn report_of(units: &[String]) -> Vec<u8> {
    let case = |unit: &String| {
        let module = unit.trim_end_matches(".py").replace('/', ".");
        format!("<testcase classname=\"{module}\" name=\"works\" time=\"0.5\"/>")
    };
    let cases: String = units.iter().map(case).collect();
    let xml = format!("<testsuites><testsuite name=\"pytest\">{cases}</testsuite></testsuites>");
    tar_of("minke/reports/pytest.xml", xml.as_bytes())
}

fn tar_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, content).unwrap();
    tar.into_inner().unwrap()
}

#[async_trait]
impl Engine for FakeEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        unreachable!("a run does not ask for it")
    }

    async fn ping(&self) -> Result<(), EngineError> {
        call(self.ping).await
    }

    async fn image(&self, request: &ImageRequest) -> Result<Image, EngineError> {
        let id = ImageId(request.reference.clone());
        Ok(Image {
            id,
            digest: None,
            work_dir: "/".into(),
            env: Vec::new(),
            entrypoint: Vec::new(),
            user: String::new(),
            volumes: Vec::new(),
            labels: BTreeMap::new(),
        })
    }

    async fn local_image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        self.image(&ImageRequest::new(reference)).await.map(Some)
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<ContainerId, EngineError> {
        let number = self.containers.lock().unwrap().len();
        let behaviour = self.behaviours.get(number).cloned().unwrap_or_else(Behaviour::good);
        let units = spec.command.iter().flatten().filter(|word| word.starts_with("t/")).cloned().collect();
        let created = behaviour.create;
        let container = FakeContainer { units, behaviour, killed: watch::Sender::new(false) };
        self.containers.lock().unwrap().push(Arc::new(container));
        call(created).await?;
        self.left.lock().unwrap().insert(number.to_string());
        Ok(ContainerId(number.to_string()))
    }

    async fn start(&self, id: &ContainerId) -> Result<BoxStream<'static, Result<Output, EngineError>>, EngineError> {
        let container = self.container(id);
        call(container.behaviour.start).await?;
        let said = Ok(Output::Stdout(Bytes::from_static(b"hello\n")));
        let cut = container.behaviour.output_breaks.then_some(Err(EngineError::OutputLost));
        Ok(stream::iter([said].into_iter().chain(cut)).boxed())
    }

    async fn wait(&self, id: &ContainerId) -> Result<ContainerExit, EngineError> {
        let container = self.container(id);
        call(container.behaviour.wait).await?;
        let mut code = container.behaviour.exit_code;
        if !container.behaviour.ends {
            container.killed.subscribe().wait_for(|killed| *killed).await.unwrap();
            code = 137;
        }
        Ok(ContainerExit { code, oom_killed: false, error: None })
    }

    async fn signal(&self, id: &ContainerId, signal: Signal) -> Result<(), EngineError> {
        if signal == Signal::Kill {
            self.container(id).killed.send_replace(true);
            return Ok(());
        }
        call(self.container(id).behaviour.signal).await
    }

    async fn stat(&self, _: &ContainerId, _: &str) -> Result<Option<PathKind>, EngineError> {
        unreachable!("a run looks at no path")
    }

    async fn archive(
        &self,
        id: &ContainerId,
        path: &str,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, EngineError>>>, EngineError> {
        let container = self.container(id);
        call(container.behaviour.archive).await?;
        let tar = match path {
            "/tmp/minke/coverage" => self.coverage.map(|data| tar_of("coverage/.coverage", data)),
            _ => container.behaviour.reports.then(|| report_of(&container.units)),
        };
        Ok(tar.map(|tar| stream::iter([Ok(Bytes::from(tar))]).boxed()))
    }

    async fn remove(&self, id: &ContainerId) -> Result<(), EngineError> {
        call(self.container(id).behaviour.remove).await?;
        self.left.lock().unwrap().remove(&id.0);
        Ok(())
    }

    async fn created_at(&self, _: &ContainerId) -> Result<Option<Timestamp>, EngineError> {
        Ok(Some(Timestamp::UNIX_EPOCH))
    }

    async fn put(&self, _: &ContainerId, _: &str, mut tar: TarStream) -> Result<(), EngineError> {
        while tar.next().await.is_some() {}
        Ok(())
    }

    async fn owned(&self) -> Result<Vec<OwnedObject>, EngineError> {
        Ok(Vec::new())
    }
}

fn plan_of(units: usize, shards: u32, isolation: Isolation) -> Plan {
    plan_with(units, shards, isolation, ShardTemplate::new("image"))
}

fn plan_with(units: usize, shards: u32, isolation: Isolation, template: ShardTemplate) -> Plan {
    plan(PlanInput {
        units: (0..units).map(|n| Unit::new(format!("t/test_{n}.py"))).collect(),
        partition: None,
        shards: NonZeroU32::new(shards).unwrap(),
        isolation,
        units_per_invocation: None,
        framework: FrameworkCall::new("pytest", vec!["pytest".into()], Vec::new()),
        template,
        image_id: None,
        policy: Policy { unit_timeout: Some(Duration::from_secs(60)), ..Policy::default() },
    })
}

/// Runs a plan in paused time: whatever is waited for is over at once, and a hang that nothing bounds hangs the test.
fn run(plan: Plan, engine: &Arc<FakeEngine>) -> RunState {
    run_with(plan, engine, |sinks| sinks)
}

/// The same with consumers of events.
fn run_with(plan: Plan, engine: &Arc<FakeEngine>, add: impl FnOnce(Sinks) -> Sinks) -> RunState {
    let dir = tempfile::tempdir().unwrap();
    let sinks = add(Sinks::new(RunDirectory::create(dir.path(), new_run_id()).unwrap()));
    let engine: Arc<dyn Engine> = Arc::<FakeEngine>::clone(engine);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let state = runtime.block_on(minke::run(plan, engine, sinks, Cancel::new())).unwrap();
    assert_eq!(state.broken_ledger().count(), 0, "every unit ends exactly once");
    state
}

fn outcomes(state: &RunState) -> Vec<UnitOutcome> {
    state.units().iter().map(|unit| unit.outcome()).collect()
}

/// A consumer that takes nothing before it is let, and then counts.
struct Stalled {
    let_go: mpsc::Receiver<()>,
    taken: mpsc::Sender<Event>,
}

impl Sink for Stalled {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        // Closed when it is let go.
        let _ = self.let_go.recv();
        self.taken.send(event.clone()).map_err(io::Error::other)
    }

    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_millis(1))
    }
}

#[test]
fn a_consumer_without_end_keeps_no_run_that_is_out_of_patience_and_loses_no_event() {
    let engine = Arc::new(FakeEngine::new(Vec::new()));
    let (holds, let_go) = mpsc::channel();
    let (taken, events) = mpsc::channel();
    let state = run_with(plan_of(2, 2, Isolation::Shard), &engine, |sinks| sinks.with(Stalled { let_go, taken }));
    assert_eq!(outcomes(&state), [UnitOutcome::Passed, UnitOutcome::Passed]);
    assert!(events.try_recv().is_err(), "it was not waited for");
    drop(holds);
    let events: Vec<Event> = events.into_iter().collect();
    assert_eq!(RunState::of(&events), state, "it got every event in the end");
}

#[test]
fn a_good_engine_gives_a_green_run_and_nothing_is_left() {
    let engine = Arc::new(FakeEngine::new(Vec::new()));
    let state = run(plan_of(5, 2, Isolation::Shard), &engine);
    assert_eq!(outcomes(&state), vec![UnitOutcome::Passed; 5]);
    assert!(engine.left.lock().unwrap().is_empty());
}

#[test]
fn services_that_need_each_other_are_refused_and_not_waited_for() {
    let service = |name: &str, needs: &str| Service {
        depends_on: vec![Dependency { service: needs.to_owned(), condition: DependencyCondition::Started }],
        ..Service::new(name, ImageSource::Named("image".to_owned()))
    };
    let mut template = ShardTemplate::new("image");
    template.services.list = vec![service("a", "b"), service("b", "a")];
    let plan = plan_with(1, 1, Isolation::Shard, template);
    let dir = tempfile::tempdir().unwrap();
    let sinks = Sinks::new(RunDirectory::create(dir.path(), new_run_id()).unwrap());
    let engine: Arc<dyn Engine> = Arc::new(FakeEngine::new(Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let refused = runtime.block_on(minke::run(plan, engine, sinks, Cancel::new())).unwrap_err();
    assert_eq!(refused.to_string(), "services need each other: a -> b -> a");
}

#[test]
fn coverage_that_cannot_be_combined_loses_no_result_and_hangs_no_run() {
    let (fails, hangs) = (Call::Fails, Call::Hangs);
    let good = Behaviour::good;
    let combining = [
        Behaviour { create: fails, ..good() },
        Behaviour { create: hangs, ..good() },
        Behaviour { start: fails, ..good() },
        Behaviour { start: hangs, ..good() },
        Behaviour { wait: fails, ..good() },
        Behaviour { wait: hangs, ..good() },
        Behaviour { archive: fails, ..good() },
        Behaviour { archive: hangs, ..good() },
        Behaviour { remove: hangs, ..good() },
        Behaviour { output_breaks: true, ..good() },
        Behaviour { exit_code: 137, ..good() },
        Behaviour { exit_code: 127, ..good() },
        // All is well, but nothing came of it.
        good(),
    ];
    for combining in combining {
        // The second container is that of coverage.py.
        let mut engine = FakeEngine::new(vec![good(), combining.clone()]);
        engine.coverage = Some(b"SQLite format 3\0");
        let mut template = ShardTemplate::new("image");
        template.coverage = vec!["lcov.info".into()];
        let engine = Arc::new(engine);
        let state = run(plan_with(2, 1, Isolation::Shard, template), &engine);
        assert_eq!(outcomes(&state), [UnitOutcome::Passed, UnitOutcome::Passed], "{combining:?}");
        assert_eq!(engine.containers.lock().unwrap().len(), 2, "{combining:?}");
        let coverage = state.coverage().unwrap();
        assert!(!coverage.problems.is_empty() && coverage.files.is_empty(), "{combining:?}: {coverage:?}");
        assert!(coverage.problems.iter().all(|problem| state.warnings().contains(problem)), "{:?}", state.warnings());
        assert_eq!((ExitCode::of(&state), state.exit_code()), (ExitCode::Incomplete, Some(5)));
        let told = state.warnings().iter().any(|warning| warning.contains("minke clean"));
        assert!(told || engine.left.lock().unwrap().is_empty(), "{combining:?}: {:?}", state.warnings());
    }
}

#[test]
fn a_create_that_fails_once_is_recovered() {
    let engine = Arc::new(FakeEngine::new(vec![Behaviour { create: Call::Fails, ..Behaviour::good() }]));
    let state = run(plan_of(4, 2, Isolation::Shard), &engine);
    assert_eq!(outcomes(&state), vec![UnitOutcome::Passed; 4]);
    assert_eq!(state.unresolved_shards().count(), 0, "what the units then show is the truth");
}

#[test]
fn a_container_that_cannot_be_removed_is_told() {
    let engine = Arc::new(FakeEngine::new(vec![Behaviour { remove: Call::Fails, ..Behaviour::good() }]));
    let state = run(plan_of(1, 1, Isolation::Shard), &engine);
    assert_eq!(outcomes(&state), [UnitOutcome::Passed]);
    assert!(state.warnings().iter().any(|warning| warning.contains("minke clean")), "{:?}", state.warnings());
}

#[test]
fn output_that_breaks_off_is_told_and_the_report_counts() {
    let engine = Arc::new(FakeEngine::new(vec![Behaviour { output_breaks: true, ..Behaviour::good() }]));
    let state = run(plan_of(1, 1, Isolation::Shard), &engine);
    assert_eq!(outcomes(&state), [UnitOutcome::Passed]);
    assert!(state.warnings().iter().any(|warning| warning.contains("may be incomplete")), "{:?}", state.warnings());
}

#[test]
fn a_container_that_never_ends_is_killed_after_its_time() {
    let never = Behaviour { ends: false, reports: false, ..Behaviour::good() };
    let engine = Arc::new(FakeEngine::new(vec![never]));
    let state = run(plan_of(2, 2, Isolation::File), &engine);
    assert_eq!(outcomes(&state), [UnitOutcome::Errored(Cause::Timeout), UnitOutcome::Passed]);
}

#[test]
fn an_engine_that_does_not_answer_to_a_signal_is_sent_the_next_one() {
    let deaf = Behaviour { ends: false, reports: false, signal: Call::Hangs, ..Behaviour::good() };
    let engine = Arc::new(FakeEngine::new(vec![deaf]));
    let state = run(plan_of(2, 2, Isolation::File), &engine);
    assert_eq!(outcomes(&state), [UnitOutcome::Errored(Cause::Timeout), UnitOutcome::Passed]);
    assert!(engine.left.lock().unwrap().is_empty());
}

#[test]
fn a_container_that_outlives_sigkill_is_given_up() {
    let engine = Arc::new(FakeEngine::new(vec![Behaviour { wait: Call::Hangs, ..Behaviour::good() }]));
    let state = run(plan_of(1, 1, Isolation::File), &engine);
    assert_eq!(outcomes(&state), [UnitOutcome::Errored(Cause::Engine)]);
    assert!(engine.left.lock().unwrap().is_empty());
}

#[test]
fn an_engine_that_stops_answering_ends_the_run() {
    let stuck = Behaviour { create: Call::Hangs, ..Behaviour::good() };
    let mut engine = FakeEngine::new(vec![stuck; 3]);
    engine.ping = Call::Hangs;
    let state = run(plan_of(3, 1, Isolation::File), &Arc::new(engine));
    assert_eq!(outcomes(&state), vec![UnitOutcome::Errored(Cause::Engine); 3]);
    assert_eq!(minke::model::ExitCode::of(&state).code(), 3);
}

fn calls() -> impl Strategy<Value = Call> {
    prop_oneof![8 => Just(Call::Works), 1 => Just(Call::Fails)]
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    let hanging = prop_oneof![8 => Just(Call::Works), 1 => Just(Call::Fails), 1 => Just(Call::Hangs)];
    let codes = prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(139), 1 => Just(137), 1 => Just(5)];
    let all = (
        calls(),
        calls(),
        hanging.clone(),
        calls(),
        (calls(), hanging),
        any::<bool>(),
        any::<bool>(),
        codes,
        any::<bool>(),
    );
    all.prop_map(|(create, start, wait, archive, (remove, signal), output_breaks, ends, exit_code, reports)| {
        Behaviour { create, start, wait, archive, remove, signal, output_breaks, ends, exit_code, reports }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_the_engine_does_the_ledger_is_complete_and_green_means_proven(
        units in 0_usize..8, shards in 1_u32..4, by_file in any::<bool>(),
        behaviours in proptest::collection::vec(behaviours(), 0..12),
    ) {
        let isolation = if by_file { Isolation::File } else { Isolation::Shard };
        let engine = Arc::new(FakeEngine::new(behaviours));
        let state = run(plan_of(units, shards, isolation), &engine);
        for unit in state.units() {
            if unit.outcome() == UnitOutcome::Passed {
                prop_assert_eq!(unit.cases.len(), 1, "a pass has its case");
                let shard = state.shard(unit.shard.unwrap()).unwrap();
                prop_assert!(shard.units.contains(&unit.unit));
            }
        }
        // What is left is told, and everything else is removed.
        let told = state.warnings().iter().filter(|warning| warning.contains("left behind")).count();
        prop_assert_eq!(engine.left.lock().unwrap().len(), told);
    }
}
