//! The written report of generated runs with hostile texts in every field.

mod junit_run;

use junit_run::{Run, assert_truthful, strictly, written};
use minke::model::{CancelReason, Case, Cause, EventKind, Finding, FindingKind, RunState, Trouble, UnitOutcome};
use proptest::prelude::*;

/// Text in which everything that XML forbids or treats specially is frequent.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "]]>",
            "]]",
            "<![CDATA[",
            "<!--",
            "&",
            "&#27;",
            "\"",
            "'",
            "<",
            ">",
            "\u{1B}[31m",
            "\u{1B}]0;",
            "\u{1B}",
            "\0",
            "\u{FFFE}",
            "\u{FFFF}",
            "\n",
            "\r",
            "\r\n",
            "\t",
            " ",
            "\u{1F600}",
            "\u{85}",
            "\u{2028}",
            "/w/",
            "./",
            "../",
            "plain",
            "[2]",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let kind = prop::sample::select(vec![FindingKind::Skipped, FindingKind::Failure, FindingKind::Error]);
    (kind, hostile(), hostile(), hostile()).prop_map(|(kind, message, r#type, text)| Finding {
        kind,
        message,
        r#type,
        text,
    })
}

fn any_case() -> impl Strategy<Value = Case> {
    let name = prop_oneof![hostile(), Just("same".to_owned()), Just(String::new())];
    let outputs = (prop::option::of(hostile()), prop::option::of(hostile()));
    let place = (prop::option::of(hostile()), any::<Option<u32>>(), any::<Option<f64>>());
    let findings = prop::collection::vec(any_finding(), 0..3);
    let properties = prop::collection::vec((hostile(), hostile()), 0..3);
    let earlier = prop::collection::vec(any_finding(), 0..2);
    (name.clone(), name, place, (findings, earlier), outputs, properties).prop_map(
        |(classname, name, (file, line, seconds), (findings, earlier), (system_out, system_err), properties)| Case {
            classname,
            name,
            file,
            line,
            seconds,
            findings,
            earlier,
            system_out,
            system_err,
            properties,
        },
    )
}

fn any_trouble() -> impl Strategy<Value = Trouble> {
    let cause = prop::sample::select(vec![
        Cause::Timeout,
        Cause::Crashed { signal: 11 },
        Cause::NoReport,
        Cause::ExitCode { code: -3 },
    ]);
    (cause, hostile(), hostile()).prop_map(|(cause, detail, output_tail)| Trouble { cause, detail, output_tail })
}

fn any_run() -> impl Strategy<Value = Run> {
    let outcome = prop::sample::select(vec![
        None,
        Some(UnitOutcome::Passed),
        Some(UnitOutcome::Failed),
        Some(UnitOutcome::Errored(Cause::OutOfMemory)),
        Some(UnitOutcome::NotRun),
    ]);
    let unit = (
        hostile(),
        outcome,
        prop::option::of(1_u32..5),
        prop::option::of(any_trouble()),
        prop::collection::vec(any_case(), 0..4),
    );
    let problems = prop::collection::vec(prop::option::of(any_trouble()), 0..4);
    (prop::collection::vec(unit, 0..5), problems, any::<bool>(), any::<bool>()).prop_map(
        |(units, problems, is_cancelled, has_ended)| {
            let paths: Vec<String> =
                units.iter().enumerate().map(|(place, unit)| format!("{place}/{}", unit.0)).collect();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let mut run = Run::of(&paths);
            for (number, problem) in (1..).zip(problems) {
                let its_units: Vec<&str> = paths.iter().copied().skip(number as usize).take(2).collect();
                run.shard(number, &its_units, problem);
            }
            for (path, (_, outcome, shard, trouble, cases)) in paths.iter().zip(units) {
                if let Some(outcome) = outcome {
                    run.end(path, shard, outcome, trouble, cases);
                }
            }
            if is_cancelled {
                run.push(EventKind::Cancelled { why: CancelReason::EngineLost { detail: "]]>\0".into() } });
            }
            if has_ended {
                run.finish();
            }
            run
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_runs_are_written_truthfully_and_legally(runs in prop::collection::vec(any_run(), 8)) {
        let states: Vec<RunState> = runs.iter().map(Run::state).collect();
        let documents: Vec<Vec<u8>> = states.iter().map(written).collect();
        for ((state, document), strict) in states.iter().zip(&documents).zip(strictly(&documents)) {
            assert_truthful(state, document, &strict);
        }
    }
}
