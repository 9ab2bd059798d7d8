//! The binary and its help texts.

use assert_cmd::Command;
use insta::assert_snapshot;

use crate::project::Project;

fn minke(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("minke").unwrap();
    command.env_clear().current_dir(project.current()).args(arguments);
    command
}

fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

fn project() -> Project {
    let text = "image = \"my-tests:1\"\nfiles = [\"tests/unit\", \"tests/with space\"]\nshards = 4\nfail-fast = true\n\n[env]\nTOKEN = \"secret\"\n";
    Project::new().file("minke.toml", text)
}

const ARGUMENTS: &[&str] =
    &["--framework", "pytest", "--env", "DEBUG=1", "--timeout", "90", "--", "-x", "-k", "a or b"];

#[test]
fn config_shows_every_value_and_its_origin() {
    let project = project();
    let mut command = minke(&project, &[&["config"], ARGUMENTS].concat());
    assert_snapshot!(stdout(command.env("MINKE_MEMORY", "2048m").env("NO_COLOR", "1")));
}

#[test]
fn config_writes_json_with_a_version() {
    let project = project();
    let mut command = minke(&project, &[&["config", "--json"], ARGUMENTS].concat());
    let document: serde_json::Value = serde_json::from_str(&stdout(command.env("MINKE_MEMORY", "2048m"))).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["config_file"], project.top().join("minke.toml").to_str().unwrap());
    let find = |key: &str| document["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
    assert_snapshot!(
        ["image", "files", "memory", "framework-args", "env", "junit"].map(|key| find(key).to_string()).join("\n")
    );
}

#[test]
fn help_fits_100_columns() {
    let project = Project::new();
    for name in ["run", "pytest", "cucumber", "plan", "config", "clean", "doctor"] {
        let help = stdout(&mut minke(&project, &[name, "--help"]));
        let long: Vec<&str> = help.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(long.is_empty(), "{name}: {long:#?}");
    }
}

#[test]
fn help_of_run_is_as_reviewed() {
    assert_snapshot!(stdout(&mut minke(&Project::new(), &["run", "--help"])));
}

#[test]
fn version_and_help_are_success_and_bad_usage_is_two() {
    let project = Project::new();
    assert!(stdout(&mut minke(&project, &["--version"])).starts_with("minke "));
    assert!(stdout(&mut minke(&project, &["--help"])).contains("Exit codes:"));
    minke(&project, &["run", "--no-such"]).assert().code(2);
    minke(&project, &[]).assert().code(2);
    let refused = minke(&project, &["config", "--shards", "0"]).assert().code(2);
    let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert_eq!(
        text,
        "error: `--shards` must be at least 1, not `0`\nhelp: Give a whole number from 1, or leave it out.\n"
    );
}

#[test]
fn presets_set_the_framework_and_do_not_take_another() {
    let project = Project::new().file("minke.toml", "framework = 'cucumber'\n");
    assert_eq!(project.settings(&["pytest"]).unwrap().framework, "pytest");
    assert_eq!(project.settings(&["cucumber", "features/"]).unwrap().framework, "cucumber");
    minke(&project, &["pytest", "--framework", "cucumber"]).assert().code(2);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = Project::new();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("minke"))
        .arg("config")
        .env_clear()
        .current_dir(project.current())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn who_forgets_run_is_told_of_it() {
    let said = |word: &str| {
        let words = ["minke", word].map(std::ffi::OsString::from);
        minke::cli::parse(words.into_iter()).unwrap_err().to_string()
    };
    assert!(said("rspec").contains("tip: to run tests, write `minke run --framework rspec`"), "{}", said("rspec"));
    assert!(said("tests/a.py").contains("tip: to run tests, write `minke run tests/a.py`"), "{}", said("tests/a.py"));
    assert!(said("pytets").contains("a similar subcommand exists: 'pytest'"), "{}", said("pytets"));
    assert!(!said("something").contains("tip"), "{}", said("something"));
}
