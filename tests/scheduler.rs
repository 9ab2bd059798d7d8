//! Scripts and properties for the scheduler: what it does about each thing that can happen, without a container.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use minke::model::{
    Attempt, Batch, BatchResult, CancelReason, Case, Cause, ContainerExit, EventKind, Kept, OutputFile, Policy,
    ShardId, ShardTemplate, StopReason, Trouble, Unit, UnitId, UnitOutcome, UnitResult,
};
use minke::plan::{FrameworkCall, Isolation, Plan, PlanInput, plan};
use minke::schedule::{Command, Input, Scheduler, ShardReport, Signal};
use proptest::prelude::*;

fn plan_of(units: usize, shards: u32, isolation: Isolation, policy: Policy) -> Plan {
    plan(PlanInput {
        units: (0..units).map(|n| Unit::new(format!("t/test_{n}.py"))).collect(),
        partition: None,
        shards: NonZeroU32::new(shards).unwrap(),
        isolation,
        units_per_invocation: None,
        framework: FrameworkCall::new("pytest", vec!["pytest".into()], Vec::new()),
        template: ShardTemplate::new("image"),
        image_id: None,
        policy,
    })
}

fn passed() -> UnitResult {
    let case = Case { classname: "c".into(), name: "n".into(), seconds: Some(1.0), ..Case::default() };
    UnitResult::Proven { cases: vec![case], trouble: None }
}

fn trouble(cause: Cause) -> Trouble {
    Trouble { cause, detail: "detail".into(), output_tail: String::new() }
}

fn errored(cause: Cause) -> UnitResult {
    UnitResult::Proven { cases: Vec::new(), trouble: Some(trouble(cause)) }
}

fn unproven(cause: Cause) -> UnitResult {
    UnitResult::Unproven { trouble: trouble(cause), cases: Vec::new() }
}

/// A scheduler, the shards that it has launched, and everything that it has said.
struct Script {
    scheduler: Scheduler,
    running: BTreeMap<ShardId, Batch>,
    slots: BTreeMap<ShardId, u32>,
    signals: Vec<(ShardId, Signal)>,
    events: Vec<EventKind>,
}

impl Script {
    fn new(plan: Plan) -> Self {
        let mut script = Self {
            scheduler: Scheduler::new(plan),
            running: BTreeMap::new(),
            slots: BTreeMap::new(),
            signals: Vec::new(),
            events: Vec::new(),
        };
        script.at(0, Input::Start);
        script
    }

    fn at(&mut self, seconds: u64, input: Input) {
        let ended = match &input {
            Input::ShardEnded { shard, .. } => Some(*shard),
            _ => None,
        };
        let commands = self.scheduler.step(Duration::from_secs(seconds), input);
        if let Some(shard) = ended {
            self.running.remove(&shard);
            self.slots.remove(&shard);
        }
        for command in commands {
            match command {
                Command::Launch { shard, slot, batch } => {
                    assert!(!self.slots.values().any(|&taken| taken == slot.0), "slot {slot} is taken twice");
                    self.slots.insert(shard, slot.0);
                    self.running.insert(shard, batch);
                }
                Command::Signal { shard, signal, .. } => self.signals.push((shard, signal)),
                Command::Emit(kind) => self.events.push(kind),
            }
        }
    }

    fn ready(&mut self, seconds: u64, shard: u32) {
        self.at(seconds, Input::ShardReady { shard: ShardId(shard), container: "c".into() });
    }

    fn end(&mut self, seconds: u64, shard: u32, result: impl Fn(usize) -> UnitResult) {
        let units = self.running[&ShardId(shard)].units.len();
        let report = ShardReport {
            kept: Kept::default(),
            exit: Some(ContainerExit { code: 0, oom_killed: false, error: None }),
            wall: Duration::from_secs(1),
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
            result: BatchResult { units: (0..units).map(result).collect(), problem: None },
        };
        self.at(seconds, Input::ShardEnded { shard: ShardId(shard), report: Box::new(report) });
    }

    fn outcomes(&self) -> Vec<(UnitId, UnitOutcome)> {
        let ends = self.events.iter().filter_map(|event| match event {
            EventKind::UnitEnded { unit, outcome, .. } => Some((unit.clone(), outcome.clone())),
            _ => None,
        });
        ends.collect()
    }

    fn count(&self, wanted: &UnitOutcome) -> usize {
        self.outcomes().iter().filter(|(_, outcome)| outcome == wanted).count()
    }
}

fn policy(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = Policy::default();
    change(&mut policy);
    policy
}

#[test]
fn a_free_slot_takes_the_next_unit_at_once() {
    let mut script = Script::new(plan_of(5, 2, Isolation::File, Policy::default()));
    assert_eq!(script.running.keys().map(|shard| shard.0).collect::<Vec<_>>(), [1, 2]);
    script.end(1, 2, |_| passed());
    assert_eq!(script.running.keys().map(|shard| shard.0).collect::<Vec<_>>(), [1, 3], "no waiting for the wave's end");
    for shard in [1, 3, 4, 5] {
        script.end(2, shard, |_| passed());
    }
    assert!(script.scheduler.is_finished());
    assert_eq!(script.count(&UnitOutcome::Passed), 5);
}

#[test]
fn a_unit_without_proof_runs_again_alone_and_ends_once() {
    let mut script = Script::new(plan_of(3, 1, Isolation::Shard, Policy::default()));
    script.end(1, 1, |place| if place == 1 { passed() } else { unproven(Cause::NoCases) });
    assert_eq!(script.count(&UnitOutcome::Passed), 1);
    assert_eq!(script.running[&ShardId(2)].units.len(), 1);
    assert_eq!(script.running[&ShardId(2)].attempt, Attempt(1), "it was not executed for certain: no retry");
    script.end(2, 2, |_| passed());
    script.end(3, 3, |_| errored(Cause::NoCases));
    assert!(script.scheduler.is_finished());
    assert_eq!(script.outcomes().len(), 3);
    assert_eq!(script.count(&UnitOutcome::Errored(Cause::NoCases)), 1);
}

#[test]
fn a_failed_before_command_is_not_tried_again() {
    let mut script = Script::new(plan_of(3, 1, Isolation::Shard, Policy::default()));
    script.end(1, 1, |_| unproven(Cause::BeforeCommand));
    assert!(script.scheduler.is_finished());
    assert_eq!(script.count(&UnitOutcome::Errored(Cause::BeforeCommand)), 3);
}

#[test]
fn an_image_without_the_framework_ends_the_run() {
    let mut script = Script::new(plan_of(6, 2, Isolation::File, Policy::default()));
    script.end(1, 1, |_| errored(Cause::Image));
    assert!(script.signals.contains(&(ShardId(2), Signal::Interrupt)));
    script.end(2, 2, |_| errored(Cause::Image));
    assert!(script.scheduler.is_finished());
    assert_eq!(script.count(&UnitOutcome::Errored(Cause::Image)), 6);
}

#[test]
fn stopping_goes_from_int_over_term_to_kill() {
    let grace = policy(|policy| policy.grace = Duration::from_secs(8));
    let mut script = Script::new(plan_of(4, 1, Isolation::Shard, grace));
    script.ready(1, 1);
    script.at(2, Input::Cancel(CancelReason::Interrupt));
    assert_eq!(script.scheduler.next_deadline(), Some(Duration::from_secs(8)));
    script.at(7, Input::Tick);
    script.at(8, Input::Tick);
    assert_eq!(script.scheduler.next_deadline(), Some(Duration::from_secs(10)));
    script.at(10, Input::Tick);
    script.at(99, Input::Tick);
    let signals: Vec<Signal> = script.signals.iter().map(|(_, signal)| *signal).collect();
    assert_eq!(signals, [Signal::Interrupt, Signal::Terminate, Signal::Kill]);
    script.end(100, 1, |_| UnitResult::NotReached);
    assert!(script.scheduler.is_finished());
    assert_eq!(script.count(&UnitOutcome::NotRun), 4);
}

#[test]
fn a_second_request_kills_at_once() {
    let mut script = Script::new(plan_of(2, 2, Isolation::File, Policy::default()));
    script.at(1, Input::Cancel(CancelReason::Interrupt));
    script.at(2, Input::KillNow(CancelReason::Interrupt));
    for shard in [1, 2] {
        assert_eq!(script.signals.iter().filter(|sent| **sent == (ShardId(shard), Signal::Kill)).count(), 1);
    }
}

#[test]
fn a_unit_s_clock_starts_when_it_is_seen() {
    let limit = policy(|policy| policy.unit_timeout = Some(Duration::from_secs(10)));
    let mut script = Script::new(plan_of(3, 1, Isolation::Shard, limit));
    script.ready(0, 1);
    assert_eq!(script.scheduler.next_deadline(), Some(Duration::from_secs(30)), "all three units' time");
    script.at(5, Input::UnitSeen { shard: ShardId(1), place: 0 });
    script.at(12, Input::UnitSeen { shard: ShardId(1), place: 1 });
    script.at(21, Input::Tick);
    assert!(script.signals.is_empty());
    script.at(22, Input::Tick);
    assert_eq!(script.signals, [(ShardId(1), Signal::Interrupt)]);
    let why = StopReason::Timeout { limit: Duration::from_secs(10) };
    assert!(
        script.events.iter().any(|event| matches!(event, EventKind::ShardStopping { why: said, .. } if *said == why))
    );
}

#[test]
fn a_timeout_leaves_other_shards_alone() {
    let limit = policy(|policy| policy.unit_timeout = Some(Duration::from_secs(10)));
    let mut script = Script::new(plan_of(2, 2, Isolation::File, limit));
    script.ready(0, 1);
    script.ready(8, 2);
    script.at(10, Input::Tick);
    assert_eq!(script.signals, [(ShardId(1), Signal::Interrupt)]);
}

#[test]
fn the_failure_limit_stops_shares_and_spares_single_units() {
    let limit = policy(|policy| policy.max_failures = NonZeroU32::new(1));
    let mut script = Script::new(plan_of(6, 2, Isolation::File, limit.clone()));
    script.end(1, 1, |_| errored(Cause::NoReport));
    assert!(script.signals.is_empty(), "a unit that has its own container comes to its end");
    script.end(2, 2, |_| passed());
    assert!(script.scheduler.is_finished());
    assert_eq!(script.count(&UnitOutcome::NotRun), 4);

    let mut script = Script::new(plan_of(6, 2, Isolation::Shard, limit));
    script.end(1, 1, |_| errored(Cause::NoReport));
    assert_eq!(script.signals, [(ShardId(2), Signal::Interrupt)]);
}

#[test]
fn the_run_s_time_limit_cancels_it() {
    let limit = policy(|policy| policy.run_timeout = Some(Duration::from_secs(60)));
    let mut script = Script::new(plan_of(3, 1, Isolation::File, limit));
    assert_eq!(script.scheduler.next_deadline(), Some(Duration::from_secs(60)));
    script.at(60, Input::Tick);
    script.end(61, 1, |_| UnitResult::NotReached);
    assert!(script.scheduler.is_finished());
    assert_eq!(script.count(&UnitOutcome::NotRun), 3);
}

#[test]
fn a_lost_engine_errors_every_unit_that_has_not_ended() {
    let mut script = Script::new(plan_of(4, 2, Isolation::File, Policy::default()));
    script.end(1, 1, |_| passed());
    script.at(2, Input::Cancel(CancelReason::EngineLost { detail: "gone".into() }));
    script.end(3, 2, |_| unproven(Cause::Engine));
    script.end(3, 3, |_| unproven(Cause::Engine));
    assert!(script.scheduler.is_finished());
    assert_eq!(script.count(&UnitOutcome::Errored(Cause::Engine)), 3);
}

#[test]
fn an_empty_plan_is_finished_at_once() {
    assert!(Script::new(plan_of(0, 3, Isolation::Shard, Policy::default())).scheduler.is_finished());
}

/// One thing that may happen next in a random run.
#[derive(Debug, Clone)]
enum Move {
    Ready(usize),
    Seen(usize, usize),
    End(usize, Vec<u8>),
    Cancel(u8),
    Wait(u64),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => any::<usize>().prop_map(Move::Ready),
        2 => (any::<usize>(), 0_usize..4).prop_map(|(shard, place)| Move::Seen(shard, place)),
        6 => (any::<usize>(), proptest::collection::vec(0_u8..12, 40)).prop_map(|(shard, kinds)| Move::End(shard, kinds)),
        1 => (0_u8..12).prop_map(Move::Cancel),
        3 => (1_u64..20).prop_map(Move::Wait),
    ]
}

fn result_of(kind: u8) -> UnitResult {
    match kind {
        0 => unproven(Cause::NoReport),
        1 => unproven(Cause::Crashed { signal: 11 }),
        2 => errored(Cause::OutOfMemory),
        3 => UnitResult::NotReached,
        4 => unproven(Cause::Engine),
        _ => passed(),
    }
}

fn cancel_of(kind: u8) -> Option<Input> {
    Some(match kind {
        0 => Input::Cancel(CancelReason::Interrupt),
        1 => Input::KillNow(CancelReason::Terminate),
        2 => Input::Cancel(CancelReason::EngineLost { detail: "gone".into() }),
        3 => Input::Cancel(CancelReason::OutputLost { detail: "full".into() }),
        _ => return None,
    })
}

proptest! {
    #[test]
    fn whatever_happens_every_unit_ends_exactly_once(
        units in 0_usize..30, shards in 1_u32..6, by_file in any::<bool>(),
        timeout in proptest::option::of(1_u64..30), failures in proptest::option::of(1_u32..4),
        moves in proptest::collection::vec(moves(), 0..120),
    ) {
        let isolation = if by_file { Isolation::File } else { Isolation::Shard };
        let policy = policy(|policy| {
            policy.unit_timeout = timeout.map(Duration::from_secs);
            policy.max_failures = failures.and_then(NonZeroU32::new);
        });
        let mut script = Script::new(plan_of(units, shards, isolation, policy));
        let mut now = 0;
        let mut cancelled_at = None;
        for next in moves {
            let pick = |script: &Script, n: usize| {
                script.running.keys().nth(n.checked_rem(script.running.len()).unwrap_or(0)).copied()
            };
            match next {
                Move::Ready(n) => if let Some(shard) = pick(&script, n) { script.ready(now, shard.0) },
                Move::Seen(n, place) => if let Some(shard) = pick(&script, n) {
                    script.at(now, Input::UnitSeen { shard, place });
                },
                Move::End(n, kinds) => if let Some(shard) = pick(&script, n) {
                    script.end(now, shard.0, |place| result_of(kinds[place]));
                },
                Move::Cancel(kind) => if let Some(input) = cancel_of(kind) { script.at(now, input) },
                Move::Wait(seconds) => { now += seconds; script.at(now, Input::Tick) }
            }
            prop_assert!(script.running.len() <= shards as usize, "more shards than may run at once");
            let cancelled = script.events.iter().any(|event| matches!(event, EventKind::Cancelled { .. }));
            let launched = script.events.iter().filter(|event| matches!(event, EventKind::ShardStarted { .. })).count();
            match cancelled_at {
                Some(before) => prop_assert_eq!(launched, before, "nothing starts after a cancel"),
                None if cancelled => cancelled_at = Some(launched),
                None => {
                    let waiting = units - script.outcomes().len() > script.running.values().map(|b| b.units.len()).sum();
                    prop_assert!(!waiting || script.running.len() == shards as usize, "idle while something could run");
                }
            }
        }
        while let Some(&shard) = script.running.keys().next() {
            now += 1;
            script.end(now, shard.0, |_| passed());
        }
        prop_assert!(script.scheduler.is_finished());
        let ended: Vec<UnitId> = script.outcomes().into_iter().map(|(unit, _)| unit).collect();
        let distinct: BTreeSet<&UnitId> = ended.iter().collect();
        prop_assert_eq!((ended.len(), distinct.len()), (units, units));
    }
}
