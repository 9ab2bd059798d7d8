//! The Markdown summary, and that no text from outside is more than text in it.

use std::fs;

use insta::assert_snapshot;
use minke::model::{CancelReason, Cause, EventKind, RunState};
use minke::report::markdown::{MarkdownOptions, SUMMARY_BYTES, StepSummaryError, append, write, write_file};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::any_run::any_run;
use crate::script::{Script, failed, flaky, passed, trouble};

fn options() -> MarkdownOptions {
    MarkdownOptions { run_dir: ".minke/runs/01955150".into() }
}

fn text(script: &Script) -> String {
    write(&script.state(), &options())
}

/// A run in which everything happens that a summary has to tell.
fn mixed() -> Script {
    let units = ["tests/a.py", "tests/b.py", "tests/c.py", "tests/d.py", "tests/e.py", "tests/f.py", "tests/g.py"];
    let mut script = Script::new(&units);
    script.shard(1, &units[..3]);
    let long: String = (1..=30).map(|number| format!("frame {number}\n")).collect();
    let loud = minke::model::Case { system_out: Some("said so\n".to_owned()), ..failed("test_3", "", &long) };
    script.unit(1, "tests/a.py", vec![passed("test_1"), failed("test_2", "assert 1 == 2", "E   assert 1 == 2"), loud]);
    script.unit(1, "tests/b.py", vec![flaky("test_4", "connection refused"), passed("test_5")]);
    script.requeue(1, "tests/c.py", trouble(Cause::NoReport, "There is no report.", ""));
    script.shard(2, &["tests/c.py"]);
    script.unit(2, "tests/c.py", vec![passed("test_6")]);
    script.shard(3, &["tests/d.py"]);
    let crash = trouble(Cause::Crashed { signal: 11 }, "The framework crashed.", "Segmentation fault\n");
    script.error(3, "tests/d.py", crash);
    script.shard(4, &["tests/e.py"]);
    script.unit(4, "tests/e.py", vec![passed("test_7")]);
    script.launch(5, 1, &["tests/f.py"]);
    let gone = trouble(Cause::Engine, "The engine went away.", "");
    script.end_shard(5, std::time::Duration::from_secs(1), Some(gone));
    script.unit(5, "tests/f.py", vec![passed("test_8")]);
    script.push(EventKind::Warning { text: "the clock is off".to_owned() });
    script.push(EventKind::Cancelled { why: CancelReason::MaxFailures });
    script.not_run("tests/g.py");
    script.end();
    script
}

#[test]
fn a_mixed_run_tells_failures_first() {
    assert_snapshot!(text(&mixed()));
}

#[test]
fn a_green_run_is_short() {
    let mut script = Script::new(&["tests/a.py"]);
    script.shard(1, &["tests/a.py"]);
    script.unit(1, "tests/a.py", vec![passed("test_1")]);
    script.end();
    assert_snapshot!(text(&script));
}

#[test]
fn a_run_of_which_nothing_is_known_has_a_summary() {
    assert!(write(&RunState::new(), &options()).starts_with("## NOTHING RUN"));
}

#[test]
fn a_hostile_run_is_as_reviewed() {
    let evil = "a|b`c``<b>@you</b>\n## [x](javascript:y) http://e.example\n````\n</details>";
    let unit = format!("tests/{evil}.py");
    let mut script = Script::new(&[&unit]);
    script.shard(1, &[&unit]);
    script.unit(1, &unit, vec![failed(evil, evil, evil), flaky(evil, evil)]);
    script.push(EventKind::Warning { text: evil.to_owned() });
    script.end();
    assert_harmless(&text(&script));
    assert_snapshot!(text(&script));
}

/// Asserts that a reader of GitHub Flavored Markdown finds nothing in a summary but what minke itself put there.
fn assert_harmless(text: &str) {
    let mut tables = 0;
    let mut in_heading = false;
    for event in
        Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS)
    {
        match event {
            Event::Start(Tag::Table(columns)) => {
                tables += 1;
                assert_eq!(columns.len(), 7);
            }
            Event::Start(Tag::Heading { .. }) => in_heading = true,
            Event::End(pulldown_cmark::TagEnd::Heading(_)) => in_heading = false,
            Event::Start(
                Tag::Paragraph
                | Tag::CodeBlock(_)
                | Tag::List(None)
                | Tag::Item
                | Tag::TableHead
                | Tag::TableRow
                | Tag::TableCell
                | Tag::Strong,
            )
            | Event::End(_)
            | Event::Code(_)
            | Event::SoftBreak => {}
            // Outside of code stand minke's own words alone, which have nothing that a page makes a link or a mention of.
            Event::Text(words) => {
                let is_code = words.ends_with('\n');
                assert!(is_code || !words.contains(['@', '<', '`', '|', '[', '#']), "{words:?} in:\n{text}");
                assert!(!in_heading || !words.contains('\n'), "{words:?} in:\n{text}");
            }
            other => panic!("{other:?} in:\n{text}"),
        }
    }
    assert_eq!(tables, 1, "{text}");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
}

#[test]
fn what_does_not_fit_is_counted_and_named() {
    let units: Vec<String> = (0..1000).map(|number| format!("tests/very/deep/folder/test_{number}.py")).collect();
    let names: Vec<&str> = units.iter().map(String::as_str).collect();
    let mut script = Script::new(&names);
    script.shard(1, &names);
    let long: String = (0..20).map(|number| format!("{number} {}\n", "x".repeat(300))).collect();
    for unit in &names[..600] {
        script.unit(1, unit, vec![failed("test", "no", &long); 12]);
    }
    for unit in &names[600..] {
        script.not_run(unit);
    }
    script.end();
    let text = text(&script);
    assert!(text.len() <= SUMMARY_BYTES);
    let told = text.lines().filter(|line| line.starts_with("#### ")).count();
    assert!(told > 1);
    assert!(text.contains(&format!("\n{} more failed units, see `.minke/runs/01955150/junit.xml`.\n", 600 - told)));
    assert!(text.contains("\n2 more failing cases, see `.minke/runs/01955150/junit.xml`.\n"));
    assert!(text.contains("\n380 more units, see `.minke/runs/01955150/junit.xml`.\n"));
    assert!(text.contains("--files-from .minke/runs/01955150/failed.txt"));
    assert_harmless(&text);
}

#[test]
fn a_failure_that_is_too_long_hides_no_other() {
    let mut script = Script::new(&["tests/a.py", "tests/b.py"]);
    script.shard(1, &["tests/a.py", "tests/b.py"]);
    // Characters without a width take no column of a line.
    let long = format!("e{}\n", "\u{301}".repeat(20_000)).repeat(12);
    script.unit(1, "tests/a.py", vec![failed("test_1", "no", &long); 10]);
    script.unit(1, "tests/b.py", vec![failed("test_2", "short", "")]);
    script.end();
    let text = text(&script);
    assert!(text.len() <= SUMMARY_BYTES);
    assert!(text.contains("#### `tests/b.py`") && text.contains("short"));
}

#[test]
fn a_command_is_what_a_shell_reads_again() {
    let text = text(&mixed());
    let block = text.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let words = shell_words::split(block).unwrap();
    assert_eq!(
        words,
        ["minke", "pytest", "--image", "shop-tests", "--env", "it's", "tests/a.py", "tests/d.py", "--", "-k", "a or b"]
    );
}

#[test]
fn runs_of_one_step_are_appended_until_the_step_is_full() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("step.md");
    fs::write(&path, "made by another tool").unwrap();
    let state = mixed().state();
    append(&state, &options(), &path).unwrap();
    append(&state, &options(), &path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let one = write(&state, &options());
    assert_eq!(text, format!("made by another tool\n\n{one}\n\n{one}"));
    fs::write(&path, "x".repeat(980_000)).unwrap();
    assert!(matches!(append(&state, &options(), &path), Err(StepSummaryError::Full { bytes: 980_000, .. })));
    assert_eq!(fs::metadata(&path).unwrap().len(), 980_000);
}

#[test]
fn many_long_runs_stay_below_what_github_takes() {
    let units: Vec<String> = (0..300).map(|number| format!("tests/test_{number}.py")).collect();
    let names: Vec<&str> = units.iter().map(String::as_str).collect();
    let mut script = Script::new(&names);
    script.shard(1, &names);
    for unit in &names {
        script.unit(1, unit, vec![failed("test", "no", &"a long line of output\n".repeat(200)); 10]);
    }
    script.end();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("step.md");
    let appended = (0..20).filter(|_| append(&script.state(), &options(), &path).is_ok()).count();
    assert!(appended >= 4, "{appended}");
    assert!(fs::metadata(&path).unwrap().len() < 1 << 20);
    assert_eq!(fs::read_to_string(&path).unwrap().matches("## FAILED").count(), appended);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let place = tempfile::tempdir().unwrap();
    let state = mixed().state();
    let error = write_file(&state, &options(), place.path()).unwrap_err().to_string();
    assert!(error.contains(&place.path().display().to_string()), "{error}");
    let error = append(&state, &options(), place.path()).unwrap_err().to_string();
    assert!(error.contains(&place.path().display().to_string()), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_is_more_than_text(script in any_run()) {
        let text = text(&script);
        prop_assert!(text.len() <= SUMMARY_BYTES);
        assert_harmless(&text);
    }
}
