//! Watching output for the beginnings of lines, and nothing else of it.

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
        loop {
            let end = piece.iter().position(|&byte| byte == b'\n');
            let line = &piece[..end.unwrap_or(piece.len())];
            self.extend(line, &mut look);
            let Some(end) = end else { return };
            self.start.clear();
            self.told = false;
            piece = &piece[end + 1..];
        }
    }

    fn extend(&mut self, line: &[u8], look: &mut impl FnMut(&str) -> bool) {
        let room = LINE_START - self.start.len();
        if self.told || line.is_empty() || room == 0 {
            return;
        }
        self.start.extend_from_slice(&line[..line.len().min(room)]);
        self.told = look(&String::from_utf8_lossy(&self.start));
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
