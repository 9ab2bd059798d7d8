//! prove: tests are counted as prove counts them, by its own summary.

use std::collections::BTreeMap;

use minke::model::CaseCounts;

use super::of_framework;
use crate::support::{Project, SHELL, docker};

/// What prove's own parser makes of a script: how many tests of each kind it ran, and whether prove calls it good.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    run: usize,
    failed: usize,
    skipped_or_to_do: usize,
    is_good: bool,
}

/// A harness that tells what its parser counted, with one line for each script.
const TELLING: &str = r#"
package Telling;
use parent 'TAP::Harness';
sub finish_parser {
    my ($self, $parser, $session) = @_;
    my %unlucky = map { $_ => 1 } $parser->failed;
    my %lucky = map { $_ => 1 } $parser->skipped, $parser->todo;
    delete $lucky{$_} for $parser->todo_passed, keys %unlucky;
    print STDERR join("\t", 'TOLD', $session->name, $parser->tests_run, scalar(keys %unlucky), scalar(keys %lucky),
        $parser->has_problems ? 0 : 1), "\n";
    return $self->SUPER::finish_parser($parser, $session);
}
1;
"#;

fn alone(project: &Project, scripts: &[String]) -> BTreeMap<String, Verdict> {
    let harness = Project::empty();
    harness.write("Telling.pm", TELLING);
    let mounts =
        [(project, "/project"), (&harness, "/harness")].map(|(from, to)| format!("{}:{to}:ro", from.path().display()));
    let mut arguments = vec!["run", "--rm", "--init", "-v", &mounts[0], "-v", &mounts[1], "-w", "/project"];
    arguments.extend([
        "-e",
        "PERL5LIB=/harness",
        SHELL,
        "sh",
        "-c",
        "prove --harness Telling \"$@\" 2>&1 || true",
        "sh",
    ]);
    let paths: Vec<String> = scripts.iter().map(|script| format!("./{script}")).collect();
    arguments.extend(paths.iter().map(String::as_str));
    let output = docker(&arguments);
    let told = output.lines().filter_map(|line| line.split_once("TOLD\t")).map(|(_, told)| {
        let fields: Vec<&str> = told.split('\t').collect();
        let number = |at: usize| fields[at].parse::<usize>().unwrap();
        let verdict =
            Verdict { run: number(1), failed: number(2), skipped_or_to_do: number(3), is_good: number(4) == 1 };
        (fields[0].trim_start_matches("./").to_owned(), verdict)
    });
    told.collect()
}

#[test]
fn prove_cases_equal_those_that_prove_counts() {
    let project = Project::fixture("prove");
    for isolation in ["shard", "file"] {
        let arguments = ["run", "--image", SHELL, "--source=mount", "--shards=3", "--isolation", isolation];
        let ended = project.minke(&arguments);
        let state = ended.expect(1).left_nothing().says("framework prove, because").state();
        let scripts: Vec<String> = state.units().iter().map(|unit| unit.unit.to_string()).collect();
        let alone = alone(&project, &scripts);
        assert_eq!(alone.len(), 11, "{alone:?}");
        let cases = of_framework(ended.junit());
        for (script, verdict) in alone {
            let is_own = |name: &str| !["(all skipped)", "(TAP)", "(script)"].contains(&name);
            let own = cases.iter().filter(|case| case.file.as_deref() == Some(&script) && is_own(&case.name));
            let counts = CaseCounts::of(&own.cloned().collect::<Vec<_>>());
            let seen = Verdict {
                run: counts.total(),
                failed: counts.failed,
                skipped_or_to_do: counts.skipped,
                is_good: ended.outcome(&script) == "passed",
            };
            assert_eq!(seen, verdict, "{script}, --isolation {isolation}");
        }
        assert_eq!(ended.outcome("t/empty.t"), "truncated-report");
        assert_eq!(ended.outcome("t/syntax_error.t"), "failed");
        assert!(!project.path().join("pwned").exists());
    }
}
