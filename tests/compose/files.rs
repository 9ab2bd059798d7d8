//! Variables, several files, `extends` and `<<`.

use std::time::Duration;

use minke::model::{ImageSource, MountSource, Reset, ServiceScope};

use crate::project::{Project, env, named, names, service};

#[test]
fn variables_come_from_outside_or_from_the_projects_env_file() {
    let text = "name: shop\nservices:\n  s:\n    image: \"${IMAGE:-postgres}:$TAG\"\n    environment:\n      \
                P: ${PASS:?}\n      N: ${COMPOSE_PROJECT_NAME}\n      D: $$x\n";
    let project = Project::of(text).file(".env", "TAG=1\nPASS='p#'\n").variable("TAG", "2");
    let read = project.good();
    assert_eq!(read.services[0].image, ImageSource::Named("postgres:2".to_owned()));
    assert_eq!(env(&read.services[0]), ["D=$x", "N=shop", "P=p#"]);
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn a_variable_without_a_value_is_empty_and_warned_of_once() {
    let read = Project::of("services:\n  s:\n    image: i$X\n    user: u${X}\n").good();
    assert_eq!(read.services[0].image, ImageSource::Named("i".to_owned()));
    assert_eq!(read.warnings, ["compose.yaml:3: the variable `X` is not set, so it is empty"]);
}

#[test]
fn variables_that_files_of_variables_lack_are_warned_of_too() {
    let project = Project::of("services: {s: {image: i, env_file: sub/s.env}}\n")
        .file(".env", "A=$ONE\n")
        .file("sub/s.env", "B=$A$TWO\nC=${TWO}\nD=$ONE\n");
    let expected = [
        ".env: the variable `ONE` is not set, so it is empty",
        "sub/s.env: the variable `TWO` is not set, so it is empty",
    ];
    assert_eq!(project.good().warnings, expected);
}

#[test]
fn later_files_change_earlier_ones_by_composes_rules() {
    let one = "services:\n  s:\n    image: i:1\n    command: [a, b]\n    environment: {A: 1, B: 1}\n    volumes: [v:/data, ./x:/x]\n    \
               dns: 1.1.1.1\n    tmpfs: /run\n    labels: [l=1]\n    depends_on: [d]\n    healthcheck: {test: [CMD, a], retries: 1}\n    \
               ulimits: {nofile: 1, nproc: 2}\n    cap_add: [A]\n  d: {image: d}\nvolumes: {v: }\n";
    let two = "services:\n  s:\n    image: i:2\n    command: c\n    environment: [B=2, C=2]\n    volumes: [w:/data:ro, /y]\n    \
               dns: [1.1.1.1, 2.2.2.2]\n    tmpfs: [/run:size=1m, /t]\n    labels: {m: 2}\n    depends_on: {d: {condition: service_healthy}}\n    \
               healthcheck: {test: b}\n    ulimits: {nofile: {soft: 3, hard: 4}}\n    cap_add: [A, B]\nvolumes: {w: }\n";
    let project = Project::new().file("one.yaml", one).file("two.yaml", two);
    let read = project.read(&["one.yaml", "two.yaml"]).unwrap();
    let service = named(&read, "s");
    assert_eq!(service.image, ImageSource::Named("i:2".to_owned()));
    assert_eq!(service.command.as_deref(), Some(&["c".to_owned()][..]));
    assert_eq!(env(service), ["A=1", "B=2", "C=2"]);
    let mounts: Vec<String> = service
        .container
        .mounts
        .iter()
        .map(|mount| match &mount.source {
            MountSource::Volume(Some(name)) => format!("{name}:{}:{}", mount.container, mount.read_only),
            MountSource::Existing(name) => format!("existing {name}"),
            MountSource::Volume(None) => mount.container.clone(),
            MountSource::Host(_) => format!("host:{}", mount.container),
            MountSource::Tmpfs { bytes, .. } => format!("tmpfs:{}:{bytes:?}", mount.container),
        })
        .collect();
    assert_eq!(mounts, ["w:/data:true", "host:/x", "/y", "tmpfs:/run:Some(1048576)", "tmpfs:/t:None"]);
    assert_eq!(service.container.dns, ["1.1.1.1", "2.2.2.2"]);
    assert_eq!(service.labels.len(), 2);
    assert_eq!(service.depends_on.len(), 1);
    let health = service.health.clone().unwrap();
    assert_eq!((health.test.unwrap(), health.retries), (vec!["CMD-SHELL".to_owned(), "b".to_owned()], Some(1)));
    let limits: Vec<_> = service.container.limits.ulimits.iter().map(|limit| (limit.soft, limit.hard)).collect();
    assert_eq!(limits, [(3, 4), (2, 2)]);
    assert_eq!(service.container.privileges.cap_add, ["A", "B"]);
}

#[test]
fn reset_and_override_are_obeyed() {
    let one = "services:\n  s: {image: i, environment: {A: 1, B: 1}, dns: [1.1.1.1], user: u, depends_on: [d]}\n  d: {image: d}\n";
    let two = "services:\n  s:\n    environment: {A: !reset null}\n    dns: !override [2.2.2.2]\n    user: !reset \n    depends_on: !reset []\n  d: !reset null\n";
    let project = Project::new().file("one.yaml", one).file("two.yaml", two);
    let read = project.read(&["one.yaml", "two.yaml"]).unwrap();
    assert_eq!(names(&read), ["s"]);
    assert_eq!(env(&read.services[0]), ["B=1"]);
    assert_eq!(read.services[0].container.dns, ["2.2.2.2"]);
    assert_eq!((&read.services[0].container.user, read.services[0].depends_on.len()), (&None, 0));
    let alone = Project::of("services:\n  s: {image: i, user: !reset u, dns: !override [1.1.1.1]}\n").good();
    assert_eq!(alone.services[0].container.user, None);
    assert_eq!(alone.services[0].container.dns, ["1.1.1.1"]);
}

#[test]
fn keys_of_others_are_replaced_as_a_whole() {
    let one = "x-a: {b: 1}\nservices: {s: {image: i, x-a: [1], x-minke: {per: run}}}\n";
    let two = "x-a: 2\nservices: {s: {x-a: 1, x-minke: {reset: none}}}\n";
    let project = Project::new().file("one.yaml", one).file("two.yaml", two);
    let read = project.read(&["one.yaml", "two.yaml"]).unwrap();
    assert_eq!((read.services[0].per, read.services[0].reset), (ServiceScope::Run, Reset::None));
}

#[test]
fn documents_of_one_file_are_as_several_files() {
    let read =
        Project::of("services: {s: {image: a, user: u}}\n---\n# nothing\n---\nservices: {s: {image: b}}\n").good();
    assert_eq!(read.services[0].image, ImageSource::Named("b".to_owned()));
    assert_eq!(read.services[0].container.user.as_deref(), Some("u"));
}

#[test]
fn aliases_and_merge_keys_are_written_out() {
    let text = "x-env: &env {A: 1, B: 1}\nx-more: &more {B: 2, C: 2}\nservices:\n  a: &a\n    image: i\n    \
                environment: {<<: [*more, *env], C: 3}\n  b:\n    <<: *a\n    user: u\n";
    let read = Project::of(text).good();
    assert_eq!(env(named(&read, "a")), ["A=1", "B=2", "C=3"]);
    assert_eq!(env(named(&read, "b")), ["A=1", "B=2", "C=3"]);
    assert_eq!(named(&read, "b").container.user.as_deref(), Some("u"));
}

#[test]
fn services_extend_others_of_the_same_and_of_other_files() {
    let text = "services:\n  web:\n    extends: {service: base, file: common/base.yaml}\n    environment: {A: web}\n  \
                plain: {image: p, user: u}\n  more: {extends: plain, stop_grace_period: 1m30s}\n";
    let base = "services:\n  root: {image: r, environment: {A: root, R: root}, volumes: [./data:/data]}\n  \
                base:\n    extends: {service: root}\n    build: .\n    environment: {B: base}\n    env_file: b.env\n";
    let project = Project::of(text).file("common/base.yaml", base).file("common/b.env", "F=file");
    let read = project.good();
    assert_eq!(env(named(&read, "web")), ["A=web", "B=base", "F=file", "R=root"]);
    let ImageSource::Built(build) = &named(&read, "web").image else { panic!("it is built") };
    assert_eq!(build.context, project.top().join("common"));
    let mounts = &named(&read, "web").container.mounts;
    assert_eq!(mounts[0].source, MountSource::Host(project.top().join("common/data")));
    let more = named(&read, "more");
    assert_eq!((more.container.user.as_deref(), more.stop_grace), (Some("u"), Duration::from_secs(90)));
}

#[test]
fn an_override_reaches_a_service_that_extends() {
    let one = "services:\n  base: {image: b, user: u}\n  s: {extends: base, image: s}\n";
    let project = Project::new().file("one.yaml", one).file("two.yaml", "services: {s: {user: v}}\n");
    let read = project.read(&["one.yaml", "two.yaml"]).unwrap();
    assert_eq!(named(&read, "s").container.user.as_deref(), Some("v"));
    assert_eq!(named(&read, "base").container.user.as_deref(), Some("u"));
}

#[test]
fn external_volumes_keep_the_engines_name() {
    let text = "services: {s: {image: i, volumes: [a:/a, b:/b, c:/c]}}\n\
                volumes: {a: {external: true}, b: {external: true, name: real}, c: , unused: }\n";
    let read = Project::of(text).good();
    let external: Vec<Option<&str>> = read.volumes.iter().map(|volume| volume.external.as_deref()).collect();
    assert_eq!(external, [Some("a"), Some("real"), None]);
}

#[test]
fn paths_with_colons_are_bound_whole() {
    let project = Project::new();
    let name = "a:b/compose.yaml";
    let project = project.file(name, "services: {s: {image: i, volumes: ['./x:/x:ro']}}\n");
    let mut options = project.options.clone();
    options.project_dir = project.top().join("a:b");
    let read = minke::compose::read(&[project.top().join(name)], &options).unwrap();
    let mount = &read.services[0].container.mounts[0];
    assert_eq!(mount.source, MountSource::Host(project.top().join("a:b/x")));
    assert!(mount.read_only);
}

#[test]
fn numbers_of_yaml_are_taken_as_they_are_spelled() {
    assert_eq!(service("user: 0123").container.user.as_deref(), Some("0123"));
    assert_eq!(service("stop_signal: 9").stop_signal.as_deref(), Some("9"));
}
