//! The driver: the scheduler's servant. It carries commands out and brings back what happens.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::cancel::Requests;
use super::coverage::merge_coverage;
use super::emit::Emitter;
use super::services::ServicePool;
use super::shard::{Control, ShardTask, Shared};
use super::{Cancel, RunError, Sinks};
use crate::engine::{Engine, EngineError, Image, ImageRequest, Labels, Owner, remove_run};
use crate::framework;
use crate::model::{
    Batch, BatchResult, CancelReason, Cause, EVENT_FORMAT_VERSION, EventKind, ExitCode, ImageId, Kept, OutputFile,
    RunState, Services, ShardId, ShardProblem, Slot, Trouble, UnitResult, order_services,
};
use crate::plan::Plan;
use crate::report::Redactor;
use crate::schedule::{Command, Input, Scheduler, ShardReport};

/// How often the engine is asked whether it is still there.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long it may take to answer.
const HEARTBEAT_LIMIT: Duration = Duration::from_secs(10);
/// How many times in a row it may fail to.
const HEARTBEATS_MISSED: u32 = 3;
/// How long the engine may take over a last look for containers of the run.
const REMOVE_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to stop and remove the services that outlived their shards.
const CLOSE_SERVICES_LIMIT: Duration = Duration::from_secs(300);
/// How long a container is owned when the run has no time limit of its own.
const OWNERSHIP: SignedDuration = SignedDuration::from_hours(24);
/// How many inputs may wait for the scheduler before shard tasks wait for it.
const INPUTS: usize = 1024;

/// Runs a plan and returns what came of it, when no container of the run is left.
///
/// Output and events go to the sinks' directory while the run goes on. Failing tests, errored units and cancellation are
/// part of the returned state, in which every planned unit has exactly one outcome.
///
/// # Errors
/// [`RunError`] when the run's files cannot be written, the plan names an unknown framework or its services need each
/// other. An engine that fails is no error: the units are errored.
pub async fn run(plan: Plan, engine: Arc<dyn Engine>, sinks: Sinks, cancel: Cancel) -> Result<RunState, RunError> {
    let name = plan.framework().name.clone();
    let Some(&framework) = framework::named(&name).first() else { return Err(RunError::UnknownFramework { name }) };
    let services =
        Services { list: order_services(plan.template().services.list.clone())?, ..plan.template().services.clone() };
    let directory = sinks.directory().clone();
    let (inputs, incoming) = mpsc::channel(INPUTS);
    let redactor = Redactor::new(&plan.template().secrets).map(Arc::new);
    let mut emitter = Emitter::start(sinks, &inputs, redactor.clone())?;
    let begun = Instant::now();
    let image = find_image(&*engine, &plan, &cancel).await;
    let mut summary = plan.summary();
    if let Some(image) = &image {
        summary.image_id = Some(image.id.to_string());
        // One that was made here for the run has none; then it is that of the image below it.
        summary.image_digest = image.digest.clone().or(summary.image_digest);
    }
    emitter.emit(EventKind::RunStarted {
        format: EVENT_FORMAT_VERSION,
        minke: env!("CARGO_PKG_VERSION").to_owned(),
        run: directory.run(),
        plan: Box::new(summary),
    });
    let labels = Labels { run: directory.run(), owner: Owner::this_process(), expires: expiry(&plan) };
    let template = plan.template();
    let services = (!services.list.is_empty()).then(|| {
        let (engine, network) = (Arc::clone(&engine), &template.container.network);
        let dir = directory.path();
        ServicePool::new(engine, labels.clone(), &services, network, dir, redactor.clone(), cancel.clone())
    });
    let shared = Arc::new(Shared {
        services,
        redactor,
        image: image.unwrap_or_else(|| nothing_known_of(&plan.template().image)),
        labels,
        engine: Arc::clone(&engine),
        plan: plan.clone(),
        framework,
        inputs: inputs.clone(),
        engine_lost: CancellationToken::new(),
    });
    let mut driver = Driver {
        scheduler: Scheduler::new(plan),
        shared: Arc::clone(&shared),
        directory: directory.clone(),
        begun,
        tasks: JoinSet::new(),
        task_shards: HashMap::new(),
        controls: HashMap::new(),
        emitter: &mut emitter,
    };
    driver.drive(incoming, cancel.subscribe()).await;
    if let Some(merging) = merge_coverage(&shared, directory.path(), emitter.state(), &cancel).await {
        for text in merging.warnings.into_iter().chain(merging.merged.problems.iter().cloned()) {
            emitter.emit(EventKind::Warning { text });
        }
        emitter.emit(EventKind::CoverageMerged { coverage: merging.merged });
    }
    let code = ExitCode::of(emitter.state());
    emitter.emit(EventKind::run_ended(code, begun.elapsed()));
    Ok(tokio::task::spawn_blocking(move || emitter.finish()).await.unwrap_or_default())
}

/// Finds the plan's image; without one the run is cancelled before it begins.
async fn find_image(engine: &dyn Engine, plan: &Plan, cancel: &Cancel) -> Option<Image> {
    let request = ImageRequest { settled: plan.image_id().cloned(), ..ImageRequest::new(&plan.template().image) };
    if cancel.subscribe().borrow().first.is_some() {
        return None;
    }
    let found = tokio::select! {
        found = engine.image(&request) => found,
        _ = cancel.requested() => return None,
    };
    match found {
        Ok(image) => Some(image),
        Err(error) if error.is_image_missing() => {
            cancel.request(CancelReason::ImageUnusable { detail: error.in_full() });
            None
        }
        Err(error) => {
            cancel.request(CancelReason::EngineLost { detail: error.in_full() });
            None
        }
    }
}

/// Stands for the image in a run that is cancelled before it begins.
fn nothing_known_of(reference: &str) -> Image {
    let id = ImageId(reference.to_owned());
    Image {
        id,
        digest: None,
        work_dir: "/".to_owned(),
        env: Vec::new(),
        entrypoint: Vec::new(),
        user: String::new(),
        volumes: Vec::new(),
        labels: BTreeMap::new(),
    }
}

fn expiry(plan: &Plan) -> Timestamp {
    let limit = plan.policy().run_timeout.and_then(|limit| SignedDuration::try_from(limit).ok());
    let lifetime = limit.map_or(OWNERSHIP, |limit| limit.saturating_add(SignedDuration::from_hours(1)));
    Timestamp::now().saturating_add(lifetime).unwrap_or(Timestamp::MAX)
}

struct Driver<'a> {
    scheduler: Scheduler,
    shared: Arc<Shared>,
    directory: super::RunDirectory,
    begun: Instant,
    tasks: JoinSet<()>,
    task_shards: HashMap<Id, (ShardId, usize)>,
    controls: HashMap<ShardId, mpsc::Sender<Control>>,
    emitter: &'a mut Emitter,
}

impl Driver<'_> {
    async fn drive(&mut self, mut incoming: mpsc::Receiver<Input>, mut requests: watch::Receiver<Requests>) {
        let heartbeat = tokio::spawn(watch_engine(Arc::clone(&self.shared)));
        // A request that came before the run's begin is heard before anything is launched.
        self.hear(&requests.borrow_and_update().clone());
        self.step(Input::Start);
        while !(self.scheduler.is_finished() && self.tasks.is_empty()) {
            let deadline = self.scheduler.next_deadline().map(|at| self.begun + at);
            tokio::select! {
                biased;
                Ok(()) = requests.changed() => {
                    let now = requests.borrow_and_update().clone();
                    self.hear(&now);
                }
                Some(input) = incoming.recv() => self.step(input),
                Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => {
                    let (id, panicked) = match ended {
                        Ok((id, ())) => (id, None),
                        Err(error) => (error.id(), Some(error.to_string())),
                    };
                    self.forget_task(id, panicked);
                }
                () = sleep_until(deadline.unwrap_or(self.begun)), if deadline.is_some() => self.step(Input::Tick),
            }
        }
        heartbeat.abort();
        while let Ok(input) = incoming.try_recv() {
            self.step(input);
        }
        if !self.shared.engine_lost.is_cancelled() {
            self.close_services().await;
            self.make_sure_that_nothing_is_left().await;
        }
    }

    async fn close_services(&mut self) {
        let Some(pool) = &self.shared.services else { return };
        let errors = match timeout(CLOSE_SERVICES_LIMIT, pool.close()).await {
            Ok(errors) => errors.iter().map(EngineError::in_full).collect(),
            Err(_) => vec![format!("the engine did not remove them within {} s", CLOSE_SERVICES_LIMIT.as_secs())],
        };
        for error in errors {
            self.step(Input::Warn(format!("services of the run may be left behind: {error}; run `minke clean`")));
        }
    }

    /// Removes what a task that ended by a bug, or a container whose creation was given up, may have left.
    async fn make_sure_that_nothing_is_left(&mut self) {
        let run = self.directory.run();
        let detail = match timeout(REMOVE_LIMIT, remove_run(&*self.shared.engine, run)).await {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.in_full(),
            Err(_) => format!("no answer within {} s", REMOVE_LIMIT.as_secs()),
        };
        self.step(Input::Warn(format!("containers may be left behind: {detail}; run `minke clean`")));
    }

    fn hear(&mut self, requests: &Requests) {
        let Some(why) = requests.first.clone() else { return };
        if matches!(why, CancelReason::EngineLost { .. }) {
            self.shared.engine_lost.cancel();
        }
        self.step(if requests.again { Input::KillNow(why) } else { Input::Cancel(why) });
    }

    fn step(&mut self, input: Input) {
        if matches!(input, Input::Cancel(CancelReason::EngineLost { .. })) {
            self.shared.engine_lost.cancel();
        }
        for command in self.scheduler.step(self.begun.elapsed(), input) {
            match command {
                Command::Launch { shard, slot, batch } => self.launch(shard, slot, &batch),
                Command::Signal { shard, signal, why } => {
                    if let Some(control) = self.controls.get(&shard) {
                        // Three signals at most are sent to a shard; a shard that has ended needs none.
                        let _ = control.try_send(Control { signal, why });
                    }
                }
                Command::Emit(kind) => self.emitter.emit(kind),
            }
        }
    }

    fn launch(&mut self, shard: ShardId, slot: Slot, batch: &Batch) {
        let (control, controlled) = mpsc::channel(4);
        let dir = self.directory.shard(shard);
        let units: Vec<_> = batch.units.iter().map(|&unit| self.scheduler.plan().unit(unit).clone()).collect();
        let count = units.len();
        let shared = Arc::clone(&self.shared);
        let task = ShardTask { shared, shard, slot, units, dir, control: controlled };
        let handle = self.tasks.spawn(task.run());
        self.task_shards.insert(handle.id(), (shard, count));
        self.controls.insert(shard, control);
    }

    /// Forgets an ended task. One that panicked has told nothing, so its units' ends are told here.
    fn forget_task(&mut self, id: Id, panicked: Option<String>) {
        let Some((shard, units)) = self.task_shards.remove(&id) else { return };
        self.controls.remove(&shard);
        if let Some(detail) = panicked {
            let detail = format!("a bug in minke: {detail}; please report it");
            self.step(Input::ShardEnded { shard, report: Box::new(nothing_known(units, detail)) });
        }
    }
}

fn nothing_known(units: usize, detail: String) -> ShardReport {
    let trouble = Trouble { cause: Cause::Engine, detail, output_tail: String::new() };
    let unproven = UnitResult::Unproven { trouble: trouble.clone(), cases: Vec::new() };
    ShardReport {
        exit: None,
        wall: Duration::ZERO,
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
        kept: Kept::default(),
        result: BatchResult {
            units: vec![unproven; units],
            problem: Some(ShardProblem { trouble, unproven: Vec::new() }),
        },
    }
}

/// Asks the engine every few seconds whether it is there, and tells the driver when it has not answered three times.
async fn watch_engine(shared: Arc<Shared>) {
    let mut beats = interval(HEARTBEAT);
    let mut missed = 0;
    loop {
        beats.tick().await;
        let detail = match timeout(HEARTBEAT_LIMIT, shared.engine.ping()).await {
            Ok(Ok(())) => {
                missed = 0;
                continue;
            }
            Ok(Err(error)) => error.in_full(),
            Err(_) => format!("no answer within {} s", HEARTBEAT_LIMIT.as_secs()),
        };
        missed += 1;
        if missed == HEARTBEATS_MISSED {
            let _ = shared.inputs.send(Input::Cancel(CancelReason::EngineLost { detail })).await;
            return;
        }
    }
}
