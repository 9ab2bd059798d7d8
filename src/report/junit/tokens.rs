//! Stands between the input and the XML parser: hands it one whole token at a time, none of them long.
//!
//! The parser keeps a whole token in memory, so whatever can be long is cut or divided here: text and CDATA into
//! portions, attribute values to their beginning and end. Comments, processing instructions and document types are
//! left out, so no entity is ever declared. What the end of the input cuts off is closed (CDATA) or dropped (tags).

use std::io::{self, BufRead, Read};

use super::decode::{Input, TextSource};
use super::tag::Tag;

/// After how many bytes a text or a CDATA section is divided.
const PORTION: usize = 32 * 1024;

/// What divides a text without changing it.
const TEXT_DIVIDER: &str = "<!---->";

/// What divides a CDATA section without changing it.
const CDATA_DIVIDER: &str = "]]><![CDATA[";

const CDATA_START: &str = "<![CDATA[";
const COMMENT_START: &str = "<!--";
const DOCTYPE_START: &str = "<!DOCTYPE";

/// The tokens of a document as the bytes that the parser reads.
pub(crate) struct Tokens<R> {
    source: TextSource<R>,
    /// Decoded text; what stands before `at` has been dealt with.
    text: String,
    at: usize,
    /// How much text stood before `text`.
    passed: usize,
    place: Place,
    /// Whether the source has no more text.
    ended: bool,
    value_limit: usize,
    /// What the parser has not consumed yet.
    ready: Vec<u8>,
    consumed: usize,
    /// Bytes of text since the last token of another kind or the last divider.
    run: usize,
    remarks: Remarks,
}

/// What was noticed on the way.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// A comment, a processing instruction, a declaration or a document type was left out.
    pub(crate) left_out: bool,
    /// A document type was left out.
    pub(crate) document_type: bool,
    /// A `<` that begins no tag was taken for text.
    pub(crate) stray_bracket: bool,
    /// A tag had more attributes than it may; the surplus was dropped.
    pub(crate) long_tag: bool,
    /// The input ended inside of a token.
    pub(crate) cut_token: bool,
    /// Markup that is not XML, at which reading ended.
    pub(crate) not_xml: Option<String>,
}

/// What the next character belongs to.
#[derive(Debug)]
enum Place {
    Text,
    Tag(Tag),
    Cdata,
    Comment { inside_document_type: bool },
    Instruction,
    DocumentType { subset: bool, quote: Option<char> },
}

impl<R: Read> Tokens<R> {
    /// Wraps an input of at most `file_bytes`, in which attribute values are cut to `value_limit` bytes.
    pub(crate) fn new(input: R, file_bytes: u64, value_limit: usize) -> Self {
        Self {
            source: TextSource::new(input, file_bytes),
            text: String::new(),
            at: 0,
            passed: 0,
            place: Place::Text,
            ended: false,
            value_limit,
            ready: Vec::new(),
            consumed: 0,
            run: 0,
            remarks: Remarks::default(),
        }
    }

    /// Returns what was noticed so far.
    pub(crate) fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// Returns where the input stands, and whether bytes of it were no text.
    pub(crate) fn input(&self) -> (&Input, bool) {
        (self.source.state(), self.source.malformed)
    }

    /// Returns how many bytes of the text, as UTF-8, stand before the end of the last token.
    pub(crate) fn position(&self) -> usize {
        self.passed + self.at
    }

    /// Takes the next token, or a part of one, out of the text; reads more when there is not enough.
    fn advance(&mut self) {
        let progress = match &mut self.place {
            Place::Text => self.text_or_markup(),
            Place::Tag(_) => self.tag(),
            Place::Cdata => self.cdata(),
            Place::Comment { inside_document_type } => {
                let inside = *inside_document_type;
                let after = if inside { Place::DocumentType { subset: true, quote: None } } else { Place::Text };
                self.leave_out("--", after)
            }
            Place::Instruction => self.leave_out("?", Place::Text),
            Place::DocumentType { .. } => self.document_type(),
        };
        if !progress {
            self.read_more();
        }
    }

    fn read_more(&mut self) {
        self.passed += self.at;
        self.text.drain(..self.at);
        self.at = 0;
        if !self.source.append_to(&mut self.text) {
            self.finish();
        }
    }

    /// Deals with what the end of the input leaves over.
    fn finish(&mut self) {
        self.ended = true;
        let rest = std::mem::take(&mut self.text);
        self.passed += rest.len();
        self.remarks.cut_token |= !matches!(self.place, Place::Text) || !rest.is_empty();
        if matches!(self.place, Place::Cdata) {
            self.emit(&rest);
            self.emit("]]>");
        }
    }

    fn emit(&mut self, text: &str) {
        self.ready.extend_from_slice(text.as_bytes());
    }

    fn text_or_markup(&mut self) -> bool {
        let rest = &self.text[self.at..];
        match rest.find('<') {
            Some(0) => self.markup(),
            found => {
                let end = found.unwrap_or(rest.len());
                self.emit_text(end);
                end > 0
            }
        }
    }

    fn emit_text(&mut self, length: usize) {
        let piece = &self.text.as_bytes()[self.at..self.at + length];
        // A reference must not be divided; it is short, or it is none.
        let recent = &piece[piece.len().saturating_sub(64)..];
        let in_reference = recent.iter().rev().find(|&&byte| byte == b'&' || byte == b';') == Some(&b'&');
        self.ready.extend_from_slice(piece);
        self.at += length;
        self.run += length;
        if self.run >= 2 * PORTION || (self.run >= PORTION && !in_reference) {
            self.emit(TEXT_DIVIDER);
            self.run = 0;
        }
    }

    /// Decides what the `<` at the current place begins.
    fn markup(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let mut following = rest[1..].chars();
        let (length, place) = match following.next() {
            None => return false,
            Some('?') => (2, Place::Instruction),
            Some('!') => match declaration(rest) {
                Some(Some(found)) => found,
                Some(None) => return false,
                None => return self.reject(),
            },
            Some(c) if c == '/' || begins_name(c) => (1, Place::Tag(Tag::new(self.value_limit))),
            Some(_) => {
                self.remarks.stray_bracket = true;
                self.emit("&lt;");
                self.at += 1;
                return true;
            }
        };
        if matches!(place, Place::Cdata) {
            self.emit(CDATA_START);
        }
        self.remarks.left_out |= !matches!(place, Place::Tag(_) | Place::Cdata);
        self.remarks.document_type |= matches!(place, Place::DocumentType { .. });
        self.run = 0;
        self.at += length;
        self.place = place;
        true
    }

    fn reject(&mut self) -> bool {
        let start: String = self.text[self.at..].chars().take(12).collect();
        self.remarks.not_xml = Some(format!("`{start}` begins no markup of XML"));
        self.ended = true;
        true
    }

    fn tag(&mut self) -> bool {
        let Place::Tag(tag) = &mut self.place else { return false };
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return false;
        }
        if tag.is_in_value() {
            self.at += tag.take_value(rest);
            return true;
        }
        let end = rest.find(['>', '"', '\'']).unwrap_or(rest.len());
        tag.take_outside(&rest[..end]);
        self.remarks.long_tag |= tag.is_full();
        let Some(delimiter) = rest[end..].chars().next() else {
            self.at += end;
            return true;
        };
        self.at += end + 1;
        if delimiter == '>' {
            let token = tag.close();
            self.emit(&token);
            self.place = Place::Text;
        } else {
            tag.open_value(delimiter);
        }
        true
    }

    fn cdata(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let (length, closed) = match end_of(rest, "]]") {
            Some(end) => (end, true),
            None => (rest.len() - held_back(rest), false),
        };
        let piece = &self.text.as_bytes()[self.at..self.at + length];
        self.ready.extend_from_slice(piece);
        self.at += length;
        self.run += length;
        if closed {
            self.place = Place::Text;
            self.run = 0;
        } else if self.run >= PORTION {
            self.emit(CDATA_DIVIDER);
            self.run = 0;
        }
        length > 0
    }

    /// Passes over what ends with `before` and a `>`.
    fn leave_out(&mut self, before: &str, after: Place) -> bool {
        let rest = &self.text[self.at..];
        if let Some(end) = end_of(rest, before) {
            self.at += end;
            self.place = after;
            return true;
        }
        let length = rest.floor_char_boundary(rest.len().saturating_sub(before.len()));
        self.at += length;
        length > 0
    }

    fn document_type(&mut self) -> bool {
        let Place::DocumentType { subset, quote } = &mut self.place else { return false };
        let rest = &self.text[self.at..];
        if let Some(open) = *quote {
            let end = rest.find(open).map(|end| end + 1);
            if end.is_some() {
                *quote = None;
            }
            self.at += end.unwrap_or(rest.len());
            return !rest.is_empty();
        }
        let Some(end) = rest.find(['"', '\'', '[', ']', '>', '<']) else {
            self.at += rest.len();
            return !rest.is_empty();
        };
        match &rest[end..=end] {
            "[" => *subset = true,
            "]" => *subset = false,
            ">" if !*subset => self.place = Place::Text,
            "\"" => *quote = Some('"'),
            "'" => *quote = Some('\''),
            "<" if rest[end..].starts_with(COMMENT_START) => {
                self.place = Place::Comment { inside_document_type: true };
                self.at += end + COMMENT_START.len();
                return true;
            }
            "<" if !self.ended && COMMENT_START.starts_with(&rest[end..]) => {
                self.at += end;
                return end > 0;
            }
            _ => {}
        }
        self.at += end + 1;
        true
    }
}

impl<R: Read> Read for Tokens<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Tokens<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.consumed >= self.ready.len() {
            self.ready.clear();
            self.consumed = 0;
            while self.ready.is_empty() && !self.ended {
                self.advance();
            }
        }
        Ok(&self.ready[self.consumed..])
    }

    fn consume(&mut self, amount: usize) {
        self.consumed += amount;
    }
}

/// Tells what a `<!` begins, and how long that beginning is: `None` for nothing that XML knows, `Some(None)` when it
/// takes more text to tell.
fn declaration(rest: &str) -> Option<Option<(usize, Place)>> {
    if rest.starts_with(COMMENT_START) {
        return Some(Some((COMMENT_START.len(), Place::Comment { inside_document_type: false })));
    }
    if rest.starts_with(CDATA_START) {
        return Some(Some((CDATA_START.len(), Place::Cdata)));
    }
    let start = &rest.as_bytes()[..rest.len().min(DOCTYPE_START.len())];
    if start.eq_ignore_ascii_case(DOCTYPE_START.as_bytes()) {
        return Some(Some((DOCTYPE_START.len(), Place::DocumentType { subset: false, quote: None })));
    }
    let unfinished = COMMENT_START.starts_with(rest)
        || CDATA_START.starts_with(rest)
        || start.eq_ignore_ascii_case(&DOCTYPE_START.as_bytes()[..start.len()]);
    unfinished.then_some(None)
}

/// Finds the end of the first `>` that has `before` right before it.
fn end_of(text: &str, before: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find('>') {
        let end = from + found;
        if text[..end].ends_with(before) {
            return Some(end + 1);
        }
        from = end + 1;
    }
    None
}

/// Counts the brackets at the end of a piece that may belong to the `]]>` of its section.
fn held_back(text: &str) -> usize {
    text.bytes().rev().take(2).take_while(|&byte| byte == b']').count()
}

/// Tells whether a name can begin with the character (XML 1.0, production 4, roughly).
fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | ':') || !c.is_ascii()
}
