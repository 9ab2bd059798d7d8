//! Each key of a service that is honoured, in each of its forms.

use std::path::PathBuf;
use std::time::Duration;

use minke::model::{
    Build, Dependency, DependencyCondition, HealthCheck, ImageSource, Mount, MountSource, Readiness, ReadinessProbe,
    Reset, ServiceScope, Ulimit,
};

use crate::project::{Project, below_service, env, service};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn commands_are_text_or_lists_and_may_be_empty() {
    let table: [(&str, Option<&[&str]>); 5] = [
        ("command: sh -c 'echo \"$$X\" y'", Some(&["sh", "-c", "echo \"$X\" y"])),
        ("command: [a, 'b c', 1]", Some(&["a", "b c", "1"])),
        ("command: []", Some(&[])),
        ("command: ''", Some(&[])),
        ("command:", None),
    ];
    for (keys, expected) in table {
        assert_eq!(service(keys).command, expected.map(words), "{keys}");
        let entrypoint = keys.replace("command", "entrypoint");
        assert_eq!(service(&entrypoint).entrypoint, expected.map(words), "{keys}");
    }
}

#[test]
fn environment_is_a_map_or_a_list_and_numbers_keep_their_spelling() {
    for keys in [
        "environment: {A: 1.10, B: 0644, C: yes, D: null, E: '', OUTER: }",
        "environment: [A=1.10, B=0644, C=yes, D, E=, OUTER]",
    ] {
        let read = Project::of(&below_service(keys)).variable("OUTER", "o").good();
        assert_eq!(env(&read.services[0]), ["A=1.10", "B=0644", "C=yes", "E=", "OUTER=o"]);
    }
}

#[test]
fn env_files_come_in_three_forms_and_the_service_itself_wins() {
    let keys = "env_file:\n  - a.env\n  - {path: sub/b.env, format: raw}\n  - {path: none.env, required: false}\n\
                environment:\n  A: own\n  GONE:";
    let project = Project::of(&below_service(keys))
        .file("a.env", "A=file\nB=\"x\\ny\" # c\nGONE=1\nOUTER")
        .file("sub/b.env", "C='$raw' # c\n")
        .variable("OUTER", "o");
    assert_eq!(env(&project.good().services[0]), ["A=own", "B=x\ny", "C='$raw' # c", "OUTER=o"]);
    let project = Project::of(&below_service("env_file: a.env")).file("a.env", "A=1");
    assert_eq!(env(&project.good().services[0]), ["A=1"]);
}

#[test]
fn mounts_come_in_short_and_long_forms() {
    let keys = "volumes:\n  - v:/named:ro\n  - /anonymous\n  - ./sub/../dir:/bind\n  - /abs:/abs:ro,cached\n  - ~/h:/home\n  \
                - {type: volume, source: w, target: /w, read_only: true}\n  \
                - {type: bind, source: ../up, target: /up, bind: {create_host_path: false}}\n  \
                - {type: tmpfs, target: /t, tmpfs: {size: 64m, mode: 01777}}\n  - {target: /anonymous2}\n\
                tmpfs:\n  - /run\n  - /tmp:size=1m,mode=700";
    let project = Project::of(&below_service(keys)).variable("HOME", "/home/me");
    let top = project.top().to_owned();
    let mount = |source, container: &str, read_only| Mount { source, container: container.to_owned(), read_only };
    let volume = |name: &str| MountSource::Volume(Some(name.to_owned()));
    let read = project.good();
    let expected = [
        mount(volume("v"), "/named", true),
        mount(MountSource::Volume(None), "/anonymous", false),
        mount(MountSource::Host(top.join("dir")), "/bind", false),
        mount(MountSource::Host("/abs".into()), "/abs", true),
        mount(MountSource::Host("/home/me/h".into()), "/home", false),
        mount(volume("w"), "/w", true),
        mount(MountSource::Host(top.parent().unwrap().join("up")), "/up", false),
        mount(MountSource::Tmpfs { bytes: Some(64 << 20), mode: Some(0o1777) }, "/t", false),
        mount(MountSource::Volume(None), "/anonymous2", false),
        mount(MountSource::Tmpfs { bytes: None, mode: None }, "/run", false),
        mount(MountSource::Tmpfs { bytes: Some(1 << 20), mode: Some(0o700) }, "/tmp", false),
    ];
    assert_eq!(read.services[0].container.mounts, expected);
    assert_eq!(read.warnings, [""; 0]);
    let names: Vec<&str> = read.volumes.iter().map(|volume| volume.name.as_str()).collect();
    assert_eq!(names, ["v", "w"]);
}

#[test]
fn builds_are_a_directory_or_a_map() {
    let top_of = |keys: &str| {
        let project = Project::of(&below_service(keys)).variable("FROM", "outside");
        let read = project.good();
        (project.top().to_owned(), read.services[0].image.clone())
    };
    let (top, image) = top_of("build: ./app");
    assert_eq!(image, ImageSource::Built(Build { context: top.join("app"), ..Build::default() }));
    for args in ["{A: 1, FROM: , NONE: }", "[A=1, FROM, NONE]"] {
        let keys = format!(
            "build:\n  context: app\n  dockerfile: ../x.Dockerfile\n  target: t\n  no_cache: true\n  args: {args}"
        );
        let (top, image) = top_of(&keys);
        let build = Build {
            context: top.join("app"),
            dockerfile: Some(top.join("x.Dockerfile")),
            target: Some("t".to_owned()),
            args: vec![("A".to_owned(), "1".to_owned()), ("FROM".to_owned(), "outside".to_owned())],
            no_cache: true,
        };
        assert_eq!(image, ImageSource::Built(build));
    }
}

#[test]
fn a_service_with_the_name_of_an_image_that_another_builds_has_it_built() {
    let text = "services:\n  web: {image: app, build: .}\n  worker: {image: app}\n  other: {image: x}\n";
    let read = Project::of(text).good();
    let image = |name| &crate::project::named(&read, name).image;
    assert_eq!(image("worker"), image("web"));
    assert_eq!(*image("other"), ImageSource::Named("x".to_owned()));
}

#[test]
fn dependencies_are_a_list_or_a_map_with_conditions() {
    let text = "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i}\n  c:\n    image: i\n    depends_on:\n      \
                a: {condition: service_healthy, restart: true}\n      b: {condition: service_completed_successfully}\n      \
                none: {condition: service_started, required: false}\n";
    let read = Project::of(text).good();
    let needs = |service: &str, condition| Dependency { service: service.to_owned(), condition };
    let of = |name| crate::project::named(&read, name).depends_on.clone();
    assert_eq!(of("a"), [needs("b", DependencyCondition::Started)]);
    let expected = [needs("a", DependencyCondition::Healthy), needs("b", DependencyCondition::CompletedSuccessfully)];
    assert_eq!(of("c"), expected);
    assert_eq!(
        read.warnings,
        ["compose.yaml:7: `services.c.depends_on.a.restart` is not honoured: a service that ends is not started again"]
    );
}

#[test]
fn healthchecks_are_text_lists_or_none() {
    let check = |keys: &str| service(&format!("healthcheck: {keys}")).health.unwrap();
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let expected = HealthCheck {
        test: Some(words(&["CMD-SHELL", "pg_isready || exit 1"])),
        interval: seconds(90),
        timeout: seconds(10),
        retries: Some(3),
        start_period: Some(Duration::from_millis(1500)),
    };
    let whole = "{test: pg_isready || exit 1, interval: 1m30s, timeout: 10s, retries: 3, start_period: 1.5s}";
    assert_eq!(check(whole), expected);
    assert_eq!(check("{test: [CMD, a, b]}").test, Some(words(&["CMD", "a", "b"])));
    assert_eq!(check("{test: [NONE]}"), HealthCheck::none());
    assert_eq!(check("{disable: true, interval: 3s}"), HealthCheck::none());
    assert_eq!(service("").health, None);
}

#[test]
fn limits_are_those_of_the_service_or_of_its_deployment() {
    let keys = "mem_limit: 512m\ncpus: 1.5\npids_limit: 100\nshm_size: 1gb\n\
                ulimits: {nproc: 65535, nofile: {soft: 20000, hard: -1}}";
    let limits = service(keys).container.limits;
    assert_eq!((limits.memory_bytes, limits.cpu_millis, limits.pids), (Some(512 << 20), Some(1500), Some(100)));
    assert_eq!(limits.shm_bytes, Some(1 << 30));
    let ulimit = |name: &str, soft, hard| Ulimit { name: name.to_owned(), soft, hard };
    assert_eq!(limits.ulimits, [ulimit("nofile", 20000, -1), ulimit("nproc", 65535, 65535)]);
    let limits = service("deploy: {resources: {limits: {memory: 1G, cpus: '0.5', pids: 5}}}").container.limits;
    assert_eq!((limits.memory_bytes, limits.cpu_millis, limits.pids), (Some(1 << 30), Some(500), Some(5)));
    let limits = service("mem_limit: 0\ncpus: 0\npids_limit: -1").container.limits;
    assert_eq!((limits.memory_bytes, limits.cpu_millis, limits.pids), (None, None, None));
}

#[test]
fn the_rest_of_a_container_is_taken_over() {
    let keys = "user: 1000:1000\nworking_dir: /w\nhostname: h\ninit: true\nstop_signal: SIGINT\nstop_grace_period: 1m\n\
                read_only: yes\ncap_add: [CAP_SYS_PTRACE, net_raw]\ncap_drop: [ALL]\n\
                devices:\n  - /dev/a:/dev/b:rw\n  - {source: /dev/c, permissions: r}\n\
                dns: 1.1.1.1\nlabels: {a: 1, b: }\nexpose: [80, 90-91]\nx-own: {anything: [1]}";
    let service = service(keys);
    assert_eq!((service.init, service.stop_signal.as_deref()), (true, Some("SIGINT")));
    assert_eq!(service.stop_grace, Duration::from_secs(60));
    assert_eq!(service.labels, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())]);
    let container = service.container;
    assert_eq!((container.user.as_deref(), container.work_dir.as_deref()), (Some("1000:1000"), Some("/w")));
    assert_eq!((container.hostname.as_deref(), container.dns), (Some("h"), words(&["1.1.1.1"])));
    let privileges = container.privileges;
    assert_eq!((privileges.cap_add, privileges.cap_drop), (words(&["SYS_PTRACE", "NET_RAW"]), words(&["ALL"])));
    assert_eq!(privileges.devices, words(&["/dev/a:/dev/b:rw", "/dev/c:/dev/c:r"]));
    assert!(privileges.read_only);
}

#[test]
fn hosts_are_a_list_or_a_map() {
    for keys in [
        "extra_hosts: ['a:10.0.0.1', 'b=::1', 'c:host-gateway']",
        "extra_hosts: {a: 10.0.0.1, b: '::1', c: [host-gateway]}",
    ] {
        assert_eq!(service(keys).container.extra_hosts, words(&["a:10.0.0.1", "b:::1", "c:host-gateway"]));
    }
}

#[test]
fn aliases_are_those_of_all_networks() {
    assert_eq!(service("networks: {n: {aliases: [x, y]}}").aliases, ["x", "y"]);
    assert!(service("networks: [n]").aliases.is_empty());
    assert!(service("networks: [default]").aliases.is_empty());
}

#[test]
fn minkes_own_keys_stand_below_x_minke() {
    let keys = "x-minke:\n  per: run\n  reset: snapshot\n  ready:\n    - {tcp: 5432, timeout: 5s}\n    - http: {port: 80, path: /up, status: 204, host: h}\n    \
                - http: 81\n    - {log: 'ready.*', count: 2}\n    - exec: pg_isready -U me\n    - exec: [true]";
    let service = service(keys);
    assert_eq!((service.per, service.reset), (ServiceScope::Run, Reset::Snapshot));
    let probes: Vec<ReadinessProbe> = service.ready.iter().map(|ready| ready.probe.clone()).collect();
    let expected = [
        ReadinessProbe::Tcp { port: 5432 },
        ReadinessProbe::Http { port: 80, path: "/up".to_owned(), host: Some("h".to_owned()), status: Some(204) },
        ReadinessProbe::Http { port: 81, path: "/".to_owned(), host: None, status: None },
        ReadinessProbe::Log { pattern: "ready.*".to_owned(), count: 2 },
        ReadinessProbe::Exec { command: words(&["pg_isready", "-U", "me"]) },
        ReadinessProbe::Exec { command: words(&["true"]) },
    ];
    assert_eq!(probes, expected);
    let timeouts: Vec<Duration> = service.ready.iter().map(|ready| ready.timeout).collect();
    assert_eq!((timeouts[0], timeouts[1]), (Duration::from_secs(5), Readiness::TIMEOUT));
    let only = crate::project::service("x-minke: {ready: {tcp: 1}}");
    assert_eq!((only.per, only.reset, only.ready.len()), (ServiceScope::Shard, Reset::Recreate, 1));
}

#[test]
fn a_service_of_nothing_but_an_image_is_as_a_new_one() {
    let expected = minke::model::Service::new("s", ImageSource::Named("i".to_owned()));
    assert_eq!(service(""), expected);
}

#[test]
fn a_dockerfile_is_relative_to_its_context_and_an_absolute_one_stays() {
    let read = Project::of(&below_service("build: {context: /c, dockerfile: /d/e}")).good();
    let ImageSource::Built(build) = &read.services[0].image else { panic!("it is built") };
    assert_eq!((build.context.clone(), build.dockerfile.clone()), (PathBuf::from("/c"), Some("/d/e".into())));
}
