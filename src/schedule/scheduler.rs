//! The scheduler: a state machine from inputs to commands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::Signal;
use super::ladder::Ladder;
use crate::model::{
    Attempt, Batch, BatchResult, CancelReason, Case, Cause, ContainerExit, EventKind, Kept, OutputFile, Policy,
    ShardId, Slot, StopReason, Trouble, UnitIndex, UnitOutcome, UnitResult,
};
use crate::plan::Plan;

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// The run begins.
    Start,
    /// A shard's container runs.
    ShardReady {
        /// The shard.
        shard: ShardId,
        /// The engine's id of the container.
        container: String,
    },
    /// A shard's output shows that the framework came to a unit.
    UnitSeen {
        /// The shard.
        shard: ShardId,
        /// The unit's place in the shard's batch.
        place: usize,
    },
    /// A shard's container is gone.
    ShardEnded {
        /// The shard.
        shard: ShardId,
        /// What is left of it.
        report: Box<ShardReport>,
    },
    /// The run is to take no new units.
    Cancel(CancelReason),
    /// The run is to end now: running containers are killed.
    KillNow(CancelReason),
    /// Something that a person should know.
    Warn(String),
    /// Time passed.
    Tick,
}

/// What a shard leaves behind.
#[derive(Debug)]
pub struct ShardReport {
    /// How the container ended; `None` when that is not known.
    pub exit: Option<ContainerExit>,
    /// From the container's start to its end.
    pub wall: Duration,
    /// The spooled standard output.
    pub stdout: OutputFile,
    /// The spooled standard error.
    pub stderr: OutputFile,
    /// What is kept of it besides its output.
    pub kept: Kept,
    /// What the evidence proves.
    pub result: BatchResult,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Run a batch in a new container.
    Launch {
        /// The new shard.
        shard: ShardId,
        /// The place that it takes.
        slot: Slot,
        /// What it runs.
        batch: Batch,
    },
    /// Send a signal to a shard's container.
    Signal {
        /// The shard.
        shard: ShardId,
        /// The signal.
        signal: Signal,
        /// Why the shard is being stopped.
        why: StopReason,
    },
    /// Tell the world.
    Emit(EventKind),
}

/// Decides what runs when. Feed it inputs until [`Scheduler::is_finished`].
#[derive(Debug)]
pub struct Scheduler {
    plan: Plan,
    queue: VecDeque<Batch>,
    free: BTreeSet<Slot>,
    running: BTreeMap<ShardId, Running>,
    launched: u32,
    ended: Vec<bool>,
    bad_units: u32,
    cancelled: Option<CancelReason>,
    started: bool,
}

#[derive(Debug)]
struct Running {
    slot: Slot,
    batch: Batch,
    launched_at: Duration,
    ready_at: Option<Duration>,
    seen: Option<(usize, Duration)>,
    ladder: Option<Ladder>,
}

impl Scheduler {
    /// Makes a scheduler of a plan; nothing runs before [`Input::Start`].
    pub fn new(plan: Plan) -> Self {
        Self {
            queue: plan.batches().iter().cloned().collect(),
            free: (1..=plan.shards().get()).map(Slot).collect(),
            running: BTreeMap::new(),
            launched: 0,
            ended: vec![false; plan.units().len()],
            bad_units: 0,
            cancelled: None,
            started: false,
            plan,
        }
    }

    /// Takes in what happened at `now` (since the run's start) and returns what to do, in order.
    pub fn step(&mut self, now: Duration, input: Input) -> Vec<Command> {
        let mut commands = Vec::new();
        match input {
            Input::Start => self.started = true,
            Input::ShardReady { shard, container } => self.ready(now, shard, container, &mut commands),
            Input::UnitSeen { shard, place } => self.seen(now, shard, place, &mut commands),
            Input::ShardEnded { shard, report } => self.end_shard(now, shard, *report, &mut commands),
            Input::Cancel(why) => self.cancel(now, why, &mut commands),
            Input::KillNow(why) => {
                self.cancel(now, why, &mut commands);
                self.kill_all(&mut commands);
            }
            Input::Warn(text) => commands.push(Command::Emit(EventKind::Warning { text })),
            Input::Tick => {}
        }
        self.watch_time(now, &mut commands);
        self.launch(now, &mut commands);
        commands
    }

    /// Tells whether every unit has ended and no container is left.
    pub fn is_finished(&self) -> bool {
        self.started && self.running.is_empty() && self.ended.iter().all(|&ended| ended)
    }

    /// Returns when the next [`Input::Tick`] is needed, since the run's start.
    pub fn next_deadline(&self) -> Option<Duration> {
        let of_run = match self.cancelled {
            None => self.plan.policy().run_timeout,
            Some(_) => None,
        };
        self.running.values().filter_map(|running| running.deadline(self.plan.policy())).chain(of_run).min()
    }

    /// Returns the plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn launch(&mut self, now: Duration, commands: &mut Vec<Command>) {
        while self.started && self.cancelled.is_none() {
            let Some(&slot) = self.free.first() else { return };
            let Some(batch) = self.queue.pop_front() else { return };
            self.free.remove(&slot);
            self.launched += 1;
            let shard = ShardId(self.launched);
            let units = batch.units.iter().map(|&unit| self.plan.unit(unit).id.clone()).collect();
            commands.push(Command::Emit(EventKind::ShardStarted { shard, slot, units, attempt: batch.attempt }));
            commands.push(Command::Launch { shard, slot, batch: batch.clone() });
            let running = Running { slot, batch, launched_at: now, ready_at: None, seen: None, ladder: None };
            self.running.insert(shard, running);
        }
    }

    fn ready(&mut self, now: Duration, shard: ShardId, container: String, commands: &mut Vec<Command>) {
        if let Some(running) = self.running.get_mut(&shard) {
            running.ready_at = Some(now);
            let took = now.saturating_sub(running.launched_at);
            commands.push(Command::Emit(EventKind::ContainerStarted { shard, container, took }));
        }
    }

    fn seen(&mut self, now: Duration, shard: ShardId, place: usize, commands: &mut Vec<Command>) {
        let Some(running) = self.running.get_mut(&shard) else { return };
        let Some(&unit) = running.batch.units.get(place) else { return };
        if running.seen.is_some_and(|(seen, _)| seen == place) {
            return;
        }
        running.seen = Some((place, now));
        let unit = self.plan.unit(unit).id.clone();
        commands.push(Command::Emit(EventKind::UnitStarted { shard, unit }));
    }

    fn end_shard(&mut self, now: Duration, shard: ShardId, report: ShardReport, commands: &mut Vec<Command>) {
        let Some(running) = self.running.remove(&shard) else { return };
        self.free.insert(running.slot);
        let ShardReport { exit, wall, stdout, stderr, kept, result } = report;
        let BatchResult { units, problem } = result;
        if !kept.is_empty() {
            commands.push(Command::Emit(EventKind::ShardKept { shard, kept }));
        }
        commands.push(Command::Emit(EventKind::ShardEnded { shard, exit, wall, stdout, stderr, problem }));
        let attempt = running.batch.attempt;
        let own_container = running.batch.units.len() == 1;
        let mut again = Vec::new();
        let mut unusable = None;
        let seen = running.seen;
        for (number, (unit, result)) in running.batch.units.into_iter().zip(units).enumerate() {
            match result {
                UnitResult::Proven { cases, trouble } => {
                    // A unit that was cut off has no case for what it was cut off in.
                    let since_seen = seen.filter(|&(place, _)| place == number && trouble.is_some());
                    let duration = if own_container { Some(wall) } else { since_seen.map(|(_, at)| now - at) };
                    unusable = unusable.or_else(|| image_trouble(trouble.as_ref()));
                    let end = UnitEnd { unit, shard, attempt, duration, cases, trouble };
                    self.end_unit(end, commands);
                }
                UnitResult::Unproven { trouble, cases } => {
                    unusable = unusable.or_else(|| image_trouble(Some(&trouble)));
                    if self.cancelled.is_none() && can_run_again(&trouble.cause) {
                        again.push((unit, trouble));
                    } else {
                        let end = UnitEnd { unit, shard, attempt, duration: None, cases, trouble: Some(trouble) };
                        self.end_unit(end, commands);
                    }
                }
                UnitResult::NotReached => self.end_unreached(unit, commands),
            }
        }
        if let Some(detail) = unusable {
            self.cancel(now, CancelReason::ImageUnusable { detail }, commands);
        }
        self.requeue(shard, again, attempt, commands);
        self.count_failures(now, commands);
    }

    /// Queues units alone; they have not been executed for certain, so their attempt number stays.
    fn requeue(
        &mut self,
        shard: ShardId,
        again: Vec<(UnitIndex, Trouble)>,
        attempt: Attempt,
        commands: &mut Vec<Command>,
    ) {
        for (unit, why) in again {
            if self.cancelled.is_some() {
                self.end_unreached(unit, commands);
                continue;
            }
            let id = self.plan.unit(unit).id.clone();
            commands.push(Command::Emit(EventKind::UnitRequeued { unit: id, shard, why }));
            self.queue.push_back(Batch { units: vec![unit], attempt });
        }
    }

    fn end_unit(&mut self, end: UnitEnd, commands: &mut Vec<Command>) {
        let UnitEnd { unit, shard, attempt, duration, cases, trouble } = end;
        let outcome = outcome_of(&cases, trouble.as_ref());
        self.bad_units += u32::from(outcome.is_bad());
        self.ended[unit.as_usize()] = true;
        let duration = duration.unwrap_or_else(|| sum_of_times(&cases));
        let unit = self.plan.unit(unit).id.clone();
        let event = EventKind::UnitEnded { unit, shard: Some(shard), attempt, outcome, trouble, duration, cases };
        commands.push(Command::Emit(event));
    }

    /// Ends a unit that no shard came to.
    fn end_unreached(&mut self, unit: UnitIndex, commands: &mut Vec<Command>) {
        self.ended[unit.as_usize()] = true;
        let trouble = match &self.cancelled {
            Some(CancelReason::EngineLost { detail }) => Some((Cause::Engine, detail)),
            Some(CancelReason::ImageUnusable { detail }) => Some((Cause::Image, detail)),
            Some(
                CancelReason::Interrupt
                | CancelReason::Terminate
                | CancelReason::RunTimeout
                | CancelReason::MaxFailures
                | CancelReason::OutputLost { .. },
            )
            | None => None,
        };
        let trouble =
            trouble.map(|(cause, detail)| Trouble { cause, detail: detail.clone(), output_tail: String::new() });
        let outcome = match &trouble {
            Some(trouble) => UnitOutcome::Errored(trouble.cause.clone()),
            None => UnitOutcome::NotRun,
        };
        commands.push(Command::Emit(EventKind::UnitEnded {
            unit: self.plan.unit(unit).id.clone(),
            shard: None,
            attempt: Attempt(1),
            outcome,
            trouble,
            duration: Duration::ZERO,
            cases: Vec::new(),
        }));
    }

    fn count_failures(&mut self, now: Duration, commands: &mut Vec<Command>) {
        let limit = self.plan.policy().max_failures;
        if limit.is_some_and(|limit| self.bad_units >= limit.get()) && !self.is_finished() {
            self.cancel(now, CancelReason::MaxFailures, commands);
        }
    }

    fn cancel(&mut self, now: Duration, why: CancelReason, commands: &mut Vec<Command>) {
        if self.cancelled.is_some() {
            return;
        }
        commands.push(Command::Emit(EventKind::Cancelled { why: why.clone() }));
        // A failure limit lets a unit that has a container for itself come to its end; the others would run on for long.
        let spare_single = why == CancelReason::MaxFailures;
        self.cancelled = Some(why);
        let queued: Vec<UnitIndex> = self.queue.drain(..).flat_map(|batch| batch.units).collect();
        for unit in queued {
            self.end_unreached(unit, commands);
        }
        let shards: Vec<ShardId> = self.running.keys().copied().collect();
        for shard in shards {
            if !(spare_single && self.running[&shard].batch.units.len() == 1) {
                self.stop(now, shard, StopReason::Cancelled, commands);
            }
        }
    }

    fn stop(&mut self, now: Duration, shard: ShardId, why: StopReason, commands: &mut Vec<Command>) {
        let grace = self.plan.policy().grace;
        let Some(running) = self.running.get_mut(&shard) else { return };
        if running.ladder.is_some() {
            return;
        }
        let (ladder, signal) = Ladder::begin(why.clone(), now, grace);
        running.ladder = Some(ladder);
        commands.push(Command::Emit(EventKind::ShardStopping { shard, why: why.clone() }));
        commands.push(Command::Signal { shard, signal, why });
    }

    fn kill_all(&mut self, commands: &mut Vec<Command>) {
        for (&shard, running) in &mut self.running {
            let signal = match &mut running.ladder {
                Some(ladder) => ladder.kill(),
                None => {
                    let (ladder, signal) = Ladder::kill_at_once(StopReason::Cancelled);
                    running.ladder = Some(ladder);
                    Some(signal)
                }
            };
            let why = running.ladder.as_ref().map_or(StopReason::Cancelled, |ladder| ladder.why.clone());
            if let Some(signal) = signal {
                commands.push(Command::Signal { shard, signal, why });
            }
        }
    }

    fn watch_time(&mut self, now: Duration, commands: &mut Vec<Command>) {
        let policy = self.plan.policy().clone();
        if policy.run_timeout.is_some_and(|limit| now >= limit) && !self.is_finished() {
            self.cancel(now, CancelReason::RunTimeout, commands);
        }
        let shards: Vec<ShardId> = self.running.keys().copied().collect();
        for shard in shards {
            let Some(running) = self.running.get_mut(&shard) else { continue };
            match &mut running.ladder {
                Some(ladder) => {
                    if let Some(signal) = ladder.advance(now) {
                        let why = ladder.why.clone();
                        commands.push(Command::Signal { shard, signal, why });
                    }
                }
                None => {
                    let limit = policy.unit_timeout.filter(|_| running.deadline(&policy).is_some_and(|due| now >= due));
                    if let Some(limit) = limit {
                        self.stop(now, shard, StopReason::Timeout { limit }, commands);
                    }
                }
            }
        }
    }
}

struct UnitEnd {
    unit: UnitIndex,
    shard: ShardId,
    attempt: Attempt,
    duration: Option<Duration>,
    cases: Vec<Case>,
    trouble: Option<Trouble>,
}

impl Running {
    /// Returns when something must be done about the shard: its next signal, or the end of its unit's time.
    ///
    /// A unit's clock starts when the output shows the unit; until it does, the batch has the time of all its units.
    fn deadline(&self, policy: &Policy) -> Option<Duration> {
        if let Some(ladder) = &self.ladder {
            return ladder.due();
        }
        let limit = policy.unit_timeout?;
        match self.seen {
            Some((_, at)) => Some(at.saturating_add(limit)),
            None => {
                let units = u32::try_from(self.batch.units.len()).unwrap_or(u32::MAX);
                Some(self.ready_at?.saturating_add(limit.saturating_mul(units)))
            }
        }
    }
}

/// Tells whether a unit without proof may be run again by itself, in the hope of an answer.
fn can_run_again(cause: &Cause) -> bool {
    match cause {
        Cause::Image | Cause::BeforeCommand | Cause::Service | Cause::ForeignUnits => false,
        Cause::Timeout
        | Cause::OutOfMemory
        | Cause::Killed
        | Cause::Crashed { .. }
        | Cause::NoReport
        | Cause::TruncatedReport
        | Cause::NoCases
        | Cause::ExitCode { .. }
        | Cause::Engine => true,
    }
}

fn image_trouble(trouble: Option<&Trouble>) -> Option<String> {
    trouble.filter(|trouble| trouble.cause == Cause::Image).map(|trouble| trouble.detail.clone())
}

/// A failed case is the test's own word and outranks any trouble, so that a re-run on errors never hides a failure.
fn outcome_of(cases: &[Case], trouble: Option<&Trouble>) -> UnitOutcome {
    if cases.iter().any(|case| case.outcome().is_bad()) {
        return UnitOutcome::Failed;
    }
    match trouble {
        Some(trouble) => UnitOutcome::Errored(trouble.cause.clone()),
        None => UnitOutcome::Passed,
    }
}

fn sum_of_times(cases: &[Case]) -> Duration {
    let seconds: f64 = cases.iter().filter_map(|case| case.seconds).sum();
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)
}
