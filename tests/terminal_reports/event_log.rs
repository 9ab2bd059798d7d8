//! The file of events.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use minke::model::{
    Attempt, CancelReason, Case, Cause, ContainerExit, CoverageFile, Event, EventKind, Finding, FindingKind,
    LineCounts, MergedCoverage, OutputFile, PlanSummary, ShardId, ShardProblem, Slot, StopReason, Trouble, UnitId,
    UnitOutcome,
};
use minke::report::{EventLog, EventLogError, Sink, read_events};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::fixture::mixed;

fn written(events: &[Event]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.jsonl");
    let mut log = EventLog::create(&path).unwrap();
    for event in events {
        log.event(event).unwrap();
    }
    log.close().unwrap();
    (directory, path)
}

#[test]
fn what_is_written_is_read() {
    let events = mixed().events;
    let (_directory, path) = written(&events);
    assert_eq!(read_events(&path).unwrap(), events);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), events.len());
}

#[test]
fn a_crash_loses_no_event_but_the_start_of_a_unit() {
    let events = mixed().events;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.jsonl");
    let mut log = EventLog::create(&path).unwrap();
    for (count, event) in events.iter().enumerate() {
        log.event(event).unwrap();
        if !matches!(event.kind, EventKind::UnitStarted { .. }) {
            assert_eq!(read_events(&path).unwrap(), events[..=count]);
        }
    }
}

#[test]
fn an_existing_file_is_never_written_over() {
    let (_directory, path) = written(&mixed().events);
    assert_eq!(EventLog::create(&path).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
}

#[test]
fn a_torn_last_line_is_left_out_wherever_it_is_torn() {
    let events = mixed().events;
    let (_directory, path) = written(&events);
    let whole = fs::read(&path).unwrap();
    let last_line = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    for length in last_line..whole.len() - 1 {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(read_events(&path).unwrap(), events[..events.len() - 1], "{length}");
    }
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(read_events(&path).unwrap(), events, "only the line end is missing");
}

#[test]
fn an_unknown_event_is_an_error_that_names_the_line() {
    let (_directory, path) = written(&mixed().events[..2]);
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"seq\":3,\"at\":\"2025-03-01T12:00:00Z\",\"event\":\"dance\"}\n").unwrap();
    let error = read_events(&path).unwrap_err();
    assert!(matches!(error, EventLogError::Line { line: 3, .. }), "{error:?}");
    assert!(error.to_string().ends_with("line 3 is not an event"), "{error}");
}

#[test]
fn a_newer_format_says_to_upgrade_whatever_else_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.jsonl");
    fs::write(&path, "{\"seq\":1,\"event\":\"run-started\",\"format\":7,\"novel\":{}}\n{\"what\":1}\n").unwrap();
    let error = read_events(&path).unwrap_err();
    assert!(matches!(error, EventLogError::Newer { found: 7, .. }), "{error:?}");
    assert!(error.to_string().ends_with("they have format 7, and this minke knows formats up to 1; upgrade minke"));
}

#[test]
fn an_empty_file_has_no_events_and_a_missing_one_is_an_error() {
    let (_directory, path) = written(&[]);
    assert_eq!(read_events(&path).unwrap(), []);
    fs::remove_file(&path).unwrap();
    assert!(matches!(read_events(&path), Err(EventLogError::Read { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_events_come_back_as_they_were(kinds in vec(any_kind(), 1..6), second in 0_i64..4_000_000_000) {
        let at = jiff::Timestamp::from_second(second).unwrap();
        let events: Vec<Event> =
            kinds.into_iter().zip(1..).map(|(kind, seq)| Event { seq, at, kind }).collect();
        let (_directory, path) = written(&events);
        prop_assert_eq!(read_events(&path).unwrap(), events);
    }
}

fn any_kind() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        any_run_start(),
        (shard(), 1..9_u32, vec(unit(), 0..4), 1..4_u32).prop_map(|(shard, slot, units, attempt)| {
            EventKind::ShardStarted { shard, slot: Slot(slot), units, attempt: Attempt(attempt) }
        }),
        (shard(), any::<String>(), span()).prop_map(|(shard, container, took)| EventKind::ContainerStarted {
            shard,
            container,
            took
        }),
        (shard(), unit()).prop_map(|(shard, unit)| EventKind::UnitStarted { shard, unit }),
        (shard(), any_stop()).prop_map(|(shard, why)| EventKind::ShardStopping { shard, why }),
        any_shard_end(),
        (unit(), shard(), any_trouble()).prop_map(|(unit, shard, why)| EventKind::UnitRequeued { unit, shard, why }),
        any_unit_end(),
        any_cancel().prop_map(|why| EventKind::Cancelled { why }),
        any::<String>().prop_map(|text| EventKind::Warning { text }),
        any_coverage(),
        (any::<u8>(), span()).prop_map(|(exit_code, wall)| EventKind::RunEnded { exit_code, wall }),
    ]
}

fn any_coverage() -> impl Strategy<Value = EventKind> {
    let lines = option::of(any::<(u64, u64)>().prop_map(|(covered, total)| LineCounts { covered, total }));
    let file =
        (any::<String>(), any::<u64>(), lines).prop_map(|(path, bytes, lines)| CoverageFile { path, bytes, lines });
    (vec(file, 0..3), vec(any::<String>(), 0..3))
        .prop_map(|(files, problems)| EventKind::CoverageMerged { coverage: MergedCoverage { files, problems } })
}

fn any_run_start() -> impl Strategy<Value = EventKind> {
    (any::<String>(), option::of(any::<String>()), any::<u32>(), vec(unit(), 0..4)).prop_map(
        |(image, image_id, shards, units)| EventKind::RunStarted {
            format: 1,
            minke: "0.1.0".to_owned(),
            run: "01955150-0000-7000-8000-000000000001".parse().unwrap(),
            plan: Box::new(PlanSummary {
                framework: "pytest".to_owned(),
                image,
                image_id,
                image_digest: None,
                work_dir: None,
                may_be_empty: false,
                command_line: Vec::new(),
                framework_args: Vec::new(),
                shards,
                units,
            }),
        },
    )
}

fn any_shard_end() -> impl Strategy<Value = EventKind> {
    let exit = (any::<i64>(), any::<bool>(), option::of(any::<String>()))
        .prop_map(|(code, oom_killed, error)| ContainerExit { code, oom_killed, error });
    let file = || (any::<String>(), any::<u64>()).prop_map(|(path, bytes)| OutputFile { path, bytes });
    let problem = option::of(any_trouble().prop_map(|trouble| ShardProblem { trouble, unproven: Vec::new() }));
    (shard(), option::of(exit), span(), file(), file(), problem).prop_map(
        |(shard, exit, wall, stdout, stderr, problem)| EventKind::ShardEnded {
            shard,
            exit,
            wall,
            stdout,
            stderr,
            problem,
        },
    )
}

fn any_unit_end() -> impl Strategy<Value = EventKind> {
    let outcome = prop_oneof![
        Just(UnitOutcome::Passed),
        Just(UnitOutcome::Failed),
        Just(UnitOutcome::NotRun),
        any_cause().prop_map(UnitOutcome::Errored),
    ];
    (unit(), option::of(shard()), 1..4_u32, outcome, option::of(any_trouble()), span(), vec(any_case(), 0..3)).prop_map(
        |(unit, shard, attempt, outcome, trouble, duration, cases)| EventKind::UnitEnded {
            unit,
            shard,
            attempt: Attempt(attempt),
            outcome,
            trouble,
            duration,
            cases,
        },
    )
}

fn any_case() -> impl Strategy<Value = Case> {
    let kind = prop_oneof![Just(FindingKind::Skipped), Just(FindingKind::Failure), Just(FindingKind::Error)];
    let finding = (kind, any::<String>(), any::<String>(), any::<String>())
        .prop_map(|(kind, message, r#type, text)| Finding { kind, message, r#type, text });
    let texts = (any::<String>(), any::<String>(), option::of(any::<String>()), option::of(any::<String>()));
    (
        texts,
        option::of(any::<String>()),
        option::of(any::<u32>()),
        option::of(0..1_000_000_000_u32),
        (vec(finding.clone(), 0..3), vec(finding, 0..2)),
        vec((any::<String>(), any::<String>()), 0..2),
    )
        .prop_map(
            |((classname, name, system_out, system_err), file, line, micros, (findings, earlier), properties)| Case {
                classname,
                name,
                file,
                line,
                seconds: micros.map(|micros| f64::from(micros) / 1e6),
                findings,
                earlier,
                system_out,
                system_err,
                properties,
            },
        )
}

fn any_cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        Just(Cause::Timeout),
        Just(Cause::OutOfMemory),
        Just(Cause::Killed),
        any::<u8>().prop_map(|signal| Cause::Crashed { signal }),
        Just(Cause::NoReport),
        Just(Cause::TruncatedReport),
        Just(Cause::NoCases),
        any::<i64>().prop_map(|code| Cause::ExitCode { code }),
        Just(Cause::Image),
        Just(Cause::Engine),
        Just(Cause::BeforeCommand),
    ]
}

fn any_cancel() -> impl Strategy<Value = CancelReason> {
    prop_oneof![
        Just(CancelReason::Interrupt),
        Just(CancelReason::Terminate),
        Just(CancelReason::RunTimeout),
        Just(CancelReason::MaxFailures),
        any::<String>().prop_map(|detail| CancelReason::EngineLost { detail }),
        any::<String>().prop_map(|detail| CancelReason::ImageUnusable { detail }),
        any::<String>().prop_map(|detail| CancelReason::OutputLost { detail }),
    ]
}

fn any_stop() -> impl Strategy<Value = StopReason> {
    prop_oneof![span().prop_map(|limit| StopReason::Timeout { limit }), Just(StopReason::Cancelled)]
}

fn any_trouble() -> impl Strategy<Value = Trouble> {
    (any_cause(), any::<String>(), any::<String>()).prop_map(|(cause, detail, output_tail)| Trouble {
        cause,
        detail,
        output_tail,
    })
}

fn shard() -> impl Strategy<Value = ShardId> {
    any::<u32>().prop_map(ShardId)
}

fn unit() -> impl Strategy<Value = UnitId> {
    any::<String>().prop_map(UnitId::new)
}

fn span() -> impl Strategy<Value = Duration> {
    (0..1_000_000_000_000_u64).prop_map(Duration::from_micros)
}
