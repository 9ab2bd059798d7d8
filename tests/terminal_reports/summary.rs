//! The summary at the end of a run.

use std::path::PathBuf;
use std::time::Duration;

use insta::assert_snapshot;
use minke::model::{
    Attempt, CancelReason, Case, Cause, CoverageFile, EventKind, ExitCode, FindingKind, LineCounts, MergedCoverage,
    ShardId, UnitId, UnitOutcome,
};
use minke::report::terminal::{Colours, SummaryOptions, Verbosity, summary, write_summary};

use crate::fixture::{Script, failed, mixed, passed, skipped, trouble, with_finding};

fn options() -> SummaryOptions {
    SummaryOptions {
        colours: Colours::Off,
        verbosity: Verbosity::Normal,
        run_dir: PathBuf::from(".minke/runs/01955150"),
        junit: vec![PathBuf::from("junit.xml")],
        coverage: Vec::new(),
        html: Vec::new(),
        rerun: ["minke", "pytest", "--image", "shop-tests:latest", "--source", "mount"].map(String::from).to_vec(),
        framework_args: Vec::new(),
        failed_list: PathBuf::from(".minke/latest/failed.txt"),
        network_is_none: true,
    }
}

fn text(script: &Script) -> String {
    let state = script.state();
    summary(&state, ExitCode::of(&state), &options())
}

/// The text, checked for what holds in all of them where users' texts are short.
fn narrow(script: &Script) -> String {
    let text = text(script);
    for line in text.lines() {
        assert!(console::measure_text_width(line) <= 80, "{line}");
        assert_eq!(line, line.trim_end());
    }
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
    text
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap()
}

#[test]
fn a_green_run_is_short() {
    let mut script = Script::new(&["tests/test_a.py", "tests/test_b.py"], 2);
    script.shard(1, &["tests/test_a.py", "tests/test_b.py"]).shard_end(1, 0);
    script.unit(1, "tests/test_a.py", vec![passed("test_1"), skipped("test_2")]);
    script.unit(1, "tests/test_b.py", vec![passed("test_3")]).end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn a_mixed_run_tells_failures_first_and_the_verdict_last() {
    assert_snapshot!(narrow(&mixed()));
}

#[test]
fn failures_show_the_message_and_the_last_lines() {
    let mut script = Script::new(&["tests/test_a.py", "tests/test_b.py"], 1);
    let long: String = (1..=40).map(|number| format!("frame {number}\n")).collect();
    let bare = Case { classname: String::new(), name: String::new(), ..failed("", "only a message") };
    script.shard(1, &["tests/test_a.py", "tests/test_b.py"]).shard_end(1, 1);
    script.unit(
        1,
        "tests/test_a.py",
        vec![
            passed("test_1"),
            failed("test_2", "assert 1 == 2"),
            with_finding("test_3", FindingKind::Error, "fixture 'db' failed\nsecond line", ""),
            with_finding("test_4", FindingKind::Failure, "", &long),
            with_finding("test_5", FindingKind::Failure, "", ""),
            with_finding("test_6", FindingKind::Failure, "the same twice", "the same twice\n"),
        ],
    );
    script.unit(1, "tests/test_b.py", vec![bare]).end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn every_cause_of_an_error_is_told() {
    let causes = [
        Cause::Timeout,
        Cause::OutOfMemory,
        Cause::Killed,
        Cause::Crashed { signal: 6 },
        Cause::Crashed { signal: 60 },
        Cause::NoReport,
        Cause::TruncatedReport,
        Cause::NoCases,
        Cause::ExitCode { code: 2 },
        Cause::Image,
        Cause::Engine,
        Cause::BeforeCommand,
    ];
    let names: Vec<String> = (0..causes.len()).map(|number| format!("tests/test_{number}.py")).collect();
    let mut script = Script::new(&names.iter().map(String::as_str).collect::<Vec<_>>(), 2);
    for (name, cause) in names.iter().zip(causes) {
        script.error(1, name, trouble(cause, "What happened. What to do about it.", "the last line\n"));
    }
    script.end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn an_interrupted_run_says_what_was_not_run() {
    let names: Vec<String> = (0..20).map(|number| format!("tests/test_{number}.py")).collect();
    let mut script = Script::new(&names.iter().map(String::as_str).collect::<Vec<_>>(), 2);
    script.unit(1, &names[0], vec![passed("test_1")]).cancel(CancelReason::Interrupt);
    for name in &names[1..] {
        script.not_run(name);
    }
    script.end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn a_run_that_reached_its_failures_says_so() {
    let mut script = Script::new(&["tests/test_a.py", "tests/test_b.py"], 1);
    script.unit(1, "tests/test_a.py", vec![failed("test_1", "assert False")]);
    script.cancel(CancelReason::MaxFailures).not_run("tests/test_b.py").end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn a_lost_engine_is_named_in_the_verdict() {
    let mut script = Script::new(&["tests/test_a.py", "tests/test_b.py"], 1);
    let why = "connection refused on unix:///var/run/docker.sock";
    script.error(1, "tests/test_a.py", trouble(Cause::Engine, "The engine went away. Start it again.", ""));
    script.cancel(CancelReason::EngineLost { detail: why.to_owned() }).not_run("tests/test_b.py").end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn a_shard_problem_without_a_bad_unit_is_an_error_of_its_own() {
    let names = ["tests/a.py", "tests/b.py", "tests/c.py", "tests/d.py", "tests/e.py", "tests/f.py", "tests/g.py"];
    let mut script = Script::new(&names, 1);
    let detail = "The framework ended with code 3 after every case passed. Its last lines may tell why.";
    script.shard(1, &names);
    script.shard_problem(1, 3, Some(trouble(Cause::ExitCode { code: 3 }, detail, "INTERNALERROR> plugin\n")));
    for name in names {
        script.unit(1, name, vec![passed("test_1")]);
    }
    script.end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn warnings_are_wrapped() {
    let mut script = Script::new(&["tests/test_a.py"], 1);
    script.warn("short");
    script.warn(
        "the engine's clock is 12 s behind this machine's; times in reports may be off, set it right with an NTP client",
    );
    script.unit(1, "tests/test_a.py", vec![passed("test_1")]).end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn two_hundred_failing_cases_are_bounded() {
    let mut script = Script::new(&["tests/test_a.py"], 1);
    script.unit(1, "tests/test_a.py", (0..200).map(|number| failed(&format!("test_{number}"), "no")).collect()).end();
    let text = narrow(&script);
    assert!(text.contains("  ... and 190 more failing cases in the report\n"), "{text}");
    assert!(text.contains("cases: 0 passed, 200 failed, 0 errored, 0 skipped of 200\n"), "{text}");
    assert!(text.lines().count() < 120);
}

#[test]
fn hundreds_of_failed_units_each_have_a_line_and_the_command_takes_a_file() {
    let names: Vec<String> = (0..300).map(|number| format!("tests/test_{number}.py")).collect();
    let mut script = Script::new(&names.iter().map(String::as_str).collect::<Vec<_>>(), 2);
    for name in &names {
        script.unit(1, name, vec![failed("test_1", "no")]);
    }
    script.end();
    let text = narrow(&script);
    for name in &names {
        assert!(text.contains(&format!("FAIL {name} (1 failed, ")), "{name}");
    }
    let command =
        "  minke pytest --image shop-tests:latest --source mount \\\n      --files-from .minke/latest/failed.txt\n";
    assert!(text.contains(command), "{text}");
    assert!(text.lines().count() < 1000);
}

#[test]
fn very_long_names_stay_whole_and_break_no_line_of_ours() {
    let name = format!("tests/{}/test_a.py", "deeply_nested_directory/".repeat(8).trim_end_matches('/'));
    let mut script = Script::new(&[&name], 1);
    let case = Case { classname: "very.long.".repeat(60), ..failed("test_1", &"long ".repeat(200)) };
    script.unit(1, &name, vec![case]).end();
    let text = text(&script);
    assert!(text.contains(&format!("FAIL {name} (")), "{text}");
    assert!(text.lines().all(|line| console::measure_text_width(line) <= 410), "{text}");
}

#[test]
fn wide_characters_are_kept() {
    let mut script = Script::new(&["試験/受入 テスト.feature"], 1);
    script.unit(1, "試験/受入 テスト.feature", vec![failed("ログイン — é", "期待値と異なります")]).end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn what_a_test_writes_cannot_drive_the_terminal() {
    let mut script = Script::new(&["tests/a\u{1b}[2J.py"], 1);
    let text_of_test =
        "\u{1b}[1A\u{1b}[2Kgone\0\u{8}\u{202e}\r\n\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\\u{9b}31m\n\tx";
    let case = with_finding("na\u{1b}[31mme", FindingKind::Failure, "me\u{7}ss\u{1b}cage", text_of_test);
    let problem = trouble(Cause::Crashed { signal: 11 }, "It \u{1b}[31mcrashed.", "tail\u{1b}[0m\u{0}\u{7f}");
    script.unit_end(Some(1), "tests/a\u{1b}[2J.py", UnitOutcome::Failed, Some(problem), vec![case]);
    script.warn("war\u{1b}[5mning\u{7}").end();
    let text = text(&script);
    assert!(text.chars().all(|character| matches!(character, '\n' | '\t') || !character.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}'));
    assert_snapshot!(text);
}

#[test]
fn a_run_of_nothing_is_not_green() {
    let mut script = Script::new(&[], 1);
    script.end();
    assert_snapshot!(narrow(&script));
}

#[test]
fn a_state_without_events_has_a_summary_too() {
    let state = minke::model::RunState::new();
    let text = summary(&state, ExitCode::of(&state), &options());
    assert_eq!(last_line(&text), "NOTHING RUN: no unit was selected (exit code 4)");
}

#[test]
fn a_missing_network_is_hinted_at_only_when_the_containers_have_none() {
    let mut script = Script::new(&["tests/test_a.py"], 1);
    script.unit(1, "tests/test_a.py", vec![failed("test_1", "gaierror: Name or service not known")]).end();
    assert_snapshot!(narrow(&script));
    let state = script.state();
    let with_network = SummaryOptions { network_is_none: false, ..options() };
    assert!(!summary(&state, ExitCode::of(&state), &with_network).contains("--network"));
}

#[test]
fn a_unit_that_passed_gives_no_hint_about_the_network() {
    let mut script = Script::new(&["tests/test_a.py"], 1);
    let case = Case { system_err: Some("Network is unreachable".to_owned()), ..passed("test_1") };
    script.unit(1, "tests/test_a.py", vec![case]).end();
    assert!(!text(&script).contains("--network"));
}

#[test]
fn a_report_that_could_not_be_written_makes_a_green_run_incomplete() {
    let mut script = Script::new(&["tests/test_a.py"], 1);
    script.unit(1, "tests/test_a.py", vec![passed("test_1")]).end();
    let text = summary(&script.state(), ExitCode::Incomplete, &options());
    assert_eq!(last_line(&text), "INCOMPLETE: a report could not be written (exit code 5)");
}

#[test]
fn odd_paths_are_quoted_or_left_to_the_file() {
    let mut script = Script::new(&["tests/it's $HOME.py", "-x.py"], 1);
    script.unit(1, "tests/it's $HOME.py", vec![failed("test_1", "no")]);
    script.unit(1, "-x.py", vec![failed("test_1", "no")]).end();
    let whole = text(&script);
    let command = whole.split("again\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let words = shell_words::split(command).unwrap();
    assert_eq!(words[words.len() - 2..], ["tests/it's $HOME.py", "./-x.py"]);

    let mut script = Script::new(&["tests/a\nb.py"], 1);
    script.unit(1, "tests/a\nb.py", vec![failed("test_1", "no")]).end();
    assert!(text(&script).contains("--files-from"));
}

#[test]
fn the_slowest_units_are_named_in_larger_runs_or_on_demand() {
    let names: Vec<String> = (0..7).map(|number| format!("tests/test_{number}.py")).collect();
    let mut script = Script::new(&names.iter().map(String::as_str).collect::<Vec<_>>(), 2);
    for (name, seconds) in names.iter().zip([3, 90, 4000, 1, 3, 2, 0]) {
        script.push(EventKind::UnitEnded {
            unit: UnitId::new(name.as_str()),
            shard: Some(ShardId(1)),
            attempt: Attempt(1),
            outcome: UnitOutcome::Passed,
            trouble: None,
            duration: Duration::from_secs(seconds),
            cases: vec![passed("test_1")],
        });
    }
    script.end();
    assert_snapshot!(narrow(&script));
    let quiet = SummaryOptions { verbosity: Verbosity::Quiet, ..options() };
    assert!(!summary(&script.state(), ExitCode::Passed, &quiet).contains("slowest"));
}

#[test]
fn a_coloured_summary_without_its_colours_is_the_plain_one() {
    let state = mixed().state();
    let coloured = SummaryOptions { colours: Colours::On, ..options() };
    let coloured = summary(&state, ExitCode::of(&state), &coloured);
    assert!(coloured.contains("\u{1b}["));
    let plain = summary(&state, ExitCode::of(&state), &options());
    assert_eq!(console::strip_ansi_codes(&coloured), plain);
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let state = mixed().state();
    let error = write_summary(&mut Closed, &state, ExitCode::of(&state), &options()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn each_exit_code_has_a_verdict() {
    let state = mixed().state();
    let codes = [
        ExitCode::Passed,
        ExitCode::TestsFailed,
        ExitCode::Usage,
        ExitCode::Infrastructure,
        ExitCode::NothingSelected,
        ExitCode::Incomplete,
        ExitCode::Bug,
        ExitCode::Interrupted,
        ExitCode::Terminated,
    ];
    let lines = codes.map(|code| last_line(&summary(&state, code, &options())).to_owned());
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn coverage_has_a_line_with_its_rate_and_its_places() {
    let lines = |covered| Some(LineCounts { covered, total: 8 });
    let file = |name: &str, lines| CoverageFile { path: format!("coverage/{name}"), bytes: 1, lines };
    let coverage = |files: Vec<CoverageFile>, problems: &[&str]| {
        let mut script = Script::new(&["a.py"], 1);
        script.shard(1, &["a.py"]).shard_end(1, 0).unit(1, "a.py", vec![passed("test_1")]);
        let problems = problems.iter().map(|&problem| problem.to_owned()).collect();
        script.push(EventKind::CoverageMerged { coverage: MergedCoverage { files, problems } });
        let options = SummaryOptions { coverage: vec!["run/coverage".into(), "out".into()], ..options() };
        let state = script.state();
        let text = summary(&state, ExitCode::of(&state), &options);
        let line = text.lines().find(|line| line.starts_with("coverage: ")).unwrap().to_owned();
        (line, last_line(&text).to_owned())
    };
    let (line, verdict) = coverage(vec![file("lcov.info", lines(7)), file(".coverage", None)], &[]);
    assert_eq!(line, "coverage: 87.5 % of 8 lines, in run/coverage and out");
    assert!(verdict.starts_with("PASSED"), "{verdict}");
    let (line, verdict) = coverage(vec![file("lcov.info", lines(7)), file("cobertura.xml", lines(8))], &["a fault"]);
    let both = "lcov.info 87.5 % of 8 lines, cobertura.xml 100 % of 8 lines";
    assert_eq!(line, format!("coverage: {both}, not whole, in run/coverage and out"));
    assert_eq!(verdict, "INCOMPLETE: the coverage is not whole (exit code 5)");
}
