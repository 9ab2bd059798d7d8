//! Images that cannot run the tests, and images with an entry point of their own.

use minke::model::CaseOutcome;

use crate::support::{Ended, NODE, PYTHON, Project, docker};

fn project() -> Project {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("test_b.py", "def test_b(): pass\n");
    project
}

/// An image that is `minke-test/python` with other settings; removed when dropped.
struct Derived(String);

impl Derived {
    fn new(name: &str, change: &str) -> Self {
        let image = format!("minke-test/derived-{name}-{}", std::process::id());
        let container = docker(&["create", PYTHON]);
        docker(&["commit", "--change", change, container.trim(), &image]);
        docker(&["rm", container.trim()]);
        Self(image)
    }

    /// The same with what a shell command changed.
    fn after(name: &str, command: &str) -> Self {
        let image = format!("minke-test/derived-{name}-{}", std::process::id());
        let container = format!("minke-test-derived-{name}-{}", std::process::id());
        docker(&["run", "--name", &container, PYTHON, "sh", "-c", command]);
        docker(&["commit", &container, &image]);
        docker(&["rm", &container]);
        Self(image)
    }

    fn run(&self, project: &Project, arguments: &[&str]) -> Ended {
        project.minke(&[&["pytest", "--image", &self.0, "--source", "mount", "--shards", "1"], arguments].concat())
    }
}

impl Drop for Derived {
    fn drop(&mut self) {
        docker(&["rmi", "--no-prune", &self.0]);
    }
}

/// Asserts that every unit is an error in the report because of the image, and that each is there.
fn assert_all_of_image(ended: &Ended, units: usize) {
    ended.expect(3).left_nothing();
    assert_eq!(ended.state().units().len(), units);
    for unit in ended.state().units() {
        assert_eq!(ended.outcome(unit.unit.as_str()), "image", "{}", ended.stderr);
    }
    let cases = ended.junit();
    assert_eq!(cases.len(), units);
    assert!(cases.iter().all(|case| case.outcome() == CaseOutcome::Errored), "{}", ended.junit_text());
    assert_eq!(ended.junit_text().matches("type=\"minke.image\"").count(), units);
}

#[test]
fn an_image_that_is_missing_is_named_and_every_known_unit_is_in_the_report() {
    let project = project();
    let missing = "localhost:1/no/such-image:7";
    let ended = project.minke(&["pytest", "--image", missing, "--source", "mount", "--junit", "out.xml"]);
    ended.says(missing).says("docker build -t").says("cannot be pulled");
    assert_all_of_image(&ended, 2);
    assert!(project.path().join("out.xml").is_file());
    let unknown = project.minke(&["pytest", "--image", missing, "--source", "image"]);
    unknown.expect(3).says(&format!("error: image `{missing}` is not on the engine")).says("help: ");
    project.minke(&["pytest", "--image", "Not A Name"]).expect(3).says("Not A Name");
}

#[test]
fn an_image_without_the_framework_says_what_was_looked_for() {
    let project = project();
    let image = "minke-test/base";
    let ended = project.minke(&["pytest", "--image", image, "--source", "mount"]);
    ended.expect(3).says("`minke-test/base` has none of the commands of pytest: `pytest`,").says("`python3 -m pytest`");
    ended.says("--framework-command");
    assert_all_of_image(&ended, 2);
    project.write("features/a.feature", "Feature: a\n");
    let cucumber = project.minke(&["cucumber", "--image", image, "--source", "mount"]);
    assert_all_of_image(&cucumber, 1);
    assert!(cucumber.junit_text().contains("cucumber-ruby or cucumber-js"), "{}", cucumber.junit_text());
}

#[test]
fn a_framework_command_that_cannot_be_run_makes_every_unit_an_error() {
    let project = project();
    project.write("not-executable", "text");
    let own = ["pytest", "--image", PYTHON, "--source", "mount", "--shards", "1"];
    for (command, code) in [("/nowhere/py.test -x", 127), ("/project/not-executable", 126)] {
        for before in [None, Some("true")] {
            let mut arguments = [&own[..], &["--framework-command", command]].concat();
            arguments.extend(before.iter().flat_map(|text| ["--before-command", text]));
            let ended = project.minke(&arguments);
            ended.says(&format!("cannot run `{command}`")).says(&format!("{code})")).says("--framework-command");
            assert_all_of_image(&ended, 2);
        }
    }
}

#[test]
fn a_module_that_the_image_lacks_is_told_with_the_image() {
    let image = Derived::after("no-module", "rm -rf /usr/bin/pytest* /usr/lib/python3/dist-packages/pytest*");
    let project = project();
    let ended = image.run(&project, &[]);
    let told = format!("image `{}` cannot run `python3 -m pytest` (exit code 1)", image.0);
    assert!(ended.says("No module named pytest").junit_text().contains(&told), "{}", ended.junit_text());
    assert_all_of_image(&ended, 2);
}

#[test]
fn an_image_without_a_shell_cannot_have_what_needs_one() {
    let project = Project::empty();
    let scratch = ["cucumber", "--image", "minke-test/scratch", "--framework-command", "cucumber"];
    let ended = project.minke(&[&scratch[..], &["--before-command", "true"]].concat());
    ended.says("image `minke-test/scratch` has no /bin/sh, which `--before-command` needs");
    assert_all_of_image(&ended, 14);
    let mut command = project.command(&[&scratch[..], &["--secret-env", "TOKEN"]].concat());
    let ended = project.end(command.env("TOKEN", "hidden from all"));
    ended.says("image `minke-test/scratch` has no /bin/sh, which `--secret-env` needs");
    assert_all_of_image(&ended, 14);
    let of_host = Project::empty();
    of_host.write("features/a.feature", "Feature: a\n  Scenario: b\n    Given c\n");
    let ended = of_host.minke(&[&scratch[..], &["--setup", "true"]].concat());
    ended.says("image `minke-test/scratch` has no /bin/sh, which `--setup` needs").says("--build");
    assert_all_of_image(&ended, 1);
    let without = project.minke(&scratch);
    without.says("cannot run `cucumber`");
    assert_all_of_image(&without, 14);
}

#[test]
fn an_entry_point_that_is_or_ends_in_the_framework_is_not_given_it_twice() {
    let project = project();
    let entrypoints = [
        ("same", r#"ENTRYPOINT ["/usr/bin/pytest", "-v"]"#),
        ("module", r#"ENTRYPOINT ["python3", "-m", "pytest"]"#),
        ("wrapper", r#"ENTRYPOINT ["/usr/bin/env", "WRAPPED=yes", "pytest"]"#),
        ("passes-on", r#"ENTRYPOINT ["/usr/bin/env", "WRAPPED=yes"]"#),
    ];
    project.write(
        "conftest.py",
        "import os\ndef pytest_report_header(): return 'wrapped ' + os.environ.get('WRAPPED', 'no')\n",
    );
    for (name, change) in entrypoints {
        let image = Derived::new(name, change);
        for before in [&[][..], &["--before-command", "true"]] {
            let ended = image.run(&project, before);
            ended.expect(0).left_nothing();
            assert_eq!(ended.counts().passed, 2, "{name}");
        }
        let wraps = matches!(name, "wrapper" | "passes-on");
        let log = String::from_utf8(image.run(&project, &[]).log(1, "stdout")).unwrap();
        assert_eq!(log.contains("wrapped yes"), wraps, "{name}: {log}");
    }
}

#[test]
fn a_framework_that_is_unknown_is_refused_with_the_one_that_was_meant() {
    let project = project();
    let run = |name| project.minke(&["run", "--framework", name, "--image", PYTHON]);
    run("pytset").expect(2).says("`pytset`").says("Did you mean `pytest`?");
    run("cucumber-rb").expect(2).says("`cucumber-ruby`");
    let baked = project.minke(&["run", "--image", PYTHON, "--source", "image"]);
    baked.expect(2).says("no working directory").says("--work-dir");
    let nothing = Project::empty().minke(&["run", "--image", PYTHON, "--source", "mount"]);
    nothing.expect(2).says("cannot tell which test framework").says("--framework");
    project.minke(&["pytest"]).expect(2).says("no image is given").says("--image");
}

#[test]
fn auto_takes_unittest_where_there_is_no_pytest() {
    let image = Derived::after("no-pytest", "rm -f /usr/bin/pytest*");
    let project = project();
    let framework = |image: &str| {
        let plan = project.minke(&["plan", "--image", image, "--source", "mount"]);
        plan.expect(0).stdout.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(framework(PYTHON), "framework  pytest (`pytest`)");
    assert_eq!(framework(&image.0), "framework  unittest (`python3`)");
    // A project that is certainly pytest's is not run by anything else.
    project.write("conftest.py", "");
    assert_eq!(framework(&image.0), "framework  pytest (`python3 -m pytest`)");
}

#[test]
fn auto_refuses_to_guess_between_two() {
    let project = project();
    project.write("conftest.py", "").write("features/a.feature", "").write("features/support/env.rb", "");
    let plan = project.minke(&["plan", "--image", PYTHON, "--source", "mount"]);
    plan.expect(2).says("pytest (`conftest.py` is there), or cucumber-ruby (`features/support/env.rb` is there)");
    // What is named decides.
    let plan = project.minke(&["plan", "--image", PYTHON, "--source", "mount", "features"]);
    plan.expect(0).says("framework cucumber-ruby, because `features/support/env.rb` is there");
}

#[test]
fn cucumber_means_the_one_that_the_image_has() {
    let project = Project::fixture("misbehaving/cucumber-js-paths");
    let plan = project.minke(&["plan", "--framework", "cucumber", "--image", NODE, "--source", "mount"]);
    assert!(plan.expect(0).stdout.starts_with("framework  cucumber-js (`cucumber-js`)"), "{}", plan.stdout);
}
