//! The pages below `docs/` are true: every event and field is described, examples can be read, commands can be given.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use minke::model::{
    Attempt, CancelReason, Case, Cause, ContainerExit, CoverageFile, EVENT_FORMAT_VERSION, Event, EventKind, Finding,
    FindingKind, Kept, LineCounts, MergedCoverage, OutputFile, PlanSummary, ServiceLog, ShardId, ShardProblem, Slot,
    StopReason, Trouble, UnitId, UnitOutcome,
};
use serde_json::Value;

fn page(name: &str) -> String {
    std::fs::read_to_string(format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The contents of the fenced blocks in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, Vec<&str>)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(found)) => open = Some((found == language, Vec::new())),
            (None, None) => {}
            (Some((_, lines)), None) => lines.push(line),
            (Some((is_wanted, lines)), Some(_)) => {
                blocks.extend(is_wanted.then(|| lines.join("\n") + "\n"));
                open = None;
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn every_cause() -> Vec<Cause> {
    let all = vec![
        Cause::Timeout,
        Cause::OutOfMemory,
        Cause::Killed,
        Cause::Crashed { signal: 11 },
        Cause::NoReport,
        Cause::TruncatedReport,
        Cause::NoCases,
        Cause::ForeignUnits,
        Cause::ExitCode { code: 3 },
        Cause::Image,
        Cause::Engine,
        Cause::BeforeCommand,
        Cause::Service,
    ];
    for cause in &all {
        // One that is added here has to be added above.
        match cause {
            Cause::Timeout | Cause::OutOfMemory | Cause::Killed | Cause::Crashed { .. } | Cause::NoReport => {}
            Cause::TruncatedReport | Cause::NoCases | Cause::ForeignUnits | Cause::ExitCode { .. } => {}
            Cause::Image | Cause::Engine | Cause::BeforeCommand | Cause::Service => {}
        }
    }
    all
}

fn every_cancel_reason() -> Vec<CancelReason> {
    let detail = || "what was said".to_owned();
    let all = vec![
        CancelReason::Interrupt,
        CancelReason::Terminate,
        CancelReason::RunTimeout,
        CancelReason::MaxFailures,
        CancelReason::EngineLost { detail: detail() },
        CancelReason::ImageUnusable { detail: detail() },
        CancelReason::OutputLost { detail: detail() },
    ];
    for reason in &all {
        match reason {
            CancelReason::Interrupt | CancelReason::Terminate | CancelReason::RunTimeout => {}
            CancelReason::MaxFailures | CancelReason::EngineLost { .. } | CancelReason::ImageUnusable { .. } => {}
            CancelReason::OutputLost { .. } => {}
        }
    }
    all
}

fn trouble(cause: Cause) -> Trouble {
    Trouble { cause, detail: "it did".to_owned(), output_tail: "its last words".to_owned() }
}

/// A case with every field.
fn case() -> Case {
    let finding = |kind| Finding { kind, message: "m".into(), r#type: "t".into(), text: "x".into() };
    Case {
        classname: "c".to_owned(),
        name: "n".to_owned(),
        file: Some("f".to_owned()),
        line: Some(1),
        seconds: Some(0.5),
        findings: [FindingKind::Skipped, FindingKind::Failure, FindingKind::Error].map(finding).to_vec(),
        earlier: vec![finding(FindingKind::Failure)],
        system_out: Some("o".to_owned()),
        system_err: Some("e".to_owned()),
        properties: vec![("p".to_owned(), "v".to_owned())],
    }
}

fn plan() -> PlanSummary {
    PlanSummary {
        framework: "pytest".to_owned(),
        image: "i".to_owned(),
        image_id: Some("sha256:0".to_owned()),
        image_digest: Some("i@sha256:1".to_owned()),
        work_dir: Some("/project".to_owned()),
        may_be_empty: true,
        command_line: vec!["minke".to_owned()],
        framework_args: vec!["-x".to_owned()],
        shards: 2,
        units: vec![UnitId::new("u")],
    }
}

/// Every kind of event, with every field, every cause and every reason.
fn every_event() -> Vec<EventKind> {
    let (shard, unit) = (ShardId(1), || UnitId::new("u"));
    let output = || OutputFile { path: "shards/1/stdout.log".to_owned(), bytes: 1 };
    let outcomes = [UnitOutcome::Passed, UnitOutcome::Failed, UnitOutcome::NotRun];
    let outcomes = outcomes.into_iter().chain(every_cause().into_iter().map(UnitOutcome::Errored));
    let mut all = vec![
        EventKind::RunStarted {
            format: EVENT_FORMAT_VERSION,
            minke: "0.1.0".to_owned(),
            run: "01955150-0000-7000-8000-000000000001".parse().unwrap(),
            plan: Box::new(plan()),
        },
        EventKind::ShardStarted { shard, slot: Slot(1), units: vec![unit()], attempt: Attempt(1) },
        EventKind::ContainerStarted { shard, container: "c".to_owned(), took: Duration::from_secs(1) },
        EventKind::UnitStarted { shard, unit: unit() },
        EventKind::ShardStopping { shard, why: StopReason::Timeout { limit: Duration::from_secs(1) } },
        EventKind::ShardStopping { shard, why: StopReason::Cancelled },
        EventKind::ShardEnded {
            shard,
            exit: Some(ContainerExit { code: 1, oom_killed: false, error: Some("e".to_owned()) }),
            wall: Duration::from_secs(1),
            stdout: output(),
            stderr: output(),
            problem: Some(ShardProblem { trouble: trouble(Cause::Engine), unproven: vec![unit()] }),
        },
        EventKind::ShardKept {
            shard,
            kept: Kept {
                services: vec![ServiceLog {
                    name: "db".to_owned(),
                    log: output(),
                    exit: Some(ContainerExit { code: 1, oom_killed: false, error: Some("e".to_owned()) }),
                }],
                artifacts: vec![output()],
                coverage: vec![output()],
            },
        },
        EventKind::UnitRequeued { unit: unit(), shard, why: trouble(Cause::NoReport) },
        EventKind::Warning { text: "t".to_owned() },
        EventKind::CoverageMerged {
            coverage: MergedCoverage {
                files: vec![CoverageFile {
                    path: "coverage/lcov.info".to_owned(),
                    bytes: 1,
                    lines: Some(LineCounts { covered: 1, total: 2 }),
                }],
                problems: vec!["p".to_owned()],
            },
        },
        EventKind::RunEnded { exit_code: 1, wall: Duration::from_secs(1) },
    ];
    all.extend(every_cancel_reason().into_iter().map(|why| EventKind::Cancelled { why }));
    all.extend(outcomes.map(|outcome| EventKind::UnitEnded {
        unit: unit(),
        shard: Some(shard),
        attempt: Attempt(1),
        outcome,
        trouble: Some(trouble(Cause::Killed)),
        duration: Duration::from_secs(1),
        cases: vec![case()],
    }));
    for kind in &all {
        match kind {
            EventKind::RunStarted { .. } | EventKind::ShardStarted { .. } | EventKind::ContainerStarted { .. } => {}
            EventKind::UnitStarted { .. } | EventKind::ShardStopping { .. } | EventKind::ShardEnded { .. } => {}
            EventKind::UnitRequeued { .. } | EventKind::UnitEnded { .. } | EventKind::Cancelled { .. } => {}
            EventKind::ShardKept { .. } | EventKind::Warning { .. } | EventKind::RunEnded { .. } => {}
            EventKind::CoverageMerged { .. } => {}
        }
    }
    all
}

fn written(kind: EventKind) -> Value {
    let at = "2026-03-01T12:00:00Z".parse().unwrap();
    serde_json::to_value(Event { seq: 1, at, kind }).unwrap()
}

/// The names of all fields of a value, and the words by which its variants are told apart.
fn names_in(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                if let (true, Some(word)) = (["kind", "reason", "outcome"].contains(&name.as_str()), value.as_str()) {
                    names.insert(word.to_owned());
                }
                names_in(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names_in(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The part of the page below the heading of an event.
fn section<'page>(page: &'page str, event: &str) -> &'page str {
    let heading = format!("\n### `{event}`\n");
    let (_, below) = page.split_once(&heading).unwrap_or_else(|| panic!("no heading for `{event}`"));
    below.split("\n#").next().unwrap()
}

#[test]
fn every_event_and_every_field_is_described() {
    let page = page("events.md");
    let mut described = BTreeSet::new();
    for event in every_event().into_iter().map(written) {
        let name = event["event"].as_str().unwrap().to_owned();
        let section = section(&page, &name);
        for field in event.as_object().unwrap().keys() {
            let is_common = ["seq", "at", "event"].contains(&field.as_str());
            let text = if is_common { page.as_str() } else { section };
            assert!(text.contains(&format!("| `{field}` |")), "`{name}` has no row for `{field}`");
        }
        let mut names = BTreeSet::new();
        names_in(&event, &mut names);
        for field in names {
            assert!(page.contains(&format!("`{field}`")), "`{field}` of `{name}` is not described");
        }
        described.insert(name);
    }
    let headings: BTreeSet<String> =
        page.lines().filter_map(|line| Some(line.strip_prefix("### `")?.strip_suffix('`')?.to_owned())).collect();
    assert_eq!(headings, described, "headings and events");
    assert!(page.contains(&format!("format {EVENT_FORMAT_VERSION}")));
}

#[test]
fn every_event_has_an_example_that_is_one() {
    let page = page("events.md");
    let examples: Vec<String> = blocks(&page, "json").concat().lines().map(str::to_owned).collect();
    let mut shown = BTreeSet::new();
    for line in &examples {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        // Nothing in the example is unknown to the reader, and nothing is left out that the writer writes.
        let example: Value = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), example, "{line}");
        shown.insert(example["event"].as_str().unwrap().to_owned());
    }
    let all = every_event().into_iter().map(written);
    let all: BTreeSet<String> = all.map(|event| event["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(shown, all);
}

#[test]
fn every_yaml_block_is_yaml() {
    let blocks = blocks(&page("ci.md"), "yaml");
    assert!(blocks.len() >= 5, "{}", blocks.len());
    let script = "import sys, json, yaml\nfor text in json.load(sys.stdin):\n    assert isinstance(yaml.safe_load(text), dict), text";
    let mut python = Command::new("python3").args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(&serde_json::to_vec(&blocks).unwrap()).unwrap();
    assert!(python.wait().unwrap().success(), "needs python3 with its yaml module, which tests/run.sh installs");
}

#[test]
fn the_services_that_are_shown_can_be_read() {
    let page = page("services.md");
    let directory = tempfile::tempdir().unwrap();
    let [yaml] = &blocks(&page, "yaml")[..] else { panic!("not exactly one block") };
    let file = directory.path().join("compose.yaml");
    std::fs::write(&file, yaml).unwrap();
    let options = minke::compose::ReadOptions {
        project_dir: directory.path().to_owned(),
        ..minke::compose::ReadOptions::default()
    };
    let read = minke::compose::read(&[file], &options).unwrap();
    assert_eq!((read.services[0].ready.len(), read.warnings.len()), (2, 0));
    let [toml] = &blocks(&page, "toml")[..] else { panic!("not exactly one block") };
    std::fs::write(directory.path().join("minke.toml"), toml).unwrap();
    let cli = minke::cli::parse(["minke", "run"].map(OsString::from).into_iter()).unwrap();
    let settings = cli.settings(&minke::config::Environment::default(), directory.path()).unwrap();
    assert_eq!(settings.services.len(), 2);
}

#[test]
fn every_key_of_a_service_table_is_described() {
    let page = page("services.md");
    let reader = include_str!("../src/config/service.rs");
    let keys =
        reader.split("fields.").skip(1).filter_map(|call| call.split('"').nth(1).filter(|_| call.contains("(\"")));
    let keys: BTreeSet<&str> = keys.collect();
    assert!(keys.len() > 25, "{keys:?}");
    for key in keys {
        assert!(page.contains(&format!("`{key}`")), "docs/services.md does not name `{key}`");
    }
}

#[test]
fn the_groovy_block_is_balanced() {
    let [groovy] = &blocks(&page("ci.md"), "groovy")[..] else { panic!("not exactly one block") };
    for (open, close) in [('{', '}'), ('(', ')'), ('[', ']')] {
        assert_eq!(groovy.matches(open).count(), groovy.matches(close).count(), "{open} and {close}");
    }
    assert_eq!(groovy.matches("'''").count() % 2, 0);
}

/// The `minke` commands of a page's blocks, as words. Each stands at the beginning of a line, and goes on behind a backslash.
fn commands(page: &str) -> Vec<Vec<String>> {
    let all = ["yaml", "groovy", "sh"].map(|language| blocks(page, language).concat()).concat();
    let joined = all.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| line.starts_with("minke "));
    // What a CI system or a shell puts in is a number here; a pipe or a list ends the command.
    let commands: Vec<Vec<String>> = lines
        .map(|line| {
            let line = line.split([';', '|']).next().unwrap();
            shell_words::split(&without_variables(line)).unwrap_or_else(|error| panic!("{error}: {line}"))
        })
        .collect();
    let named = ["run", "pytest", "cucumber", "merge"].map(|name| joined.matches(&format!("minke {name} ")).count());
    let found =
        commands.iter().filter(|words| ["run", "pytest", "cucumber", "merge"].contains(&words[1].as_str())).count();
    assert_eq!(named.iter().sum::<usize>(), found, "a command that does not begin its line is not checked");
    commands
}

/// Puts `1` for `${{ ... }}`, `$(( ... ))`, `$( ... )`, `${ ... }` and `$NAME`.
fn without_variables(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        text.push('1');
        rest = [("{{", "}}"), ("((", "))"), ("(", ")"), ("{", "}")]
            .iter()
            .find(|(open, _)| after.starts_with(open))
            .map(|(_, close)| after.split_once(close).unwrap_or_else(|| panic!("{line}")).1)
            .unwrap_or_else(|| after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    }
    text + rest
}

#[test]
fn every_command_can_be_given() {
    let mut checked = 0;
    for file in ["ci.md", "events.md", "services.md"] {
        for words in commands(&page(file)) {
            let shown = words.join(" ");
            let known = minke::cli::command().get_subcommands().any(|known| known.get_name() == words[1]);
            if words[1] == "merge" && !known {
                continue;
            }
            let parsed = minke::cli::parse(words.iter().map(OsString::from));
            assert!(parsed.is_ok(), "{shown}: {}", parsed.unwrap_err());
            checked += usize::from(["run", "pytest", "cucumber"].contains(&words[1].as_str()));
            if let "pytest" | "cucumber" | "run" = words[1].as_str() {
                assert_settled(&words);
            }
        }
    }
    assert!(checked >= 8, "{checked}");
}

/// Asserts that the values of a command's options are accepted, too, by the real binary.
fn assert_settled(words: &[String]) {
    let framework = (words[1] != "run").then(|| ["--framework", &words[1]]);
    let empty = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_minke"))
        .arg("config")
        .args(framework.iter().flatten())
        .args(&words[2..])
        .env_clear()
        .current_dir(empty.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
