//! The trace: what stands in it, and that no span of a thread overlaps another wrongly.

use std::collections::BTreeMap;
use std::time::Duration;

use insta::assert_snapshot;
use minke::model::{CancelReason, Cause, EventKind, RunState};
use minke::report::trace::write;
use proptest::prelude::*;
use serde_json::Value;

use crate::any_run::any_run;
use crate::script::{Script, failed, passed, trouble};

fn events(state: &RunState) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&write(state).unwrap()).unwrap();
    document["traceEvents"].as_array().unwrap().clone()
}

/// A line for each event, in the order of the file.
fn lines(state: &RunState) -> String {
    let line = |event: &Value| {
        let dur = event.get("dur").map_or(String::new(), |dur| format!(" +{dur}"));
        let args = event.get("args").map_or(String::new(), |args| format!(" {args}"));
        format!(
            "{} {}/{} {}{dur} {}{args}",
            event["ph"].as_str().unwrap(),
            event["pid"],
            event["tid"],
            event["ts"],
            event["name"]
        )
    };
    events(state).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_shard_has_its_start_its_units_and_its_reports() {
    let units = ["a.py", "b.py", "c.py", "d.py", "e.py"];
    let mut script = Script::new(&units);
    script.launch(1, 1, &units[..2]);
    script.start(1);
    script.launch(2, 2, &units[2..4]);
    script.come_to(1, "a.py");
    script.start(2);
    script.come_to(1, "b.py");
    script.end_shard(1, Duration::from_millis(1100), Some(trouble(Cause::NoReport, "", "")));
    script.requeue(1, "b.py", trouble(Cause::NoReport, "", ""));
    script.unit(1, "a.py", vec![passed("test_1"), failed("test_2", "no", "")]);
    script.end_shard(2, Duration::from_secs(3), None);
    script.unit(2, "c.py", vec![passed("test_3")]);
    script.unit(2, "d.py", vec![passed("test_4")]);
    script.push(EventKind::Cancelled { why: CancelReason::Interrupt });
    script.launch(3, 1, &["b.py"]);
    script.end_unit(None, "b.py", minke::model::UnitOutcome::NotRun, None, vec![]);
    script.not_run("e.py");
    script.end();
    assert_snapshot!(lines(&script.state()));
}

#[test]
fn a_run_of_which_nothing_is_known_is_a_trace() {
    assert_eq!(events(&RunState::new()).iter().filter(|event| event["ph"] == "X").count(), 1);
}

/// Asserts that spans of one thread hold one another or do not touch, as viewers of the format expect.
fn assert_nested(spans: &mut [(u64, u64)]) {
    // Of those that begin together the longest is the outer one.
    spans.sort_by_key(|&(start, end)| (start, std::cmp::Reverse(end)));
    let mut open: Vec<u64> = Vec::new();
    for &mut (start, end) in spans {
        while open.last().is_some_and(|outer| *outer <= start) {
            open.pop();
        }
        assert!(open.last().is_none_or(|outer| end <= *outer), "{start} to {end} overlaps one that ends before");
        open.push(end);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn spans_of_a_thread_hold_one_another_or_are_apart(script in any_run()) {
        let state = script.state();
        let mut threads: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
        let mut named = Vec::new();
        for event in events(&state) {
            // A negative number is none here.
            let (start, thread) = (event["ts"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
            match event["ph"].as_str().unwrap() {
                "X" => threads.entry(thread).or_default().push((start, start + event["dur"].as_u64().unwrap())),
                "i" => prop_assert!(["t", "p"].contains(&event["s"].as_str().unwrap())),
                "M" if event["name"] == "thread_name" => named.push(thread),
                "M" => {}
                other => prop_assert!(false, "no such phase: {other}"),
            }
        }
        for (thread, spans) in &mut threads {
            prop_assert!(named.contains(thread));
            assert_nested(spans);
        }
        let shards = state.shards().count();
        prop_assert_eq!(named.len(), 1 + state.shards().map(|shard| shard.slot).collect::<std::collections::BTreeSet<_>>().len());
        let names: Vec<String> = events(&state).iter().map(|event| event["name"].to_string()).collect();
        prop_assert_eq!(names.iter().filter(|name| name.starts_with("\"shard ")).count(), shards);
    }
}
