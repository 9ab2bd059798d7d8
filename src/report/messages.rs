//! Cucumber messages: the protocol in which Cucumber tells what it does, one JSON object a line.
//!
//! Format: <https://github.com/cucumber/messages>. Only the files that were run are read; outcomes come from JUnit.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;

use crate::model::{ReportFile, ReportProblem};

/// The longest line that is looked at; longer ones are attachments.
const LINE_BYTES: u64 = 1 << 20;

#[derive(Deserialize)]
struct Envelope {
    pickle: Option<Pickle>,
}

/// A scenario as it is executed.
#[derive(Deserialize)]
struct Pickle {
    uri: String,
}

/// Reads which feature files were run. A line that is no message is a problem of the report, never an error.
pub fn read(path: &str, file: File) -> ReportFile {
    read_from(path, BufReader::new(file))
}

fn read_from(path: &str, mut input: impl BufRead) -> ReportFile {
    let mut ran = BTreeSet::new();
    let mut problems = Vec::new();
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                problems.push(ReportProblem::Malformed { detail: error.to_string() });
                break;
            }
        }
        if let Ok(Envelope { pickle: Some(pickle) }) = serde_json::from_slice(&line) {
            ran.insert(pickle.uri);
        }
    }
    ReportFile { path: path.to_owned(), cases: Vec::new(), ran: ran.into_iter().collect(), problems }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_were_run_are_named_once() {
        let messages = "{\"meta\":{}}\n{\"pickle\":{\"id\":\"1\",\"uri\":\"features/b.feature\"}}\n\
            {\"pickle\":{\"uri\":\"features/a.feature\"}}\n{\"pickle\":{\"uri\":\"features/b.feature\"}}\n{\"pick";
        let report = read_from("ran.ndjson", messages.as_bytes());
        assert_eq!(report.ran, ["features/a.feature", "features/b.feature"]);
    }

    #[test]
    fn an_endless_line_is_passed_over() {
        let long = vec![b'x'; 3 << 20];
        assert!(read_from("ran.ndjson", &long[..]).ran.is_empty());
    }
}
