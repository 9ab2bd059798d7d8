//! A command of the user's own: its exit codes are the outcomes.

use std::collections::BTreeMap;

use crate::support::{Project, SHELL, docker};

/// Runs each script alone and returns its exit code.
fn codes(project: &Project, scripts: &[String]) -> BTreeMap<String, i32> {
    let mount = format!("{}:/project:ro", project.path().display());
    let each = "for script; do sh -c 'sh \"$1\"' x \"./$script\" >/dev/null 2>&1; echo \"$? $script\"; done";
    let mut arguments = vec!["run", "--rm", "--init", "-v", &mount, "-w", "/project", SHELL, "sh", "-c", each, "sh"];
    arguments.extend(scripts.iter().map(String::as_str));
    let lines = docker(&arguments);
    let pair = |line: &str| line.split_once(' ').map(|(code, script)| (script.to_owned(), code.parse().unwrap()));
    lines.lines().filter_map(pair).collect()
}

#[test]
fn outcomes_are_those_of_the_scripts_exit_codes() {
    let project = Project::fixture("command");
    for isolation in ["shard", "file"] {
        let arguments = ["--source=mount", "--shards=4", "--isolation", isolation, "--command", "sh {unit}", "tests"];
        let ended = project.minke(&[&["run", "--image", SHELL], &arguments[..]].concat());
        let state = ended.expect(1).left_nothing().state();
        let scripts: Vec<String> = state.units().iter().map(|unit| unit.unit.to_string()).collect();
        let codes = codes(&project, &scripts);
        assert_eq!(codes.len(), 12);
        for (script, code) in codes {
            let expected = match code {
                0 | 77 => "passed",
                127 => "no-report",
                137 => "killed",
                139 => "crashed",
                _ => "failed",
            };
            assert_eq!(ended.outcome(&script), expected, "{script} ended with {code}");
        }
        let counts = ended.counts();
        assert_eq!((counts.passed, counts.failed, counts.skipped, counts.errored), (5, 3, 1, 3));
        assert!(ended.junit_text().contains("expected 4, got 5"), "a failure has the end of the output");
        assert!(!project.path().join("pwned").exists());
    }
}

#[test]
fn reports_of_a_command_are_its_cases() {
    let project = Project::fixture("command");
    let command = ["--command", "sh run.sh {unit} out/{unit}.report", "--report", "out/{unit}.report"];
    let ended = project.minke(&[&["run", "--image", SHELL, "--source=mount", "reports"], &command[..]].concat());
    ended.expect(1).left_nothing();
    let counts = ended.counts();
    assert_eq!((counts.passed, counts.failed, counts.skipped, counts.errored), (4, 2, 2, 0));
}

#[test]
fn a_code_that_means_skipped_adds_no_case_to_a_report() {
    let project = Project::empty();
    project.write("e.sh", "mkdir -p out; printf '1..1\\nok 1 - x\\n' > out/e.tap; exit 77\n");
    project.write("f.sh", "exit 77\n");
    let arguments = ["run", "--image", SHELL, "--source=copy", "--command", "sh {unit}", "--report", "out/*", "e.sh"];
    let ended = project.minke(&arguments);
    ended.expect(3).left_nothing();
    let counts = ended.counts();
    assert_eq!((counts.passed, counts.failed, counts.skipped), (1, 0, 0), "{}", ended.junit_text());
    let without = project.minke(&[&arguments[..8], &["f.sh", "--allow-empty", "*"]].concat());
    assert_eq!(without.counts().skipped, 1, "{}", without.stderr);
}
