//! Generated runs: any outcomes, any times, and texts that Markdown, XML, terminals and CI systems treat specially.

use std::time::Duration;

use minke::model::{CancelReason, Case, Cause, EventKind, Finding, FindingKind, Trouble, UnitOutcome};
use proptest::prelude::*;

use crate::script::{Script, finding, passed};

/// Text in which everything that means something to a reader of a report is frequent.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let special = vec![
        "`",
        "``",
        "```",
        "````\n",
        "~~~",
        "|",
        "\\|",
        "\n",
        "\r\n",
        "\n\n",
        "<script>alert(1)</script>",
        "<img src=x>",
        "<!--",
        "-->",
        "</details>",
        "@octocat",
        "[a](javascript:b)",
        "![a](http://b)",
        "http://c.example",
        "#12",
        "# ",
        "- ",
        "> ",
        "***",
        "&amp;",
        "::error::x",
        "::set-output name=a::b",
        "%0A",
        "%",
        ":",
        ",",
        ";",
        "]",
        "##vso[a.b]c",
        "\u{1b}[31m",
        "\u{202e}",
        "\0",
        "\u{2028}",
        "e\u{301}",
        "plain",
        " ",
    ];
    let piece = prop_oneof![4 => prop::sample::select(special).prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let kind = prop::sample::select(vec![FindingKind::Skipped, FindingKind::Failure, FindingKind::Error]);
    (kind, hostile(), hostile()).prop_map(|(kind, message, text)| finding(kind, &message, &text))
}

fn any_case() -> impl Strategy<Value = Case> {
    let findings = prop::collection::vec(any_finding(), 0..2);
    let earlier = prop::collection::vec(any_finding(), 0..2);
    let place = (prop::option::of(hostile()), any::<Option<u32>>());
    (hostile(), findings, earlier, place, prop::option::of(hostile())).prop_map(
        |(name, findings, earlier, (file, line), output)| Case {
            classname: name.clone(),
            file,
            line,
            findings,
            earlier,
            system_out: output.clone(),
            system_err: output,
            ..passed(&name)
        },
    )
}

fn any_trouble() -> impl Strategy<Value = Trouble> {
    let cause = prop::sample::select(vec![Cause::Timeout, Cause::Crashed { signal: 11 }, Cause::NoReport]);
    (cause, hostile(), hostile()).prop_map(|(cause, detail, output_tail)| Trouble { cause, detail, output_tail })
}

fn any_outcome() -> impl Strategy<Value = UnitOutcome> {
    prop::sample::select(vec![
        UnitOutcome::Passed,
        UnitOutcome::Failed,
        UnitOutcome::Errored(Cause::OutOfMemory),
        UnitOutcome::NotRun,
    ])
}

/// One shard: what it came to, whether it ended, the wall time that the engine gives in milliseconds, its problem.
type AnyShard = (Vec<usize>, bool, bool, u64, Option<Trouble>);

fn any_shard() -> impl Strategy<Value = AnyShard> {
    let came_to = prop::collection::vec(0_usize..6, 0..4);
    (came_to, any::<bool>(), any::<bool>(), 0_u64..5000, prop::option::of(any_trouble()))
}

/// A run whose clock jumps, back as well as forth.
pub(crate) fn any_run() -> impl Strategy<Value = Script> {
    let unit = (hostile(), any_outcome(), prop::option::of(any_trouble()), prop::collection::vec(any_case(), 0..4));
    let units = prop::collection::vec(unit, 1..6);
    let shards = prop::collection::vec(any_shard(), 0..5);
    let jumps = prop::collection::vec(-2000_i64..4000, 8);
    (units, shards, jumps, any::<bool>(), any::<bool>(), any_trouble()).prop_map(
        |(units, shards, jumps, is_cancelled, has_ended, why)| {
            let paths: Vec<String> = units.iter().enumerate().map(|(at, unit)| format!("{at}/{}", unit.0)).collect();
            let names: Vec<&str> = paths.iter().map(String::as_str).collect();
            let mut script = Script::new(&names);
            let mut jumps = jumps.into_iter().cycle().map(jiff::SignedDuration::from_millis);
            let mut jump = |script: &mut Script| script.now += jumps.next().unwrap();
            for (number, (came_to, has_started, has_shard_ended, wall, problem)) in (1..).zip(shards) {
                script.launch(number, number % 2 + 1, &names);
                jump(&mut script);
                if has_started {
                    script.start(number);
                }
                for unit in came_to {
                    script.come_to(number, names[unit % names.len()]);
                    jump(&mut script);
                }
                if has_shard_ended {
                    script.end_shard(number, Duration::from_millis(wall), problem);
                    script.requeue(number, names[0], why.clone());
                }
            }
            if is_cancelled {
                let detail = why.detail.clone();
                script.push(EventKind::Cancelled { why: CancelReason::EngineLost { detail } });
            }
            for (number, (name, (_, outcome, trouble, cases))) in names.iter().zip(units).enumerate() {
                let text = trouble.as_ref().map_or("nothing", |trouble| trouble.detail.as_str()).to_owned();
                script.push(EventKind::Warning { text });
                script.end_unit(Some(number as u32), name, outcome, trouble, cases);
            }
            if has_ended {
                script.end();
            }
            script
        },
    )
}
