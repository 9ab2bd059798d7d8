//! Services from their start to their end: that fail, that do not heed, that are interrupted.

use std::fs;

use rustix::process::Signal;

use crate::compose::{left_nothing, run};
use crate::support::{Project, SERVICES, send, until};

#[test]
fn a_service_that_fails_while_another_one_starts_leaves_nothing_and_warns_of_nothing() {
    let project = Project::empty();
    let compose = r#"
services:
  slow:
    image: minke-test/services
    command: sleep 60
    stop_grace_period: 0s
    x-minke: { ready: [ { tcp: 5432, timeout: 60s } ] }
  wrong: { image: minke-test/services, command: no-such-command }
"#;
    project.write("compose.yaml", compose).write("test_a.py", "def test_a(): pass\n");
    for _ in 0..4 {
        let ended = project.minke(&["pytest", "--image", "minke-test/services", "-f", "compose.yaml"]);
        ended.expect(3).says("service `wrong`").says("correct its `command` or `entrypoint`");
        assert!(!ended.stderr.contains("left behind"), "{}", ended.stderr);
        left_nothing(&ended);
    }
}

#[test]
fn services_that_are_ill_crash_or_lack_something_are_told_with_their_names() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n");
    let errs = |text: &str, said: &[&str]| {
        project.write(
            "compose.yaml",
            format!("services:\n  db:\n    image: minke-test/services\n    stop_grace_period: 0s\n{text}"),
        );
        let ended = run(&project, &[]);
        ended.expect(3);
        for word in said {
            ended.says(word);
        }
        assert_eq!(ended.outcome("test_a.py"), "service");
        left_nothing(&ended);
    };
    let ill =
        "    command: sleep 100\n    healthcheck: { test: 'echo not well; exit 1', interval: 200ms, retries: 2 }\n";
    errs(ill, &["service `db`", "its health check failed: not well"]);
    errs(
        "    command: sh -c 'echo oh no; exit 9'\n    x-minke: { ready: [ { tcp: 1 } ] }\n",
        &["exit code 9", "oh no"],
    );
    let external = "    command: sleep 100\n    volumes: [ 'data:/data' ]\nvolumes: { data: { external: true, name: no-such-volume-here } }\n";
    errs(external, &["no volume `no-such-volume-here`", "docker volume create"]);
}

#[test]
fn a_service_that_ends_during_the_tests_is_warned_of_and_shown() {
    let project = Project::empty();
    project.write("test_a.py", "import time\ndef test_a():\n    time.sleep(2)\n    assert False\n");
    project.write(
        "compose.yaml",
        "services:\n  db:\n    image: minke-test/services\n    command: sh -c 'echo gone soon; sleep 1; exit 5'\n",
    );
    let ended = run(&project, &[]);
    ended.expect(1).says("service `db` of shard 1 ended with exit code 5").says("| gone soon");
    assert_eq!(ended.state().shards().next().unwrap().kept.services[0].exit.as_ref().unwrap().code, 5);
    let html = fs::read_to_string(ended.run_dir().join("report.html")).unwrap();
    assert!(html.contains("Service db") && html.contains("services/db.log"));
}

#[test]
fn services_are_stopped_at_the_same_time_but_before_what_they_depend_on_and_their_last_words_are_kept() {
    let project = Project::empty();
    // Each writes what it sees of the others when it is told to stop; `left` and `right` wait for each other then.
    let program = r#"
import os, signal, sys, time
name, awaited = sys.argv[1], sys.argv[2:]
def stop(*_):
    open(f"/shared/{name}", "w").close()
    while not all(os.path.exists(f"/shared/{other}") for other in awaited): time.sleep(0.05)
    print("stopped with", *sorted(os.listdir("/shared")), flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
while True: time.sleep(1)
"#;
    let service = |name: &str, more: &str| {
        format!(
            "  {name}:\n    image: minke-test/services\n    command: [python3, /programs/wait.py, {name}{more}]\n    \
             stop_grace_period: 60s\n    volumes: [\"shared:/shared\", \"./programs:/programs:ro\"]\n    \
             x-minke: {{ ready: [ {{ log: up }} ] }}\n"
        )
    };
    let needs = "    depends_on: [base]\n";
    let compose = format!(
        "services:\n{}{}{needs}{}{needs}volumes: {{ shared: {{}} }}\n",
        service("base", ""),
        service("left", ", right"),
        service("right", ", left")
    );
    project.write("compose.yaml", compose).write("programs/wait.py", program);
    project.write("test_a.py", "def test_a(): pass\n");
    let ended = run(&project, &[]);
    ended.expect(0);
    left_nothing(&ended);
    let log = |name: &str| fs::read_to_string(ended.run_dir().join(format!("shards/1/services/{name}.log"))).unwrap();
    assert_eq!(log("left"), "up\nstopped with left right\n");
    assert_eq!(log("right"), "up\nstopped with left right\n");
    assert_eq!(log("base"), "up\nstopped with base left right\n");
}

#[test]
fn a_second_ctrl_c_ends_services_that_do_not_heed_the_first() {
    let project = Project::empty();
    project.write("test_a.py", "import time\ndef test_a():\n    print('runs', flush=True)\n    time.sleep(1000)\n");
    let deaf = "    image: minke-test/services\n    stop_grace_period: 1h\n    \
                command: sh -c 'trap \"echo told\" TERM; echo up; while :; do sleep 0.1; done'\n";
    let compose = format!(
        "services:\n  own:\n{deaf}    x-minke: {{ ready: [ {{ log: up }} ] }}\n  \
         shared:\n{deaf}    x-minke: {{ per: run, ready: [ {{ log: up }} ] }}\n"
    );
    project.write("compose.yaml", compose);
    let arguments = ["pytest", "--image", SERVICES, "-f", "compose.yaml", "--", "-s"];
    let child = project.start_until(&arguments, 1, "runs");
    send(&child, Signal::INT);
    let log = project.path().join(".minke/latest/shards/1/services/own.log");
    let told = || fs::read_to_string(&log).is_ok_and(|text| text.contains("told"));
    until("the service is told to stop", told);
    send(&child, Signal::INT);
    let ended = project.wait(child);
    ended.expect(130);
    left_nothing(&ended);
}

#[test]
fn a_shared_service_that_never_gets_ready_is_not_waited_for_by_each_shard() {
    let project = Project::empty();
    for number in 0..6 {
        project.write(&format!("test_{number}.py"), "def test_a(): pass\n");
    }
    let service = "{ image: minke-test/services, command: sh -c 'echo x >> /tries/list; sleep 1000', volumes: ['./tries:/tries'], \
                   stop_grace_period: 0s, x-minke: { per: run, ready: [ { exec: 'false', timeout: 2s } ] } }";
    project.write("compose.yaml", format!("services: {{ db: {service} }}\n")).write("tries/list", "");
    let ended = run(&project, &["--shards", "6"]);
    ended.expect(3);
    left_nothing(&ended);
    assert_eq!(ended.state().unit_counts().errored, 6);
    // It is given a second chance, and the others take the last one's word.
    assert_eq!(fs::read_to_string(project.path().join("tries/list")).unwrap(), "x\nx\n");
}

#[test]
fn ctrl_c_while_services_start_leaves_nothing() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n");
    project.write(
        "compose.yaml",
        "services:\n  db:\n    image: minke-test/services\n    command: sh -c 'echo up; sleep 1000'\n    stop_grace_period: 1s\n    x-minke: { ready: [ { tcp: 1 } ] }\n",
    );
    let child = project.start(&["pytest", "--image", SERVICES, "-f", "compose.yaml"]);
    let log = project.path().join(".minke/latest/shards/1/services/db.log");
    until("the service is up", || fs::read_to_string(&log).is_ok_and(|text| text.contains("up")));
    send(&child, Signal::INT);
    let ended = project.wait(child);
    ended.expect(130);
    left_nothing(&ended);
}
