//! What is refused, and what the refusal says.

use crate::project::Project;

#[test]
fn bad_values_are_refused_with_the_name_the_value_and_advice() {
    let table = [
        ("--shards", "0", "`--shards` must be at least 1, not `0`\nhelp: Give a whole number from 1"),
        ("--shards", "x", "`--shards` must be a whole number from 1 to 4294967295, not `x`"),
        ("--shards", "4294967296", "`--shards` must be a whole number from 1 to 4294967295"),
        ("--shards", "", "`--shards` must be a whole number"),
        ("--max-failures", "0", "`--max-failures` must be at least 1"),
        ("--timeout", "0", "`--timeout` must be longer than zero, not `0`\nhelp: Leave it out for the default"),
        ("--timeout", "0s", "`--timeout` must be longer than zero"),
        ("--timeout", "soon", "`--timeout` must be a duration, not `soon`\nhelp: Such as `90s`"),
        ("--timeout", "5x", "`--timeout` must be a duration"),
        ("--timeout", "", "`--timeout` must be a duration"),
        ("--timeout", "1.2.3", "`--timeout` must be a duration"),
        ("--run-timeout", "2years", "`--run-timeout` must be at most a year"),
        ("--grace", "0ms", "`--grace` must be longer than zero"),
        ("--memory", "lots", "`--memory` must be an amount of memory, not `lots`"),
        ("--memory", "5m", "`--memory` must be at least 6m, not `5m`\nhelp: That is the least that Docker accepts"),
        ("--memory", "0", "`--memory` must be at least 6m"),
        ("--cpus", "0", "`--cpus` must be at least 0.01, not `0`"),
        ("--cpus", "inf", "`--cpus` must be a number greater than 0"),
        ("--cpus", "two", "`--cpus` must be a number greater than 0"),
        ("--pids", "0", "`--pids` must be at least 1, not `0`\nhelp: Give a whole number such as `4096`, or `none`"),
        ("--partition", "0/3", "`--partition` must be a part from 1 to 3, not `0/3`"),
        ("--partition", "4/3", "`--partition` must be a part from 1 to 3, not `4/3`\nhelp: Write `2/5`"),
        ("--partition", "a/b", "`--partition` must be I/N, two whole numbers"),
        ("--partition", "3", "`--partition` must be I/N, two whole numbers"),
        ("--partition", "1/0", "`--partition` must have at least one part"),
        ("--work-dir", "work", "`--work-dir` must be an absolute path in the container, not `work`"),
        ("--network", "a b", "`--network` must be `none`, `bridge` or the name of a network"),
        ("--user", "a:b:c", "`--user` must be USER or USER:GROUP"),
        ("--user", ":b", "`--user` must be USER or USER:GROUP"),
        (
            "--cap-add",
            "SYS_PTRAC",
            "`--cap-add` must be a capability, not `SYS_PTRAC`\nhelp: Did you mean `SYS_PTRACE`?",
        ),
        ("--ulimit", "nofile=9:3", "`--ulimit` must have a soft limit that is not above the hard one"),
        ("--ulimit", "files=9", "`--ulimit` must begin with one of as, core"),
        ("--tmpfs", "var", "`--tmpfs` must be an absolute path in the container"),
        ("--tmpfs", "/var:exec", "`--tmpfs` must have no options but size and mode"),
        ("--add-host", "a", "`--add-host` must be NAME:ADDRESS"),
        ("--dns", "example.test", "`--dns` must be the address of a name server"),
        ("--device", "fuse", "`--device` must be a device"),
        (
            "--source",
            "mont",
            "`--source` must be `auto`, `copy`, `image`, `mount` or `mount-ro`, not `mont`\nhelp: Did you mean `mount`?",
        ),
        ("--discover", "x", "`--discover` must be `auto`, `host` or `image`, not `x`"),
        ("--framework-command", "a 'b", "`--framework-command` has a quote that is not closed"),
        ("--framework-command", "", "`--framework-command` must name a program"),
        ("--image", "", "`--image` must not be empty\nhelp: Give a value"),
        ("--files", "", "`--files` must not be empty"),
        ("--junit", "", "`--junit` must not be empty"),
        ("--env", "=x", "`--env` must have a name before `=`"),
    ];
    for (flag, value, message) in table {
        let error = Project::new().error(&["run", &format!("{flag}={value}")]);
        assert!(error.starts_with(message), "{flag} {value:?}: {error}");
    }
    let error = Project::new().error(&["run", "--fail-fast=maybe"]);
    assert!(error.starts_with("`--fail-fast` must be `true` or `false`, not `maybe`"), "{error}");
}

#[test]
fn a_bad_variable_is_named_as_such() {
    let error = Project::new().variable("MINKE_SHARDS", "0").error(&["run"]);
    assert!(error.starts_with("`MINKE_SHARDS` must be at least 1, not `0`"), "{error}");
    let error = Project::new().variable("MINKE_FRAMEWORK_ARGS", "-k 'x").error(&["run"]);
    assert!(error.starts_with("`MINKE_FRAMEWORK_ARGS` has a quote that is not closed"), "{error}");
}

#[test]
fn bad_files_are_refused_with_their_line() {
    let table = [
        ("image = 'i'\nshards = = 4\n", "minke.toml:2: "),
        ("a\nb", "minke.toml:1: "),
        ("shards = 0\n", "minke.toml:1: `shards` must be at least 1, not `0`"),
        ("\n\nshards = -1\n", "minke.toml:3: `shards` must be a whole number from 1 to 4294967295, not `-1`"),
        ("shards = 'four'\n", "minke.toml:1: `shards` must be an integer, not a string"),
        ("shards = 1.5\n", "minke.toml:1: `shards` must be an integer, not a decimal number"),
        ("shards = [1]\n", "minke.toml:1: `shards` must be an integer, not an array"),
        ("image = 3\n", "minke.toml:1: `image` must be a string, not an integer"),
        ("image = ['a']\n", "minke.toml:1: `image` must be a string, not an array"),
        ("image = {}\n", "minke.toml:1: `image` must be a string, not a table"),
        ("fail-fast = 'yes'\n", "minke.toml:1: `fail-fast` must be true or false, not a string"),
        (
            "timeout = true\n",
            "minke.toml:1: `timeout` must be a string or an integer or a decimal number, not true or false",
        ),
        (
            "timeout = 2026-01-01\n",
            "minke.toml:1: `timeout` must be a string or an integer or a decimal number, not a date",
        ),
        ("files = [\n  'a',\n  3,\n]\n", "minke.toml:3: `files` must be a string, or an array of them, not an integer"),
        ("files = [['a']]\n", "minke.toml:1: `files` must be a string, or an array of them, not an array"),
        ("framework-command = ['a', 1]\n", "minke.toml:1: `framework-command` must be a string, not an integer"),
        ("[env]\n'A=B' = 'x'\n", "minke.toml:2: `env` must have names without `=`"),
        ("imge = 'i'\n", "minke.toml:1: unknown key `imge`\nhelp: Did you mean `image`?"),
        ("work_dir = '/w'\n", "minke.toml:1: unknown key `work_dir`\nhelp: Did you mean `work-dir`?"),
        ("image = 'i'\nconcurrency = 3\n", "minke.toml:2: unknown key `concurrency`\nhelp: Did you mean `shards`?"),
        ("[zzz]\n", "minke.toml:1: unknown key `zzz`\nhelp: `minke config` lists all keys."),
    ];
    for (text, message) in table {
        let error = Project::new().file("minke.toml", text).error(&["run"]);
        assert!(error.starts_with(message), "{text:?}: {error}");
    }
    let error = Project::new().file("minke.toml", "image = 'i'\nshards = = 4\n").error(&["run"]);
    assert!(error.contains(": `shards = = 4`\n"), "{error}");
    let error = Project::new().file("pyproject.toml", "[tool]\nminke = 3\n").error(&["run"]);
    assert!(error.starts_with("pyproject.toml:2: `tool.minke` must be a table"), "{error}");
    let error = Project::new().file("minke.toml", [0xff]).error(&["run"]);
    assert!(error.starts_with("cannot read `minke.toml`"), "{error}");
}

#[test]
fn options_that_exclude_each_other_are_refused_at_one_source() {
    let error = Project::new().error(&["run", "--fail-fast", "--max-failures", "3"]);
    assert_eq!(error, "`--fail-fast` cannot be used together with `--max-failures`\nhelp: Remove one of the two.");
    let error = Project::new().error(&["run", "--quiet", "-v"]);
    assert!(error.starts_with("`--quiet` cannot be used together with `--verbose`"), "{error}");
    let error = Project::new().file("minke.toml", "quiet = true\nverbose = 1\n").error(&["run"]);
    assert!(error.starts_with("minke.toml:1: `quiet` cannot be used together with minke.toml:2: `verbose`"), "{error}");
    assert!(Project::new().settings(&["run", "--fail-fast=false", "--max-failures", "3"]).is_ok());
}

#[test]
fn an_unknown_framework_is_answered_with_those_that_there_are() {
    let error = Project::new().error(&["run", "--framework", "py.test"]);
    for name in minke::model::FRAMEWORK_NAMES {
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
    assert!(error.ends_with("not `py.test`\nhelp: Did you mean `pytest`?"), "{error}");
}

#[test]
fn what_a_run_needs_is_asked_for() {
    let settings = Project::new().settings(&["run"]).unwrap();
    let error = settings.required_image().unwrap_err();
    assert!(error.help().unwrap().contains("set `MINKE_IMAGE`, or write `image = \"...\"`"), "{:?}", error.help());
}
