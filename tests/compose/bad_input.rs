//! What is refused, and what the refusal says.

use std::os::unix::fs::symlink;

use crate::project::{Project, below_service};

#[test]
fn a_bad_value_is_named_with_its_line_and_key() {
    let table = [
        (
            "ports: ['80:http']",
            "`services.s.ports` must be a port from 1 to 65535, or a range of them, not `80:http`\nhelp: Such as",
        ),
        ("ports: ['70000']", "`services.s.ports` must be a port"),
        ("ports: ['90-80']", "`services.s.ports` must be a port"),
        ("ports: ['80/icmp']", "`services.s.ports` must have the protocol"),
        ("ports: [{target: 0}]", "`services.s.ports.target` must be a port"),
        ("expose: [x]", "`services.s.expose` must be a port"),
        ("stop_grace_period: 10", "`services.s.stop_grace_period` must be a duration, not `10`\nhelp: Such as `10s`"),
        ("healthcheck: {interval: soon}", "`services.s.healthcheck.interval` must be a duration, not `soon`"),
        ("healthcheck: {test: [a, b]}", "`services.s.healthcheck.test` must begin with `CMD`"),
        ("healthcheck: {retries: -1}", "`services.s.healthcheck.retries` must be a whole number, not `-1`"),
        ("shm_size: lots", "`services.s.shm_size` must be an amount of memory, not `lots`"),
        ("mem_limit: 5m", "`services.s.mem_limit` must be at least 6m, not `5m`"),
        ("cpus: two", "`services.s.cpus` must be a number greater than 0"),
        ("pids_limit: x", "`services.s.pids_limit` must be a whole number"),
        ("ulimits: {nofile: {soft: 1}}", "`services.s.ulimits.nofile` must have a `hard`"),
        ("ulimits: {nofile: x}", "`services.s.ulimits.nofile` must be a whole number"),
        ("volumes: [a:b:c:d]", "`services.s.volumes` must have at most three parts"),
        ("volumes: ['v:data']", "`services.s.volumes` must have an absolute path in the container, not `v:data`"),
        ("volumes: ['v:/d:rx']", "`services.s.volumes` must have a mode such as `ro`, unlike `rx`"),
        ("volumes: ['?:/d']", "`services.s.volumes` must have the name of a volume"),
        ("volumes: ['~/x:/d']", "`services.s.volumes` must not begin with `~`\nhelp: HOME is not set"),
        ("volumes: v:/d", "`services.s.volumes` must be a list, not a single value"),
        (
            "volumes: [{type: npipe, target: /x}]",
            "`services.s.volumes.type` must be `bind`, `volume` or `tmpfs`, not `npipe`",
        ),
        ("volumes: [{type: bind, target: /x}]", "`services.s.volumes` must have a `source` to bind"),
        ("tmpfs: ['/x:size=y']", "`services.s.tmpfs` must be an amount of memory"),
        ("command: \"a 'b\"", "`services.s.command` has a quote that is not closed"),
        ("command: {a: 1}", "`services.s.command` must be text or a list of words, not a map"),
        ("environment: a", "`services.s.environment` must be a map or a list of NAME=VALUE"),
        ("environment: ['=x']", "`services.s.environment` must have a name before `=`"),
        ("environment: {A: [1]}", "`services.s.environment.A` must be text, not a list"),
        ("labels: [minke.run=x]", "`services.s.labels` has the label `minke.run`, and those that begin with `minke.`"),
        ("init: maybe", "`services.s.init` must be `true` or `false`, not `maybe`"),
        ("user: ''", "`services.s.user` must not be empty"),
        ("build: https://x/y.git", "`services.s.build.context` must be a directory of this machine, not"),
        ("build: {dockerfile_inline: FROM x}", "`services.s.build.dockerfile_inline` is not supported\nhelp: Write it"),
        ("depends_on: {v: {condition: ready}}", "`services.s.depends_on.v.condition` must be `service_started`"),
        ("extra_hosts: [a]", "`services.s.extra_hosts` must be HOST:ADDRESS"),
        ("env_file: {file: x}", "`services.s.env_file` must have a `path`"),
        ("profiles: x", "`services.s.profiles` must be a list"),
        ("x-minke: {per: test}", "`services.s.x-minke.per` must be `shard`, `node` or `run`, not `test`"),
        ("x-minke: {reset: no}", "`services.s.x-minke.reset` must be `none`"),
        ("x-minke: {redy: []}", "`services.s.x-minke.redy` is not a key of minke's\nhelp: Did you mean `ready`?"),
        ("x-minke: {ready: [{}]}", "`services.s.x-minke.ready` must have exactly one kind of probe\nhelp: Give one of"),
        ("x-minke: {ready: [{tcp: 1, log: x}]}", "`services.s.x-minke.ready` must have exactly one kind of probe"),
        ("x-minke: {ready: [{tcp: 0}]}", "`services.s.x-minke.ready.tcp` must be a port from 1 to 65535, not `0`"),
        (
            "x-minke: {ready: [{http: {port: 1, status: 9}}]}",
            "`services.s.x-minke.ready.http.status` must be an HTTP status",
        ),
        ("x-minke: {ready: [{http: {port: 1, path: x}}]}", "`services.s.x-minke.ready.http.path` must be a path"),
        ("x-minke: {ready: [{log: x, count: 0}]}", "`services.s.x-minke.ready.count` must be a whole number"),
        ("x-minke: {ready: [{exec: []}]}", "`services.s.x-minke.ready.exec` must name a program"),
        ("x-minke: {ready: [{tcp: 1, timeout: 0s}]}", "`services.s.x-minke.ready.timeout` must be longer than zero"),
        ("command: $", "`services.s.command` has a `$` that begins no variable\nhelp: Write `$$`"),
    ];
    for (keys, message) in table {
        let error = Project::of(&below_service(keys)).error();
        assert!(error.starts_with(&format!("compose.yaml:4: {message}")), "{keys}: {error}");
    }
}

#[test]
fn files_that_are_no_compose_files_are_refused() {
    let table = [
        ("services:\n  a: [\n", "compose.yaml:2: unclosed bracket"),
        ("services:\n  a:\n  a:\n", "compose.yaml:3: `a` is there twice, first in line 2"),
        ("services:\n\ta: 1\n", "compose.yaml:2: "),
        ("- a\n", "compose.yaml:1: `the file` must be a map"),
        ("services: [a]\n", "compose.yaml:1: `services` must be a map, not a list"),
        ("services:\n  a: text\n", "compose.yaml:2: `services.a` must be a map"),
        ("services:\n  'a b': {image: i}\n", "compose.yaml:2: `services.a b` must be a name"),
        ("services:\n  ? [a]\n  : 1\n", "compose.yaml:2: a key must be text"),
        ("services:\n  a: {image: !x i}\n", "compose.yaml:2: the tag `!x` is none of `!reset` and `!override`"),
        ("services:\n  a: {<<: b}\n", "compose.yaml:2: `<<` must be followed by a map"),
        ("services:\n  a: {image: *none}\n", "compose.yaml:2: "),
        ("", "`compose.yaml` has nothing in it\nhelp: Write `services:`"),
        ("# only this\n", "`compose.yaml` has nothing in it"),
    ];
    for (text, message) in table {
        let error = Project::of(text).error();
        assert!(error.starts_with(message), "{text:?}: {error}");
    }
    let error = Project::new().error();
    assert!(error.starts_with("cannot read `compose.yaml`\nhelp: Check that it is a file"), "{error}");
    let error = Project::new().file("compose.yaml", b"a: \xff").error();
    assert!(error.starts_with("cannot read `compose.yaml`"), "{error}");
}

#[test]
fn names_that_lead_nowhere_are_refused() {
    let table = [
        (
            "services:\n  a: {image: i, depends_on: [b]}\n",
            "compose.yaml:2: the service `a` needs `b`, which no file has\nhelp: Correct the name",
        ),
        (
            "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i, profiles: [p]}\n",
            "compose.yaml:2: the service `a` needs `b`, which is below a profile that is not asked for\nhelp: Give the profile",
        ),
        (
            "services:\n  a: {image: i, volumes: [data:/d]}\n",
            "compose.yaml:2: the service `a` uses the volume `data`, which no file declares\nhelp: Add `data:`",
        ),
        (
            "services:\n  a: {image: i, networks: [n]}\n",
            "compose.yaml:2: the service `a` is on the network `n`, which no file declares\nhelp: Add `n:`",
        ),
        ("services:\n  a: {user: u}\n", "compose.yaml:2: the service `a` has neither `image` nor `build`\nhelp: Name"),
        ("services:\n  a:\n", "compose.yaml:2: `services.a` must be a map, not nothing"),
        (
            "services:\n  a: {extends: b}\n",
            "compose.yaml:2: the service `a` extends `b`, which `compose.yaml` does not have",
        ),
        ("services:\n  a: {extends: {service: b, file: c.yaml}}\n", "cannot read `c.yaml`"),
        ("services:\n  a: {extends: {file: c.yaml}}\n", "compose.yaml:2: `services.a.extends` must have a `service`"),
        (
            "services:\n  a: {extends: {service: b, files: c}}\n",
            "compose.yaml:2: `services.a.extends.files` is not a key",
        ),
    ];
    for (text, message) in table {
        let error = Project::of(text).error();
        assert!(error.starts_with(message), "{text:?}: {error}");
    }
    let error = Project::of("services: {a: {image: i}, b: {image: i}}\n").services(&["c"]).error();
    assert_eq!(error, "the compose files have no service `c`\nhelp: They have `a`, `b`.");
}

#[test]
fn cycles_are_named_in_their_order() {
    let text = "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i, depends_on: [c]}\n  \
                c: {image: i, depends_on: [b]}\n  d: {image: i}\n";
    let error = Project::of(text).error();
    assert!(error.starts_with("services need each other: b -> c -> b\nhelp: Take one"), "{error}");
    let error = Project::of("services:\n  a: {image: i, depends_on: [a]}\n").error();
    assert!(error.starts_with("services need each other: a -> a"), "{error}");
    let text = "services:\n  a: {extends: b}\n  b: {extends: {service: c, file: c.yaml}}\n";
    let other = "services:\n  c: {extends: {service: b, file: compose.yaml}}\n";
    let error = Project::of(text).file("c.yaml", other).error();
    assert!(error.contains("services extend each other: b -> c -> b\nhelp: Take out"), "{error}");
    let error = Project::of("services:\n  a: {extends: a}\n").error();
    assert!(error.starts_with("compose.yaml:2: services extend each other: a -> a"), "{error}");
}

#[test]
fn files_of_variables_are_refused_without_their_values() {
    let project = Project::of(&below_service("env_file: secret.env"));
    let error = project.error();
    let path = project.top().join("secret.env");
    let expected = format!(
        "compose.yaml:4: cannot read the env_file `{}` of the service `s`\nhelp: Make the file",
        path.display()
    );
    assert!(error.starts_with(&expected), "{error}");
    let error = project.file("secret.env", "A=1\nB='geheim\n").error();
    assert!(error.starts_with("secret.env:2: a variable has a quote that is not closed"), "{error}");
    assert!(!error.contains("geheim"), "{error}");
    let error = Project::of("services: {}\n").file(".env", "A B=1\n").error();
    assert!(error.starts_with(".env:1: a variable must have a name without spaces"), "{error}");
}

#[test]
fn a_variable_that_is_needed_is_asked_for_with_its_message() {
    let error = Project::of("services:\n  a:\n    image: ${IMAGE:?name one}\n").error();
    let expected =
        "compose.yaml:3: `services.a.image` needs the variable `IMAGE`: name one\nhelp: Set `IMAGE`, or write it to";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn files_that_do_not_fit_each_other_are_refused() {
    let one = "services:\n  a:\n    image: i\n    healthcheck: {retries: 1}\n";
    let two = "services:\n  a:\n    healthcheck: off\n";
    let error = Project::new().file("one.yaml", one).file("two.yaml", two).error_of(&["one.yaml", "two.yaml"]);
    let expected = "two.yaml:3: `services.a.healthcheck` must be a map, as in one.yaml:4, not a single value";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn an_extends_cycle_over_links_ends_all_the_same() {
    let project = Project::of("services: {a: {extends: {service: a, file: link.yaml}}}\n");
    symlink("compose.yaml", project.top().join("link.yaml")).unwrap();
    let error = project.error();
    assert!(error.contains("services extend each other"), "{error}");
}
