//! Which services belong to a run, in which order, and which one stands for the tests.

use minke::compose::shard_service;

use crate::project::{Project, names};

const SHOP: &str = "services:\n  web: {image: w, depends_on: [db, cache]}\n  cache: {image: c}\n  db: {image: d}\n  \
                    tools: {image: t, profiles: [debug, more], depends_on: [db]}\n  \
                    test: {image: t, profiles: [test], depends_on: {web: {condition: service_started}}}\n  \
                    zoo: {image: z, depends_on: [web]}\n";

#[test]
fn services_come_after_those_that_they_need() {
    assert_eq!(names(&Project::of(SHOP).good()), ["cache", "db", "web", "zoo"]);
}

#[test]
fn profiles_add_their_services() {
    assert_eq!(names(&Project::of(SHOP).profile("debug").good()), ["cache", "db", "tools", "web", "zoo"]);
    assert_eq!(names(&Project::of(SHOP).profile("*").good()).len(), 6);
    let by_variable = Project::of(SHOP).variable("COMPOSE_PROFILES", "more, x").good();
    assert!(names(&by_variable).contains(&"tools"));
}

#[test]
fn services_by_name_bring_what_they_need() {
    assert_eq!(names(&Project::of(SHOP).services(&["web"]).good()), ["cache", "db", "web"]);
    assert_eq!(names(&Project::of(SHOP).services(&["tools", "cache"]).good()), ["cache", "db", "tools"]);
    assert_eq!(names(&Project::of(SHOP).services(&[]).good()), [""; 0]);
}

#[test]
fn the_service_of_the_tests_is_no_sidecar_and_what_needs_it_is_left_out() {
    let mut project = Project::of(SHOP);
    project.options.shard_service = Some("test".to_owned());
    let shard = shard_service(&project.good(), "test").unwrap();
    assert_eq!(shard.service.name, "test");
    let sidecars: Vec<&str> = shard.sidecars.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(sidecars, ["cache", "db", "web", "zoo"]);
    assert_eq!(shard.warnings, [""; 0]);
    let shard = shard_service(&Project::of(SHOP).good(), "web").unwrap();
    let sidecars: Vec<&str> = shard.sidecars.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(sidecars, ["cache", "db"]);
    assert_eq!(shard.warnings, ["the service `zoo` is not started: it depends on `web`"]);
    let mut only = Project::of(SHOP).services(&[]);
    only.options.shard_service = Some("web".to_owned());
    assert_eq!(names(&only.good()), ["cache", "db", "web"]);
    let error = shard_service(&Project::of(SHOP).good(), "none").unwrap_err();
    assert_eq!(error.to_string(), "the compose files have no service `none`");
}

#[test]
fn a_dependency_that_is_not_required_may_be_missing_or_inactive() {
    let text = "services:\n  a:\n    image: i\n    depends_on:\n      b: {required: false}\n      none: {required: false}\n  \
                b: {image: i, profiles: [p]}\n";
    assert_eq!(names(&Project::of(text).good()), ["a"]);
    let read = Project::of(text).profile("p").good();
    assert_eq!(names(&read), ["b", "a"]);
}
