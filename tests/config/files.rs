//! Where configuration files are looked for, and how they are read.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use minke::config::{FilesFrom, Origin};

use crate::project::{Project, rows};

#[test]
fn the_file_is_found_upwards_and_its_paths_are_relative_to_it() {
    let text = "image = 'i'\nfiles = ['tests/']\njunit = 'out/junit.xml'\noutput-dir = 'kept'\nfiles-from = 'list'\nenv-file = 'x.env'\n";
    let project = Project::new().file("minke.toml", text).file("x.env", "A=1").within("deep/er");
    let settings = project.settings(&["run"]).unwrap();
    assert_eq!(settings.root, project.current());
    assert_eq!(settings.config_file, Some(project.top().join("minke.toml")));
    assert_eq!(settings.junit, Some(project.top().join("out/junit.xml")));
    assert_eq!(settings.output_dir, project.top().join("kept"));
    assert_eq!(settings.files_from, Some(FilesFrom::File(project.top().join("list"))));
    assert_eq!(settings.env[0].name, "A");
    assert_eq!(settings.files, ["tests/"]);
    let origin = rows(&settings, "image")[0].origin.clone();
    assert_eq!(origin, Origin::File { path: project.top().join("minke.toml"), line: 1 });
}

#[test]
fn paths_of_flags_and_variables_are_relative_to_the_current_directory() {
    let project = Project::new().file("minke.toml", "").within("deep").variable("MINKE_OUTPUT_DIR", "kept");
    let settings = project.settings(&["run", "--junit", "j.xml"]).unwrap();
    assert_eq!(settings.junit, Some(project.current().join("j.xml")));
    assert_eq!(settings.output_dir, project.current().join("kept"));
}

#[test]
fn the_nearest_file_is_the_only_one() {
    let project =
        Project::new().file("minke.toml", "image = 'far'\nshards = 3\n").file("a/minke.toml", "image = 'near'\n");
    let settings = project.within("a/b").settings(&["run"]).unwrap();
    assert_eq!((settings.image.as_deref(), settings.shards), (Some("near"), None));
}

#[test]
fn the_search_ends_at_the_top_of_a_repository() {
    let project =
        Project::new().file("minke.toml", "image = 'i'\n").file("inner/.git", "gitdir: elsewhere").within("inner/x");
    assert_eq!(project.settings(&["run"]).unwrap().config_file, None);
}

#[test]
fn a_pyproject_counts_only_if_it_has_a_table_for_minke() {
    let project = Project::new()
        .file("pyproject.toml", "[project]\nname = 'x'\n\n[tool.minke]\nimage = 'i'\n")
        .file("a/pyproject.toml", "[project]\nname = 'minke-tests'\n")
        .file("a/b/pyproject.toml", "not = = toml")
        .within("a/b");
    let settings = project.settings(&["run"]).unwrap();
    assert_eq!(settings.image.as_deref(), Some("i"));
    let origin = rows(&settings, "image")[0].origin.clone();
    assert_eq!(origin, Origin::File { path: project.top().join("pyproject.toml"), line: 5 });
}

#[test]
fn two_files_in_a_directory_are_an_error() {
    let project = Project::new().file("minke.toml", "").file("pyproject.toml", "[tool.minke]\n");
    let error = project.error(&["run"]);
    assert!(error.starts_with("both `minke.toml` and `pyproject.toml` configure minke\nhelp: Keep one"), "{error}");
    let project = Project::new().file("minke.toml", "").file("pyproject.toml", "[tool.other]\n# minke\n");
    assert!(project.settings(&["run"]).is_ok());
}

#[test]
fn a_file_can_be_named_by_flag_or_variable() {
    let project = Project::new()
        .file("minke.toml", "image = 'found'\n")
        .file("ci/minke.toml", "image = 'named'\njunit = 'j.xml'\n")
        .file("ci/pyproject.toml", "tool.minke.image = 'project'\n")
        .file("bare/pyproject.toml", "");
    let settings = project.settings(&["run", "--config", "ci/minke.toml"]).unwrap();
    assert_eq!(settings.image.as_deref(), Some("named"));
    assert_eq!(settings.junit, Some(project.top().join("ci/j.xml")));
    assert_eq!(project.settings(&["run", "--config", "ci/pyproject.toml"]).unwrap().image.as_deref(), Some("project"));
    let error = project.error(&["run", "--config", "bare/pyproject.toml"]);
    assert!(error.starts_with("`bare/pyproject.toml` has no table `[tool.minke]`"), "{error}");
    let error = project.error(&["run", "--config", "absent.toml"]);
    assert!(error.starts_with("cannot read `absent.toml`"), "{error}");
    let project = project.variable("MINKE_CONFIG", "ci/minke.toml");
    assert_eq!(project.settings(&["run"]).unwrap().image.as_deref(), Some("named"));
}

#[test]
fn a_directory_in_place_of_the_file_is_an_error() {
    let project = Project::new().file("minke.toml/x", "");
    let error = project.error(&["run"]);
    assert!(error.starts_with("cannot read `minke.toml`\nhelp: Check that it is a file"), "{error}");
}

#[test]
fn a_file_without_permission_is_an_error() {
    let project = Project::new().file("minke.toml", "image = 'i'\n");
    let path = project.top().join("minke.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        eprintln!("skipped: the superuser may read every file");
        return;
    }
    let error = project.error(&["run"]);
    assert!(error.starts_with("cannot read `minke.toml`"), "{error}");
}

#[test]
fn arguments_for_the_framework_may_be_an_array_or_a_line() {
    for text in ["framework-args = ['-k', 'a or b']\n", "framework-args = \"-k 'a or b'\"\n"] {
        let settings = Project::new().file("minke.toml", text).settings(&["run"]).unwrap();
        assert_eq!(settings.framework_args, ["-k", "a or b"]);
    }
    let settings = Project::new().file("minke.toml", "files = 'with space'\n").settings(&["run"]).unwrap();
    assert_eq!(settings.files, ["with space"]);
}
