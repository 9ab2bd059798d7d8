//! What is sorted: a key and what stands under it, as bytes.
//!
//! Keys are compared byte by byte. Texts in keys end with a zero byte, which no clean text has.

use memchr::memchr;

/// The order of records within a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// What the suite says of itself.
    Suite = 1,
    Case = 2,
    /// The suite's own output.
    Output = 3,
}

/// A record that came out of the sorter.
#[derive(Debug, Default, Clone)]
pub(super) struct Record {
    pub(super) key: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

/// Makes a key. The `texts` decide: class, name and the path of the case's file; `input` and `position` only tell rows apart
/// that have the same.
///
/// A number at the end of the second text, as in `name [2]`, stands after it on its own: so numbered rows come right after
/// the one without a number, and in the order of their numbers. The path comes after it, so that a document of which the
/// numbers tell files apart is sorted as it was before it got them.
pub(super) fn key(
    out: &mut Vec<u8>,
    suite: &str,
    rank: Rank,
    [class, name, path]: [&str; 3],
    input: u32,
    position: u32,
) {
    let (base, number) = numbered(name).unwrap_or((name, 0));
    out.extend_from_slice(suite.as_bytes());
    out.extend_from_slice(&[0, rank as u8]);
    for text in [class, base] {
        out.extend_from_slice(text.as_bytes());
        out.push(0);
    }
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(path.as_bytes());
    out.push(0);
    for number in [input, position] {
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// Appends a number to a name, as consumers need it that show only one of equal names.
pub(super) fn with_number(name: &str, number: u32) -> String {
    format!("{name} [{number}]")
}

/// Divides a name that ends in a number from 2.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let (base, number) = name.strip_suffix(']')?.rsplit_once(" [")?;
    let number = number.parse().ok().filter(|&number| number >= 2)?;
    (with_number(base, number) == name).then_some((base, number))
}

impl Record {
    /// Takes other contents, into the same memory.
    pub(super) fn fill(&mut self, key: &[u8], payload: &[u8]) {
        self.key.clear();
        self.key.extend_from_slice(key);
        self.payload.clear();
        self.payload.extend_from_slice(payload);
    }

    /// Returns the suite's name.
    pub(super) fn suite(&self) -> &str {
        self.parts().0
    }

    /// Returns which kind of record it is.
    pub(super) fn rank(&self) -> Option<Rank> {
        [Rank::Suite, Rank::Case, Rank::Output].into_iter().find(|&rank| rank as u8 == self.parts().1)
    }

    /// Returns the part of the key that is the same for all rows of one name and file.
    pub(super) fn group(&self) -> &[u8] {
        &self.key[..self.key.len() - 8]
    }

    /// Returns the first two texts after the rank, the second without its number.
    pub(super) fn texts(&self) -> [&str; 2] {
        let (class, rest) = text_of(self.parts().2);
        [class, text_of(rest).0]
    }

    /// Returns the path of the case's file; empty if none is known.
    pub(super) fn path(&self) -> &str {
        text_of(&self.after_names()[4..]).0
    }

    /// Returns the number of the name; 0 if it has none.
    pub(super) fn number(&self) -> u32 {
        u32::from_be_bytes(self.after_names()[..4].try_into().unwrap_or_default())
    }

    /// Returns which input the record comes from.
    pub(super) fn input(&self) -> u32 {
        let end = self.key.len() - 4;
        u32::from_be_bytes(self.key[end - 4..end].try_into().unwrap_or_default())
    }

    fn parts(&self) -> (&str, u8, &[u8]) {
        let end = memchr(0, &self.key).unwrap_or(0);
        let rest = &self.key[end + 2..self.key.len() - 8];
        (std::str::from_utf8(&self.key[..end]).unwrap_or_default(), self.key[end + 1], rest)
    }

    /// Returns the number and the path.
    fn after_names(&self) -> &[u8] {
        text_of(text_of(self.parts().2).1).1
    }
}

/// Reads a text of a key; returns it and what comes after its zero byte.
fn text_of(bytes: &[u8]) -> (&str, &[u8]) {
    let end = memchr(0, bytes).unwrap_or(bytes.len());
    (std::str::from_utf8(&bytes[..end]).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default())
}

/// Appends bytes after their length.
pub(super) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Appends a text after its length.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    push_bytes(out, text.as_bytes());
}

/// Reads what was appended, in the same order.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Begins to read.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    pub(super) fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8));
        u64::from_be_bytes(bytes)
    }

    pub(super) fn short(&mut self) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4));
        u32::from_be_bytes(bytes)
    }

    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = self.short() as usize;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }
}
