//! What is not honoured is named with its file, service and key; nothing is dropped in silence.

use crate::project::{Project, below_service};

fn warnings(keys: &str) -> Vec<String> {
    Project::of(&below_service(keys)).good().warnings
}

#[test]
fn each_key_that_has_no_effect_is_named() {
    let keys = [
        "restart: always",
        "privileged: true",
        "network_mode: host",
        "pid: host",
        "ipc: host",
        "secrets: [a]",
        "configs: [a]",
        "develop: {watch: []}",
        "platform: linux/arm64",
        "pull_policy: always",
        "links: [x]",
        "logging: {driver: none}",
        "sysctls: {a: 1}",
        "security_opt: [a]",
        "group_add: [a]",
        "tty: true",
        "gpus: all",
        "post_start: []",
        "provider: {}",
        "oom_score_adj: 1",
        "volumes_from: [x]",
        "scale: 2",
        "something: 1",
        "annotations: [a=1]",
    ];
    for key in keys {
        let name = key.split(':').next().unwrap();
        let found = warnings(key);
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        assert!(found[0].starts_with(&format!("compose.yaml:4: `services.s.{name}` is not honoured")), "{found:?}");
    }
}

#[test]
fn keys_below_others_are_named_too() {
    let table = [
        ("deploy: {replicas: 2}", "`services.s.deploy.replicas` is not honoured: there is one container of a service"),
        ("deploy: {resources: {reservations: {}}}", "`services.s.deploy.resources.reservations` is not honoured"),
        ("build: {context: ., cache_from: [a]}", "`services.s.build.cache_from` is not honoured"),
        ("healthcheck: {start_interval: 1s}", "`services.s.healthcheck.start_interval` is not honoured"),
        (
            "healthcheck: {intervall: 1s}",
            "`services.s.healthcheck.intervall` is not honoured: did you mean `interval`?",
        ),
        ("networks: {n: {ipv4_address: 1.2.3.4}}", "`services.s.networks.n.ipv4_address` is not honoured"),
        ("volumes: ['v:/v:nocopy']", "`services.s.volumes:nocopy` is not honoured"),
        ("tmpfs: '/t:uid=1000,noexec'", "`services.s.tmpfs:uid=1000` is not honoured"),
        ("volumes: [{target: /x, volume: {subpath: y}}]", "`services.s.volumes.volume.subpath` is not honoured"),
        (
            "volumes: [{type: bind, source: /a, target: /x, bind: {create_host_path: true}}]",
            "`services.s.volumes.bind.create_host_path` is not honoured: make the directory; one that is missing is an error",
        ),
        (
            "volumes: [{type: bind, source: /a, target: /x, consistency: cached}]",
            "`services.s.volumes.consistency` is not honoured: it means nothing on Linux",
        ),
        ("enviroment: {A: 1}", "`services.s.enviroment` is not honoured: did you mean `environment`?"),
    ];
    for (keys, expected) in table {
        assert_eq!(warnings(keys), [format!("compose.yaml:4: {expected}")], "{keys}");
    }
}

#[test]
fn ports_and_the_containers_name_are_said_to_mean_something_else() {
    let read = Project::of(&below_service("container_name: db1\nports: ['80:80', {target: 81}]")).good();
    assert_eq!(
        read.warnings,
        [
            "compose.yaml:4: `services.s.container_name` is not honoured: it is an alias on the shard's network instead",
            "compose.yaml:5: `services.s.ports` is not honoured: ports are not published, a service is reached by its name",
        ]
    );
    assert_eq!(read.services[0].aliases, ["db1"]);
}

#[test]
fn what_asks_for_nothing_else_than_is_done_is_not_warned_of() {
    let keys = "volumes: [{type: bind, source: /a, target: /x, bind: {create_host_path: false}}]";
    assert_eq!(warnings(keys), [""; 0]);
    let named = "services: {s: {image: i, networks: [a], volumes: [v:/v]}}\nnetworks: {a: {name: n}}\n\
                 volumes: {v: {name: w, external: true}}\n";
    let found = Project::of(named).good().warnings;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("compose.yaml:2: `networks.a.name` is not honoured"), "{found:?}");
}

#[test]
fn top_level_keys_are_named_and_those_of_others_are_not() {
    let text = "version: '3'\nname: n\nx-mine: 1\nservices: {s: {image: i, networks: [a, b], volumes: [v:/v]}}\n\
                networks:\n  a: {driver: bridge}\n  b: \nvolumes:\n  v: {driver: nfs, name: w}\n\
                secrets: {a: }\nconfigs: {}\ninclude: [x]\nservice: {}\n";
    let mut found = Project::of(text).good().warnings;
    found.sort();
    let expected = [
        "compose.yaml:10: `secrets` is not honoured: mount files, or set variables",
        "compose.yaml:11: `configs` is not honoured: mount files instead",
        "compose.yaml:12: `include` is not honoured: give the file with `-f`",
        "compose.yaml:13: `service` is not honoured: did you mean `services`?",
        "compose.yaml:6: `networks.a.driver` is not honoured",
        "compose.yaml:6: `networks` do not part services: all those of a shard are on one network",
        "compose.yaml:9: `volumes.v.driver` is not honoured",
        "compose.yaml:9: `volumes.v.name` is not honoured: each shard has its own, named by the run, and services see it by \
         the name in the file",
    ];
    assert_eq!(found, expected);
}
