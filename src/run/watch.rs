//! Watching output for the beginnings of lines, and nothing else of it.

use std::io::BufRead;

/// How much of a line is looked at. Lines may be of any length.
const LINE_START: usize = 1024;

/// Keeps the beginning of the line that is being written.
#[derive(Debug, Default)]
pub(super) struct LineStarts {
    start: Vec<u8>,
    told: bool,
}

impl LineStarts {
    /// Takes a piece of output and calls `look` with the beginning of each line in it, finished or not, until `look`
    /// says that it has seen enough of that line.
    pub(super) fn feed(&mut self, mut piece: &[u8], mut look: impl FnMut(&str) -> bool) {
        while !piece.is_empty() {
            let mut rest = piece;
            // The standard library's own fast search for a byte is behind this method alone.
            let length = rest.skip_until(b'\n').expect("bytes in memory can always be read");
            let whole = piece[..length].strip_suffix(b"\n");
            self.extend(whole.unwrap_or(piece), &mut look);
            if whole.is_some() {
                self.start.clear();
                self.told = false;
            }
            piece = rest;
        }
    }

    fn extend(&mut self, line: &[u8], look: &mut impl FnMut(&str) -> bool) {
        let room = LINE_START - self.start.len();
        if self.told || line.is_empty() || room == 0 {
            return;
        }
        self.start.extend_from_slice(&line[..line.len().min(room)]);
        // Output is nearly always text, and a check is many times faster than a lossy conversion.
        self.told = match str::from_utf8(&self.start) {
            Ok(start) => look(start),
            Err(_) => look(&String::from_utf8_lossy(&self.start)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_seen(pieces: &[&str]) -> Vec<String> {
        let mut starts = LineStarts::default();
        let mut seen = Vec::new();
        for piece in pieces {
            starts.feed(piece.as_bytes(), |line| {
                let enough = line.contains(' ');
                if enough {
                    seen.push(line.to_owned());
                }
                enough
            });
        }
        seen
    }

    #[test]
    fn a_line_is_looked_at_before_it_ends_and_told_once() {
        assert_eq!(
            lines_seen(&["tests/te", "st_a.py ..", "...\ntests/test_b.py .\n"]),
            ["tests/test_a.py ..", "tests/test_b.py ."]
        );
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let mut starts = LineStarts::default();
        for _ in 0..10_000 {
            starts.feed(&[b'x'; 1000], |_| false);
        }
        assert!(starts.start.len() <= LINE_START);
    }
}
