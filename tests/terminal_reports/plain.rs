//! The plain log.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use minke::report::Sink;
use minke::report::terminal::{Colours, Plain, Verbosity};

use crate::fixture::{Script, failed, mixed, passed};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

fn log(script: &Script, colours: Colours, verbosity: Verbosity) -> String {
    let out = Shared::default();
    let mut plain = Plain::new(Box::new(out.clone()), colours, verbosity);
    for event in &script.events {
        plain.event(event).unwrap();
    }
    plain.close().unwrap();
    let bytes = out.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_log_has_a_line_for_each_unit_and_what_failed_below() {
    assert_snapshot!(log(&mixed(), Colours::Off, Verbosity::Normal));
}

#[test]
fn a_verbose_log_tells_of_shards_and_shows_last_lines() {
    assert_snapshot!(log(&mixed(), Colours::Off, Verbosity::Verbose));
}

#[test]
fn a_quiet_log_has_only_what_failed() {
    assert_snapshot!(log(&mixed(), Colours::Off, Verbosity::Quiet));
}

#[test]
fn a_coloured_log_without_its_colours_is_the_plain_one() {
    let coloured = log(&mixed(), Colours::On, Verbosity::Verbose);
    assert!(coloured.contains("\u{1b}["));
    assert_eq!(console::strip_ansi_codes(&coloured), log(&mixed(), Colours::Off, Verbosity::Verbose));
}

#[test]
fn the_counter_is_aligned_and_long_lists_of_failures_are_cut() {
    let names: Vec<String> = (1..=100).map(|number| format!("tests/test_{number}.py")).collect();
    let mut script = Script::new(&names.iter().map(String::as_str).collect::<Vec<_>>(), 1);
    script.unit(1, "tests/test_1.py", vec![passed("test_a")]);
    script.unit(
        1,
        "tests/test_2.py",
        (0..12).map(|number| failed(&format!("test_{number}"), "assert False")).collect(),
    );
    assert_snapshot!(log(&script, Colours::Off, Verbosity::Normal));
}

#[test]
fn what_a_test_writes_cannot_drive_the_terminal() {
    let mut script = Script::new(&["tests/\u{1b}[2Ja.py"], 1);
    script.unit(
        1,
        "tests/\u{1b}[2Ja.py",
        vec![failed("\u{1b}]0;owned\u{7}name\0", "\u{1b}[31mred\u{1b}[0m\r\u{9b}1A")],
    );
    let text = log(&script, Colours::Off, Verbosity::Verbose);
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
    assert!(text.contains("tests.shop > name: red"), "{text}");
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    let mut plain = Plain::new(Box::new(Closed), Colours::Off, Verbosity::Normal);
    let error = plain.event(&mixed().events[0]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
