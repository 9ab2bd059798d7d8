//! Compose files and `[[service]]` tables, from the command line to real services.

use std::path::Path;
use std::process::Command;

use crate::support::{Ended, Project, SERVICES, docker};

/// A copy of an example.
fn example(name: &str) -> Project {
    let project = Project::empty();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    assert!(Command::new("cp").arg("-a").arg(from.join(".")).arg(project.path()).status().unwrap().success());
    project
}

pub(crate) fn run(project: &Project, more: &[&str]) -> Ended {
    let arguments = ["pytest", "--image", SERVICES, "-f", "compose.yaml"];
    project.minke(&arguments.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
}

/// Checks that neither containers nor networks nor volumes of the run are left.
pub(crate) fn left_nothing(ended: &Ended) {
    ended.left_nothing();
    let label = format!("label=minke.run={}", ended.state().run().unwrap());
    for kind in ["network", "volume"] {
        assert_eq!(docker(&[kind, "ls", "-q", "--filter", &label]), "", "no {kind} is left");
    }
}

#[test]
fn the_example_with_postgresql_and_redis_runs_in_four_shards() {
    let project = example("web");
    let mut command = project.command(&[
        "run",
        "--build",
        ".",
        "--build-arg",
        "BASE=minke-test/services",
        "-f",
        "compose.yaml",
        "--shards",
        "4",
    ]);
    command.env("POSTGRES_IMAGE", "minke-example/postgres").env("REDIS_IMAGE", "minke-example/redis");
    let ended = project.end(&mut command);
    ended.expect(0).says("4 units, 4 shards at once").says("11 passed");
    left_nothing(&ended);
    let slots: std::collections::BTreeSet<_> = ended.state().shards().map(|shard| shard.slot.0).collect();
    assert_eq!(slots.len(), 4);
    assert!(ended.state().shards().all(|shard| shard.kept.services.len() == 2));
}

#[test]
fn five_programs_that_know_each_other_by_name_work_in_each_shard() {
    let project = Project::fixture("dockercoins");
    let ended = run(&project, &["--shards", "2"]);
    ended.expect(0).says("2 units, 2 shards at once").says("4 passed");
    left_nothing(&ended);
}

#[test]
fn the_tests_take_the_place_of_a_service() {
    let project = Project::empty();
    let compose = r#"
services:
  app:
    image: minke-test/services
    working_dir: /srv
    environment: { MODE: "${MODE:-test}", GREETING: "hello $${you}" }
    volumes: [ "files:/files", "/scratch" ]
    depends_on:
      migration: { condition: service_completed_successfully }
  migration:
    image: minke-test/services
    command: [ "python3", "-c", "import redis, time; time.sleep(1); redis.Redis(host='cache').set('migrated', 1); open('/files/done', 'w').write('x')" ]
    volumes: [ "files:/files" ]
    depends_on: { cache: { condition: service_healthy } }
  cache:
    image: minke-test/services
    command: redis-server --protected-mode no
    x-minke: { ready: [ { tcp: 6379 } ] }
volumes: { files: {} }
"#;
    let test = r#"
import os, redis
def test_a():
    assert (os.environ["MODE"], os.environ["GREETING"], os.getcwd()) == ("fast", "hello ${you}", "/srv")
    assert redis.Redis(host="cache").get("migrated") == b"1" and open("/files/done").read() == "x"
    assert os.path.isdir("/scratch")
"#;
    project.write("compose.yaml", compose).write("test_a.py", test);
    let mut command = project.command(&["pytest", "-f", "compose.yaml", "--service", "app"]);
    let ended = project.end(command.env("MODE", "fast"));
    ended.expect(0);
    left_nothing(&ended);
}

#[test]
fn nothing_that_only_looks_touches_a_volume_of_the_tests_service() {
    let project = Project::empty();
    // As a developer may have one of that name.
    let name = format!("of-a-developer-{}", std::process::id());
    let compose = format!(
        "services: {{ app: {{ image: minke-test/services, volumes: ['{name}:/data'] }} }}\nvolumes: {{ {name}: {{}} }}\n"
    );
    project.write("compose.yaml", compose).write("test_a.py", "def test_a(): open('/data/x', 'x')\n");
    let volumes = || docker(&["volume", "ls", "-q", "--filter", &format!("name={name}")]);
    let beside =
        ["-f", "compose.yaml", "--service", "app", "--setup", "touch /data/of-setup", "--setup-network", "none"];
    project.minke(&[&["plan"], &beside[..]].concat()).expect(0);
    assert_eq!(volumes(), "");
    project.minke(&[&["pytest"], &beside[..]].concat()).expect(0);
    assert_eq!(volumes(), "");
}

#[test]
fn the_tests_have_the_names_and_limits_of_their_service_and_what_means_nothing_is_told() {
    let project = Project::empty();
    let compose = r#"
services:
  app:
    image: minke-test/services
    entrypoint: [ "/bin/false" ]
    command: serve
    pids_limit: 77
    healthcheck: { test: [ "CMD", "false" ] }
    networks: { default: { aliases: [ www ] } }
    volumes: [ "shared:/shared" ]
  caller:
    image: minke-test/services
    command: [ "sh", "-c", "until getent hosts app && getent hosts www; do sleep 0.2; done; touch /shared/called; sleep 60" ]
    volumes: [ "shared:/shared" ]
    stop_grace_period: 0s
volumes: { shared: {} }
"#;
    let test = r#"
import os, socket, time
def test_a():
    assert open("/sys/fs/cgroup/pids/pids.max").read().strip() == os.environ["PIDS"]
    mine = socket.gethostbyname(socket.gethostname())
    assert socket.gethostbyname("app") == socket.gethostbyname("www") == mine
    while not os.path.exists("/shared/called"):
        time.sleep(0.1)
"#;
    project.write("compose.yaml", compose).write("test_a.py", test);
    let run = |pids: &str, more: &[&str]| {
        let pids = format!("PIDS={pids}");
        let fixed = ["pytest", "-f", "compose.yaml", "--service", "app", "--timeout", "60", "--env", &pids];
        project.minke(&[&fixed[..], more].concat())
    };
    let ended = run("77", &[]);
    ended.expect(0).says("`entrypoint`, `command`, `healthcheck` of `app` mean nothing for the tests");
    run("88", &["--pids", "88"]).expect(0);
    left_nothing(&ended);
}

#[test]
fn a_reset_of_a_service_that_all_share_is_told_to_mean_nothing() {
    let project = Project::empty();
    let service = "{ image: minke-test/services, command: sleep 9, stop_grace_period: 0s, x-minke: { per: run, reset: restart } }";
    project
        .write("compose.yaml", format!("services: {{ db: {service} }}\n"))
        .write("test_a.py", "def test_a(): pass\n");
    let ended = project.minke(&["plan", "--image", "minke-test/services", "-f", "compose.yaml"]);
    ended.expect(0).says("warning: `reset` of `db` means nothing");
    assert!(ended.stdout.contains("services   db"), "{}", ended.stdout);
}

#[test]
fn the_user_and_the_variables_of_the_tests_service_are_those_of_placed_files_too() {
    let project = Project::empty();
    let compose = r#"
services:
  app:
    image: minke-test/services
    user: "1234:4321"
    environment: { GREETING: hello }
"#;
    let test = r#"
import os
def test_a():
    assert os.getuid() == 1234 and os.access("test_a.py", os.W_OK), os.stat("test_a.py")
    assert open("/run/greeting").read() == "hello"
    assert os.stat("/run/greeting").st_uid == 1234
"#;
    project.write("compose.yaml", compose).write("test_a.py", test).write("greeting", "{{ env.GREETING }}");
    let config = "compose = 'compose.yaml'\nservice = 'app'\n[[file]]\npath = '/run/greeting'\nfrom = 'greeting'\ntemplate = true\n";
    let ended = project.write("minke.toml", config).minke(&["pytest", ".", "--", "-p", "no:cacheprovider"]);
    ended.expect(0);
    assert!(!ended.stderr.contains("not copied"), "{}", ended.stderr);
    left_nothing(&ended);
}

#[test]
fn a_read_only_root_of_the_tests_service_has_a_tmp_to_write_to() {
    let project = Project::empty();
    let compose = "services: { app: { image: minke-test/services, read_only: true } }\n";
    let test = r#"
import errno, os, tempfile
def test_a():
    tempfile.NamedTemporaryFile(dir="/tmp").write(b"x")
    try:
        os.mkdir("/srv/new")
    except OSError as error:
        assert error.errno == errno.EROFS
    else:
        assert False
"#;
    project.write("compose.yaml", compose).write("test_a.py", test).write("greeting", "hello");
    let arguments = ["pytest", "-f", "compose.yaml", "--service", "app"];
    let quiet = ["--", "-p", "no:cacheprovider"];
    let ended = project.minke(&[&arguments[..], &quiet].concat());
    ended.expect(0);
    left_nothing(&ended);
    let own_tmp = project.minke(&[&arguments[..], &["--tmpfs", "/tmp"], &quiet].concat());
    own_tmp.expect(0).says("`/tmp` is a volume and not a tmpfs");
    left_nothing(&own_tmp);
    let file = ["--file", "greeting:/run/greeting"];
    project.minke(&[&arguments[..], &file].concat()).expect(2).says("`/run/greeting`").says("`read_only`");
}

#[test]
fn a_table_needs_no_service_that_is_neither_a_table_nor_in_a_compose_file() {
    let project = Project::empty();
    let config = "image = 'minke-test/services'\ncompose = 'compose.yaml'\n[[service]]\nname = 'a'\nimage = 'i'\ndepends-on = ['nobody']\n";
    project
        .write("minke.toml", config)
        .write("compose.yaml", "services: {}\n")
        .write("test_a.py", "def test_a(): pass\n");
    project.minke(&["pytest"]).expect(2).says("minke.toml").says("`nobody`, which is no service");
}

#[test]
fn services_are_described_in_the_configuration_file_too_and_templates_know_them() {
    let project = Project::empty();
    let config = r#"
image = "minke-test/services"
file = "cache.ini.j2:/etc/cache.ini"
[[service]]
name = "cache"
image = "minke-test/services"
command = ["redis-server", "--protected-mode", "no"]
aliases = ["store"]
ready = [{ tcp = 6379 }]
"#;
    let test = "import redis\ndef test_a():\n    host, address, alias = open('/etc/cache.ini').read().split()\n    for name in [host, address, alias]: assert redis.Redis(host=name).ping()\n";
    project.write("minke.toml", config).write("test_a.py", test);
    project.write("cache.ini.j2", "{{ service.cache.host }} {{ service.cache.address }} store\n");
    let ended = project.minke(&["run"]);
    ended.expect(0);
    left_nothing(&ended);
}

#[test]
fn what_is_wrong_with_a_compose_file_is_told_before_anything_is_started() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n");
    let service = |text: &str| format!("services:\n  a:\n    image: minke-test/services\n{text}");
    let cases = [
        ("    depends_on: [b]\n  b:\n    image: x\n    depends_on: [a]\n", "a", 2),
        ("    depends_on: [nobody]\n", "nobody", 2),
        ("    volumes: [ 'data:/data' ]\n", "data", 2),
        ("    environment: { A: '${MUST_BE_SET:?it must}' }\n", "it must", 2),
        ("    image: [\n", "compose.yaml", 2),
    ];
    for (text, said, code) in cases {
        project.write("compose.yaml", service(text));
        run(&project, &[]).expect(code).says(said);
    }
    project.write(
        "compose.yaml",
        service("    privileged: true\n    restart: always\n    command: sleep 100\n    stop_grace_period: 0s\n"),
    );
    run(&project, &[]).expect(0).says("`services.a.privileged` is not honoured").says("`services.a.restart` is not");
    run(&project, &["--services", "nobody"]).expect(2).says("nobody").says("a");
    run(&project, &["--subnets", "10.213.0.0"]).expect(2).says("`--subnets`");
}

#[test]
fn more_shards_than_the_engine_has_networks_of_its_own_each_have_one() {
    let project = Project::empty();
    for number in 0..64 {
        project.write(
            &format!("test_{number:02}.py"),
            "import socket\ndef test_a(): assert socket.gethostbyname('idle')\n",
        );
    }
    project.write(
        "compose.yaml",
        "services:\n  idle:\n    image: minke-test/services\n    command: sleep 1000\n    stop_grace_period: 0s\n",
    );
    let ended = run(&project, &["--shards", "64"]);
    ended.expect(0).says("64 units, 64 shards at once");
    left_nothing(&ended);
}

#[test]
fn ports_that_a_service_would_publish_clash_with_nothing() {
    let project = Project::empty();
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let compose = format!(
        "services:\n  cache:\n    image: minke-test/services\n    command: redis-server --protected-mode no\n    \
         ports: [\"{port}:6379\"]\n    x-minke: {{ ready: [ {{ tcp: 6379 }} ] }}\n"
    );
    let test = "import redis\ndef test_a(): assert redis.Redis(host='cache').ping()\n";
    project.write("compose.yaml", compose).write("test_a.py", test).write("test_b.py", test);
    let ended = run(&project, &["--shards", "2"]);
    ended.expect(0).says("ports").says("not published").says("2 passed");
    left_nothing(&ended);
}

/// A network of the engine's that is not minke's.
struct ForeignNetwork(String);

impl ForeignNetwork {
    fn create(subnet: &str) -> Self {
        let name = format!("foreign-{}", subnet.replace('/', "-"));
        docker(&["network", "create", "--subnet", subnet, &name]);
        Self(name)
    }
}

impl Drop for ForeignNetwork {
    fn drop(&mut self) {
        docker(&["network", "rm", &self.0]);
    }
}

#[test]
fn subnets_that_others_have_are_avoided_and_a_range_that_is_full_is_told() {
    let project = Project::empty();
    project.write("test_a.py", "import socket\ndef test_a(): print('at', socket.gethostbyname('idle'))\n");
    let idle = "services: { idle: { image: minke-test/services, command: sleep 1000, stop_grace_period: 0s } }\n";
    project.write("compose.yaml", idle);
    let half = ForeignNetwork::create("10.214.77.0/25");
    let beside = run(&project, &["--subnets", "10.214.77.0/24", "--", "-s"]);
    beside.expect(0);
    let said = String::from_utf8(beside.log(1, "stdout")).unwrap();
    let host = said.split("at 10.214.77.").nth(1).and_then(|rest| rest.split_whitespace().next());
    assert!(host.unwrap().parse::<u8>().unwrap() >= 128, "{said}");
    left_nothing(&beside);
    drop(half);
    let _whole = ForeignNetwork::create("10.214.77.0/24");
    let full = run(&project, &["--subnets", "10.214.77.0/24"]);
    full.expect(3).says("no free addresses are left in 10.214.77.0/24").says("--subnets");
    left_nothing(&full);
}
