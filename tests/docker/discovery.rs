//! Which files become units: on the host, inside an image, from lists; and what minke says when there are none.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{CUCUMBER, Ended, PYTHON, Project};

const ODD_FEATURES: [&str; 14] = [
    "features/$(touch pwned).feature",
    "features/-dash.feature",
    "features/`touch pwned`.feature",
    "features/back\\slash.feature",
    "features/deep er/inner.feature",
    "features/deep er/ünïcode/élan.feature",
    "features/double \"quoted\".feature",
    "features/größe.feature",
    "features/it's quoted.feature",
    "features/new\nline.feature",
    "features/plain.feature",
    "features/semi;colon.feature",
    "features/star*.feature",
    "features/with space.feature",
];

/// A project of empty files; planning runs none of them.
fn project(files: &[&str]) -> Project {
    let project = Project::empty();
    for file in files {
        project.write(file, "");
    }
    project
}

fn plan(project: &Project, arguments: &[&str]) -> Ended {
    let own = ["plan", "--json", "--framework", "pytest", "--image", PYTHON, "--source", "mount", "--shards", "2"];
    project.minke(&[&own, arguments].concat())
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.expect(0).stdout).unwrap()
}

fn units(ended: &Ended) -> Vec<String> {
    let plan = json(ended);
    plan["units"].as_array().unwrap().iter().map(|unit| unit.as_str().unwrap().to_owned()).collect()
}

#[test]
fn paths_directories_and_globs_select_on_the_host() {
    let project = project(&[
        "tests/test_b.py",
        "tests/test_a.py",
        "tests/helper.py",
        "tests/sub/deep/c_test.py",
        "tests/node_modules/test_not_ours.py",
        "odd.py",
        ".minke/runs/test_old.py",
    ]);
    project.write(".gitignore", "tests\n");
    let all = ["tests/sub/deep/c_test.py", "tests/test_a.py", "tests/test_b.py"];
    let absolute = project.path().canonicalize().unwrap().join("tests/test_a.py");
    let cases: [(&[&str], &[&str]); 9] = [
        (&[], &all),
        (&["tests"], &all),
        (&["./tests/", "tests/test_a.py", "--files", "tests//test_b.py"], &all),
        (&["odd.py", "tests/test_b.py"], &["odd.py", "tests/test_b.py"]),
        (&["tests/*.py"], &["tests/helper.py", "tests/test_a.py", "tests/test_b.py"]),
        (&["tests/**/*_test.py"], &["tests/sub/deep/c_test.py"]),
        (&["tests/{test_a,nothing}.py"], &["tests/test_a.py"]),
        (&["tests", "--exclude", "tests/sub", "--exclude", "**/test_b.py"], &["tests/test_a.py"]),
        (&[absolute.to_str().unwrap()], &["tests/test_a.py"]),
    ];
    for (arguments, expected) in cases {
        assert_eq!(units(&plan(&project, arguments)), expected, "{arguments:?}");
    }
    assert_eq!(plan(&project, &[]).stdout, plan(&project, &["tests"]).stdout, "a plan is the same each time");
}

#[test]
fn a_list_of_files_comes_from_a_file_or_from_standard_input() {
    let project = project(&["test_a.py", "test_*.py", "new\nline_test.py", "later/test_b.py"]);
    project.write("lines", "test_a.py\r\n\nlater/test_b.py\n").write("nul", "new\nline_test.py\0test_*.py\0");
    assert_eq!(units(&plan(&project, &["--files-from", "lines"])), ["later/test_b.py", "test_a.py"]);
    assert_eq!(units(&plan(&project, &["--files-from", "nul"])), ["new\nline_test.py", "test_*.py"]);
    assert_eq!(units(&plan(&project, &["--files-from", "nul", "later"])).len(), 3);
    let piped =
        ["plan", "--json", "--framework", "pytest", "--image", PYTHON, "--source", "mount", "--files-from", "-"];
    let mut child = project.command(&piped);
    let list = fs::File::open(project.path().join("lines")).unwrap();
    let output = child.stdin(Stdio::from(list)).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["units"], serde_json::json!(["later/test_b.py", "test_a.py"]));
}

#[test]
fn an_empty_list_of_files_selects_nothing() {
    let project = project(&["test_a.py"]);
    project.write("list", "\n");
    plan(&project, &["--files-from", "list"]).expect(4).says("--files-from");
    project.write("list", "test_a.py\ntests\nmissing.py\n");
    plan(&project, &["--files-from", "list"]).expect(2).says("`tests` does not exist");
    fs::create_dir(project.path().join("tests")).unwrap();
    plan(&project, &["--files-from", "list"]).expect(2).says("`tests`").says("is not a file");
    plan(&project, &["--files-from", "nowhere"]).expect(2).says("nowhere");
}

#[test]
fn nothing_selected_says_what_was_searched() {
    let project = project(&["tests/test_a.py", "tests/test_b.py", "empty/readme"]);
    plan(&project, &["empty"]).expect(4).says("directory `empty` for the test files of pytest");
    plan(&project, &["tests/**/*.feature"]).expect(4).says("glob `tests/**/*.feature`");
    plan(&project, &["--exclude", "tests"]).expect(4).says("directory `.`").says("`--exclude` leaves out all 2");
    plan(&project, &["--partition", "3/3"]).expect(4).says("part 3/3 of 2 units");
    let inside = project.minke(&[
        "pytest",
        "--image",
        "minke-test/scratch",
        "--source",
        "image",
        "--framework-command",
        "pytest",
    ]);
    inside.expect(4).says("in image `minke-test/scratch`, working directory `/suite`");
}

#[test]
fn wrong_paths_and_globs_are_named() {
    let project = project(&["tests/test_a.py"]);
    plan(&project, &["tests/test_a.py", "tests/test_x.py"]).expect(2).says("`tests/test_x.py` does not exist");
    plan(&project, &["../test_a.py"]).expect(2).says("`../test_a.py` lies outside");
    plan(&project, &["/etc/passwd"]).expect(2).says("`/etc/passwd` lies outside");
    plan(&project, &["tests/[a"]).expect(2).says("bad glob `tests/[a` in the paths");
    plan(&project, &["--exclude", "{a"]).expect(2).says("bad glob `{a` in --exclude");
    plan(&project, &["--allow-empty", "[z-a]"]).expect(2).says("bad glob `[z-a]` in --allow-empty");
    let inside = ["plan", "--framework", "pytest", "--image", "minke-test/baked-pytest", "nowhere/test_x.py"];
    project.minke(&inside).expect(2).says("`nowhere/test_x.py` does not exist in image `minke-test/baked-pytest`");
}

#[test]
fn a_file_name_that_is_not_utf_8_is_named_unless_it_is_left_out() {
    let project = project(&["tests/test_a.py", "tests/odd/readme"]);
    let odd = project.path().join("tests/odd").join(OsStr::from_bytes(b"test_\xff.py"));
    fs::write(odd, "").unwrap();
    plan(&project, &["tests"]).expect(2).says("tests/odd/test_\u{fffd}.py` is not UTF-8").says("--exclude");
    assert_eq!(units(&plan(&project, &["tests/*.py"])), ["tests/test_a.py"]);
    for exclude in ["tests/odd", "tests/odd/*", "**/odd"] {
        assert_eq!(units(&plan(&project, &["tests", "--exclude", exclude])), ["tests/test_a.py"], "{exclude}");
    }
}

#[test]
fn files_with_odd_names_are_found_in_an_image_that_has_no_shell() {
    let project = Project::empty();
    let scratch = ["plan", "--json", "--image", "minke-test/scratch", "--framework", "cucumber-ruby"];
    let scratch = [&scratch[..], &["--framework-command", "x", "--discover", "image"]].concat();
    let found = |arguments: &[&str]| units(&project.minke(&[&scratch[..], arguments].concat()));
    assert_eq!(found(&[]), ODD_FEATURES);
    assert_eq!(found(&["features/deep er", "/suite/features/plain.feature"]).len(), 3);
    assert_eq!(found(&["features/d*.feature"]), ["features/double \"quoted\".feature"]);
    assert_eq!(found(&["features/star*.feature"]), ["features/star*.feature"], "a file that is there is no glob");
    assert_eq!(found(&[".", "--exclude", "features"]), ["not-features/outside.feature"]);
    let text = project.minke(&[&["plan"], &scratch[2..]].concat());
    let line = "\n  \"features/new\\nline.feature\"\n";
    assert!(text.expect(0).stdout.contains(line), "{}", text.stdout);
}

#[test]
fn suites_that_are_baked_into_images_run() {
    let project = Project::empty();
    let pytest =
        project.minke(&["pytest", "--image", "minke-test/baked-pytest", "tests/unit", "--exclude", "**/*skip*"]);
    pytest.expect(1).left_nothing();
    assert!(pytest.state().units().len() > 15, "{}", pytest.stderr);
    assert_eq!(pytest.outcome("tests/unit/test_memory_store.py"), "passed");
    let cucumber = project.minke(&["cucumber", "--image", "minke-test/baked-cucumber", "features/account"]);
    assert!(cucumber.counts().passed > 0, "{}", cucumber.stderr);
    assert!(cucumber.unit("features/account/entries.feature").outcome().is_bad());
}

#[test]
fn the_plan_is_versioned_and_stable() {
    let project = project(&["test_a.py", "test_b.py", "test_c.py"]);
    let mut document = json(&plan(&project, &["--", "-k", "x y"]));
    assert!(document["image_id"].as_str().unwrap().starts_with("sha256:"));
    document["image_id"] = "[id]".into();
    let pretty = serde_json::to_string_pretty(&document).unwrap();
    insta::assert_snapshot!("plan_json", pretty);
    let arguments = ["plan", "--framework", "cucumber", "--image", CUCUMBER, "--source", "mount", "--shards", "2"];
    project.write("a.feature", "").write("b.feature", "").write("c.feature", "");
    let text = project.minke(&[&arguments[..], &["."]].concat());
    insta::assert_snapshot!("plan_text", text.expect(0).stdout);
    let single = project.minke(&[&arguments[..], &["a.feature"]].concat());
    assert!(single.expect(0).stdout.contains("1 unit, in 1 batch, at most 2 at once"), "{}", single.stdout);
}
