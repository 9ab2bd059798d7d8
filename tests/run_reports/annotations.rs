//! The marks that CI systems read from a job's output.

use insta::assert_snapshot;
use minke::model::{CancelReason, Cause, EventKind};
use minke::report::annotations::{AnnotationOptions, Dialect, MOST, write};
use proptest::prelude::*;

use crate::any_run::any_run;
use crate::script::{Script, failed, passed, trouble};

fn options(dialect: Dialect) -> AnnotationOptions {
    AnnotationOptions { dialect, prefix: String::new(), summary: ".minke/latest/summary.md".into() }
}

fn mixed() -> Script {
    let mut script = Script::new(&["tests/shop.py", "tests/crash.py", "tests/late.py", "tests/later.py"]);
    script.shard(1, &["tests/shop.py"]);
    let cases = vec![
        passed("test_1"),
        failed("test_2[a,b:c]", "assert 50% == 100%\nin detail", "line 1\r\nline 2\n::error::not mine"),
    ];
    script.unit(1, "tests/shop.py", cases);
    script.shard(2, &["tests/crash.py"]);
    let crash =
        trouble(Cause::Crashed { signal: 11 }, "The framework crashed; see [its] output.", "Segmentation fault\n");
    script.error(2, "tests/crash.py", crash);
    script.launch(3, 1, &["tests/late.py"]);
    script.end_shard(3, std::time::Duration::from_secs(1), Some(trouble(Cause::Engine, "it went away", "")));
    script.push(EventKind::Cancelled { why: CancelReason::Interrupt });
    script.not_run("tests/late.py");
    script.not_run("tests/later.py");
    script.end();
    script
}

#[test]
fn github_gets_an_error_for_each_failure() {
    assert_snapshot!(write(&mixed().state(), &options(Dialect::GitHub)));
}

#[test]
fn azure_gets_an_issue_for_each_failure() {
    assert_snapshot!(write(&mixed().state(), &options(Dialect::Azure)));
}

#[test]
fn files_are_relative_to_the_repository() {
    let options = AnnotationOptions { prefix: "services/my, shop".to_owned(), ..options(Dialect::GitHub) };
    let text = write(&mixed().state(), &options);
    assert!(text.starts_with("::error file=services/my%2C shop/tests/shop.py,line=12,title="), "{text}");
}

#[test]
fn a_green_run_has_no_marks() {
    let mut script = Script::new(&["a.py"]);
    script.shard(1, &["a.py"]);
    script.unit(1, "a.py", vec![passed("test_1")]);
    script.end();
    assert_eq!(write(&script.state(), &options(Dialect::GitHub)), "");
}

#[test]
fn more_failures_than_marks_have_one_pointer() {
    for (count, expected) in
        [(MOST, None), (MOST + 1, Some("1 more failure, see")), (500, Some("490 more failures, see"))]
    {
        let mut script = Script::new(&["a.py"]);
        script.shard(1, &["a.py"]);
        script.unit(1, "a.py", (0..count).map(|number| failed(&format!("test_{number}"), "no", "")).collect());
        script.end();
        let text = write(&script.state(), &options(Dialect::GitHub));
        assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), MOST);
        let pointer = text.lines().nth(MOST);
        assert_eq!(pointer.is_some(), expected.is_some());
        if let (Some(pointer), Some(expected)) = (pointer, expected) {
            assert_eq!(pointer, format!("::notice title=minke::{expected} .minke/latest/summary.md"));
        }
    }
}

/// Undoes GitHub's escaping, as its runner does.
fn unescaped(text: &str) -> String {
    [("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_makes_a_command_of_its_own(script in any_run()) {
        let state = script.state();
        let text = write(&state, &options(Dialect::GitHub));
        prop_assert!(text.lines().count() <= MOST + 1);
        for line in text.split_terminator('\n') {
            let rest = line.strip_prefix("::error ").or_else(|| line.strip_prefix("::notice ")).expect(line);
            // As the runner reads it: properties up to the first `::`, then the text.
            let (properties, message) = rest.split_once("::").expect(line);
            for property in properties.split(',') {
                let (name, value) = property.split_once('=').expect(line);
                prop_assert!(["file", "line", "title"].contains(&name), "{}", line);
                prop_assert!(!unescaped(value).contains(['\n', '\r', '\u{1b}', '\0']), "{}", line);
            }
            prop_assert!(!message.contains(['\r', '\u{1b}', '\0']), "{}", line);
        }
        for line in write(&state, &options(Dialect::Azure)).split_terminator('\n') {
            let rest = line.strip_prefix("##vso[task.logissue type=").expect(line);
            let (properties, _) = rest.split_once(']').expect(line);
            for property in properties.split(';').skip(1).filter(|property| !property.is_empty()) {
                prop_assert!(property.starts_with("sourcepath=") || property.starts_with("linenumber="), "{}", line);
            }
        }
    }
}
