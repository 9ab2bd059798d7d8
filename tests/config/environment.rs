//! Variables that minke reads, and those that it hands to containers.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use minke::config::{Printed, RESERVED_VARIABLES, Settings};

use crate::project::{Project, rows};

fn variables(settings: &Settings) -> Vec<(&str, &str)> {
    settings.env.iter().map(|variable| (variable.name.as_str(), variable.value.as_str())).collect()
}

fn not_utf8() -> OsString {
    OsString::from_vec(vec![b'a', 0xff])
}

#[test]
fn an_unknown_variable_is_an_error_that_suggests_a_known_one() {
    let table = [
        ("MINKE_IMGE", "Did you mean `MINKE_IMAGE`?"),
        ("MINKE_CONCURRENCY", "Did you mean `MINKE_SHARDS`?"),
        ("MINKE_CONFG", "Did you mean `MINKE_CONFIG`?"),
        ("MINKE_ZZZ", "Remove it from the environment"),
    ];
    for (name, help) in table {
        let error = Project::new().variable(name, "x").error(&["run"]);
        assert!(
            error.starts_with(&format!("unknown environment variable `{name}`")) && error.contains(help),
            "{error}"
        );
    }
}

#[test]
fn variables_that_minke_sets_in_its_containers_are_no_options() {
    let inside = RESERVED_VARIABLES.iter().fold(Project::new(), |project, name| project.variable(name, "7"));
    assert_eq!(inside.settings(&["run"]).unwrap().shards, None);
    let outside = Project::new().variable("MINKE_SHARDS", "7");
    assert_eq!(outside.settings(&["run"]).unwrap().shards.unwrap().get(), 7);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let project = Project::new().variable("MINKE_SHARDS", "").variable("MINKE_CONFIG", "");
    assert_eq!(project.settings(&["run"]).unwrap().shards, None);
}

#[test]
fn lists_in_variables_are_split_as_a_shell_would() {
    let project = Project::new().variable("MINKE_FILES", "a 'b c'\nd").variable("MINKE_FRAMEWORK_ARGS", "-k 'x or y'");
    let settings = project.settings(&["run"]).unwrap();
    assert_eq!(settings.files, ["a", "b c", "d"]);
    assert_eq!(settings.framework_args, ["-k", "x or y"]);
}

#[test]
fn a_value_that_is_not_utf8_is_an_error_only_where_it_is_needed() {
    assert!(Project::new().variable("OTHER", not_utf8()).settings(&["run"]).is_ok());
    let error = Project::new().variable("MINKE_IMAGE", not_utf8()).error(&["run"]);
    assert!(error.starts_with("the value of the environment variable `MINKE_IMAGE` is not valid UTF-8"), "{error}");
    let error = Project::new().variable("OTHER", not_utf8()).error(&["run", "--env", "OTHER"]);
    assert!(error.contains("`OTHER`"), "{error}");
}

#[test]
fn values_of_variables_are_never_shown() {
    let project =
        Project::new().file("s.env", "S=hunter2\n").file("minke.toml", "env-file = 's.env'\n[env]\nT = 'hunter2'\n");
    let project = project.variable("MINKE_ENV", "U=hunter2");
    let settings = project.settings(&["run", "--env", "V=hunter2"]).unwrap();
    assert_eq!(variables(&settings).len(), 4);
    assert!(!format!("{settings:?}").contains("hunter2"));
    let printed: Vec<_> = rows(&settings, "env").into_iter().map(|row| row.value.clone()).collect();
    assert_eq!(printed, ["T=***", "U=***", "V=***"].map(|text| Printed::One(text.to_owned())));
    for text in ["=hunter2", "A B=hunter2", "A hunter2"] {
        let error = project.error(&["run", "--env", text]);
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = Project::new().file("s.env", "A=1\n=hunter2\n").error(&["run", "--env-file", "s.env"]);
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn env_files_are_read_as_docker_reads_them() {
    let text = "\u{feff}# a comment\n\n  INDENTED=1\nQUOTED=\"a b\"\nEMPTY=\nEQUALS=a=b\nTRAILING=x  \nWINDOWS=y\r\nPASSED\nABSENT\n#X=1";
    let project = Project::new().file("x.env", text).variable("PASSED", "on");
    let settings = project.settings(&["run", "--env-file", "x.env"]).unwrap();
    let expected = [
        ("INDENTED", "1"),
        ("QUOTED", "\"a b\""),
        ("EMPTY", ""),
        ("EQUALS", "a=b"),
        ("TRAILING", "x  "),
        ("WINDOWS", "y"),
        ("PASSED", "on"),
    ];
    assert_eq!(variables(&settings), expected);
}

#[test]
fn env_file_errors_name_the_file_and_the_line() {
    let table: [(&[u8], &str); 4] = [
        (b"A=1\n=2\n", "x.env:2: a variable must have a name before `=`"),
        (b"A=1\n\nB C=2\n", "x.env:3: a variable must have a name without spaces, unlike \"B C\""),
        (b"A=\0\n", "x.env:1: a variable must have no NUL byte in the value of `A`"),
        (b"A=\xff\n", "cannot read `x.env`"),
    ];
    for (text, message) in table {
        let error = Project::new().file("x.env", text).error(&["run", "--env-file", "x.env"]);
        assert!(error.starts_with(message), "{error}");
    }
    let error = Project::new().error(&["run", "--env-file", "missing.env"]);
    assert!(error.starts_with("cannot read `missing.env`"), "{error}");
}

#[test]
fn variables_of_env_files_come_first_within_a_source_and_stronger_sources_last() {
    let project = Project::new()
        .file("minke.toml", "env-file = ['file.env']\n[env]\nB = 'file'\nA = 'file'\n")
        .file("file.env", "A=file.env\nC=file.env\n")
        .file("flag.env", "B=flag.env\nD=flag.env\n");
    let settings = project.settings(&["run", "--env", "D=flag", "--env-file", "flag.env"]).unwrap();
    assert_eq!(variables(&settings), [("C", "file.env"), ("A", "file"), ("B", "flag.env"), ("D", "flag")]);
}

#[test]
fn a_name_without_a_value_is_taken_from_the_environment_or_left_out() {
    let project = Project::new().variable("TOKEN", "t");
    let settings = project.settings(&["run", "--env", "TOKEN", "--env", "ABSENT"]).unwrap();
    assert_eq!(variables(&settings), [("TOKEN", "t")]);
}

#[test]
fn a_table_of_variables_may_hold_strings() {
    let project = Project::new().file("minke.toml", "env = { Z = 'first', A = 'second = x' }\n");
    assert_eq!(variables(&project.settings(&["run"]).unwrap()), [("Z", "first"), ("A", "second = x")]);
    let error = Project::new().file("minke.toml", "[env]\nA = 'x'\nB = 1\n").error(&["run"]);
    assert!(
        error.starts_with("minke.toml:3: `env` must be a table of strings, or an array of them, not an integer"),
        "{error}"
    );
}
