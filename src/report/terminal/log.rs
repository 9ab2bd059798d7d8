//! Reads spooled output in lines that are fit to be shown. Never more than a piece of it is in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::clean::clean_line;
use super::palette::Colours;

/// How much is read at once.
const PIECE: usize = 64 << 10;
/// A line that is longer is broken, in bytes.
const LONGEST: usize = 8 << 10;
/// How far from its end a log is looked at for its last lines.
const END: u64 = 64 << 10;

/// Makes lines of pieces of output.
#[derive(Debug)]
pub(crate) struct Lines {
    colours: Colours,
    begun: Vec<u8>,
}

/// The end of a log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LastLines {
    /// The lines, without blank ones at the end.
    pub(crate) lines: Vec<String>,
    /// Whether there are others before them.
    pub(crate) is_cut: bool,
}

impl Lines {
    pub(crate) fn new(colours: Colours) -> Self {
        Self { colours, begun: Vec::new() }
    }

    /// Takes a piece and returns the lines that end in it; one that is too long for being kept ends where it is.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|&byte| byte == b'\n') {
            self.begun.extend_from_slice(part);
            if let Some(line) = self.begun.strip_suffix(b"\n") {
                lines.extend(clean_line(&String::from_utf8_lossy(line), self.colours));
                self.begun.clear();
            }
            while self.begun.len() > LONGEST {
                let rest = self.begun.split_off(character_begin(&self.begun, LONGEST));
                lines.extend(clean_line(&String::from_utf8_lossy(&self.begun), self.colours));
                self.begun = rest;
            }
        }
        lines
    }

    /// Returns what stands behind the last line end.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let rest = std::mem::take(&mut self.begun);
        if rest.is_empty() { Vec::new() } else { clean_line(&String::from_utf8_lossy(&rest), self.colours) }
    }
}

/// Hands the lines of a log on, some at a time.
///
/// # Errors
/// The log cannot be read, or as `take`.
pub(crate) fn each_line(
    path: &Path,
    colours: Colours,
    take: &mut dyn FnMut(Vec<String>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut lines = Lines::new(colours);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return take(lines.rest()),
            Ok(length) => take(lines.feed(&piece[..length]))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads the last lines of a log, at most `limit`.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn last_lines_of(path: &Path, colours: Colours, limit: usize) -> io::Result<LastLines> {
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub(END);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(END).read_to_end(&mut bytes)?;
    let mut read = Lines::new(colours);
    let mut lines = read.feed(&bytes);
    lines.extend(read.rest());
    if from > 0 && lines.len() > 1 {
        // It very likely has no beginning.
        lines.remove(0);
    }
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let hidden = lines.len().saturating_sub(limit);
    Ok(LastLines { lines: lines.split_off(hidden), is_cut: from > 0 || hidden > 0 })
}

/// Returns the last place up to `limit` at which a character begins.
fn character_begin(bytes: &[u8], limit: usize) -> usize {
    let is_begin = |&at: &usize| bytes[at] & 0b1100_0000 != 0b1000_0000;
    (limit - 3..=limit).rev().find(is_begin).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn whole(bytes: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        let mut take = |lines| {
            all.extend(lines);
            Ok(())
        };
        each_line(written(bytes).path(), Colours::Off, &mut take).unwrap();
        all
    }

    #[test]
    fn lines_come_in_their_order_and_the_last_needs_no_end() {
        assert_eq!(whole(b"a\n\nb\r\nc"), ["a", "", "b", "c"]);
        assert_eq!(whole(b""), [""; 0]);
    }

    #[test]
    fn an_endless_line_is_broken_between_characters() {
        let text = "é".repeat(20_000);
        let lines = whole(text.as_bytes());
        assert_eq!(lines.concat(), text);
        assert!(lines.iter().all(|line| line.len() <= LONGEST), "{:?}", lines.iter().map(String::len));
    }

    #[test]
    fn the_end_of_a_log_is_told_with_whether_it_is_all() {
        let lines = |text: &[u8], limit| last_lines_of(written(text).path(), Colours::Off, limit).unwrap();
        assert_eq!(lines(b"a\nb\n\n\n", 5), LastLines { lines: vec!["a".into(), "b".into()], is_cut: false });
        assert_eq!(lines(b"a\nb\n", 1), LastLines { lines: vec!["b".into()], is_cut: true });
        assert_eq!(lines(b"", 1), LastLines { lines: vec![], is_cut: false });
        let long: String = (0..20_000).map(|number| format!("line {number}\n")).collect();
        let last = lines(long.as_bytes(), 2);
        assert_eq!(last, LastLines { lines: vec!["line 19998".into(), "line 19999".into()], is_cut: true });
        let endless = lines(&[b'x'; 200_000], 3);
        assert!(endless.is_cut && endless.lines.iter().map(String::len).sum::<usize>() <= END as usize);
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_lines_however_they_are_cut(
            text in "([a-z\\n\r é]|\u{1b}\\[31m){0,200}",
            size in 1_usize..50,
        ) {
            let mut lines = Lines::new(Colours::On);
            let mut in_pieces: Vec<String> = text.as_bytes().chunks(size).flat_map(|piece| lines.feed(piece)).collect();
            in_pieces.extend(lines.rest());
            let mut lines = Lines::new(Colours::On);
            let mut at_once = lines.feed(text.as_bytes());
            at_once.extend(lines.rest());
            prop_assert_eq!(in_pieces, at_once);
        }
    }
}
