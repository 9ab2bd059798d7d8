//! The output of tests beside what a run tells.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::InMemoryTerm;
use insta::assert_snapshot;
use minke::model::{
    Attempt, Cause, ContainerExit, Event, EventKind, OutputFile, OutputStream, ShardId, UnitId, UnitOutcome,
};
use minke::report::Sink;
use minke::report::terminal::{Colours, Live, OutputMode, OutputOptions, Plain, Verbosity};

use crate::fixture::{Script, failed, passed, trouble};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn options(mode: OutputMode, run_dir: &Path) -> OutputOptions {
    OutputOptions { mode, run_dir: run_dir.to_owned(), shown_dir: ".minke/runs/01955150".into() }
}

fn plain(mode: OutputMode, run_dir: &Path) -> (Plain, Paper) {
    let paper = Paper::default();
    let plain = Plain::new(Box::new(paper.clone()), Colours::Off, Verbosity::Normal);
    (plain.with_output(options(mode, run_dir)), paper)
}

/// Appends to a shard's spooled stream.
fn spool(run_dir: &Path, shard: u32, stream: OutputStream, text: &str) {
    let path = run_dir.join(OutputFile::path_of(ShardId(shard), stream));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::options().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// The end of a shard, with what is spooled of it.
fn shard_end(run_dir: &Path, shard: u32) -> EventKind {
    let [stdout, stderr] = OutputStream::BOTH.map(|stream| {
        let path = OutputFile::path_of(ShardId(shard), stream);
        let bytes = fs::metadata(run_dir.join(&path)).map_or(0, |found| found.len());
        OutputFile { path, bytes }
    });
    EventKind::ShardEnded {
        shard: ShardId(shard),
        exit: Some(ContainerExit { code: 1, oom_killed: false, error: None }),
        wall: Duration::from_secs(2),
        stdout,
        stderr,
        problem: None,
    }
}

/// A run with a unit that passes alone, two that share a shard of which one fails, and one that is errored alone.
fn run(run_dir: &Path) -> Script {
    let mut script = Script::new(&["a.py", "b.py", "c.py", "d.py"], 2);
    spool(run_dir, 1, OutputStream::Stdout, "a 1\na 2\n");
    spool(run_dir, 2, OutputStream::Stdout, "b and c\n\n");
    spool(run_dir, 2, OutputStream::Stderr, "a warning of b or c");
    let long: String = (1..=50).map(|number| format!("d {number}\n")).collect();
    spool(run_dir, 3, OutputStream::Stdout, &long);
    script.shard(1, &["a.py"]).shard(2, &["b.py", "c.py"]);
    script.push(shard_end(run_dir, 1)).unit(1, "a.py", vec![passed("test_1")]);
    script.push(shard_end(run_dir, 2));
    script.unit(2, "b.py", vec![failed("test_2", "assert 1 == 2")]).unit(2, "c.py", vec![failed("test_3", "assert 2")]);
    script.shard(3, &["d.py"]).push(shard_end(run_dir, 3));
    script.error(3, "d.py", trouble(Cause::NoReport, "It wrote no report.", "d 50"));
    script.end();
    script
}

fn told(mode: OutputMode) -> String {
    let dir = tempfile::tempdir().unwrap();
    let script = run(dir.path());
    let (mut plain, paper) = plain(mode, dir.path());
    for event in &script.events {
        plain.event(event).unwrap();
    }
    plain.close().unwrap();
    paper.text()
}

#[test]
fn what_failed_is_shown_with_its_last_lines_and_where_the_rest_is() {
    assert_snapshot!(told(OutputMode::Failed));
}

#[test]
fn whole_blocks_say_whose_they_are() {
    assert_snapshot!(told(OutputMode::Grouped));
}

#[test]
fn no_output_is_shown_when_none_is_wanted() {
    let text = told(OutputMode::Never);
    assert!(!text.contains('|') && !text.contains("OUTPUT"), "{text}");
}

#[test]
fn prefixed_lines_stand_before_the_end_of_their_unit() {
    let text = told(OutputMode::Prefixed);
    let place =
        |line: &str| text.lines().position(|known| known.contains(line)).unwrap_or_else(|| panic!("{line}: {text}"));
    assert!(place("[shard 1] a 1") < place("[shard 1] a 2") && place("[shard 1] a 2") < place("PASS"), "{text}");
    assert!(place("[shard 2] b and c") < place("assert 1 == 2"));
    assert!(place("[shard 2] a warning of b or c") < place("assert 1 == 2"), "a last line needs no end");
    assert!(place("[shard 3] d 50") < place("ERROR"));
    assert_eq!(text.matches("[shard").count(), 2 + 3 + 50, "every line once: {text}");
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn prefixed_lines_come_while_the_shards_run() {
    let dir = tempfile::tempdir().unwrap();
    let (mut plain, paper) = plain(OutputMode::Prefixed, dir.path());
    let mut script = Script::new(&["a.py", "b.py"], 2);
    script.shard(1, &["a.py"]).shard(2, &["b.py"]);
    for event in &script.events {
        plain.event(event).unwrap();
    }
    spool(dir.path(), 1, OutputStream::Stdout, "one\nbegun");
    wait_for("the first line", || paper.text().contains("[shard 1] one\n"));
    spool(dir.path(), 2, OutputStream::Stderr, "two\n");
    wait_for("a line of the other shard", || paper.text().contains("[shard 2] two\n"));
    assert!(!paper.text().contains("begun"), "half a line is none");
    spool(dir.path(), 1, OutputStream::Stdout, " and ended\n");
    wait_for("the whole line", || paper.text().contains("[shard 1] begun and ended\n"));
    plain.close().unwrap();
    assert_eq!(paper.text().matches("[shard").count(), 3);
}

#[test]
fn control_sequences_of_tests_do_not_reach_the_terminal_and_colours_do() {
    let wild = "\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}\u{1b}[1A\nnext\r\n\u{1b}[?1049h\u{9b}2Jcaf\u{e9}\n";
    for mode in [OutputMode::Failed, OutputMode::Grouped, OutputMode::Prefixed] {
        for colours in [Colours::On, Colours::Off] {
            let dir = tempfile::tempdir().unwrap();
            let paper = Paper::default();
            let out = Box::new(paper.clone());
            let mut plain = Plain::new(out, colours, Verbosity::Normal).with_output(options(mode, dir.path()));
            let mut script = Script::new(&["a.py"], 1);
            spool(dir.path(), 1, OutputStream::Stdout, wild);
            script.shard(1, &["a.py"]).push(shard_end(dir.path(), 1)).unit(1, "a.py", vec![failed("t", "no")]);
            script.events.iter().try_for_each(|event| plain.event(event)).unwrap();
            plain.close().unwrap();
            let text = paper.text();
            let red = text.lines().find(|line| line.contains("red")).unwrap();
            match colours {
                Colours::On => assert!(red.ends_with(" \u{1b}[31mred\u{1b}[0m"), "{red:?}"),
                Colours::Off => assert!(red.ends_with(" red"), "{red:?}"),
            }
            let plain_text = console::strip_ansi_codes(&text).into_owned();
            assert!(plain_text.chars().all(|c| c == '\n' || !c.is_control()), "{mode:?} {plain_text:?}");
            assert!(plain_text.contains("caf\u{e9}\n") && plain_text.contains(" next\n"), "{plain_text}");
            for sequence in ["\u{1b}[2J", "\u{1b}]0", "\u{1b}[1A", "\u{1b}[?1049h"] {
                assert!(!text.contains(sequence), "{mode:?} {text:?}");
            }
        }
    }
}

#[test]
fn blocks_stand_above_the_live_view_and_stay() {
    for mode in [OutputMode::Grouped, OutputMode::Prefixed] {
        let dir = tempfile::tempdir().unwrap();
        let screen = InMemoryTerm::new(60, 80);
        let live = Live::on(Arc::new(screen.clone()), Colours::Off, Verbosity::Normal);
        let mut live = live.with_output(options(mode, dir.path()));
        let mut script = Script::new(&["a.py", "b.py"], 2);
        spool(dir.path(), 1, OutputStream::Stdout, "a\tline\n");
        script.shard(1, &["a.py"]).shard(2, &["b.py"]).push(shard_end(dir.path(), 1));
        script.unit(1, "a.py", vec![passed("test_1")]);
        for event in &script.events {
            live.event(event).unwrap();
            live.redraw();
        }
        let contents = screen.contents();
        let line = contents.lines().position(|line| line.contains("a    line")).unwrap_or_else(|| panic!("{contents}"));
        let bar = contents.lines().position(|line| line.contains("1/2 units")).unwrap();
        assert!(line < bar, "{contents}");
        live.close().unwrap();
        assert!(screen.contents().contains("a    line") && !screen.contents().contains("1/2 units"));
    }
}

#[test]
fn a_log_that_is_gone_stops_nothing() {
    for mode in [OutputMode::Failed, OutputMode::Prefixed] {
        let dir = tempfile::tempdir().unwrap();
        let script = run(dir.path());
        fs::remove_dir_all(dir.path()).unwrap();
        let (mut plain, paper) = plain(mode, dir.path());
        script.events.iter().try_for_each(|event: &Event| plain.event(event)).unwrap();
        plain.close().unwrap();
        assert!(paper.text().contains("ERROR"), "{mode:?}");
    }
}

#[test]
fn a_unit_that_is_run_again_shows_both_outputs() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::new(&["a.py"], 1);
    for (shard, text) in [(1, "the first time\n"), (2, "the second time\n")] {
        spool(dir.path(), shard, OutputStream::Stdout, text);
    }
    script.shard(1, &["a.py"]).push(shard_end(dir.path(), 1));
    script.requeue(1, "a.py", trouble(Cause::Engine, "The engine failed.", ""));
    script.shard(2, &["a.py"]).push(shard_end(dir.path(), 2));
    script.push(EventKind::UnitEnded {
        unit: UnitId::new("a.py"),
        shard: Some(ShardId(2)),
        attempt: Attempt(1),
        outcome: UnitOutcome::Passed,
        trouble: None,
        duration: Duration::from_secs(1),
        cases: vec![passed("test_1")],
    });
    let (mut plain, paper) = plain(OutputMode::Grouped, dir.path());
    script.events.iter().try_for_each(|event| plain.event(event)).unwrap();
    let text = paper.text();
    assert!(text.contains("OUTPUT a.py (is run again): stdout\n  | the first time\n"), "{text}");
    assert!(text.contains("OUTPUT a.py (passed): stdout\n  | the second time\n"), "{text}");
}
