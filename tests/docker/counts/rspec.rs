//! RSpec, compared with the numbers and names of its own JSON formatter.

use std::collections::BTreeMap;

use minke::model::CaseOutcome;

use super::{of_framework, tally};
use crate::support::{Project, RSPEC, docker};

type Tally = BTreeMap<(String, String, CaseOutcome), usize>;

/// Runs RSpec itself on files of the mounted suite, and counts its examples and its errors outside of them.
fn alone(project: &Project, files: &[&str]) -> Tally {
    let mount = format!("{}:/project:ro", project.path().display());
    let script = "rspec --format json --out /tmp/report.json \"$@\" >/dev/null 2>&1; cat /tmp/report.json";
    let run = ["run", "--rm", "--init", "--network", "none", "-v", &mount, "-w", "/project", "-e", "LC_ALL=C.UTF-8"];
    let text = docker(&[&run[..], &[RSPEC, "sh", "-c", script, "sh"], files].concat());
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut tally = Tally::new();
    for example in report["examples"].as_array().unwrap() {
        let id = example["id"].as_str().unwrap();
        let class = id.split("_spec.rb[").next().unwrap().trim_start_matches("./").replace('/', ".");
        let outcome = match example["status"].as_str().unwrap() {
            "passed" => CaseOutcome::Passed,
            "failed" => CaseOutcome::Failed,
            "pending" => CaseOutcome::Skipped,
            other => panic!("`{other}` is no status"),
        };
        let name = example["full_description"].as_str().unwrap().replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
        *tally.entry((format!("{class}_spec"), name, outcome)).or_insert(0) += 1;
    }
    let errors = report["summary"]["errors_outside_of_examples_count"].as_u64().unwrap() as usize;
    if errors > 0 {
        tally.insert((String::new(), "error outside of examples".to_owned(), CaseOutcome::Errored), errors);
    }
    tally
}

/// Undoes what only the report does: it names a class that is empty.
fn plain(tally: Tally) -> Tally {
    let mut plain = Tally::new();
    for ((class, name, outcome), count) in tally {
        let class = if name == "error outside of examples" { String::new() } else { class };
        *plain.entry((class, name, outcome)).or_insert(0) += count;
    }
    plain
}

#[test]
fn rspec_cases_equal_those_of_rspec_alone() {
    let project = Project::fixture("rspec");
    // A file that cannot be loaded keeps RSpec from running any.
    let broken = ["spec/edge/load_error_spec.rb", "spec/edge/syntax_error_spec.rb"];
    let whole = [
        "spec/edge/after_group_spec.rb",
        "spec/edge/all_skipped_spec.rb",
        "spec/edge/empty_spec.rb",
        "spec/outcomes_spec.rb",
        "spec/shared_spec.rb",
        "spec/shelf/shared_spec.rb",
    ];
    let mut expected = alone(&project, &whole);
    for (case, count) in broken.iter().flat_map(|file| alone(&project, &[file])) {
        *expected.entry(case).or_insert(0) += count;
    }
    for isolation in ["shard", "file"] {
        let arguments = ["run", "--framework", "rspec", "--image", RSPEC, "--source", "mount", "--shards", "3"];
        let ended = project.minke(&[&arguments[..], &["--isolation", isolation]].concat());
        ended.expect(1).left_nothing();
        assert_eq!(plain(tally(&of_framework(ended.junit()))), expected, "--isolation {isolation}");
        assert_eq!(expected.values().sum::<usize>(), 31);
        assert_eq!(ended.outcome("spec/edge/empty_spec.rb"), "no-cases");
    }
}

#[test]
fn an_example_by_its_line_or_its_id_is_a_unit_with_its_own_case() {
    let project = Project::fixture("rspec");
    let parts = [
        "spec/outcomes_spec.rb:4",
        "spec/outcomes_spec.rb:5",
        "spec/outcomes_spec.rb:9:13",
        "spec/outcomes_spec.rb:58",
        "spec/edge/all_skipped_spec.rb:99",
        "spec/outcomes_spec.rb[1:4,1:7]",
        "spec/outcomes_spec.rb[1:1,1:77]",
        "spec/shared_spec.rb:4",
        "spec/shared_spec.rb[1:2]",
        "spec/shelf/shared_spec.rb",
    ];
    let arguments = ["run", "--framework", "rspec", "--image", RSPEC, "--source", "mount", "--shards", "2"];
    let ended = project.minke(&[&arguments[..], &parts].concat());
    ended.expect(1).left_nothing();
    let of = |part: &str| -> (String, usize) { (ended.outcome(part), ended.unit(part).cases.len()) };
    let expected = [
        ("passed", 1),
        ("foreign-units", 1),
        ("failed", 2),
        ("failed", 2),
        ("foreign-units", 1),
        ("passed", 2),
        ("truncated-report", 1),
        ("passed", 2),
        ("failed", 1),
        ("passed", 2),
    ];
    for (part, (outcome, cases)) in parts.iter().zip(expected) {
        assert_eq!(of(part), (outcome.to_owned(), cases), "{part}");
    }
}
