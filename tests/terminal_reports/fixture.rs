//! Builds runs from events, with a clock of their own.

use std::time::Duration;

use jiff::Timestamp;
use minke::model::{
    Attempt, CancelReason, Case, Cause, ContainerExit, EVENT_FORMAT_VERSION, Event, EventKind, Finding, FindingKind,
    OutputFile, PlanSummary, RunState, ShardId, ShardProblem, Slot, StopReason, Trouble, UnitId, UnitOutcome,
};

/// The events of a run, written down one by one.
pub(crate) struct Script {
    pub(crate) events: Vec<Event>,
    now: Timestamp,
}

impl Script {
    /// Begins a run of some units.
    pub(crate) fn new(units: &[&str], shards: u32) -> Self {
        let mut script = Self { events: Vec::new(), now: "2025-03-01T12:00:00Z".parse().unwrap() };
        script.push(EventKind::RunStarted {
            format: EVENT_FORMAT_VERSION,
            minke: "0.1.0".to_owned(),
            run: "01955150-0000-7000-8000-000000000001".parse().unwrap(),
            plan: Box::new(PlanSummary {
                framework: "pytest".to_owned(),
                image: "shop-tests:latest".to_owned(),
                image_id: None,
                image_digest: None,
                work_dir: None,
                may_be_empty: false,
                command_line: Vec::new(),
                framework_args: Vec::new(),
                shards,
                units: ids(units),
            }),
        });
        script
    }

    pub(crate) fn push(&mut self, kind: EventKind) -> &mut Self {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, at: self.now, kind });
        self.now += jiff::SignedDuration::from_millis(250);
        self
    }

    pub(crate) fn shard(&mut self, shard: u32, units: &[&str]) -> &mut Self {
        self.attempt(shard, units, 1)
    }

    pub(crate) fn attempt(&mut self, shard: u32, units: &[&str], attempt: u32) -> &mut Self {
        self.push(EventKind::ShardStarted {
            shard: ShardId(shard),
            slot: Slot(shard),
            units: ids(units),
            attempt: Attempt(attempt),
        });
        self.push(EventKind::ContainerStarted {
            shard: ShardId(shard),
            container: format!("c0ffee{shard:058}"),
            took: Duration::from_millis(312),
        })
    }

    pub(crate) fn at(&mut self, shard: u32, unit: &str) -> &mut Self {
        self.push(EventKind::UnitStarted { shard: ShardId(shard), unit: UnitId::new(unit) })
    }

    pub(crate) fn shard_end(&mut self, shard: u32, code: i64) -> &mut Self {
        self.shard_problem(shard, code, None)
    }

    pub(crate) fn shard_problem(&mut self, shard: u32, code: i64, problem: Option<Trouble>) -> &mut Self {
        self.push(EventKind::ShardEnded {
            shard: ShardId(shard),
            exit: Some(ContainerExit { code, oom_killed: false, error: None }),
            wall: Duration::from_millis(2_500),
            stdout: OutputFile { path: format!("output/{shard}.stdout"), bytes: 4096 },
            stderr: OutputFile { path: format!("output/{shard}.stderr"), bytes: 0 },
            problem: problem.map(|trouble| ShardProblem { trouble, unproven: Vec::new() }),
        })
    }

    /// Ends a unit by its cases, failed if one of them is.
    pub(crate) fn unit(&mut self, shard: u32, unit: &str, cases: Vec<Case>) -> &mut Self {
        let outcome =
            if cases.iter().any(|case| case.outcome().is_bad()) { UnitOutcome::Failed } else { UnitOutcome::Passed };
        self.unit_end(Some(shard), unit, outcome, None, cases)
    }

    pub(crate) fn error(&mut self, shard: u32, unit: &str, trouble: Trouble) -> &mut Self {
        let outcome = UnitOutcome::Errored(trouble.cause.clone());
        self.unit_end(Some(shard), unit, outcome, Some(trouble), vec![])
    }

    pub(crate) fn not_run(&mut self, unit: &str) -> &mut Self {
        self.unit_end(None, unit, UnitOutcome::NotRun, None, vec![])
    }

    pub(crate) fn unit_end(
        &mut self,
        shard: Option<u32>,
        unit: &str,
        outcome: UnitOutcome,
        trouble: Option<Trouble>,
        cases: Vec<Case>,
    ) -> &mut Self {
        let millis = if shard.is_some() { 1_234 + 100 * self.events.len() as u64 } else { 0 };
        self.push(EventKind::UnitEnded {
            unit: UnitId::new(unit),
            shard: shard.map(ShardId),
            attempt: Attempt(1),
            outcome,
            trouble,
            duration: Duration::from_millis(millis),
            cases,
        })
    }

    pub(crate) fn requeue(&mut self, shard: u32, unit: &str, why: Trouble) -> &mut Self {
        self.push(EventKind::UnitRequeued { unit: UnitId::new(unit), shard: ShardId(shard), why })
    }

    pub(crate) fn stop(&mut self, shard: u32, why: StopReason) -> &mut Self {
        self.push(EventKind::ShardStopping { shard: ShardId(shard), why })
    }

    pub(crate) fn cancel(&mut self, why: CancelReason) -> &mut Self {
        self.push(EventKind::Cancelled { why })
    }

    pub(crate) fn warn(&mut self, text: &str) -> &mut Self {
        self.push(EventKind::Warning { text: text.to_owned() })
    }

    pub(crate) fn end(&mut self) -> &mut Self {
        let code = minke::model::ExitCode::of(&self.state()).code();
        self.push(EventKind::RunEnded { exit_code: code, wall: Duration::from_millis(4_200) })
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

pub(crate) fn with_finding(name: &str, kind: FindingKind, message: &str, text: &str) -> Case {
    let finding = Finding { kind, message: message.to_owned(), r#type: String::new(), text: text.to_owned() };
    Case { findings: vec![finding], ..passed(name) }
}

pub(crate) fn skipped(name: &str) -> Case {
    with_finding(name, FindingKind::Skipped, "needs a database", "")
}

pub(crate) fn failed(name: &str, message: &str) -> Case {
    let text = format!(
        "def {name}():\n    cart = Cart()\n>   assert cart.total() == 2\nE   {message}\n\ntests/shop.py:12: AssertionError"
    );
    with_finding(name, FindingKind::Failure, message, &text)
}

pub(crate) fn trouble(cause: Cause, detail: &str, tail: &str) -> Trouble {
    Trouble { cause, detail: detail.to_owned(), output_tail: tail.to_owned() }
}

/// A run in which everything happens that a log has to tell.
pub(crate) fn mixed() -> Script {
    let units = ["tests/test_a.py", "tests/test_b.py", "tests/test_c.py", "tests/test_d.py", "tests/test_e.py"];
    let mut script = Script::new(&units, 2);
    script
        .shard(1, &["tests/test_a.py", "tests/test_b.py"])
        .shard(2, &["tests/test_c.py"])
        .at(1, "tests/test_a.py")
        .warn("the image has no init process; zombies stay until the container ends")
        .shard_end(1, 1)
        .unit(1, "tests/test_a.py", vec![passed("test_1"), passed("test_2"), skipped("test_3")])
        .unit(1, "tests/test_b.py", vec![passed("test_4"), failed("test_5", "assert 1 == 2")])
        .stop(2, StopReason::Timeout { limit: Duration::from_secs(30) })
        .shard_end(2, 137)
        .error(
            2,
            "tests/test_c.py",
            trouble(
                Cause::Timeout,
                "It ran longer than 30 s and was stopped. Raise the limit with `--timeout`, or find out what it waits for.",
                "waiting for db:5432\nwaiting for db:5432\n",
            ),
        )
        .shard(3, &["tests/test_d.py"])
        .shard_end(3, 139)
        .requeue(3, "tests/test_d.py", trouble(Cause::Crashed { signal: 11 }, "The framework crashed.", ""))
        .attempt(4, &["tests/test_d.py"], 2)
        .shard_end(4, 0)
        .push(EventKind::UnitEnded {
            unit: UnitId::new("tests/test_d.py"),
            shard: Some(ShardId(4)),
            attempt: Attempt(2),
            outcome: UnitOutcome::Passed,
            trouble: None,
            duration: Duration::from_secs(75),
            cases: vec![passed("test_6")],
        })
        .cancel(CancelReason::Interrupt)
        .not_run("tests/test_e.py")
        .end();
    script
}
