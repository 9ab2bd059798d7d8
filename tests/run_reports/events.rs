//! The stream of events for a reader who is there while the run goes on.

use std::fs;
use std::io::{self, Write};
use std::sync::mpsc;

use minke::report::{EventStream, Sink, read_events};

use crate::script::{Script, passed};

fn script() -> Script {
    let mut script = Script::new(&["a.py"]);
    script.launch(1, 1, &["a.py"]);
    script.start(1);
    script.come_to(1, "a.py");
    script.unit(1, "a.py", vec![passed("test\n1")]);
    script.end();
    script
}

/// Hands on what is written when it is flushed.
struct Pipe {
    held: Vec<u8>,
    reader: mpsc::Sender<Vec<u8>>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.reader.send(std::mem::take(&mut self.held)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn each_event_is_a_line_that_is_there_at_once() {
    let (reader, lines) = mpsc::channel();
    let mut stream = EventStream::new(Pipe { held: Vec::new(), reader });
    for event in &script().events {
        stream.event(event).unwrap();
        let line = lines.try_recv().unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(&serde_json::from_slice::<minke::model::Event>(&line).unwrap(), event);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let (reader, lines) = mpsc::channel();
    let mut stream = EventStream::new(Pipe { held: Vec::new(), reader });
    stream.event(&script().events[0]).unwrap();
    drop(lines);
    for event in &script().events {
        stream.event(event).unwrap();
    }
    stream.close().unwrap();
}

#[test]
fn a_full_disk_is_a_fault() {
    let mut stream = EventStream::create("/dev/full".as_ref()).unwrap();
    assert!(stream.event(&script().events[0]).is_err());
}

#[test]
fn a_file_is_begun_anew_with_its_folders() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out/deep/events.jsonl");
    for _ in 0..2 {
        let mut stream = EventStream::create(&path).unwrap();
        script().events.iter().try_for_each(|event| stream.event(event)).unwrap();
        stream.close().unwrap();
        assert_eq!(read_events(&path).unwrap(), script().events);
    }
    fs::write(place.path().join("file"), "").unwrap();
    let Err(error) = EventStream::create(&place.path().join("file/events.jsonl")) else { panic!("that is no folder") };
    assert!(error.to_string().contains("file/events.jsonl"), "{error}");
}
