//! Each row of the table of options, by itself.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use minke::config::{Color, Discover, FilesFrom, Source, Verbosity};
use minke::config::{FlagStyle, OPTIONS, OptionSpec, Origin, Printed, Settings, Shape};
use minke::model::{Network, Policy};
use minke::plan::{Isolation, Strictness};

use crate::project::{Project, rows};

/// A row for each option: its key, two values as typed on the command line, and the same two in TOML.
pub(crate) const SAMPLES: &[(&str, [&str; 2], [&str; 2])] = &[
    ("files", ["tests/a", "b"], ["\"tests/a\"", "[\"b\"]"]),
    ("exclude", ["tests/slow/**", "b"], ["\"tests/slow/**\"", "[\"b\"]"]),
    ("files-from", ["list.txt", "-"], ["\"list.txt\"", "\"-\""]),
    ("discover", ["host", "image"], ["\"host\"", "\"image\""]),
    ("partition", ["2/3", "1/1"], ["\"2/3\"", "\"1/1\""]),
    ("allow-empty", ["features/*", "b"], ["\"features/*\"", "[\"b\"]"]),
    ("image", ["my-tests:1", "other"], ["\"my-tests:1\"", "\"other\""]),
    ("pull", ["always", "never"], ["\"always\"", "\"never\""]),
    ("platform", ["linux/arm64", "linux/arm/v7"], ["\"linux/arm64\"", "\"linux/arm/v7\""]),
    ("build", [".", "docker"], ["\".\"", "\"docker\""]),
    ("dockerfile", ["a/Dockerfile", "b"], ["\"a/Dockerfile\"", "\"b\""]),
    ("target", ["tests", "base"], ["\"tests\"", "\"base\""]),
    ("build-arg", ["A=1", "B=2"], ["[\"A=1\"]", "{ B = \"2\" }"]),
    ("no-cache", ["true", "false"], ["true", "false"]),
    ("source", ["mount", "image"], ["\"mount\"", "\"image\""]),
    ("include", ["dist/**", "a"], ["\"dist/**\"", "[\"a\"]"]),
    ("source-limit", ["3g", "100m"], ["\"3g\"", "\"100m\""]),
    ("setup", ["npm ci", "true"], ["\"npm ci\"", "\"true\""]),
    ("setup-inputs", ["package*.json", "a"], ["\"package*.json\"", "[\"a\"]"]),
    ("setup-network", ["none", "my_net"], ["\"none\"", "\"my_net\""]),
    ("no-snapshot", ["true", "false"], ["true", "false"]),
    ("work-dir", ["/work", "/"], ["\"/work\"", "\"/\""]),
    ("file", ["a.env:/etc/a", "b.env:/b:0600"], ["\"a.env:/etc/a\"", "[\"b.env:/b:0600\"]"]),
    ("env", ["A=1", "B=2"], ["[\"A=1\"]", "{ B = \"2\" }"]),
    ("env-file", ["a.env", "b.env"], ["\"a.env\"", "[\"b.env\"]"]),
    ("secret", ["A=a.env", "B=b.env"], ["\"A=a.env\"", "[\"B=b.env\"]"]),
    ("secret-env", ["A=a.env", "B=b.env"], ["\"A=a.env\"", "[\"B=b.env\"]"]),
    ("network", ["bridge", "my_net"], ["\"bridge\"", "\"my_net\""]),
    ("user", ["1000:1000", "nobody"], ["\"1000:1000\"", "\"nobody\""]),
    ("compose", ["compose.yaml", "b.yaml"], ["\"compose.yaml\"", "[\"b.yaml\"]"]),
    ("profile", ["debug", "b"], ["\"debug\"", "[\"b\"]"]),
    ("services", ["db", "cache"], ["\"db\"", "[\"cache\"]"]),
    ("service", ["web", "tests"], ["\"web\"", "\"tests\""]),
    ("subnets", ["10.1.0.0/16", "192.168.128.0/20"], ["\"10.1.0.0/16\"", "\"192.168.128.0/20\""]),
    ("framework", ["pytest", "cucumber"], ["\"pytest\"", "\"cucumber\""]),
    ("command", ["make check FILE={unit}", "./run {unit}"], ["\"make check FILE={unit}\"", "[\"./run\", \"{unit}\"]"]),
    ("report", ["out/*.xml", "b.tap"], ["\"out/*.xml\"", "[\"b.tap\"]"]),
    ("no-strict", ["true", "false"], ["true", "false"]),
    ("framework-command", ["python -m pytest", "behave"], ["\"python -m pytest\"", "[\"behave\"]"]),
    ("shards", ["4", "1"], ["4", "1"]),
    ("isolation", ["file", "shard"], ["\"file\"", "\"shard\""]),
    ("split", ["all", "never"], ["\"all\"", "\"never\""]),
    ("before-command", ["make db", "true"], ["\"make db\"", "\"true\""]),
    ("framework-args", ["-x", "--tb=short"], ["\"-x\"", "[\"--tb=short\"]"]),
    ("timeout", ["90s", "1.5"], ["\"90s\"", "1.5"]),
    ("run-timeout", ["1h 30m", "60"], ["\"1h 30m\"", "60"]),
    ("grace", ["30s", "1"], ["\"30s\"", "1"]),
    ("fail-fast", ["true", "false"], ["true", "false"]),
    ("max-failures", ["3", "1"], ["3", "1"]),
    ("memory", ["512m", "1073741824"], ["\"512m\"", "1073741824"]),
    ("cpus", ["1.5", "2"], ["1.5", "2"]),
    ("pids", ["100", "none"], ["100", "\"none\""]),
    ("shm-size", ["1g", "64m"], ["\"1g\"", "\"64m\""]),
    ("tmpfs", ["/a", "/b:size=64m,mode=1777"], ["\"/a\"", "[\"/b:size=64m,mode=1777\"]"]),
    ("ulimit", ["nofile=1024:4096", "core=0"], ["\"nofile=1024:4096\"", "[\"core=0\"]"]),
    ("read-only", ["true", "false"], ["true", "false"]),
    ("dns", ["1.1.1.1", "::1"], ["\"1.1.1.1\"", "[\"::1\"]"]),
    ("add-host", ["a:10.0.0.1", "b:host-gateway"], ["\"a:10.0.0.1\"", "[\"b:host-gateway\"]"]),
    ("device", ["/dev/fuse", "/dev/a:/dev/b:r"], ["\"/dev/fuse\"", "[\"/dev/a:/dev/b:r\"]"]),
    ("cap-add", ["SYS_PTRACE", "ALL"], ["\"SYS_PTRACE\"", "[\"ALL\"]"]),
    ("cap-drop", ["CHOWN", "KILL"], ["\"CHOWN\"", "[\"KILL\"]"]),
    ("allow-engine-socket", ["true", "false"], ["true", "false"]),
    ("junit", ["out/junit.xml", "a"], ["\"out/junit.xml\"", "\"a\""]),
    ("summary", ["out/summary.md", "a"], ["\"out/summary.md\"", "\"a\""]),
    ("events", ["out/events.jsonl", "-"], ["\"out/events.jsonl\"", "\"-\""]),
    ("trace", ["out/trace.json", "a"], ["\"out/trace.json\"", "\"a\""]),
    ("annotations", ["github", "never"], ["\"github\"", "\"never\""]),
    ("html", ["out/report.html", "a"], ["\"out/report.html\"", "\"a\""]),
    ("artifacts", ["out/**", "*.png"], ["\"out/**\"", "[\"*.png\"]"]),
    ("coverage", ["true", "false"], ["true", "false"]),
    ("coverage-files", ["out/*.lcov", "a.xml"], ["\"out/*.lcov\"", "[\"a.xml\"]"]),
    ("coverage-output", ["out/coverage", "a"], ["\"out/coverage\"", "\"a\""]),
    ("output-dir", ["out", "b"], ["\"out\"", "\"b\""]),
    ("output", ["prefixed", "never"], ["\"prefixed\"", "\"never\""]),
    ("quiet", ["true", "false"], ["true", "false"]),
    ("verbose", ["2", "1"], ["2", "1"]),
    ("color", ["always", "never"], ["\"always\"", "\"never\""]),
];

/// Returns the arguments that give an option the value.
pub(crate) fn typed(spec: &OptionSpec, value: &str) -> Vec<String> {
    match (spec.style, spec.shape) {
        (FlagStyle::Trailing, _) => vec!["--".to_owned(), value.to_owned()],
        (FlagStyle::Long | FlagStyle::LongOrPositional, Shape::Switch) => vec![format!("--{}={value}", spec.key)],
        (FlagStyle::Long | FlagStyle::LongOrPositional, Shape::Count) => {
            vec![format!("--{}", spec.key); value.parse().unwrap()]
        }
        (FlagStyle::Long | FlagStyle::LongOrPositional, Shape::One | Shape::Many | Shape::All) => {
            vec![format!("--{}", spec.key), value.to_owned()]
        }
    }
}

/// Returns the settings of a project in which an option is given at up to three sources.
pub(crate) fn given(spec: &OptionSpec, flag: Option<&str>, variable: Option<&str>, file: Option<&str>) -> Settings {
    let mut project = Project::new().file("a.env", "# four\n").file("b.env", "# four\n");
    if let Some(value) = file {
        project = project.file("minke.toml", format!("# a comment\n{} = {value}\n", spec.key));
    }
    if let Some(value) = variable {
        project = project.variable(spec.env, value);
    }
    let mut arguments = vec!["run".to_owned()];
    arguments.extend(flag.into_iter().flat_map(|value| typed(spec, value)));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    project.settings(&arguments).unwrap_or_else(|error| panic!("{}: {error}", spec.key))
}

pub(crate) fn samples() -> impl Iterator<Item = (&'static OptionSpec, [&'static str; 2], [&'static str; 2])> {
    SAMPLES.iter().map(|(key, plain, toml)| {
        let spec = OPTIONS.iter().find(|spec| spec.key == *key).unwrap_or_else(|| panic!("no option `{key}`"));
        (spec, *plain, *toml)
    })
}

fn only(settings: &Settings, key: &str) -> (Printed, Origin) {
    let [row] = rows(settings, key)[..] else { panic!("`{key}` has not exactly one line") };
    (row.value.clone(), row.origin.clone())
}

#[test]
fn every_option_has_samples_here() {
    let keys: Vec<&str> = OPTIONS.iter().map(|spec| spec.key).collect();
    let sampled: Vec<&str> = SAMPLES.iter().map(|(key, ..)| *key).collect();
    assert_eq!(keys, sampled);
}

#[test]
fn the_frameworks_that_are_offered_are_those_that_there_are() {
    let names = minke::model::FRAMEWORK_NAMES;
    assert!(names.iter().all(|name| !minke::framework::named(name).is_empty()));
    assert!(minke::framework::ALL.iter().all(|framework| names.contains(&framework.name())));
    assert!(minke::framework::ALL.iter().all(|it| minke::framework::named(it.name()).len() == 1));
}

#[test]
fn every_option_has_a_flag_a_variable_and_a_text_that_agree_with_its_key() {
    let command = minke::cli::command();
    let run = command.find_subcommand("run").unwrap();
    for spec in OPTIONS {
        assert_eq!(spec.env, format!("MINKE_{}", spec.key.to_uppercase().replace('-', "_")));
        assert!(spec.key.chars().all(|char| char.is_ascii_lowercase() || char == '-'), "{}", spec.key);
        let arg = run.get_arguments().find(|arg| arg.get_id() == spec.key).expect(spec.key);
        match spec.style {
            FlagStyle::Long | FlagStyle::LongOrPositional => assert_eq!(arg.get_long(), Some(spec.key)),
            FlagStyle::Trailing => assert!(arg.is_last_set()),
        }
        let help = arg.get_help().unwrap().to_string();
        assert!(help.ends_with(&format!("[env:{}]", spec.env)), "{help}");
        assert!(spec.help().len() > 10 && spec.help().ends_with('.'), "{}: {}", spec.key, spec.help());
        // The frameworks are too many for a column; the help lists them at its end.
        if !spec.choices.is_empty() && spec.key != "framework" {
            assert_eq!(spec.value, spec.choices.join("|"));
        }
    }
}

#[test]
fn every_option_means_the_same_at_every_source_and_tells_its_origin() {
    let file = Origin::File { path: "minke.toml".into(), line: 2 };
    for (spec, plain, toml) in samples() {
        let mut values = Vec::new();
        for (plain, toml) in plain.into_iter().zip(toml) {
            let (flag, origin) = only(&given(spec, Some(plain), None, None), spec.key);
            assert_eq!(origin, Origin::Flag, "{}", spec.key);
            let (variable, origin) = only(&given(spec, None, Some(plain), None), spec.key);
            assert_eq!(origin, Origin::Env(spec.env.to_owned()), "{}", spec.key);
            let (key, origin) = only(&given(spec, None, None, Some(toml)), spec.key);
            assert_eq!(origin, file, "{}", spec.key);
            assert_eq!((&flag, &flag), (&variable, &key), "{}", spec.key);
            values.push(flag);
        }
        assert_ne!(values[0], values[1], "{}", spec.key);
    }
}

#[test]
fn an_option_that_nobody_gives_has_its_default() {
    let settings = Project::new().settings(&["run"]).unwrap();
    for spec in OPTIONS {
        let (value, origin) = only(&settings, spec.key);
        assert_eq!(origin, Origin::Default);
        match spec.default {
            Some(default) => assert_eq!(value, Printed::One(default.to_owned()), "{}", spec.key),
            None => assert_eq!(value, Printed::Unset(spec.otherwise), "{}", spec.key),
        }
    }
}

#[test]
fn defaults_are_those_of_the_manual() {
    let project = Project::new();
    let settings = project.settings(&["run"]).unwrap();
    assert_eq!(settings.root, project.top());
    assert_eq!(settings.policy, Policy::default());
    assert_eq!(settings.limits.pids, Some(2048));
    assert_eq!((settings.limits.memory_bytes, settings.limits.cpu_millis), (None, None));
    assert_eq!((settings.network, settings.isolation), (Network::None, Isolation::Shard));
    assert_eq!((settings.source, settings.discover), (Source::Auto, Discover::Auto));
    assert_eq!((settings.verbosity, settings.color), (Verbosity::Normal, Color::Auto));
    assert_eq!(settings.output_dir, project.top().join(".minke"));
    assert_eq!((settings.image, settings.framework.as_str(), settings.shards), (None, "auto", None));
    assert_eq!((settings.command, settings.strictness), (None, Strictness::Strict));
    assert!(settings.files.is_empty() && settings.env.is_empty() && settings.framework_args.is_empty());
}

#[test]
fn a_whole_command_line_is_understood() {
    let project = Project::new();
    let line = "run --image i --framework pytest a --files b --exclude c --files-from - --discover host --partition 2/5 \
                --allow-empty d --source mount --work-dir /w --env A=1 --env B=x=y --network n --user u:g \
                --framework-command 'python -m pytest' --concurrency 6 --isolation file --before-command 'a && b' \
                --timeout 90 --run-timeout 1h --grace 500ms --max-failures 3 --memory 1.5g --cpus 0.5 --pids 64 \
                --junit out.xml --html out.html --output-dir /o -vv --color always -- -x --tb=short";
    let words = shell_words::split(line).unwrap();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let settings = project.settings(&words).unwrap();
    assert_eq!((settings.required_image().unwrap(), settings.framework.as_str()), ("i", "pytest"));
    assert_eq!((settings.files, settings.exclude), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]));
    assert_eq!((settings.files_from, settings.discover), (Some(FilesFrom::Stdin), Discover::Host));
    let partition = settings.partition.unwrap();
    assert_eq!((partition.index().get(), partition.count().get()), (2, 5));
    assert_eq!((settings.allow_empty, settings.source), (vec!["d".to_owned()], Source::Mount));
    assert_eq!((settings.work_dir.as_deref(), settings.user.as_deref()), (Some("/w"), Some("u:g")));
    let env: Vec<_> = settings.env.iter().map(|variable| (variable.name.as_str(), variable.value.as_str())).collect();
    assert_eq!(env, [("A", "1"), ("B", "x=y")]);
    assert_eq!(settings.network, Network::Named("n".to_owned()));
    assert_eq!(settings.framework_command.unwrap(), ["python", "-m", "pytest"]);
    assert_eq!((settings.shards, settings.isolation), (NonZeroU32::new(6), Isolation::File));
    assert_eq!(settings.before_command.as_deref(), Some("a && b"));
    let policy = settings.policy;
    assert_eq!(policy.unit_timeout, Some(Duration::from_secs(90)));
    assert_eq!(policy.run_timeout, Some(Duration::from_secs(3600)));
    assert_eq!((policy.grace, policy.max_failures), (Duration::from_millis(500), NonZeroU32::new(3)));
    let limits = settings.limits;
    assert_eq!((limits.memory_bytes, limits.cpu_millis, limits.pids), (Some(3 << 29), Some(500), Some(64)));
    assert_eq!(settings.junit, Some(project.top().join("out.xml")));
    assert_eq!((settings.html, settings.output_dir), (Some(project.top().join("out.html")), PathBuf::from("/o")));
    assert_eq!((settings.verbosity, settings.color), (Verbosity::Verbose(2), Color::Always));
    assert_eq!(settings.framework_args, ["-x", "--tb=short"]);
}

#[test]
fn no_limit_of_processes_can_be_asked_for() {
    assert_eq!(Project::new().settings(&["run", "--pids", "none"]).unwrap().limits.pids, None);
}
