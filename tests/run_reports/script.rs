//! Runs that are written down as events, with a clock of their own.

use std::time::Duration;

use jiff::Timestamp;
use minke::model::{
    Attempt, Case, Cause, ContainerExit, EVENT_FORMAT_VERSION, Event, EventKind, ExitCode, Finding, FindingKind,
    OutputFile, PlanSummary, RunState, ShardId, ShardProblem, Slot, Trouble, UnitId, UnitOutcome,
};

/// The events of a run, each a quarter of a second after the one before.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) events: Vec<Event>,
    pub(crate) now: Timestamp,
}

impl Script {
    pub(crate) fn new(units: &[&str]) -> Self {
        let mut script = Self { events: Vec::new(), now: "2026-03-01T12:00:00Z".parse().unwrap() };
        script.push(EventKind::RunStarted {
            format: EVENT_FORMAT_VERSION,
            minke: "0.1.0".to_owned(),
            run: "01955150-0000-7000-8000-000000000001".parse().unwrap(),
            plan: Box::new(PlanSummary {
                framework: "pytest".to_owned(),
                image: "shop-tests".to_owned(),
                image_id: None,
                image_digest: None,
                work_dir: Some("/project".to_owned()),
                may_be_empty: false,
                command_line: ["minke", "pytest", "--image", "shop-tests", "--env", "it's"].map(String::from).to_vec(),
                framework_args: vec!["-k".to_owned(), "a or b".to_owned()],
                shards: 2,
                units: ids(units),
            }),
        });
        script
    }

    pub(crate) fn push(&mut self, kind: EventKind) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, at: self.now, kind });
        self.now += Duration::from_millis(250);
    }

    pub(crate) fn launch(&mut self, shard: u32, slot: u32, units: &[&str]) {
        self.push(EventKind::ShardStarted {
            shard: ShardId(shard),
            slot: Slot(slot),
            units: ids(units),
            attempt: Attempt(1),
        });
    }

    pub(crate) fn start(&mut self, shard: u32) {
        let container = format!("c0ffee{shard}");
        self.push(EventKind::ContainerStarted { shard: ShardId(shard), container, took: Duration::from_millis(250) });
    }

    pub(crate) fn come_to(&mut self, shard: u32, unit: &str) {
        self.push(EventKind::UnitStarted { shard: ShardId(shard), unit: UnitId::new(unit) });
    }

    pub(crate) fn end_shard(&mut self, shard: u32, wall: Duration, problem: Option<Trouble>) {
        self.push(EventKind::ShardEnded {
            shard: ShardId(shard),
            exit: Some(ContainerExit { code: 1, oom_killed: false, error: None }),
            wall,
            stdout: OutputFile { path: format!("shards/{shard}/stdout.log"), bytes: 4096 },
            stderr: OutputFile { path: format!("shards/{shard}/stderr.log"), bytes: 0 },
            problem: problem.map(|trouble| ShardProblem { trouble, unproven: Vec::new() }),
        });
    }

    /// A shard from its launch to its end.
    pub(crate) fn shard(&mut self, shard: u32, units: &[&str]) {
        self.launch(shard, 1, units);
        self.start(shard);
        self.end_shard(shard, Duration::from_millis(200), None);
    }

    /// Ends a unit by its cases.
    pub(crate) fn unit(&mut self, shard: u32, unit: &str, cases: Vec<Case>) {
        let is_bad = cases.iter().any(|case| case.outcome().is_bad());
        let outcome = if is_bad { UnitOutcome::Failed } else { UnitOutcome::Passed };
        self.end_unit(Some(shard), unit, outcome, None, cases);
    }

    pub(crate) fn error(&mut self, shard: u32, unit: &str, trouble: Trouble) {
        self.end_unit(Some(shard), unit, UnitOutcome::Errored(trouble.cause.clone()), Some(trouble), Vec::new());
    }

    pub(crate) fn not_run(&mut self, unit: &str) {
        self.end_unit(None, unit, UnitOutcome::NotRun, None, Vec::new());
    }

    pub(crate) fn end_unit(
        &mut self,
        shard: Option<u32>,
        unit: &str,
        outcome: UnitOutcome,
        trouble: Option<Trouble>,
        cases: Vec<Case>,
    ) {
        self.push(EventKind::UnitEnded {
            unit: UnitId::new(unit),
            shard: shard.map(ShardId),
            attempt: Attempt(1),
            outcome,
            trouble,
            duration: Duration::from_millis(100 * self.events.len() as u64),
            cases,
        });
    }

    pub(crate) fn requeue(&mut self, shard: u32, unit: &str, why: Trouble) {
        self.push(EventKind::UnitRequeued { unit: UnitId::new(unit), shard: ShardId(shard), why });
    }

    pub(crate) fn end(&mut self) {
        let exit_code = ExitCode::of(&self.state()).code();
        self.push(EventKind::RunEnded { exit_code, wall: Duration::from_millis(4200) });
    }

    pub(crate) fn state(&self) -> RunState {
        RunState::of(&self.events)
    }
}

pub(crate) fn ids(units: &[&str]) -> Vec<UnitId> {
    units.iter().map(|unit| UnitId::new(*unit)).collect()
}

pub(crate) fn passed(name: &str) -> Case {
    Case { classname: "tests.shop".to_owned(), name: name.to_owned(), seconds: Some(0.1), ..Case::default() }
}

pub(crate) fn failed(name: &str, message: &str, text: &str) -> Case {
    Case {
        file: Some("tests/shop.py".to_owned()),
        line: Some(12),
        findings: vec![finding(FindingKind::Failure, message, text)],
        ..passed(name)
    }
}

/// A case that passed after failures.
pub(crate) fn flaky(name: &str, message: &str) -> Case {
    Case { earlier: vec![finding(FindingKind::Failure, message, "")], ..passed(name) }
}

pub(crate) fn finding(kind: FindingKind, message: &str, text: &str) -> Finding {
    Finding { kind, message: message.to_owned(), r#type: String::new(), text: text.to_owned() }
}

pub(crate) fn trouble(cause: Cause, detail: &str, tail: &str) -> Trouble {
    Trouble { cause, detail: detail.to_owned(), output_tail: tail.to_owned() }
}
