//! The one fold over a run's events. Whatever a report shows comes from here.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Attempt, CancelReason, Case, CaseOutcome, ContainerExit, Event, EventKind, Kept, MergedCoverage, OutputFile,
    PlanSummary, RunId, ShardId, ShardProblem, Slot, Trouble, UnitId, UnitOutcome,
};

/// Everything that is known of a run so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunState {
    run: Option<RunId>,
    plan: Option<Box<PlanSummary>>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    units: Vec<UnitRecord>,
    index: HashMap<UnitId, usize>,
    shards: BTreeMap<ShardId, ShardRecord>,
    cancelled: Option<CancelReason>,
    cancelled_at: Option<Timestamp>,
    warnings: Vec<String>,
    coverage: Option<MergedCoverage>,
    wall: Option<Duration>,
    exit_code: Option<u8>,
}

/// What is known of one unit.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitRecord {
    /// The unit.
    pub unit: UnitId,
    /// How it ended; `None` while it has not.
    pub outcome: Option<UnitOutcome>,
    /// What went wrong besides failing tests.
    pub trouble: Option<Trouble>,
    /// Its cases.
    pub cases: Vec<Case>,
    /// The shard whose evidence counts.
    pub shard: Option<ShardId>,
    /// Which execution of the unit counts.
    pub attempt: Attempt,
    /// How long it took; see [`EventKind::UnitEnded`].
    pub duration: Duration,
    /// The shards that gave no proof of it, with the reason, before it was run again by itself.
    pub requeued: Vec<(ShardId, Trouble)>,
    /// How many ends the events gave it: anything but 1 at a run's end is a broken ledger.
    pub ends: u32,
}

/// What is known of one shard.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardRecord {
    /// The shard.
    pub shard: ShardId,
    /// The place that it takes.
    pub slot: Slot,
    /// Its units in their order.
    pub units: Vec<UnitId>,
    /// Which execution of its units it is.
    pub attempt: Attempt,
    /// The engine's id of its container.
    pub container: Option<String>,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// When its container ran.
    pub started_at: Option<Timestamp>,
    /// When its container had ended and its reports were read.
    pub ended_at: Option<Timestamp>,
    /// The units that its output showed, in their order, with the time of each; not every framework's output shows them.
    pub came_to: Vec<(UnitId, Timestamp)>,
    /// The unit that it was last seen to run, and since when.
    pub current: Option<(UnitId, Timestamp)>,
    /// How its container ended.
    pub exit: Option<ContainerExit>,
    /// How long its container ran; `None` while it runs.
    pub wall: Option<Duration>,
    /// The spooled standard output.
    pub stdout: OutputFile,
    /// The spooled standard error.
    pub stderr: OutputFile,
    /// What went wrong with it as a whole.
    pub problem: Option<ShardProblem>,
    /// What is kept of it besides its output.
    pub kept: Kept,
}

/// Units by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnitCounts {
    /// Passed units.
    pub passed: usize,
    /// Failed units.
    pub failed: usize,
    /// Errored units.
    pub errored: usize,
    /// Units that were not run, or have not ended yet.
    pub not_run: usize,
}

/// Cases by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaseCounts {
    /// Passed cases.
    pub passed: usize,
    /// Failed cases.
    pub failed: usize,
    /// Errored cases.
    pub errored: usize,
    /// Skipped cases.
    pub skipped: usize,
}

impl UnitCounts {
    /// Returns the number of all units.
    pub fn total(self) -> usize {
        self.passed + self.failed + self.errored + self.not_run
    }
}

impl CaseCounts {
    /// Returns the number of all cases.
    pub fn total(self) -> usize {
        self.passed + self.failed + self.errored + self.skipped
    }

    /// Counts cases.
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            match case.outcome() {
                CaseOutcome::Passed => counts.passed += 1,
                CaseOutcome::Skipped => counts.skipped += 1,
                CaseOutcome::Failed => counts.failed += 1,
                CaseOutcome::Errored => counts.errored += 1,
            }
        }
        counts
    }
}

impl UnitRecord {
    fn planned(unit: UnitId) -> Self {
        Self {
            unit,
            outcome: None,
            trouble: None,
            cases: Vec::new(),
            shard: None,
            attempt: Attempt(1),
            duration: Duration::ZERO,
            requeued: Vec::new(),
            ends: 0,
        }
    }

    /// Returns how the unit ended, `NotRun` while it has not.
    pub fn outcome(&self) -> UnitOutcome {
        self.outcome.clone().unwrap_or(UnitOutcome::NotRun)
    }
}

impl RunState {
    /// Makes the state of a run of which no event is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Folds events into a state.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::new();
        for event in events {
            state.apply(event);
        }
        state
    }

    /// Takes one event in.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted { run, plan, .. } => self.start(*run, plan, event.at),
            EventKind::ShardStarted { shard, slot, units, attempt } => {
                self.launch(*shard, *slot, units, *attempt, event.at);
            }
            EventKind::ContainerStarted { shard, container, .. } => {
                if let Some(record) = self.shards.get_mut(shard) {
                    record.container = Some(container.clone());
                    record.started_at = Some(event.at);
                }
            }
            EventKind::UnitStarted { shard, unit } => {
                if let Some(record) = self.shards.get_mut(shard) {
                    record.current = Some((unit.clone(), event.at));
                    record.came_to.push((unit.clone(), event.at));
                }
            }
            EventKind::ShardKept { shard, kept } => {
                if let Some(record) = self.shards.get_mut(shard) {
                    record.kept.clone_from(kept);
                }
            }
            EventKind::ShardEnded { shard, exit, wall, stdout, stderr, problem } => {
                if let Some(record) = self.shards.get_mut(shard) {
                    record.exit.clone_from(exit);
                    record.wall = Some(*wall);
                    record.stdout = stdout.clone();
                    record.stderr = stderr.clone();
                    record.problem.clone_from(problem);
                    record.current = None;
                    record.ended_at = Some(event.at);
                }
            }
            EventKind::UnitEnded { unit, shard, attempt, outcome, trouble, duration, cases } => {
                if let Some(&place) = self.index.get(unit) {
                    let record = &mut self.units[place];
                    record.outcome = Some(outcome.clone());
                    record.trouble.clone_from(trouble);
                    record.cases.clone_from(cases);
                    record.shard = *shard;
                    record.attempt = *attempt;
                    record.duration = *duration;
                    record.ends += 1;
                }
            }
            EventKind::Cancelled { why } => {
                self.cancelled.get_or_insert_with(|| why.clone());
                self.cancelled_at.get_or_insert(event.at);
            }
            EventKind::Warning { text } => self.warnings.push(text.clone()),
            EventKind::CoverageMerged { coverage } => self.coverage = Some(coverage.clone()),
            EventKind::UnitRequeued { unit, shard, why } => {
                if let Some(&place) = self.index.get(unit) {
                    self.units[place].requeued.push((*shard, why.clone()));
                }
            }
            EventKind::RunEnded { wall, exit_code } => {
                self.exit_code = Some(*exit_code);
                self.wall = Some(*wall);
                self.ended_at = Some(event.at);
            }
            EventKind::ShardStopping { .. } => {}
        }
    }

    fn start(&mut self, run: RunId, plan: &PlanSummary, at: Timestamp) {
        self.run = Some(run);
        self.started_at = Some(at);
        self.units = plan.units.iter().cloned().map(UnitRecord::planned).collect();
        self.index = plan.units.iter().cloned().zip(0..).collect();
        self.plan = Some(Box::new(plan.clone()));
    }

    fn launch(&mut self, shard: ShardId, slot: Slot, units: &[UnitId], attempt: Attempt, at: Timestamp) {
        let record = ShardRecord {
            shard,
            slot,
            units: units.to_vec(),
            attempt,
            container: None,
            launched_at: at,
            started_at: None,
            ended_at: None,
            came_to: Vec::new(),
            current: None,
            exit: None,
            wall: None,
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
            problem: None,
            kept: Kept::default(),
        };
        self.shards.insert(shard, record);
    }

    /// Returns the run's id, once it has begun.
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    /// Returns what the run was going to do, once it has begun.
    pub fn plan(&self) -> Option<&PlanSummary> {
        self.plan.as_deref()
    }

    /// Returns when the run began.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// Returns when the run ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    /// Returns how long the run took, once it has ended.
    pub fn wall(&self) -> Option<Duration> {
        self.wall
    }

    /// Returns the exit code that the run's outcomes called for, once it has ended.
    pub fn exit_code(&self) -> Option<u8> {
        self.exit_code
    }

    /// Returns every unit of the plan, in the plan's order.
    pub fn units(&self) -> &[UnitRecord] {
        &self.units
    }

    /// Returns one unit.
    pub fn unit(&self, unit: &UnitId) -> Option<&UnitRecord> {
        self.index.get(unit).map(|&place| &self.units[place])
    }

    /// Returns the shards in the order of their launch.
    pub fn shards(&self) -> impl Iterator<Item = &ShardRecord> {
        self.shards.values()
    }

    /// Returns one shard.
    pub fn shard(&self, shard: ShardId) -> Option<&ShardRecord> {
        self.shards.get(&shard)
    }

    /// Returns why the run took no more units, if it was cancelled; the first reason counts.
    pub fn cancelled(&self) -> Option<&CancelReason> {
        self.cancelled.as_ref()
    }

    /// Returns when the run was cancelled, if it was.
    pub fn cancelled_at(&self) -> Option<Timestamp> {
        self.cancelled_at
    }

    /// Returns what a person should know besides the outcomes.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns what the shards' coverage was merged into, when it was asked for and a container ran.
    pub fn coverage(&self) -> Option<&MergedCoverage> {
        self.coverage.as_ref()
    }

    /// Counts the units by outcome; a unit that has not ended counts as not run.
    pub fn unit_counts(&self) -> UnitCounts {
        let mut counts = UnitCounts::default();
        for unit in &self.units {
            match unit.outcome() {
                UnitOutcome::Passed => counts.passed += 1,
                UnitOutcome::Failed => counts.failed += 1,
                UnitOutcome::Errored(_) => counts.errored += 1,
                UnitOutcome::NotRun => counts.not_run += 1,
            }
        }
        counts
    }

    /// Counts the frameworks' cases by outcome.
    pub fn case_counts(&self) -> CaseCounts {
        CaseCounts::of(self.units.iter().flat_map(|unit| &unit.cases))
    }

    /// Counts the cases that passed only when they were run again.
    pub fn flaky_cases(&self) -> usize {
        self.units.iter().flat_map(|unit| &unit.cases).filter(|case| case.is_flaky()).count()
    }

    /// Tells whether there are cases and all of them are skipped, as when a filter leaves no test; such a run is not green,
    /// unless its units may be empty.
    pub fn has_only_skips(&self) -> bool {
        let cases = self.case_counts();
        let may_be_empty = self.plan().is_some_and(|plan| plan.may_be_empty);
        !may_be_empty && cases.skipped > 0 && cases.skipped == cases.total()
    }

    /// Returns the shards whose problem no unit explains: each is an error of the run in its own right.
    pub fn unresolved_shards(&self) -> impl Iterator<Item = (&ShardRecord, &ShardProblem)> {
        self.shards.values().filter_map(|shard| {
            let problem = shard.problem.as_ref()?;
            let explained = problem
                .unproven
                .iter()
                .filter_map(|unit| self.index.get(unit))
                .any(|&place| self.units[place].outcome().is_bad());
            (!explained).then_some((shard, problem))
        })
    }

    /// Returns the units whose ledger is broken: they have no end, or more than one.
    pub fn broken_ledger(&self) -> impl Iterator<Item = &UnitRecord> {
        self.units.iter().filter(|unit| unit.ends != 1)
    }
}
