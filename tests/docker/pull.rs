//! Pulling: when, with whose credentials, and what is told when it does not work.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minke::engine::{DockerClient, DockerEngine, Engine, ImageNews, ImageObserver, ImageRequest};

use crate::registry::{BrittleWay, Registry, Tiny, auths};
use crate::support::{Ended, PYTHON, Project, docker, until};

const PASSWORD: &str = "a?";
/// With one of these names the password is where the two alphabets of base64 differ.
const USERS: [(&str, &str); 3] = [("u", PASSWORD), ("us", PASSWORD), ("use", PASSWORD)];

/// A project with a home of its own, so that nobody's real credentials are used.
fn project() -> Project {
    let project = Project::empty();
    project.write("check.txt", "").write("home/none", "");
    project
}

/// Makes a plan that needs nothing but the image, with these variables.
fn plan(project: &Project, image: &str, arguments: &[&str], variables: &[(&str, &Path)]) -> Ended {
    let own = ["plan", "--format", "json", "--image", image, "--source", "mount", "--command", "true", "check.txt"];
    let mut command = project.command(&[&own[..], arguments].concat());
    for name in ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    command.env("HOME", project.path().join("home")).envs(variables.iter().copied());
    project.end(&mut command)
}

fn image_id(ended: &Ended) -> String {
    let document: serde_json::Value = serde_json::from_str(&ended.expect(0).stdout).unwrap();
    document["image_id"].as_str().unwrap().to_owned()
}

fn id_of(image: &str) -> String {
    docker(&["image", "inspect", "--format", "{{.Id}}", image]).trim().to_owned()
}

/// Writes a credential helper that is called `docker-credential-NAME`.
fn write_helper(project: &Project, name: &str, script: &str) {
    let path = format!("bin/docker-credential-{name}");
    project.write(&path, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(project.path().join(path), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_pull_has_the_credentials_from_wherever_docker_and_podman_keep_them() {
    let registry = Registry::with_users(&USERS);
    let tiny = Tiny::new("credentials", 100, "linux/amd64");
    let name = registry.push(&tiny.0, "minke/tiny:1");
    let (project, host) = (project(), registry.host());
    let path = project.path();
    let pulls = |what: &str, variables: &[(&str, &Path)]| {
        let ended = plan(&project, &name, &[], variables);
        assert_eq!(image_id(&ended), id_of(&tiny.0), "{what}");
        ended.says(&format!("pulling {name}")).says(&format!("pulled {name} in "));
        assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
        registry.forget(&name);
    };
    for (user, password) in USERS {
        project.write("config/config.json", auths(host, user, password));
        pulls(user, &[("DOCKER_CONFIG", &path.join("config"))]);
    }
    let text = auths(host, "us", PASSWORD);
    for (file, name, value) in [
        ("home/.docker/config.json", "A", "a"),
        ("auth.json", "REGISTRY_AUTH_FILE", "auth.json"),
        ("run/containers/auth.json", "XDG_RUNTIME_DIR", "run"),
        ("home/.config/containers/auth.json", "A", "a"),
    ] {
        project.write(file, &text);
        pulls(file, &[(name, &path.join(value))]);
        fs::remove_file(path.join(file)).unwrap();
    }
    // By a helper, which is given the registry and answers for it alone.
    let answer = format!(
        "read -r host; [ \"$1 $host\" = \"get {host}\" ] || {{ echo credentials not found in native keychain; exit 1; }}\n\
         echo '{{\"ServerURL\":\"{host}\",\"Username\":\"use\",\"Secret\":\"{PASSWORD}\"}}'"
    );
    write_helper(&project, "mine", &answer);
    write_helper(&project, "none", "echo credentials not found in native keychain; exit 1");
    let search = format!("{}:{}", path.join("bin").display(), std::env::var("PATH").unwrap());
    for text in [
        format!("{{\"credHelpers\":{{\"{host}\":\"mine\",\"other\":\"none\"}}}}"),
        "{\"credsStore\":\"mine\"}".to_owned(),
        format!("{{\"auths\":{{\"{host}\":{{}}}},\"credsStore\":\"mine\",\"credHelpers\":{{\"{host}\":\"none\"}}}}"),
    ] {
        project.write("config/config.json", &text);
        pulls(&text, &[("DOCKER_CONFIG", &path.join("config")), ("PATH", Path::new(&search))]);
    }
}

#[test]
fn wrong_credentials_are_told_with_where_they_are_from_and_never_shown() {
    let registry = Registry::with_users(&USERS);
    let tiny = Tiny::new("wrong", 100, "linux/amd64");
    let name = registry.push(&tiny.0, "minke/tiny:1");
    let (project, host) = (project(), registry.host());
    let config = project.path().join("config");
    let variables: &[(&str, &Path)] = &[("DOCKER_CONFIG", &config)];
    project.write("config/config.json", auths(host, "us", "hunter2"));
    let refused = format!("error: registry `{host}` does not give image `{name}`: ");
    let ended = plan(&project, &name, &[], variables);
    ended.expect(3).says(&refused).says(&format!("`docker login {host}`"));
    ended.says(&format!("minke sent the credentials of `{host}` in `{}/config.json`", config.display()));
    // In a run every unit is in the report.
    let own = ["run", "--image", &name, "--source", "mount", "--command", "true", "check.txt"];
    let run = project.end(project.command(&own).env("DOCKER_CONFIG", &config));
    run.expect(3).left_nothing();
    assert_eq!(run.outcome("check.txt"), "image");
    assert!(run.junit_text().contains(&format!("registry `{host}` does not give image")), "{}", run.junit_text());
    for text in [
        &ended.stderr,
        &run.stderr,
        &run.junit_text(),
        &fs::read_to_string(run.run_dir().join("events.jsonl")).unwrap(),
    ] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    // Without credentials, the places that were looked at are told, and what is wrong there.
    project.write("config/config.json", "{}");
    let looked_in = format!("no credentials for it are in `{}/config.json`", config.display());
    plan(&project, &name, &[], variables).expect(3).says(&refused).says(&looked_in);
    project.write("config/config.json", "{\"credsStore\":\"minke-nowhere\"}");
    plan(&project, &name, &[], variables)
        .expect(3)
        .says("`docker-credential-minke-nowhere`, which")
        .says("is not installed");
}

#[test]
fn a_registry_with_a_certificate_is_used_when_the_engine_trusts_its_ca() {
    let mut registry = Registry::with_tls(&USERS);
    let (project, name) = (project(), registry.name("minke/tiny:1"));
    plan(&project, &name, &[], &[]).expect(3).says(&format!("image `{name}` is not on the engine")).says("x509");
    registry.trust();
    let tiny = Tiny::new("tls", 100, "linux/amd64");
    registry.push(&tiny.0, "minke/tiny:1");
    project.write("home/.docker/config.json", auths(registry.host(), "use", PASSWORD));
    assert_eq!(image_id(&plan(&project, &name, &[], &[])), id_of(&tiny.0));
}

#[test]
fn an_image_is_pulled_when_the_option_says_so() {
    let registry = Registry::open();
    let (project, name) = (project(), registry.name("minke/tiny"));
    let [old, new] = ["old", "new"].map(|which| Tiny::new(which, 100, "linux/amd64"));
    registry.push(&old.0, "minke/tiny");
    let pull = |policy| plan(&project, &name, &["--pull", policy], &[]);
    pull("never").expect(3).says(&format!("image `{name}` is not on the engine")).says("`--pull never` was given");
    assert_eq!(image_id(&pull("missing")), id_of(&old.0));
    registry.push(&new.0, "minke/tiny");
    docker(&["tag", &old.0, &name]);
    for (policy, expected) in [("missing", &old), ("never", &old), ("always", &new), ("never", &new)] {
        let ended = pull(policy);
        assert_eq!(image_id(&ended), id_of(&expected.0), "{policy}");
        assert_eq!(ended.stderr.contains("pulling"), policy == "always", "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("pulling").count(), usize::from(policy == "always"), "one pull for a run");
    }
    assert_eq!(plan(&project, &name, &["--pull", "always", "--quiet"], &[]).expect(0).stderr, "");
}

#[test]
fn the_digest_of_the_image_is_recorded_also_where_the_project_is_copied_over_it() {
    let registry = Registry::open();
    let name = registry.push("minke-test/base", "minke/base:1");
    let project = Project::empty();
    project.write("check.sh", "true\n");
    for source in ["copy", "mount"] {
        let ended = project.minke(&["run", "--image", &name, "--source", source, "--command", "sh {unit}", "check.sh"]);
        let digest = ended.expect(0).state().plan().and_then(|plan| plan.image_digest.clone()).unwrap();
        assert!(digest.starts_with(&format!("{}@sha256:", name.trim_end_matches(":1"))), "{source}: {digest}");
        assert!(ended.junit_text().contains(&digest), "{source}");
    }
    docker(&["rmi", &name]);
}

#[test]
fn an_image_for_another_platform_is_not_taken_for_the_one_that_is_asked_for() {
    let registry = Registry::open();
    let project = project();
    let arm = Tiny::new("arm", 100, "linux/arm64");
    let name = registry.push(&arm.0, "minke/arm:1");
    plan(&project, &name, &["--platform", "linux/aarch64"], &[]).expect(0);
    let never = plan(&project, &name, &["--platform", "linux/amd64", "--pull", "never"], &[]);
    never.expect(3).says("the engine has it for linux/arm64, and `--pull never` was given");
    plan(&project, &name, &["--platform", "linux/amd64"], &[]).expect(3).says(&format!("image `{name}`"));
}

#[test]
fn the_platform_of_the_tests_is_not_asked_of_their_services() {
    let registry = Registry::open();
    let arm = Tiny::new("arm-service", 100, "linux/arm64");
    let name = registry.push(&arm.0, "minke/arm-service:1");
    let project = project();
    plan(&project, &name, &["--platform", "linux/arm64"], &[]).expect(0);
    project.write("compose.yaml", format!("services:\n  db:\n    image: {name}\n"));
    let with_service = ["--platform", "linux/amd64", "--pull", "never", "-f", "compose.yaml"];
    plan(&project, PYTHON, &with_service, &[]).expect(0);
}

#[test]
fn a_registry_that_dies_in_the_middle_of_a_pull_is_an_error_of_the_image() {
    let registry = Registry::open();
    let large = Tiny::new("large", 8 << 20, "linux/amd64");
    registry.push(&large.0, "minke/large:1");
    let way = BrittleWay::to(&registry, 2 << 20);
    let (project, name) = (project(), format!("{}/minke/large:1", way.host()));
    // The engine must fetch it, and not know it by its content.
    drop(large);
    let ended = plan(&project, &name, &[], &[]);
    assert!(way.is_broken(), "{}", ended.stderr);
    ended.expect(3).says(&format!("pulling {name}")).says(&format!("error: image `{name}` is not on the engine"));
}

#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl ImageObserver for Counting {
    fn tell(&self, _image: &str, news: ImageNews<'_>) {
        self.0.fetch_add(usize::from(news == ImageNews::PullBegun), Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_ask_at_once_wait_for_one_pull() {
    let registry = Registry::open();
    let tiny = Tiny::new("once", 1 << 20, "linux/amd64");
    let name = registry.push(&tiny.0, "minke/once:1");
    let counting = Arc::new(Counting::default());
    let engine = DockerEngine::connect(&DockerClient::default()).await.unwrap().observed_by(counting.clone());
    let ask = |name: &str| {
        let request = ImageRequest::new(name);
        let engine = &engine;
        async move { engine.image(&request).await }
    };
    let images = futures::future::join_all((0..16).map(|_| ask(&name))).await;
    let id = id_of(&tiny.0);
    assert!(images.iter().all(|image| image.as_ref().unwrap().id.0 == id), "{images:?}");
    let digest = images[0].as_ref().unwrap().digest.clone().unwrap();
    assert!(digest.starts_with(&format!("{}/minke/once@sha256:", registry.host())), "{digest}");
    assert_eq!(counting.0.load(Ordering::SeqCst), 1);
    let missing = registry.name("minke/missing");
    let errors = futures::future::join_all((0..16).map(|_| ask(&missing))).await;
    assert!(errors.iter().all(|error| error.as_ref().unwrap_err().is_image_missing()), "{errors:?}");
    assert_eq!(counting.0.load(Ordering::SeqCst), 2);
}

#[test]
fn all_shards_have_the_image_that_the_name_meant_when_the_run_began() {
    let project = Project::empty();
    let wait = "import os, time\ndef test_a():\n    print('waiting', flush=True)\n    while not os.path.exists('go'): time.sleep(0.01)\n";
    project.write("test_a.py", wait).write("test_b.py", "def test_b(): pass\n");
    let name = format!("minke-test/moving-{}", std::process::id());
    docker(&["tag", PYTHON, &name]);
    let before = id_of(PYTHON);
    let own = ["pytest", "--image", &name, "--source", "mount", "--shards", "1", "--isolation", "file"];
    let run = project.start_until(&[&own[..], &["--", "-s"]].concat(), 1, "waiting");
    docker(&["tag", "minke-test/base", &name]);
    project.write("go", "");
    let ended = project.wait(run);
    docker(&["rmi", &name]);
    ended.expect(0).left_nothing();
    assert_eq!(ended.state().plan().and_then(|plan| plan.image_id.clone()), Some(before));
    until("the name is gone", || docker(&["images", "--quiet", &name]).is_empty());
}
