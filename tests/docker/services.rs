//! Services beside the shards: real PostgreSQL and Redis, one set for each shard.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use minke::engine::{DockerClient, DockerEngine};
use minke::model::{
    Cause, Dependency, DependencyCondition, HealthCheck, ImageSource, Mount, MountSource, Policy, Readiness,
    ReadinessProbe, Reset, RunState, Service, ServiceScope, ShardTemplate, Unit, UnitOutcome,
};
use minke::plan::{FrameworkCall, Isolation, PlanInput, plan};
use minke::run::{Cancel, RunDirectory, Sinks, new_run_id};

use crate::support::{Project, SERVICES, containers_of, docker};

/// A test that fails when another container has been in its database or its cache.
const ALONE: &str = r#"
import socket, psycopg2, redis

def test_nobody_else_was_here():
    me = socket.gethostname()
    database = psycopg2.connect(host="db", user="postgres", dbname="postgres")
    database.autocommit = True
    cursor = database.cursor()
    cursor.execute("create table if not exists visitor (name text)")
    cursor.execute("insert into visitor values (%s)", (me,))
    cursor.execute("select distinct name from visitor")
    assert cursor.fetchall() == [(me,)]
    cache = redis.Redis(host="cache")
    cache.sadd("visitors", me)
    assert cache.smembers("visitors") == {me.encode()}
"#;

fn service(name: &str, command: &[&str], port: u16) -> Service {
    let mut service = Service::new(name, ImageSource::Named(SERVICES.to_owned()));
    service.command = Some(command.iter().map(|&word| word.to_owned()).collect());
    service.ready = vec![Readiness { probe: ReadinessProbe::Tcp { port }, timeout: Duration::from_secs(60) }];
    // Not every program heeds a signal as the first process of a container.
    service.stop_grace = Duration::from_secs(1);
    service
}

fn database() -> Service {
    Service { stop_signal: Some("SIGINT".to_owned()), ..service("db", &["serve-postgres"], 5432) }
}

fn cache() -> Service {
    service("cache", &["redis-server", "--protected-mode", "no"], 6379)
}

/// A project whose files are the same test.
fn project(files: usize, text: &str) -> Project {
    let project = Project::empty();
    for number in 0..files {
        project.write(&format!("test_{number}.py"), text);
    }
    project
}

/// Runs the files of a project in so many shards, and checks that nothing of the run is left.
fn run(project: &Project, files: usize, shards: u32, isolation: Isolation, services: Vec<Service>) -> RunState {
    let mut template = ShardTemplate::new(SERVICES);
    template.container.work_dir = Some("/project".to_owned());
    template.container.mounts = vec![Mount::host(project.path().to_owned(), "/project")];
    template.services.list = services;
    let plan = plan(PlanInput {
        units: (0..files).map(|number| Unit::new(format!("test_{number}.py"))).collect(),
        partition: None,
        shards: NonZeroU32::new(shards).unwrap(),
        isolation,
        units_per_invocation: None,
        framework: FrameworkCall::new("pytest", vec!["pytest".into()], vec!["-p".into(), "no:cacheprovider".into()]),
        template,
        image_id: None,
        policy: Policy::default(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let run = new_run_id();
    let directory = RunDirectory::create(&project.path().join(".minke"), run).unwrap();
    let state = runtime.block_on(async {
        let client = DockerClient::from_variables(|name| std::env::var(name).ok());
        let engine = Arc::new(DockerEngine::connect(&client).await.unwrap());
        minke::run(plan, engine, Sinks::new(directory), Cancel::new()).await.unwrap()
    });
    assert_eq!(state.broken_ledger().count(), 0);
    assert_eq!(containers_of(&run.to_string()), "");
    let label = format!("label=minke.run={run}");
    for kind in ["network", "volume"] {
        assert_eq!(docker(&[kind, "ls", "-q", "--filter", &label]), "", "no {kind} is left");
    }
    state
}

fn troubles(state: &RunState) -> String {
    let of_unit = |unit: &minke::model::UnitRecord| {
        let findings = unit.cases.iter().flat_map(|case| &case.findings).map(|finding| finding.text.clone());
        let trouble = unit.trouble.as_ref().map(|trouble| trouble.detail.clone());
        findings.chain(trouble).collect::<Vec<_>>().join("\n")
    };
    state.units().iter().map(of_unit).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_shard_has_a_database_of_its_own() {
    let project = project(4, ALONE);
    let state = run(&project, 4, 4, Isolation::Shard, vec![database(), cache()]);
    assert_eq!(state.unit_counts().passed, 4, "{}", troubles(&state));
}

#[test]
fn each_container_of_a_file_has_new_services() {
    let project = project(4, ALONE);
    let state = run(&project, 4, 2, Isolation::File, vec![database(), cache()]);
    assert_eq!(state.unit_counts().passed, 4, "{}", troubles(&state));
}

#[test]
fn shards_that_share_a_database_see_each_other() {
    let project = project(4, ALONE);
    // One engine is one node.
    for per in [ServiceScope::Run, ServiceScope::Node] {
        let shared = |service| Service { per, ..service };
        let state = run(&project, 4, 2, Isolation::Shard, vec![shared(database()), shared(cache())]);
        let counts = state.unit_counts();
        assert!(counts.failed >= 1 && counts.errored == 0, "{per:?}: {counts:?}: {}", troubles(&state));
    }
}

#[test]
fn a_clone_begins_where_the_first_one_was_ready() {
    let project = project(4, ALONE);
    let cloned = Service { reset: Reset::Snapshot, ..database() };
    let state = run(&project, 4, 2, Isolation::File, vec![cloned, cache()]);
    assert_eq!(state.unit_counts().passed, 4, "{}", troubles(&state));
    let mut made = 0;
    for log in glob(&project, "db.log") {
        made += log.matches("made a database").count();
    }
    assert_eq!(made, 1, "the others are clones");
}

#[test]
fn a_clone_is_waited_for_by_its_own_log_and_has_what_is_in_named_volumes() {
    let text = "import urllib.request\n\ndef test_a():\n    assert urllib.request.urlopen('http://web/made').read() == b'once'\n";
    let project = project(3, text);
    let script = "[ -e /data/made ] || { echo making; printf once >/data/made; }; sleep 1; echo READY; cd /data && exec python3 -m http.server 80";
    let mut web = Service::new("web", ImageSource::Named(SERVICES.to_owned()));
    web.command = Some(["sh", "-c", script].map(str::to_owned).to_vec());
    web.container.mounts = vec![Mount {
        source: MountSource::Volume(Some("data".to_owned())),
        container: "/data".to_owned(),
        read_only: false,
    }];
    let probe = ReadinessProbe::Log { pattern: "^READY$".to_owned(), count: 1 };
    web.ready = vec![Readiness { probe, timeout: Duration::from_secs(60) }];
    web.reset = Reset::Snapshot;
    web.stop_grace = Duration::ZERO;
    let state = run(&project, 3, 1, Isolation::File, vec![web]);
    assert!(state.units().iter().all(|unit| unit.outcome() == UnitOutcome::Passed), "{}", troubles(&state));
    let said = glob(&project, "web.log").concat();
    assert_eq!(said.matches("making").count(), 1, "{said}");
}

#[test]
fn a_service_that_goes_on_keeps_its_data_and_a_restarted_one_its_files() {
    let again = r#"
import psycopg2
def test_how_often():
    database = psycopg2.connect(host="db", user="postgres", dbname="postgres")
    database.autocommit = True
    cursor = database.cursor()
    cursor.execute("create table if not exists visit (at timestamp)")
    cursor.execute("insert into visit values (now())")
    cursor.execute("select count(*) from visit")
    print("VISIT", cursor.fetchone()[0])
"#;
    for reset in [Reset::None, Reset::Restart] {
        let project = project(3, again);
        let state = run(&project, 3, 1, Isolation::File, vec![Service { reset, ..database() }]);
        assert_eq!(state.unit_counts().passed, 3, "{}", troubles(&state));
        let starts: usize = glob(&project, "db.log").iter().map(|log| log.matches("ready to accept").count()).sum();
        assert_eq!(starts, if reset == Reset::None { 1 } else { 3 }, "{reset:?}");
        let made: usize = glob(&project, "db.log").iter().map(|log| log.matches("made a database").count()).sum();
        assert_eq!(made, 1, "{reset:?}");
    }
}

#[test]
fn a_service_that_never_gets_ready_is_told_with_its_last_lines_and_costs_its_time_only_twice() {
    let project = project(6, "def test_a(): pass\n");
    let mut slow = service("db", &["sh", "-c", "echo waiting for godot; sleep 100"], 5432);
    slow.ready[0].timeout = Duration::from_secs(1);
    let state = run(&project, 6, 2, Isolation::File, vec![slow]);
    for unit in state.units() {
        assert_eq!(unit.outcome(), UnitOutcome::Errored(Cause::Service));
        let detail = &unit.trouble.as_ref().unwrap().detail;
        assert!(detail.contains("service `db`") && detail.contains("waiting for godot"), "{detail}");
        assert!(detail.contains("within 1 s (tcp 5432)"), "{detail}");
    }
    assert!(glob(&project, "db.log").len() <= 4, "nobody waits for it for ever");
}

#[test]
fn a_service_that_ends_before_it_is_ready_is_told_with_its_exit_code() {
    let project = project(1, "def test_a(): pass\n");
    let broken = service("db", &["sh", "-c", "echo no disk >&2; exit 7"], 5432);
    let state = run(&project, 1, 1, Isolation::Shard, vec![broken]);
    let detail = troubles(&state);
    assert!(detail.contains("exit code 7 before it was ready") && detail.contains("no disk"), "{detail}");
}

#[test]
fn an_image_without_the_service_and_an_image_that_is_missing_are_told() {
    let project = project(1, "def test_a(): pass\n");
    let state = run(&project, 1, 1, Isolation::Shard, vec![service("db", &["/no/such/program"], 1)]);
    assert!(troubles(&state).contains("/no/such/program"), "{}", troubles(&state));
    let missing = Service::new("db", ImageSource::Named("localhost:1/no/such:1".to_owned()));
    let state = run(&project, 1, 1, Isolation::Shard, vec![missing]);
    assert!(troubles(&state).contains("localhost:1/no/such:1"), "{}", troubles(&state));
}

#[test]
fn services_wait_for_what_they_depend_on() {
    let project = project(
        1,
        "import socket\ndef test_a():\n    with socket.create_connection(('last', 80), 5) as s:\n        assert s.recv(9) == b'migrated\\n'\n",
    );
    let mut migration = Service::new("migration", ImageSource::Named(SERVICES.to_owned()));
    migration.command = Some(["sh", "-c", "sleep 1; python3 -c \"import psycopg2; psycopg2.connect(host='db', user='postgres').cursor().execute('select 1')\""].map(str::to_owned).to_vec());
    migration.depends_on = vec![Dependency { service: "db".to_owned(), condition: DependencyCondition::Healthy }];
    let serve = "import socketserver\nclass H(socketserver.BaseRequestHandler):\n  def handle(self): self.request.sendall(b'migrated\\n')\nsocketserver.TCPServer(('', 80), H).serve_forever()";
    let mut last = service("last", &["python3", "-c", serve], 80);
    last.depends_on =
        vec![Dependency { service: "migration".to_owned(), condition: DependencyCondition::CompletedSuccessfully }];
    let checked = Service {
        ready: Vec::new(),
        health: Some(HealthCheck {
            test: Some(vec!["CMD-SHELL".into(), "/usr/lib/postgresql/*/bin/pg_isready -h 127.0.0.1".into()]),
            interval: Some(Duration::from_millis(500)),
            // On a busy machine `initdb` takes longer than all tries together.
            start_period: Some(Duration::from_secs(60)),
            ..HealthCheck::default()
        }),
        ..database()
    };
    let state = run(&project, 1, 1, Isolation::Shard, vec![checked, migration, last]);
    assert_eq!(state.unit_counts().passed, 1, "{}", troubles(&state));
}

#[test]
fn every_kind_of_readiness_is_waited_for() {
    let project = project(1, "def test_a(): open('/proc/net/dev').read()\n");
    let serve = r#"
import http.server, time
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = time.time() - begun > 1 and self.headers["Host"] == "web.test" and self.path == "/ready?now"
        self.send_response(204 if ready else 503); self.end_headers()
begun = time.time()
print("one line", flush=True); print("another line", flush=True)
open("/tmp/up", "w")
http.server.HTTPServer(("", 8080), H).serve_forever()
"#;
    let probes = [
        ReadinessProbe::Http {
            port: 8080,
            path: "/ready?now".into(),
            host: Some("web.test".into()),
            status: Some(204),
        },
        ReadinessProbe::Log { pattern: "^(one|another) line$".into(), count: 2 },
        ReadinessProbe::Exec { command: vec!["test".into(), "-e".into(), "/tmp/up".into()] },
    ];
    let mut web = service("web", &["python3", "-c", serve], 8080);
    web.ready = probes.map(|probe| Readiness { probe, timeout: Duration::from_secs(30) }).to_vec();
    let state = run(&project, 1, 1, Isolation::Shard, vec![web.clone()]);
    assert_eq!(state.unit_counts().passed, 1, "{}", troubles(&state));
    let wrong = ReadinessProbe::Http { port: 8080, path: "/".into(), host: None, status: None };
    web.ready = vec![Readiness { probe: wrong, timeout: Duration::from_secs(2) }];
    let state = run(&project, 1, 1, Isolation::Shard, vec![web]);
    assert!(troubles(&state).contains("it answered with status 503"), "{}", troubles(&state));
}

/// Reads every file of a name below the project's runs.
fn glob(project: &Project, name: &str) -> Vec<String> {
    let found = walkdir::WalkDir::new(project.path().join(".minke").join("runs")).into_iter().flatten();
    found
        .filter(|entry| entry.file_name() == name)
        .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
        .collect()
}
