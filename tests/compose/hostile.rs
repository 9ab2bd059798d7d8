//! Files that are made to do harm end in an error, soon.

use proptest::prelude::*;

use crate::project::Project;

#[test]
fn aliases_of_aliases_do_not_fill_the_memory() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    let error = Project::of(&text).error();
    assert!(error.contains("with its aliases written out it has more than"), "{error}");
    let mut text = format!("a: &a {}\nb: [", "x".repeat(1 << 20));
    text.push_str(&"*a, ".repeat(1000));
    text.push_str("*a]\n");
    let error = Project::of(&text).error();
    assert!(error.contains("with its aliases written out it has more than"), "{error}");
    let mut text = "x0: &x0 {k: v}\n".to_owned();
    for level in 1..100 {
        text.push_str(&format!("x{level}: &x{level} {{<<: [*x{0}, *x{0}, *x{0}], k{level}: *x{0}}}\n", level - 1));
    }
    let error = Project::of(&text).error();
    assert!(error.contains("with its aliases written out") || error.contains("deeper"), "{error}");
}

#[test]
fn nesting_has_an_end() {
    for open in ["[", "{a: ", "- "] {
        let error = Project::of(&format!("a:\n  {}", open.repeat(100_000))).error();
        assert!(error.starts_with("compose.yaml:"), "{error}");
    }
    let deep: String = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let error = Project::of(&deep).error();
    assert!(error.contains("deeper than 64"), "{error}");
}

#[test]
fn an_alias_inside_what_it_names_is_refused() {
    for text in ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a\n  <<: *a\n"] {
        let error = Project::of(text).error();
        assert!(error.starts_with("compose.yaml:"), "{error}");
    }
}

#[test]
fn large_files_have_an_end() {
    let error = Project::of(&"# comment\n".repeat(1 << 20)).error();
    assert!(error.starts_with("cannot read `compose.yaml`"), "{error}");
    let many: String = (0..300_000).map(|index| format!("k{index}:\n")).collect();
    let error = Project::of(&many).error();
    assert!(error.contains("more than"), "{error}");
}

#[test]
fn many_services_are_read_in_time() {
    let mut text = "services:\n  s0: {image: i}\n".to_owned();
    for index in 1..5000 {
        text.push_str(&format!("  s{index}: {{image: i, depends_on: [s{}]}}\n", index - 1));
    }
    assert_eq!(Project::of(&text).good().services.len(), 5000);
    let mut text = "services:\n  s0: {image: i}\n".to_owned();
    for index in 1..5000 {
        text.push_str(&format!("  s{index}: {{extends: s{}}}\n", index - 1));
    }
    let error = Project::of(&text).error();
    assert!(error.contains("is more than 64 services away from its last base"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-c:{}\\[\\]&*<!|>'\"#$ \n-]{0,60}") {
        _ = Project::of(&text).read(&["compose.yaml"]);
        _ = Project::of(&format!("services:\n  s:\n    {text}")).read(&["compose.yaml"]);
    }

    #[test]
    fn no_value_makes_the_reader_panic(
        key in prop::sample::select(vec![
            "image", "build", "command", "environment", "env_file", "volumes", "depends_on", "healthcheck", "tmpfs", "ulimits",
            "shm_size", "labels", "profiles", "networks", "extra_hosts", "devices", "deploy", "ports", "expose", "extends",
            "x-minke", "stop_grace_period", "cpus", "container_name",
        ]),
        value in prop::sample::select(vec![
            "", "x", "0", "-1", "[]", "{}", "[[]]", "[{}]", "{a: }", "{a: {}}", "[null]", "'::'", "[':']", "['/:/']", "é", "~", "'~'",
            "['~']", "{test: }", "{ready: [x]}", "{resources: x}", "{soft: 1}", "{service: s}", "!reset x", "!override []",
        ]),
    ) {
        let text = format!("services:\n  s:\n    image: i\n    \"{key}\": {value}\n").replacen("    image: i\n", if key == "image" { "" } else { "    image: i\n" }, 1);
        _ = Project::of(&text).read(&["compose.yaml"]);
        let project = Project::of(&text).file("two.yaml", format!("services:\n  s:\n    {key}: [a]\n"));
        _ = project.read(&["compose.yaml", "two.yaml"]);
    }
}
