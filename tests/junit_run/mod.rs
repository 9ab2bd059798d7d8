//! Runs made of events for the tests of the written report, and what must hold for the report of any of them.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use minke::model::{
    Attempt, Case, CaseOutcome, ContainerExit, Event, EventKind, OutputFile, PlanSummary, ReportFile, RunId, RunState,
    ShardId, ShardProblem, Slot, Trouble, UnitId, UnitOutcome,
};
use minke::report::junit::{ReadLimits, WriteOptions, read, write};
use serde_json::Value;

/// A run that is made of its events.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) events: Vec<Event>,
}

impl Run {
    pub(crate) fn of(units: &[&str]) -> Self {
        let plan = PlanSummary {
            framework: "pytest".into(),
            image: "python:3".into(),
            image_id: Some("sha256:0123".into()),
            image_digest: Some("registry.example/image@sha256:4567".into()),
            work_dir: None,
            may_be_empty: false,
            command_line: Vec::new(),
            framework_args: Vec::new(),
            shards: 2,
            units: units.iter().map(|&unit| UnitId::new(unit)).collect(),
        };
        let run: RunId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let mut this = Self { events: Vec::new() };
        this.push(EventKind::RunStarted { format: 1, minke: "0.1.0".into(), run, plan: Box::new(plan) });
        this
    }

    pub(crate) fn push(&mut self, kind: EventKind) {
        let seq = self.events.len() as u64 + 1;
        let at = "2026-11-21T02:00:00.5Z".parse::<Timestamp>().unwrap() + Duration::from_secs(seq);
        self.events.push(Event { seq, at, kind });
    }

    pub(crate) fn shard(&mut self, number: u32, units: &[&str], problem: Option<Trouble>) {
        let shard = ShardId(number);
        let units = units.iter().map(|&unit| UnitId::new(unit)).collect();
        self.push(EventKind::ShardStarted { shard, slot: Slot(1), units, attempt: Attempt(1) });
        let container = format!("c0ffee{number}");
        self.push(EventKind::ContainerStarted { shard, container, took: Duration::from_millis(300) });
        self.push(EventKind::ShardEnded {
            shard,
            exit: Some(ContainerExit { code: 1, oom_killed: false, error: None }),
            wall: Duration::from_millis(2500),
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
            problem: problem.map(|trouble| ShardProblem { trouble, unproven: Vec::new() }),
        });
    }

    pub(crate) fn end(
        &mut self,
        unit: &str,
        shard: Option<u32>,
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
            duration: Duration::from_millis(1250),
            cases,
        });
    }

    pub(crate) fn finish(&mut self) {
        self.push(EventKind::RunEnded { exit_code: 1, wall: Duration::from_millis(4200) });
    }

    pub(crate) fn state(&self) -> RunState {
        RunState::of(&self.events)
    }
}

pub(crate) fn written(state: &RunState) -> Vec<u8> {
    write(state, &WriteOptions { work_dir: Some("/w".into()) }).unwrap()
}

pub(crate) fn reread(document: &[u8]) -> ReportFile {
    read("junit.xml", document, &ReadLimits::default())
}

/// Reads documents with Python's expat, which accepts well-formed XML only.
pub(crate) fn strictly(documents: &[Vec<u8>]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/junit_run/strict.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to check the report with a second parser");
    let mut input = python.stdin.take().unwrap();
    let documents = documents.to_vec();
    let feeder = std::thread::spawn(move || {
        for document in &documents {
            writeln!(input, "{}", document.len()).unwrap();
            input.write_all(document).unwrap();
        }
    });
    let output = python.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert!(output.status.success(), "the strict parser rejects the report");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

/// Asserts what holds for every report of every run.
pub(crate) fn assert_truthful(state: &RunState, document: &[u8], strict: &Value) {
    let ours = reread(document);
    assert_eq!(ours.problems, [], "our reader finds fault with our own report");
    let expected = expected_outcomes(state);
    let outcomes: Vec<CaseOutcome> = ours.cases.iter().map(Case::outcome).collect();
    assert_eq!(outcomes, expected.concat());
    let suites = array(strict, "suites");
    assert_eq!(suites.len(), expected.len());
    let mut total = [0; 4];
    for (suite, expected) in suites.iter().zip(&expected) {
        assert_eq!(array(suite, "cases").len(), expected.len());
        let counts = assert_counts(suite);
        total = [0, 1, 2, 3].map(|place| total[place] + counts[place]);
        assert_named(suite);
    }
    assert_eq!(claimed_counts(strict), total);
    for (suite, unit) in suites.iter().zip(state.units()) {
        assert_eq!(property(suite, "minke.outcome"), Some(unit.outcome().word()));
        let is_green = claimed_counts(suite)[1..3] == [0, 0];
        assert!(!(is_green && unit.outcome().is_bad()), "a bad unit without an error or a failure");
    }
    let units: HashSet<&str> =
        suites[..state.units().len()].iter().map(|suite| suite["attributes"]["name"].as_str().unwrap()).collect();
    assert_eq!(units.len(), state.units().len());
}

fn expected_outcomes(state: &RunState) -> Vec<Vec<CaseOutcome>> {
    let units = state.units().iter().map(|unit| {
        let mut outcomes: Vec<CaseOutcome> = unit.cases.iter().map(Case::outcome).collect();
        let is_told_by_cases = match unit.outcome() {
            UnitOutcome::Passed => true,
            UnitOutcome::Failed => outcomes.iter().any(|outcome| outcome.is_bad()),
            UnitOutcome::Errored(_) | UnitOutcome::NotRun => false,
        };
        if unit.trouble.is_some() || !is_told_by_cases {
            outcomes.push(CaseOutcome::Errored);
        }
        outcomes
    });
    units.chain(state.unresolved_shards().map(|_| vec![CaseOutcome::Errored])).collect()
}

fn claimed_counts(element: &Value) -> [usize; 4] {
    ["tests", "failures", "errors", "skipped"]
        .map(|name| element["attributes"][name].as_str().unwrap().parse().unwrap())
}

fn assert_counts(suite: &Value) -> [usize; 4] {
    let cases = array(suite, "cases");
    let count = |kind: &str| cases.iter().filter(|case| case["kind"] == kind).count();
    let counted = [cases.len(), count("failure"), count("error"), count("skipped")];
    assert_eq!(claimed_counts(suite), counted);
    counted
}

fn assert_named(suite: &Value) {
    let mut names = HashSet::new();
    for case in array(suite, "cases") {
        let attributes = &case["attributes"];
        let key = (attributes["classname"].as_str().unwrap(), attributes["name"].as_str().unwrap());
        assert!(!key.0.is_empty() && !key.1.is_empty());
        assert!(names.insert(key), "{key:?} stands twice in a suite");
        let time: f64 = attributes["time"].as_str().unwrap().parse().unwrap();
        assert!(time >= 0.0);
    }
}

fn property<'a>(suite: &'a Value, name: &str) -> Option<&'a str> {
    array(suite, "properties").iter().find(|property| property[0] == name)?[1].as_str()
}
