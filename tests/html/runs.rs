//! The runs that the pages show.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use minke::model::{
    Attempt, Case, Cause, ContainerExit, EVENT_FORMAT_VERSION, Event, EventKind, ExitCode, Finding, FindingKind,
    OutputFile, PlanSummary, RunState, ShardId, ShardProblem, Slot, Trouble, UnitId, UnitOutcome,
};

use crate::fixture::{failed, ids, passed, skipped, trouble, with_finding};

/// A run whose events have the times that are given, in milliseconds since it began.
pub(crate) struct Run {
    begin: Timestamp,
    events: Vec<Event>,
}

impl Run {
    pub(crate) fn of(units: &[&str], shards: u32) -> Self {
        let mut run = Self { begin: "2025-03-01T12:00:00Z".parse().unwrap(), events: Vec::new() };
        let words = ["minke", "pytest", "--image", "shop-tests:latest", "--source", "mount"];
        run.push(
            0,
            EventKind::RunStarted {
                format: EVENT_FORMAT_VERSION,
                minke: "0.1.0".to_owned(),
                run: "01955150-0000-7000-8000-000000000001".parse().unwrap(),
                plan: Box::new(PlanSummary {
                    framework: "pytest".to_owned(),
                    image: "shop-tests:latest".to_owned(),
                    image_id: Some("sha256:4f5ae2c1d0b3".to_owned()),
                    image_digest: None,
                    work_dir: Some("/project".to_owned()),
                    may_be_empty: false,
                    command_line: words.map(str::to_owned).to_vec(),
                    framework_args: vec!["-p".to_owned(), "no:cacheprovider".to_owned()],
                    shards,
                    units: ids(units),
                }),
            },
        );
        run
    }

    pub(crate) fn push(&mut self, millis: i64, kind: EventKind) -> &mut Self {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, at: self.begin + SignedDuration::from_millis(millis), kind });
        self
    }

    /// Launches a shard; the container runs 400 ms later, and the units are seen at the times given.
    pub(crate) fn shard(&mut self, shard: u32, slot: u32, at: i64, units: &[(&str, i64)]) -> &mut Self {
        let names: Vec<&str> = units.iter().map(|(unit, _)| *unit).collect();
        self.push(
            at,
            EventKind::ShardStarted {
                shard: ShardId(shard),
                slot: Slot(slot),
                units: ids(&names),
                attempt: Attempt(1),
            },
        );
        self.push(
            at + 400,
            EventKind::ContainerStarted {
                shard: ShardId(shard),
                container: format!("{shard:064}"),
                took: Duration::from_millis(400),
            },
        );
        for (unit, millis) in units.iter().filter(|(_, millis)| *millis > 0) {
            self.push(*millis, EventKind::UnitStarted { shard: ShardId(shard), unit: UnitId::new(*unit) });
        }
        self
    }

    /// Ends a shard whose container ran from 400 ms after the launch up to 200 ms before this.
    pub(crate) fn shard_end(
        &mut self,
        shard: u32,
        from: i64,
        at: i64,
        code: i64,
        problem: Option<ShardProblem>,
    ) -> &mut Self {
        let file = |name: &str, bytes| OutputFile { path: format!("shards/{shard}/{name}.log"), bytes };
        self.push(
            at,
            EventKind::ShardEnded {
                shard: ShardId(shard),
                exit: Some(ContainerExit { code, oom_killed: code == 137, error: None }),
                wall: Duration::from_millis((at - from - 600).try_into().unwrap()),
                stdout: file("stdout", 5_321),
                stderr: file("stderr", 0),
                problem,
            },
        )
    }

    pub(crate) fn unit(&mut self, at: i64, shard: u32, unit: &str, millis: u64, cases: Vec<Case>) -> &mut Self {
        let is_bad = cases.iter().any(|case| case.outcome().is_bad());
        let outcome = if is_bad { UnitOutcome::Failed } else { UnitOutcome::Passed };
        self.end(at, Some(shard), unit, millis, outcome, None, cases)
    }

    pub(crate) fn error(&mut self, at: i64, shard: u32, unit: &str, millis: u64, why: Trouble) -> &mut Self {
        let outcome = UnitOutcome::Errored(why.cause.clone());
        self.end(at, Some(shard), unit, millis, outcome, Some(why), Vec::new())
    }

    #[expect(clippy::too_many_arguments, reason = "each is a field of the event")]
    pub(crate) fn end(
        &mut self,
        at: i64,
        shard: Option<u32>,
        unit: &str,
        millis: u64,
        outcome: UnitOutcome,
        trouble: Option<Trouble>,
        cases: Vec<Case>,
    ) -> &mut Self {
        self.push(
            at,
            EventKind::UnitEnded {
                unit: UnitId::new(unit),
                shard: shard.map(ShardId),
                attempt: Attempt(1),
                outcome,
                trouble,
                duration: Duration::from_millis(millis),
                cases,
            },
        )
    }

    pub(crate) fn finish(&mut self, at: i64) -> RunState {
        let exit_code = ExitCode::of(&RunState::of(&self.events)).code();
        let wall = Duration::from_millis(at.try_into().unwrap());
        self.push(at, EventKind::RunEnded { exit_code, wall });
        RunState::of(&self.events)
    }
}

fn timed(case: Case, seconds: f64) -> Case {
    Case { seconds: Some(seconds), ..case }
}

fn many(prefix: &str, count: usize, seconds: f64) -> Vec<Case> {
    (0..count)
        .map(|number| timed(passed(&format!("{prefix}_{number}")), seconds * (1.0 + number as f64 / 7.0)))
        .collect()
}

fn flaky_case() -> Case {
    let earlier = Finding {
        kind: FindingKind::Failure,
        message: "TimeoutError: no answer after 5 s".to_owned(),
        r#type: "TimeoutError".to_owned(),
        text: "socket.timeout: timed out".to_owned(),
    };
    Case { earlier: vec![earlier], ..timed(passed("test_webhook_arrives"), 1.9) }
}

fn money_case() -> Case {
    let text = "self = <tests.unit.test_money.TestSplit object at 0x7f2a10>\n\n    def test_nothing_is_lost(self):\n        \
                parts = split(Money(1000), 3)\n>       assert sum(part.cents for part in parts) == 1000\nE       assert 999 == 1000\n\
                E        +  where 999 = sum(<generator object>)\n\ntests/unit/test_money.py:41: AssertionError";
    let case = with_finding("test_nothing_is_lost", FindingKind::Failure, "assert 999 == 1000", text);
    let out = "splitting \u{1b}[1m10.00 EUR\u{1b}[0m by \u{1b}[36m3\u{1b}[0m\n\u{1b}[33mrounding down\u{1b}[0m: 3.33, 3.33, 3.33\n";
    Case {
        classname: "tests.unit.test_money.TestSplit".to_owned(),
        system_out: Some(out.to_owned()),
        line: Some(36),
        ..timed(case, 0.012)
    }
}

/// A run in which everything happens that the report has to show.
pub(crate) fn everything() -> RunState {
    let units = [
        "tests/api/test_checkout.py",
        "tests/api/test_webhooks.py",
        "tests/db/test_migrations.py",
        "tests/slow/test_reindex.py",
        "tests/slow/test_reports.py",
        "tests/unit/test_basket.py",
        "tests/unit/test_money.py",
        "tests/unit/test_names.py",
        "tests/unit/test_stock.py",
        "tests/unit/test_vat.py",
    ];
    let mut run = Run::of(&units, 3);
    run.push(
        80,
        EventKind::Warning { text: "the image has no init process; zombies stay until the container ends".to_owned() },
    );
    run.shard(1, 1, 100, &[("tests/api/test_checkout.py", 1_100), ("tests/api/test_webhooks.py", 6_900)]);
    run.shard(2, 2, 120, &[("tests/db/test_migrations.py", 0)]);
    run.shard(3, 3, 140, &[("tests/slow/test_reindex.py", 1_300), ("tests/slow/test_reports.py", 9_700)]);
    run.shard_end(2, 120, 8_400, 137, None);
    let killed = "The container's memory limit was reached and the kernel killed a process of it. Raise the limit with \
                  `--memory`, or find out what takes so much.";
    let tail = "\u{1b}[32mINFO\u{1b}[0m  applying 0041_split_orders\n\u{1b}[32mINFO\u{1b}[0m  applying 0042_backfill_totals\n\
                \u{1b}[1;31mERROR\u{1b}[0m cannot allocate 536870912 bytes\n\u{1b}[38;5;208mworker 3 gone\u{1b}[0m \u{1b}[41;97m KILLED \u{1b}[0m\n";
    run.error(8_400, 2, "tests/db/test_migrations.py", 7_680, trouble(Cause::OutOfMemory, killed, tail));
    run.shard(
        4,
        2,
        8_450,
        &[("tests/unit/test_basket.py", 0), ("tests/unit/test_money.py", 0), ("tests/unit/test_names.py", 0)],
    );
    run.shard_end(1, 100, 11_800, 0, None);
    run.unit(
        11_810,
        1,
        "tests/api/test_checkout.py",
        5_800,
        [many("test_pays_by_card", 12, 0.4), vec![skipped("test_pays_by_cheque")]].concat(),
    );
    run.unit(
        11_820,
        1,
        "tests/api/test_webhooks.py",
        4_300,
        [many("test_signature", 6, 0.3), vec![flaky_case()]].concat(),
    );
    run.shard_end(4, 8_450, 12_900, 1, None);
    run.unit(12_910, 4, "tests/unit/test_basket.py", 400, many("test_adds", 14, 0.02));
    run.unit(12_915, 4, "tests/unit/test_money.py", 300, [many("test_rounds", 18, 0.01), vec![money_case()]].concat());
    run.unit(
        12_918,
        4,
        "tests/unit/test_names.py",
        900,
        [many("test_keeps", 8, 0.1), vec![timed(failed("test_long_names", "KeyError: 'Zo\u{eb}'"), 0.08)]].concat(),
    );
    run.shard(5, 1, 11_900, &[("tests/unit/test_stock.py", 12_500), ("tests/unit/test_vat.py", 13_300)]);
    run.shard_end(
        5,
        11_900,
        14_700,
        139,
        Some(ShardProblem {
            trouble: trouble(Cause::Crashed { signal: 11 }, "The framework crashed.", ""),
            unproven: ids(&["tests/unit/test_vat.py"]),
        }),
    );
    let crashed = "The framework was ended by SIGSEGV, and its report breaks off.";
    run.unit(14_710, 5, "tests/unit/test_stock.py", 700, many("test_counts", 9, 0.07));
    run.push(
        14_720,
        EventKind::UnitRequeued {
            unit: UnitId::new("tests/unit/test_vat.py"),
            shard: ShardId(5),
            why: trouble(Cause::Crashed { signal: 11 }, crashed, ""),
        },
    );
    run.shard(6, 1, 14_740, &[("tests/unit/test_vat.py", 15_400)]);
    run.shard_end(6, 14_740, 17_000, 0, None);
    run.unit(17_010, 6, "tests/unit/test_vat.py", 1_600, many("test_rate", 11, 0.1));
    run.shard_end(3, 140, 21_200, 0, None);
    run.unit(21_210, 3, "tests/slow/test_reindex.py", 8_400, many("test_reindex", 3, 2.2));
    run.unit(21_220, 3, "tests/slow/test_reports.py", 11_300, many("test_month", 5, 1.8));
    run.finish(21_300)
}

/// A run of many cases, of which two in a hundred fail with `bytes` of output each; the others wrote `quiet` bytes.
pub(crate) fn large(units: usize, cases: usize, bytes: usize, quiet: usize) -> RunState {
    let names: Vec<String> =
        (0..units).map(|unit| format!("tests/area_{}/test_subject_{unit:04}.py", unit % 17)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut run = Run::of(&names, 8);
    for (number, chunk) in names.chunks(units.div_ceil(40)).enumerate() {
        let (shard, round) = (number as u32 + 1, (number / 8) as i64);
        let seen: Vec<(&str, i64)> = chunk.iter().map(|unit| (*unit, 0)).collect();
        run.shard(shard, number as u32 % 8 + 1, round * 10_000, &seen);
        run.shard_end(shard, round * 10_000, round * 10_000 + 9_000, 1, None);
        for unit in chunk {
            let of_unit = (0..cases / units).map(|case| {
                let name = format!("test_the_subject_does_what_it_should[{case}-some parameters]");
                let case = match case % 50 {
                    7 => with_finding(
                        &name,
                        FindingKind::Failure,
                        "assert 41 == 42",
                        &"a line of output <&>\n".repeat(bytes / 21),
                    ),
                    _ => Case { system_out: (quiet > 0).then(|| "q".repeat(quiet)), ..passed(&name) },
                };
                Case { classname: unit.trim_end_matches(".py").replace('/', "."), ..timed(case, 0.034) }
            });
            run.unit(round * 10_000 + 9_100, shard, unit, 700, of_unit.collect());
        }
    }
    run.finish(60_000)
}
