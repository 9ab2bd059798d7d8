//! Files with odd names are run, by their own names, and nothing in a name is ever executed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::support::{CUCUMBER, Project};

const SUITE: &str = "Feature: odd\n  Scenario: passes\n    Given a pass\n";

fn odd_names() -> Project {
    let project = Project::empty();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/misbehaving/make-odd-names.sh");
    assert!(Command::new("sh").arg(script).arg(project.path()).status().unwrap().success());
    project
}

/// Asserts that no name was ever executed: those with a command in them would leave this file.
fn assert_unharmed(project: &Project) {
    let entries = walkdir::WalkDir::new(project.path()).into_iter().map(|entry| entry.unwrap());
    let pwned: Vec<_> = entries.filter(|entry| entry.file_name() == "pwned").collect();
    assert!(pwned.is_empty(), "{pwned:?}");
}

/// Writes a name as a report's attribute does.
fn in_one_line(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ")
}

#[test]
fn every_odd_name_runs_in_a_shard_and_alone() {
    let project = odd_names();
    for arguments in [["--shards", "2"], ["--isolation", "file"]] {
        let ended = project.pytest(&arguments);
        let state = ended.expect(0).left_nothing().state();
        assert_eq!(state.units().len(), 31);
        let names: BTreeSet<String> = state.units().iter().map(|unit| in_one_line(unit.unit.as_str())).collect();
        let reported: BTreeSet<String> = ended.junit().into_iter().filter_map(|case| case.file).collect();
        assert_eq!(reported, names, "{arguments:?}");
        assert_eq!(ended.counts().passed, 31);
        assert_unharmed(&project);
    }
}

#[test]
fn the_command_for_the_failures_runs_a_file_with_an_odd_name_again() {
    let project = odd_names();
    let failing = "def test_fails():\n    assert False\n";
    project.write("$(touch pwned)_test.py", failing).write("it's_test.py", failing).write("new\nline_test.py", failing);
    let ended = project.pytest(&["--shards", "2", "--quiet"]);
    ended.expect(1);
    let (_, hint) = ended.stderr.split_once("to run the failures again\n").unwrap();
    let (command, _) = hint.split_once("\n\n").unwrap();
    let minke = format!("minke() {{ {} \"$@\"; }}\n", env!("CARGO_BIN_EXE_minke"));
    let again = Command::new("bash").args(["-c", &(minke + command)]).current_dir(project.path()).output().unwrap();
    let told = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(1), "{told}");
    assert!(told.contains("FAILED: 3 units failed"), "{told}");
    assert_unharmed(&project);
}

#[test]
fn features_with_odd_names_run() {
    let project = Project::empty();
    project.write("features/steps.rb", "Given(/^a pass$/) { }\n");
    let names =
        ["with space", "it's", "double\"quote", "$(touch pwned)", "größe", "semi;colon", "-dash", "@at", "a-b/c"];
    for name in names {
        project.write(&format!("features/{name}.feature"), SUITE);
    }
    project.write("-r.feature", SUITE).write("@file.feature", SUITE);
    for arguments in [["--shards", "1"], ["--isolation", "file"]] {
        let ended = project.minke(
            &[
                &["cucumber", "--image", CUCUMBER, "--source", "mount"],
                &arguments[..],
                &["features", "*.feature"],
                &["--", "--require", "features/steps.rb"],
            ]
            .concat(),
        );
        ended.expect(0).left_nothing();
        assert_eq!(ended.counts().passed, names.len() + 2, "{}", ended.stderr);
        assert_unharmed(&project);
    }
}

#[test]
fn options_and_variables_are_never_read_by_a_shell() {
    let project = Project::empty();
    let text = "a \"b\" 'c' $(touch pwned) `touch pwned` $HOME \\ ;é";
    project.write("test_env.py", "import os\ndef test_it():\n    assert os.environ['TEXT'] == os.environ['AGAIN']\n");
    let arguments =
        ["--env", &format!("TEXT={text}"), "--before-command", "true", "--", "-k", "test_it or '$(touch pwned)'"];
    let again = format!("AGAIN={text}");
    let ended = project.pytest(&[&["--env", again.as_str()], &arguments[..4]].concat());
    ended.expect(0);
    assert_unharmed(&project);
    let refused = project.pytest(&[&["--env", again.as_str()], &arguments[..]].concat());
    refused.expect(3);
    assert_unharmed(&project);
}
