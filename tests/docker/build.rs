//! Images that minke builds before it runs tests in them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::registry::{Registry, Tiny, auths};
use crate::support::{Ended, Project, as_nobody, docker, send, until};

/// A project whose image has its tests; the image is removed when dropped.
struct Built {
    project: Project,
    image: String,
}

impl Built {
    fn new(dockerfile: &str) -> Self {
        let project = Project::empty();
        project.write("Dockerfile", dockerfile);
        project.write("test_a.py", "def test_a(): pass\n");
        // Letters of a directory's name that an image's name cannot have become dashes.
        let name = project.path().file_name().unwrap().to_str().unwrap().to_lowercase();
        Self { image: format!("minke-build/{name}"), project }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.project.minke(
            &[&["pytest", "--shards", "1", "--image", &self.image, "--source", "image", "--build"], arguments].concat(),
        )
    }

    fn log(&self, ended: &Ended) -> String {
        let name = self.image.replace('/', "_");
        fs::read_to_string(ended.run_dir().join(format!("builds/{name}.log"))).unwrap()
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        remove_built(&self.image);
    }
}

/// Removes an image that was built, and those that had its name before.
fn remove_built(image: &str) {
    let label = format!("label=minke.build={image}");
    for id in docker(&["images", "--quiet", "--filter", &label]).lines() {
        let _ = std::process::Command::new("docker").args(["rmi", "--force", id]).output();
    }
    let _ = std::process::Command::new("docker").args(["rmi", "--force", image]).output();
}

#[test]
fn a_suite_is_built_and_run_with_one_command() {
    let built = Built::new("FROM minke-test/python\nWORKDIR /app\nCOPY . .\n");
    let sees = "import os\ndef test_what_is_there():\n    assert sorted(os.listdir('.')) == ['test_a.py', 'test_b.py', 'tool']\n\
                def test_links_and_modes():\n    assert os.readlink('tool/link') == '/nowhere' and os.access('tool/run', os.X_OK)\n\
                def test_owner():\n    assert os.stat('tool/run').st_uid == 0\n";
    built.project.write("test_b.py", sees).write("tool/run", "x").write("data/large", "x").write("tool/a.log", "x");
    built.project.write(".dockerignore", "# not these\nDockerfile\n.dockerignore\n*\n!test_*.py\n!tool\n**/*.log\n");
    std::os::unix::fs::symlink("/nowhere", built.project.path().join("tool/link")).unwrap();
    let run = built.project.path().join("tool/run");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(&run, Some(1234), Some(1234)).unwrap();
    let ended = built.run(&["--", "-p", "no:cacheprovider"]);
    ended.expect(0).left_nothing().says(&format!("building {}", built.image)).says("  Step 2/4 : WORKDIR /app");
    ended.says(&format!("built {} in ", built.image));
    assert_eq!(ended.counts().passed, 4);
    assert!(built.log(&ended).contains("Successfully tagged"), "{}", built.log(&ended));
    // Nothing has changed, although there is a run's directory now: nothing is built anew, and nothing of it is sent.
    let again = built.run(&["--quiet"]);
    again.expect(0);
    let id = |ended: &Ended| ended.state().plan().unwrap().image_id.clone().unwrap();
    assert_eq!(id(&ended), id(&again));
    assert!(!again.stderr.contains("Step"), "{}", again.stderr);
    assert_eq!(built.log(&again).matches("Using cache").count(), 3, "{}", built.log(&again));
    let label = docker(&["image", "inspect", "--format", "{{index .Config.Labels \"minke.build\"}}", &built.image]);
    assert_eq!(label.trim(), built.image);
    assert_eq!(built.log(&built.run(&["--no-cache"])).matches("Using cache").count(), 0);
}

#[test]
fn a_build_without_a_name_for_its_image_is_named_after_the_directory() {
    let project = Project::empty();
    project.write("My App/Dockerfile", "FROM minke-test/python\nWORKDIR /w\nCOPY t.py /w/test_a.py\n");
    project.write("My App/t.py", "def test_a(): pass\n");
    let ended = project.minke(&["pytest", "--build", "My App", "--shards", "1"]);
    remove_built("minke-build/my-app:latest");
    ended.expect(0).says("built minke-build/my-app:latest");
    // The hint that repeats failures builds, too.
    project.write("My App/t.py", "def test_a(): assert False\n");
    let failed = project.minke(&["pytest", "--build", "My App", "--shards", "1"]);
    remove_built("minke-build/my-app:latest");
    failed.expect(1).says("--build 'My App'");
}

#[test]
fn stage_arguments_and_dockerfile_are_those_that_are_given() {
    let built = Built::new("nonsense");
    let dockerfile = "FROM minke-test/python AS tests\nARG A\nARG B\nARG C=default\nWORKDIR /w\nCOPY . .\n\
                      RUN echo \"$A-$B-$C\" > values\nFROM minke-test/scratch\nCOPY --from=tests /w /w\n";
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("own.Dockerfile"), dockerfile).unwrap();
    fs::write(elsewhere.path().join("own.Dockerfile.dockerignore"), "Dockerfile\n").unwrap();
    let sees = "import os\ndef test_a():\n    assert open('values').read() == 'one-from outside-default\\n'\n    \
                assert sorted(os.listdir('.')) == ['test_a.py', 'values']\n";
    built.project.write("test_a.py", sees);
    let path = elsewhere.path().join("own.Dockerfile");
    let own = ["pytest", "--shards", "1", "--image", &built.image, "--build", ".", "test_a.py"];
    let build =
        ["--dockerfile", path.to_str().unwrap(), "--target", "tests", "--build-arg", "A=one", "--build-arg", "B"];
    let mut command = built.project.command(&[&own[..], &build, &["--", "-p", "no:cacheprovider"]].concat());
    let ended = built.project.end(command.env("B", "from outside"));
    ended.expect(0);
    assert!(!built.log(&ended).contains("FROM minke-test/scratch"));
    // A stage that is not there.
    built.project.write("Dockerfile", dockerfile);
    built.run(&["--target", "tset"]).expect(3).says(&format!("cannot build image `{}`", built.image)).says("tset");
}

#[test]
fn a_step_that_fails_is_shown_with_its_last_lines() {
    let built = Built::new(
        "FROM minke-test/base\nRUN echo earlier\nRUN seq 100; echo \"why it \\033[31mfails\"; exit 7\nRUN true\n",
    );
    let step = "step 3/5 `RUN seq 100; echo \"why it \\033[31mfails\"; exit 7` failed: ";
    let ended = built.run(&[]);
    ended
        .expect(3)
        .says(&format!("error: cannot build image `{}`: {step}", built.image))
        .says("returned a non-zero code: 7");
    ended.says("\n  why it fails\n").says("\n  100\n").says("help: ");
    ended.says("the whole output of the build is in .minke/runs/");
    assert!(!ended.stderr.contains("\n  earlier\n"), "{}", ended.stderr);
    assert!(fs::read_to_string(built.project.path().join(".minke/.gitignore")).is_ok());
    // When the tests are known, each of them is in the report.
    let run =
        built.project.minke(&["pytest", "--image", &built.image, "--build", ".", "--source", "mount", "test_a.py"]);
    run.expect(3).left_nothing().says("\n  why it fails\n");
    assert_eq!(run.outcome("test_a.py"), "image");
    assert!(run.junit_text().contains("returned a non-zero code: 7"), "{}", run.junit_text());
    assert!(built.log(&run).contains("\n99\n"));
}

#[test]
fn a_dockerfile_that_makes_no_sense_is_told_with_its_line() {
    let built = Built::new("FROM minke-test/base\nRUNN make\n");
    built.run(&[]).expect(3).says("dockerfile parse error line 2: unknown instruction: RUNN");
    built.project.write("Dockerfile", "FROM localhost:1/no/such-image\n");
    let base = built.run(&[]);
    base.expect(3).says("step 1/2 `FROM localhost:1/no/such-image` failed: ");
    let never = built.run(&["--pull", "never"]);
    never
        .expect(3)
        .says("image `localhost:1/no/such-image` is not on the engine")
        .says(&format!("image `{}` is built on it", built.image));
    fs::remove_file(built.project.path().join("Dockerfile")).unwrap();
    built.run(&[]).expect(3).says("/Dockerfile` does not exist").says("--dockerfile");
    built.run(&["test_a.py"]).expect(3).says("/test_a.py` is not a directory").says("`--build . PATH...`");
    built
        .project
        .minke(&["pytest", "--image", "x", "--target", "y"])
        .expect(2)
        .says("`--target` is given without `--build`");
}

#[test]
fn a_context_that_is_huge_by_mistake_is_not_sent() {
    let built = Built::new("FROM minke-test/base\nCOPY . .\n");
    built.project.write("dumps/2026/all.sql", "");
    let file = fs::File::options().write(true).open(built.project.path().join("dumps/2026/all.sql")).unwrap();
    file.set_len(20 << 30).unwrap();
    let ended = built.run(&[]);
    ended.expect(3).says("has 20.0 GiB, more than 2 GiB; the largest part is `dumps` with 20.0 GiB");
    ended.says("write `dumps` into `.dockerignore`");
    assert!(!ended.stderr.contains("building"), "{}", ended.stderr);
}

#[test]
fn a_file_of_the_context_that_cannot_be_read_is_named() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("secret", "x");
    project.write("Dockerfile", "FROM minke-test/python\nCOPY . /project\n");
    fs::set_permissions(project.path(), Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(project.path().join("secret"), Permissions::from_mode(0o600)).unwrap();
    let ended = project.end(&mut as_nobody(&project.command(&["pytest", "--build"])));
    ended.expect(3).says("secret").says("Permission denied");
}

#[test]
fn a_base_image_is_pulled_with_the_credentials_for_its_registry() {
    let users = ["u", "us", "use"].map(|user| (user, "a?"));
    let registry = Registry::with_users(&users);
    let tiny = Tiny::new("base", 100, "linux/amd64");
    let base = registry.push(&tiny.0, "minke/base:1");
    let built = Built::new(&format!("ARG TAG=none\nFROM {}:$TAG\nCOPY . /w\n", base.strip_suffix(":1").unwrap()));
    let plan = |password: &str| {
        let own = ["plan", "--image", &built.image, "--build", "--build-arg", "TAG=1", "--source", "mount"];
        let ended = built.project.end(
            built
                .project
                .command(&[&own[..], &["--command", "true", "--files", "test_a.py"]].concat())
                .env("DOCKER_CONFIG", built.project.path().join("config")),
        );
        assert!(!ended.stderr.contains(password) && !ended.stdout.contains(password), "{}", ended.stderr);
        ended
    };
    for (user, password) in users {
        built.project.write("config/config.json", auths(registry.host(), user, password));
        plan(password).expect(0);
        docker(&["rmi", "--force", &built.image]);
        registry.forget(&base);
    }
    built.project.write("config/config.json", auths(registry.host(), "u", "hunter2"));
    plan("hunter2").expect(3).says(&format!("step 2/4 `FROM {}:$TAG` failed", base.strip_suffix(":1").unwrap()));
}

#[test]
fn a_build_that_is_interrupted_leaves_nothing_running() {
    let mark = format!("minke-mark-{}", std::process::id());
    let built = Built::new(&format!("FROM minke-test/base\nRUN : {mark}; sleep 1000\n"));
    let mut child = built.project.start(&["pytest", "--image", &built.image, "--build"]);
    let running = || docker(&["ps", "--no-trunc", "--format", "{{.Command}}"]).contains(&mark);
    until("the step runs", || running() || child.try_wait().unwrap().is_some());
    send(&child, Signal::INT);
    built.project.wait(child).expect(130);
    until("the step has ended", || !running());
}

/// Puts a `docker` before the real one that has `buildx`, and behaves as told.
fn with_buildx(project: &Project, script: &str) -> String {
    project
        .write("bin/docker", format!("#!/bin/sh\necho \"$@\" > \"$RECORD/args\"; env > \"$RECORD/env\"\n{script}\n"));
    fs::set_permissions(project.path().join("bin/docker"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", project.path().join("bin").display(), std::env::var("PATH").unwrap())
}

#[test]
fn what_only_buildkit_can_build_is_built_by_buildx() {
    let built = Built::new("FROM minke-test/python AS t\nARG A\nRUN --mount=type=cache,target=/c true\n");
    let record = tempfile::tempdir().unwrap();
    built.project.write(".dockerignore", "bin\n");
    let plan = |script: &str| {
        let path = with_buildx(&built.project, script);
        let own = ["plan", "--image", &built.image, "--build", "--source", "mount", "--command", "true"];
        let build = ["--target", "t", "--build-arg", "A=quite secret", "--no-cache", "--files", "test_a.py"];
        let mut command = built.project.command(&[&own[..], &build].concat());
        built.project.end(command.env("PATH", path).env("RECORD", record.path()))
    };
    let recorded = |name: &str| fs::read_to_string(record.path().join(name)).unwrap();
    // It gets the context as the engine does, and its output is the build's.
    let done = format!(
        "cat > \"$RECORD/tar\"; echo '#5 [t 1/2] FROM x' >&2; PATH=${{PATH#*:}} docker tag minke-test/python {}",
        built.image
    );
    let ended = plan(&done);
    ended.expect(0).says(&format!("building {}, with buildx", built.image)).says("  #5 [t 1/2] FROM x");
    let expected = format!(
        "buildx build --load --progress plain --tag {0} --label minke.build={0} --file Dockerfile --target t --build-arg A --no-cache -\n",
        built.image
    );
    assert_eq!(recorded("args"), expected);
    assert!(recorded("env").contains("\nA=quite secret\n") && recorded("env").contains("DOCKER_HOST=unix://"));
    let names = std::process::Command::new("tar").arg("-tf").arg(record.path().join("tar")).output().unwrap();
    assert_eq!(String::from_utf8(names.stdout).unwrap(), ".dockerignore\nDockerfile\ntest_a.py\n");
    // It fails, and names the step.
    let fails = "cat >/dev/null; printf '#7 [t 2/2] RUN false\\n------\\n > [t 2/2] RUN false:\\n0.1 why\\n------\\nERROR: failed to solve: no\\n' >&2; exit 1";
    plan(fails)
        .expect(3)
        .says("step 2/2 `RUN false` failed: ERROR: failed to solve: no (exit status: 1)")
        .says("\n  0.1 why\n");
    // It is not there.
    let absent = plan("echo \"docker: 'buildx' is not a docker command.\" >&2; exit 1");
    absent.expect(3).says("requires BuildKit").says("the docker client has no plugin `buildx`").says("help: install");
}
