//! Rows as they are written, in which long texts are still missing.

use std::io::{self, Write};

use super::attempt::Text;
use super::sources::Sources;
use crate::report::junit::group::Span;

/// How many bytes of markup make a batch full, and how many texts.
const BATCH_BYTES: usize = 64 * 1024;
const BATCH_TEXTS: usize = 512;

/// Written rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Everything but the missing texts.
    pub(super) markup: String,
    missing: Vec<Missing>,
}

/// A text that goes into the markup at a place.
#[derive(Debug, Clone, Copy)]
struct Missing {
    place: usize,
    input: u32,
    span: Span,
}

impl Rows {
    /// Makes it empty, and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.markup.clear();
        self.missing.clear();
    }

    /// Appends other rows.
    pub(super) fn append(&mut self, rows: &Self) {
        let before = self.markup.len();
        self.markup.push_str(&rows.markup);
        let missing = rows.missing.iter();
        self.missing.extend(missing.map(|missing| Missing { place: before + missing.place, ..*missing }));
    }

    /// Tells whether they are enough to be handed on.
    pub(super) fn is_batch(&self) -> bool {
        self.markup.len() >= BATCH_BYTES || self.missing.len() >= BATCH_TEXTS
    }

    /// Returns how many bytes are written.
    pub(super) fn bytes(&self) -> u64 {
        let missing: u64 = self.missing.iter().map(|missing| missing.span.end - missing.span.start).sum();
        self.markup.len() as u64 + missing
    }

    /// Writes everything.
    ///
    /// # Errors
    /// A report cannot be read any more, or `out` fails.
    pub(super) fn write(&self, sources: &mut Sources<'_>, out: &mut impl Write) -> io::Result<()> {
        let mut from = 0;
        for missing in &self.missing {
            out.write_all(&self.markup.as_bytes()[from..missing.place])?;
            out.write_all(sources.bytes(missing.input, missing.span)?)?;
            from = missing.place;
        }
        out.write_all(&self.markup.as_bytes()[from..])
    }

    /// Ends a start tag, and appends a text, which may be missing from the markup, and the end of the element.
    pub(super) fn push_body(&mut self, element: &str, text: &Text<'_>, input: u32) {
        if text.is_empty() {
            self.markup.push_str("/>");
            return;
        }
        self.markup.push_str("><![CDATA[");
        match text {
            Text::Here(text) => push_divided(&mut self.markup, text),
            &Text::There(span) => self.missing.push(Missing { place: self.markup.len(), input, span }),
        }
        self.markup.push_str("]]></");
        self.markup.push_str(element);
        self.markup.push('>');
    }

    /// Appends an output; nothing if there is none.
    pub(super) fn push_output(&mut self, element: &str, text: &Text<'_>, input: u32) {
        if text.is_empty() {
            return;
        }
        if self.markup.ends_with('>') {
            self.markup.push('\n');
        }
        self.markup.push('<');
        self.markup.push_str(element);
        self.push_body(element, text, input);
    }
}

/// Appends the inside of a CDATA section, in which every `]]>` is divided between two sections.
fn push_divided(out: &mut String, text: &str) {
    let mut sections = text.split("]]>");
    out.push_str(sections.next().unwrap_or_default());
    for section in sections {
        out.push_str("]]]]><![CDATA[>");
        out.push_str(section);
    }
}
