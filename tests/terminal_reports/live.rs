//! The live view, on terminals in memory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{InMemoryTerm, TermLike};
use minke::model::{CancelReason, StopReason, UnitOutcome};
use minke::report::Sink;
use minke::report::terminal::{Colours, Live, Verbosity};

use crate::fixture::{Script, failed, mixed, passed};

/// A terminal that says that it has 24 rows and keeps what scrolls out of them.
#[derive(Debug)]
struct Scrolling(InMemoryTerm);

impl TermLike for Scrolling {
    fn width(&self) -> u16 {
        self.0.width()
    }
    fn height(&self) -> u16 {
        24
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        assert!(n < 24, "the cursor leaves the screen");
        self.0.move_cursor_up(n)
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A terminal that is gone.
#[derive(Debug)]
struct Gone;

impl TermLike for Gone {
    fn width(&self) -> u16 {
        80
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn write_line(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn write_str(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn clear_line(&self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

fn feed(live: &mut Live, script: &Script) {
    for event in &script.events {
        live.event(event).unwrap();
        live.redraw();
    }
}

/// 64 shards that run at once, each with two units of a long and wide name.
fn crowd() -> (Script, Vec<String>) {
    let name = |number: u32| format!("tests/{}/試験_{number:03}.feature", "a_rather_long_directory/".repeat(5));
    let names: Vec<String> = (0..128).map(name).collect();
    let mut script = Script::new(&names.iter().map(String::as_str).collect::<Vec<_>>(), 64);
    for shard in 0..64_usize {
        script.shard(shard as u32 + 1, &[&names[2 * shard], &names[2 * shard + 1]]);
        if shard % 2 == 0 {
            script.at(shard as u32 + 1, &names[2 * shard + 1]);
        }
    }
    (script, names)
}

#[test]
fn sixty_four_shards_fit_on_a_small_screen() {
    let screen = InMemoryTerm::new(24, 80);
    let mut live = Live::on(Arc::new(screen.clone()), Colours::On, Verbosity::Normal);
    let (script, _) = crowd();
    feed(&mut live, &script);
    let contents = screen.contents();
    let lines: Vec<&str> = contents.lines().collect();
    assert_eq!(lines.len(), 2 + 1 + 19 + 1, "{contents}");
    assert!(lines[2].starts_with('[') && lines[2].contains("0/128 units"), "{contents}");
    assert!(lines[3].starts_with("   1 tests/") && lines[3].contains("_001.feature (2 of 2) "), "{contents}");
    assert!(lines[4].starts_with("   2 tests/") && lines[4].contains("_002.feature and 1 more "), "{contents}");
    assert_eq!(lines[22], "     ... and 45 more shards");
    assert!(lines.iter().all(|line| console::measure_text_width(line) <= 80), "{contents}");
}

#[test]
fn failures_stay_in_the_scrollback_once_and_the_view_goes() {
    let tall = InMemoryTerm::new(600, 80);
    let mut live = Live::on(Arc::new(Scrolling(tall.clone())), Colours::Off, Verbosity::Normal);
    let (mut script, names) = crowd();
    for (number, name) in names.iter().enumerate() {
        let shard = number as u32 / 2 + 1;
        if number % 2 == 0 {
            script.shard_end(shard, 1);
        }
        if number % 3 == 0 {
            script.unit(shard, name, vec![passed("test_1")]);
        } else {
            script.unit(shard, name, vec![failed(&format!("test_of_{number}"), "assert 1 == 2")]);
        }
    }
    script.end();
    feed(&mut live, &script);
    live.close().unwrap();
    let contents = tall.contents();
    for number in 0..names.len() {
        let line = format!("       tests.shop > test_of_{number}: assert 1 == 2\n");
        assert_eq!((contents.clone() + "\n").matches(&line).count(), usize::from(number % 3 != 0), "{number}");
    }
    assert!(!contents.contains("/128 units") && !contents.contains("more shards"), "{contents}");
    assert!(contents.starts_with("   RUN pytest in shop-tests:latest: 128 units, 64 shards at once\n"), "{contents}");
}

#[test]
fn a_passing_unit_leaves_no_line_behind() {
    let screen = InMemoryTerm::new(24, 80);
    let mut live = Live::on(Arc::new(screen.clone()), Colours::Off, Verbosity::Normal);
    let mut script = Script::new(&["tests/test_a.py", "tests/test_b.py"], 1);
    script.unit(1, "tests/test_a.py", vec![passed("test_1")]);
    feed(&mut live, &script);
    assert!(screen.contents().contains("1/2 units  1 passed  0 failed  0 errored"), "{}", screen.contents());
    assert!(!screen.contents().contains("test_a.py"));
}

#[test]
fn a_cancelled_run_says_so_in_the_view() {
    let screen = InMemoryTerm::new(24, 80);
    let mut live = Live::on(Arc::new(screen.clone()), Colours::Off, Verbosity::Normal);
    let mut script = Script::new(&["tests/test_a.py", "tests/test_b.py"], 1);
    script.shard(1, &["tests/test_a.py"]).cancel(CancelReason::Interrupt).stop(1, StopReason::Cancelled);
    script.not_run("tests/test_b.py");
    feed(&mut live, &script);
    let contents = screen.contents();
    assert!(contents.contains("stopping: interrupted"), "{contents}");
    assert!(contents.contains("   1 tests/test_a.py, stopping "), "{contents}");
    assert!(contents.contains("1 not run"), "{contents}");
}

#[test]
fn dropping_the_view_takes_it_from_the_screen() {
    let screen = InMemoryTerm::new(24, 80);
    let mut live = Live::on(Arc::new(screen.clone()), Colours::Off, Verbosity::Quiet);
    let mut script = Script::new(&["tests/test_a.py"], 1);
    script.shard(1, &["tests/test_a.py"]);
    feed(&mut live, &script);
    assert!(screen.contents().contains("0/1 units"));
    drop(live);
    assert_eq!(screen.contents(), "");
    screen.write_str("next").unwrap();
    assert_eq!(screen.contents(), "next");
}

#[test]
fn the_view_is_redrawn_without_events() {
    let screen = InMemoryTerm::new(24, 80);
    let mut live = Live::on(Arc::new(screen.clone()), Colours::Off, Verbosity::Quiet);
    live.event(&Script::new(&["tests/test_a.py"], 1).events[0]).unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    screen.moves_since_last_check();
    while !screen.moves_since_last_check().contains("0/1 units") {
        assert!(std::time::Instant::now() < deadline, "never drawn again");
        std::thread::yield_now();
    }
}

#[test]
fn tiny_terminals_are_no_trouble() {
    for (rows, columns) in [(1, 1), (2, 10), (3, 4), (4, 20), (5, 40), (6, 8)] {
        let screen = InMemoryTerm::new(rows, columns);
        let mut live = Live::on(Arc::new(screen.clone()), Colours::On, Verbosity::Quiet);
        let (script, _) = crowd();
        feed(&mut live, &script);
        assert!(screen.contents().lines().count() <= rows.into(), "{rows} {columns}");
    }
}

#[test]
fn what_a_test_writes_cannot_drive_the_terminal() {
    let screen = InMemoryTerm::new(24, 80);
    let mut live = Live::on(Arc::new(screen.clone()), Colours::Off, Verbosity::Verbose);
    let mut script = Script::new(&["tests/\u{1b}[2Ja\tb.py"], 1);
    script.shard(1, &["tests/\u{1b}[2Ja\tb.py"]);
    script.unit(1, "tests/\u{1b}[2Ja\tb.py", vec![failed("\u{1b}[2Jname", "\u{1b}[5Ared\tgreen\u{7}")]);
    feed(&mut live, &script);
    let contents = screen.contents();
    assert!(contents.contains("   RUN pytest"), "nothing was erased: {contents}");
    assert!(contents.contains("tests.shop > name: red    green"), "{contents}");
}

#[test]
fn a_terminal_that_is_gone_is_an_error_and_no_panic() {
    let mut live = Live::on(Arc::new(Gone), Colours::Off, Verbosity::Normal);
    let results: Vec<io::Result<()>> = mixed().events.iter().map(|event| live.event(event)).collect();
    assert_eq!(results[0].as_ref().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    drop(live.close());
}

#[test]
fn a_verbose_view_prints_every_unit() {
    let tall = InMemoryTerm::new(200, 80);
    let mut live = Live::on(Arc::new(Scrolling(tall.clone())), Colours::Off, Verbosity::Verbose);
    let script = mixed();
    feed(&mut live, &script);
    live.close().unwrap();
    for unit in script.state().units() {
        let word = match unit.outcome() {
            UnitOutcome::Passed => "PASS",
            UnitOutcome::Failed => "FAIL",
            UnitOutcome::Errored(_) => "ERROR",
            UnitOutcome::NotRun => "NOTRUN",
        };
        let contents = tall.contents();
        let is_there = |line: &str| line.trim_start().starts_with(word) && line.contains(unit.unit.as_str());
        assert!(contents.lines().any(is_there), "{contents}");
    }
}
