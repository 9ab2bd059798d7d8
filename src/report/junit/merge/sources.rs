//! Gives back texts that stayed in their reports.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};

use super::options::{Input, Source};
use crate::report::junit::group::Span;

/// Up to how many bytes a file is read as a whole, because its texts are not asked for in their order.
const WHOLE_BYTES: u64 = 512 * 1024;

/// How many files are kept open at once.
const OPEN: usize = 4;

/// What tells that a file is still the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    file: u64,
    bytes: u64,
    changed: (i64, i64),
}

/// The inputs, opened again when a text of theirs is asked for.
pub(super) struct Sources<'a> {
    inputs: &'a [Input],
    stamps: &'a [Option<Stamp>],
    /// Those that were asked last, the latest at the end.
    open: Vec<Open>,
    scratch: Vec<u8>,
}

struct Open {
    input: u32,
    file: File,
    /// All of it, or nothing if it is long.
    bytes: Vec<u8>,
}

impl Stamp {
    /// Takes down what a file is; `None` for what cannot be read twice, such as a pipe.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        let stamp = Self { device: metadata.dev(), file: metadata.ino(), bytes: metadata.len(), changed };
        metadata.is_file().then_some(stamp)
    }
}

impl<'a> Sources<'a> {
    /// Begins with no file open. The stamps are those of the files when they were read.
    pub(super) fn new(inputs: &'a [Input], stamps: &'a [Option<Stamp>]) -> Self {
        Self { inputs, stamps, open: Vec::new(), scratch: Vec::new() }
    }

    /// Returns the bytes of a text.
    ///
    /// # Errors
    /// The file cannot be read any more, or is not what it was; the error names it.
    pub(super) fn bytes(&mut self, input: u32, span: Span) -> io::Result<&[u8]> {
        let from = &self.inputs[input as usize];
        if let Source::Bytes(bytes) = &from.source {
            return part(bytes, span).ok_or_else(|| changed(from));
        }
        if self.open.last().is_none_or(|open| open.input != input) {
            self.turn_to(input)?;
        }
        let open = self.open.last().ok_or_else(|| changed(from))?;
        if !open.bytes.is_empty() {
            return part(&open.bytes, span).ok_or_else(|| changed(from));
        }
        self.scratch.resize((span.end - span.start) as usize, 0);
        open.file.read_exact_at(&mut self.scratch, span.start).map_err(|error| named(from, &error))?;
        Ok(&self.scratch)
    }

    /// Puts an input to the end of those that are open.
    fn turn_to(&mut self, input: u32) -> io::Result<()> {
        let open = match self.open.iter().position(|open| open.input == input) {
            Some(place) => self.open.remove(place),
            None if self.open.len() == OPEN => {
                let oldest = self.open.remove(0);
                self.again(input, oldest.bytes)?
            }
            None => self.again(input, Vec::new())?,
        };
        self.open.push(open);
        Ok(())
    }

    fn again(&self, input: u32, mut bytes: Vec<u8>) -> io::Result<Open> {
        let from = &self.inputs[input as usize];
        let Source::File(path) = &from.source else { return Err(changed(from)) };
        let mut file = File::open(path).map_err(|error| named(from, &error))?;
        let stamp = Stamp::of(&file.metadata().map_err(|error| named(from, &error))?);
        if stamp.is_none() || stamp != self.stamps[input as usize] {
            return Err(changed(from));
        }
        bytes.clear();
        let length = stamp.map_or(0, |stamp| stamp.bytes);
        if length <= WHOLE_BYTES {
            bytes.resize(length as usize, 0);
            file.read_exact(&mut bytes).map_err(|error| named(from, &error))?;
        }
        Ok(Open { input, file, bytes })
    }
}

fn part(bytes: &[u8], span: Span) -> Option<&[u8]> {
    bytes.get(span.start as usize..span.end as usize)
}

fn changed(input: &Input) -> io::Error {
    io::Error::other(format!("{} has changed while it was merged; merge again", input.path))
}

fn named(input: &Input, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", input.path))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{Sources, Stamp};
    use crate::report::junit::group::Span;
    use crate::report::junit::merge::{Input, Source};

    #[test]
    fn a_file_that_is_not_what_it_was_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let long = "long ".repeat(200_000);
        let inputs: Vec<Input> = (0..6)
            .map(|number| {
                let path = dir.path().join(format!("{number}.xml"));
                fs::write(&path, if number == 5 { long.clone() } else { format!("text {number}") }).unwrap();
                Input { path: format!("{number}.xml"), source: Source::File(path) }
            })
            .collect();
        let stamp = |input: &Input| match &input.source {
            Source::File(path) => Stamp::of(&File::open(path).unwrap().metadata().unwrap()),
            Source::Bytes(_) | Source::Missing(_) => None,
        };
        let stamps: Vec<_> = inputs.iter().map(stamp).collect();
        let mut sources = Sources::new(&inputs, &stamps);
        for number in [0, 1, 2, 3, 4, 5, 0, 4, 5] {
            let expected = if number == 5 { "lo".to_owned() } else { number.to_string() };
            let span = Span { start: 5, end: 5 + expected.len() as u64 };
            assert_eq!(sources.bytes(number, span).unwrap(), expected.as_bytes());
        }
        fs::write(dir.path().join("2.xml"), "another text").unwrap();
        let error = sources.bytes(2, Span { start: 0, end: 4 }).unwrap_err();
        assert_eq!(error.to_string(), "2.xml has changed while it was merged; merge again");
    }
}
