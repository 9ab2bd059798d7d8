//! Services of the configuration file, and the options about those of compose files.

use std::time::Duration;

use minke::model::{
    Build, Dependency, DependencyCondition, HealthCheck, ImageSource, MountSource, ReadinessProbe, Reset, Service,
    ServiceScope, Ulimit,
};

use crate::project::Project;

const TABLES: &str = r#"
image = "tests"

[[service]]
name = "web"
build = { context = "app", dockerfile = "x.Dockerfile", target = "t", no-cache = true, args = { A = "1" } }
entrypoint = ["/bin/sh", "-c"]
command = "serve --port 80"
env = { A = "own", OUTER = "x" }
env-file = "web.env"
volumes = ["./data:/data:ro", "cache:/cache", "/scratch"]
tmpfs = "/run:size=1m"
user = "1000:1000"
work-dir = "/srv"
depends-on = ["db"]
aliases = ["www"]
ready = [{ http = { port = 80, path = "/up" }, timeout = "5s" }, { log = "ready", count = 2 }]
memory = "512m"
cpus = 1.5
pids = 64
shm-size = "64m"
init = true
stop-signal = "SIGINT"
stop-grace = 3
labels = ["a=b"]

[service.ulimits]
nofile = { soft = 1, hard = 2 }

[[service]]
name = "db"
image = "postgres:16"
env = ["PASS", "NONE"]
per = "run"
reset = "snapshot"

[service.health]
test = ["CMD", "pg_isready"]
interval = "1s"
start-period = "2s"
"#;

fn of(text: &str) -> Vec<Service> {
    Project::new().file("minke.toml", text).settings(&["run"]).unwrap().services
}

#[test]
fn a_whole_service_is_understood() {
    let project = Project::new()
        .file("minke.toml", TABLES)
        .file("web.env", "A=file\nB=$raw\n")
        .within("below")
        .variable("PASS", "secret");
    let settings = project.settings(&["run"]).unwrap();
    let [db, web] = &settings.services[..] else { panic!("two services, the one that is needed first") };
    let top = project.top();
    let build = Build {
        context: top.join("app"),
        dockerfile: Some(top.join("app/x.Dockerfile")),
        target: Some("t".to_owned()),
        args: vec![("A".to_owned(), "1".to_owned())],
        no_cache: true,
    };
    assert_eq!(web.image, ImageSource::Built(build));
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!((&web.entrypoint, &web.command), (&words(&["/bin/sh", "-c"]), &words(&["serve", "--port", "80"])));
    let env = |service: &Service| -> Vec<String> {
        service.container.env.iter().map(|variable| format!("{}={}", variable.name, variable.value)).collect()
    };
    assert_eq!(env(web), ["A=own", "B=$raw", "OUTER=x"]);
    assert_eq!(env(db), ["PASS=secret"]);
    let mounts = &web.container.mounts;
    assert_eq!((&mounts[0].source, mounts[0].read_only), (&MountSource::Host(top.join("data")), true));
    assert_eq!(mounts[1].source, MountSource::Volume(Some("cache".to_owned())));
    assert_eq!(mounts[2].source, MountSource::Volume(None));
    assert_eq!(mounts[3].source, MountSource::Tmpfs { bytes: Some(1 << 20), mode: None });
    assert_eq!((web.container.user.as_deref(), web.container.work_dir.as_deref()), (Some("1000:1000"), Some("/srv")));
    let dependency = Dependency { service: "db".to_owned(), condition: DependencyCondition::Healthy };
    assert_eq!((&web.depends_on, &web.aliases), (&vec![dependency], &vec!["www".to_owned()]));
    assert_eq!(web.ready[0].timeout, Duration::from_secs(5));
    assert_eq!(web.ready[1].probe, ReadinessProbe::Log { pattern: "ready".to_owned(), count: 2 });
    let limits = &web.container.limits;
    assert_eq!((limits.memory_bytes, limits.cpu_millis, limits.pids), (Some(512 << 20), Some(1500), Some(64)));
    assert_eq!(limits.shm_bytes, Some(64 << 20));
    assert_eq!(limits.ulimits, [Ulimit { name: "nofile".to_owned(), soft: 1, hard: 2 }]);
    assert_eq!((web.init, web.stop_signal.as_deref(), web.stop_grace.as_secs()), (true, Some("SIGINT"), 3));
    assert_eq!(web.labels, [("a".to_owned(), "b".to_owned())]);
    assert_eq!((db.per, db.reset), (ServiceScope::Run, Reset::Snapshot));
    let health = HealthCheck {
        test: words(&["CMD", "pg_isready"]),
        interval: Some(Duration::from_secs(1)),
        start_period: Some(Duration::from_secs(2)),
        ..HealthCheck::default()
    };
    assert_eq!(db.health, Some(health));
}

#[test]
fn a_service_of_a_name_and_an_image_is_as_a_new_one() {
    let expected = Service::new("db", ImageSource::Named("postgres".to_owned()));
    assert_eq!(of("[[service]]\nname = 'db'\nimage = 'postgres'\n"), std::slice::from_ref(&expected));
    let project = Project::new().file("pyproject.toml", "[[tool.minke.service]]\nname = 'db'\nimage = 'postgres'\n");
    assert_eq!(project.settings(&["run"]).unwrap().services, [expected]);
}

#[test]
fn bad_tables_are_refused_with_their_line() {
    let db = "[[service]]\nname = 'db'\nimage = 'i'\n";
    let table = [
        ("[[service]]\nimage = 'i'\n", "minke.toml:1: `service` must have a `name`"),
        ("[[service]]\nname = 'db'\n", "minke.toml:1: `service` has neither `image` nor `build`"),
        ("[[service]]\nname = 'a b'\nimage = 'i'\n", "minke.toml:2: `service.name` must be a name of letters"),
        (&format!("{db}\n{db}"), "minke.toml:5: `service` has the name `db` of an earlier one"),
        (
            &format!("{db}imge = 'x'\n"),
            "minke.toml:4: `service.db.imge` is not a key of a service\nhelp: Did you mean `image`?",
        ),
        (
            &format!("{db}work_dir = '/x'\n"),
            "minke.toml:4: `service.db.work_dir` is not a key of a service\nhelp: Did you mean `work-dir`?",
        ),
        (&format!("{db}build = '.'\n"), "minke.toml:1: `service` has both `image` and `build`"),
        (&format!("{db}work-dir = 'x'\n"), "minke.toml:4: `service.db.work-dir` must be an absolute path"),
        (&format!("{db}memory = '5m'\n"), "minke.toml:4: `service.db.memory` must be at least 6m, not `5m`"),
        (&format!("{db}stop-grace = 'soon'\n"), "minke.toml:4: `service.db.stop-grace` must be a duration, not `soon`"),
        (&format!("{db}depends-on = ['x']\n"), "minke.toml:4: `service.db.depends-on` names `x`, which is no service"),
        (&format!("{db}ready = [{{ tcp = 0 }}]\n"), "minke.toml:4: `service.db.ready.tcp` must be a port"),
        (
            &format!("{db}ready = [{{ tcp = 1, timout = 3 }}]\n"),
            "minke.toml:4: `service.db.ready.timout` is not a key of a service\nhelp: Did you mean `timeout`?",
        ),
        (&format!("{db}labels = ['minke.run=x']\n"), "minke.toml:4: `service.db.labels` has the label `minke.run`"),
        (&format!("{db}tmpfs = '/t:exec'\n"), "minke.toml:4: `service.db.tmpfs:exec` is not a key of a service"),
        (&format!("{db}ready = 5432\n"), "minke.toml:4: `service.db.ready` must be a list of probes"),
        (
            &format!("{db}\n[service.health]\ntst = 'x'\n"),
            "minke.toml:6: `service.db.health.tst` is not a key of a service",
        ),
        (&format!("{db}volumes = ['a:b:c:d']\n"), "minke.toml:4: `service.db.volumes` must have at most three parts"),
        (&format!("{db}env-file = 'none.env'\n"), "cannot read `none.env`"),
        (&format!("{db}depends-on = ['db']\n"), "services need each other: db -> db\nhelp: Take one"),
        ("service = ['a']\n", "minke.toml:1: `service` must be a string, not an array"),
        ("[service]\nname = 'db'\n", "minke.toml:1: `service` must be a string, not a table"),
    ];
    for (text, message) in table {
        let error = Project::new().file("minke.toml", text).error(&["run"]);
        assert!(error.starts_with(message), "{text:?}: {error}");
    }
}

#[test]
fn what_a_table_needs_may_be_in_a_compose_file() {
    let text = "compose = 'compose.yaml'\n[[service]]\nname = 'a'\nimage = 'i'\ndepends-on = ['db']\n";
    assert_eq!(of(text)[0].depends_on.len(), 1);
}

#[test]
fn compose_files_and_their_services_are_named_by_options() {
    let project = Project::new().file("minke.toml", "compose = ['a.yaml']\nservice = 'web'\n").within("below");
    let settings = project.settings(&["run"]).unwrap();
    assert_eq!(settings.compose, [project.top().join("a.yaml")]);
    assert_eq!(settings.shard_service.as_deref(), Some("web"));
    assert_eq!((settings.service_names, settings.profiles.len()), (None, 0));
    let words =
        ["run", "-f", "b.yaml", "--compose", "c.yaml", "--profile", "p", "--services", "db", "--services", "cache"];
    let settings = project.settings(&words).unwrap();
    assert_eq!(settings.compose, [project.current().join("b.yaml"), project.current().join("c.yaml")]);
    assert_eq!(settings.profiles, ["p"]);
    assert_eq!(settings.service_names, Some(vec!["db".to_owned(), "cache".to_owned()]));
    assert_eq!(Project::new().settings(&["run"]).unwrap().compose.len(), 0);
}
