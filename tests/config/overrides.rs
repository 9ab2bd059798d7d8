//! `[[override]]` tables: options of containers that hold for some units only.

use minke::model::{ContainerChanges, Ulimit};

use crate::project::Project;

const HEAVY: &str = "memory = '1g'\n[[override]]\nunits = 'tests/heavy/**'\nmemory = '4g'\ncpus = 1.5\npids = 'none'\n";

fn changes(project: &Project, arguments: &[&str]) -> Vec<ContainerChanges> {
    project.settings(arguments).unwrap().overrides.into_iter().map(|table| table.changes).collect()
}

#[test]
fn a_table_has_globs_and_what_is_different() {
    let more = "[[override]]\nunits = ['a', 'b/*.py']\nulimit = ['core=0']\nread-only = true\nuser = 'me'\n";
    let project = Project::new().file("minke.toml", format!("{HEAVY}{more}"));
    let settings = project.settings(&["run"]).unwrap();
    let units: Vec<_> = settings.overrides.iter().map(|table| table.units.join(" ")).collect();
    assert_eq!(units, ["tests/heavy/**", "a b/*.py"]);
    let gib = 1 << 30;
    assert_eq!(settings.limits.memory_bytes, Some(gib));
    let first = ContainerChanges {
        memory_bytes: Some(4 * gib),
        cpu_millis: Some(1500),
        pids: Some(None),
        ..ContainerChanges::default()
    };
    let second = ContainerChanges {
        ulimits: Some(vec![Ulimit { name: "core".into(), soft: 0, hard: 0 }]),
        read_only: Some(true),
        user: Some("me".into()),
        ..ContainerChanges::default()
    };
    assert_eq!(settings.overrides[0].changes, first);
    assert_eq!(settings.overrides[1].changes, second);
}

#[test]
fn flags_and_variables_are_stronger_than_a_table() {
    let project = Project::new().file("minke.toml", HEAVY);
    let [table] = &changes(&project, &["run", "--memory", "2g"])[..] else { panic!() };
    assert_eq!((table.memory_bytes, table.cpu_millis), (None, Some(1500)));
    let project = project.variable("MINKE_CPUS", "1");
    let [table] = &changes(&project, &["run"])[..] else { panic!() };
    assert_eq!((table.memory_bytes, table.cpu_millis), (Some(4 << 30), None));
}

#[test]
fn config_lists_the_tables_with_their_lines() {
    let more = "[[service]]\nname = 'db'\nimage = 'i'\n[[file]]\npath = '/etc/x'\ncontent = ''\n";
    let project = Project::new().file("minke.toml", format!("{HEAVY}{more}[[override]]\nunits = ['a', 'b c']\n"));
    let rows = project.settings(&["config"]).unwrap().provenance().to_vec();
    let tables = rows.iter().filter(|row| row.key.starts_with("[["));
    let told: Vec<String> = tables.map(|row| format!("{} {:?} {}", row.key, row.value, row.origin)).collect();
    assert_eq!(
        told,
        [
            r#"[[service]] List(["db"]) minke.toml:7"#,
            r#"[[file]] List(["/etc/x"]) minke.toml:10"#,
            r#"[[override]] List(["tests/heavy/**"]) minke.toml:2"#,
            r#"[[override]] List(["a", "b c"]) minke.toml:13"#,
        ]
    );
}

#[test]
fn a_pyproject_has_them_too() {
    let text = "[tool.minke]\nimage = 'i'\n[[tool.minke.override]]\nunits = 'a'\nshm-size = '1g'\n";
    let [table] = &changes(&Project::new().file("pyproject.toml", text), &["run"])[..] else { panic!() };
    assert_eq!(table.shm_bytes, Some(1 << 30));
}

#[test]
fn what_is_wrong_in_a_table_is_told_with_its_line() {
    for (text, message) in [
        (
            "memory = '1g'\n",
            "minke.toml:1: `override` must have `units`\nhelp: Give one glob of test files, or several.",
        ),
        ("units = []\n", "minke.toml:1: `override` must have `units`"),
        ("units = 'a'\nmemory = 'much'\n", "minke.toml:3: `memory` must be"),
        (
            "units = 'a'\nmemroy = '1g'\n",
            "minke.toml:3: `override.memroy` is not a key of an override\nhelp: Did you mean `memory`?",
        ),
        (
            "units = 'a'\nimage = 'i'\n",
            "minke.toml:3: `override.image` is not a key of an override\nhelp: Besides `units` there are: memory, ",
        ),
        ("units = 'a'\ncpus = true\n", "minke.toml:3: `cpus` must be"),
    ] {
        let error = Project::new().file("minke.toml", format!("[[override]]\n{text}")).error(&["run"]);
        assert!(error.starts_with(message), "{text:?}: {error}");
    }
    let error = Project::new().file("minke.toml", "override = 'x'\n").error(&["run"]);
    assert!(error.starts_with("minke.toml:1: `override` must be a list of tables"), "{error}");
}
