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
        text_of(&self.key).0
    }

    /// Tells whether it is a record of that kind, of that suite.
    pub(super) fn is_of(&self, suite: &str, rank: Rank) -> bool {
        let rest = self.key.strip_prefix(suite.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(&[0, rank as u8]))
    }

    /// Returns the part of the key that is the same for all rows of one name and file.
    pub(super) fn group(&self) -> &[u8] {
        &self.key[..self.key.len() - 8]
    }

    /// Returns which input the record comes from.
    pub(super) fn input(&self) -> u32 {
        let end = self.key.len() - 4;
        u32::from_be_bytes(self.key[end - 4..end].try_into().unwrap_or_default())
    }

    /// Returns everything that follows the suite and the rank.
    pub(super) fn name(&self) -> Name<'_> {
        let end = memchr(0, &self.key).unwrap_or(0);
        let (class, rest) = text_of(&self.key[end + 2..self.key.len() - 8]);
        let (base, rest) = text_of(rest);
        let (number, rest) = rest.split_at(4);
        let number = u32::from_be_bytes(number.try_into().unwrap_or_default());
        Name { class, base, number, path: text_of(rest).0 }
    }
}

/// What a key says of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) class: &'a str,
    /// The name without its number.
    pub(super) base: &'a str,
    /// 0 if the name has none.
    pub(super) number: u32,
    /// Of the case's file; empty if none is known.
    pub(super) path: &'a str,
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
