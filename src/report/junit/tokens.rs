//! Divides a document into tags and texts, each short enough to be held, whatever it is that a framework left behind.
//!
//! A document type, a comment, a processing instruction is passed over, so no entity is ever declared. Text and CDATA come
//! in pieces; attribute values of an overlong tag are cut to their beginning and end. What the end of the input cuts off is
//! closed (CDATA) or dropped (tags).

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memmem};

use super::decode::{Input, TextSource};
use super::elements::OpenElements;
use super::markup::{begins_name, end_of, end_of_references, end_of_tag, held_back};
use super::tag::Tag;

/// The longest tag that is waited for; a longer one is collected piece by piece, and cut.
const TAG_BYTES: usize = 64 * 1024;

const CDATA_START: &str = "<![CDATA[";
const CDATA_END: &str = "]]>";
const COMMENT_START: &str = "<!--";
const DOCTYPE_START: &str = "<!DOCTYPE";

/// A part of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// The start of an element; `tag` is what stands between the brackets, without the slash of one that is `empty`.
    Start { tag: &'a str, empty: bool },
    /// The end of the element that was started last.
    End,
    /// Text in which references are not replaced; none is divided between two pieces.
    Text(Piece<'a>),
    /// Text that has no references.
    Cdata(Piece<'a>),
}

/// A piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) text: &'a str,
    /// Where the same bytes stand in the input, if it is known.
    pub(crate) at: Option<u64>,
}

/// The tokens of a document.
pub(crate) struct Tokens<R> {
    source: TextSource<R>,
    /// Decoded text; what stands before `at` has been dealt with.
    text: String,
    at: usize,
    /// How much text stood before `text`.
    passed: usize,
    place: Place,
    /// Whether nothing more comes.
    ended: bool,
    value_limit: usize,
    elements: OpenElements,
    /// An overlong tag, as it was collected.
    collected: String,
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

/// What a look at the text led to.
enum Step {
    Found(Found),
    /// Something was passed over.
    Passed,
    /// It takes more text to go on.
    Starved,
}

/// A token as places in the text.
enum Found {
    /// Between the brackets.
    Tag(Range<usize>),
    /// An overlong tag, which is collected.
    Collected,
    Text(Range<usize>),
    Cdata(Range<usize>),
}

impl<R: Read> Tokens<R> {
    /// Wraps an input of at most `file_bytes`, in which attribute values of overlong tags are cut to `value_limit` bytes.
    pub(crate) fn new(input: R, file_bytes: u64, value_limit: usize) -> Self {
        Self {
            source: TextSource::new(input, file_bytes),
            text: String::new(),
            at: 0,
            passed: 0,
            place: Place::Text,
            ended: false,
            value_limit,
            elements: OpenElements::default(),
            collected: String::new(),
            remarks: Remarks::default(),
        }
    }

    /// Returns the next token; `None` at the end, and at what is not XML.
    pub(crate) fn next(&mut self) -> Option<Token<'_>> {
        let found = loop {
            if self.ended || self.remarks.not_xml.is_some() {
                return None;
            }
            match self.step() {
                Step::Found(found) => break found,
                Step::Passed => {}
                Step::Starved => {
                    if let Some(found) = self.read_more() {
                        break found;
                    }
                }
            }
        };
        let tag = match found {
            Found::Text(range) => return Some(Token::Text(self.piece(range))),
            Found::Cdata(range) => return Some(Token::Cdata(self.piece(range))),
            Found::Tag(range) => &self.text[range],
            Found::Collected => self.collected.trim_start_matches('<').trim_end_matches('>'),
        };
        match self.elements.token(tag) {
            Ok(token) => Some(token),
            Err(fault) => {
                self.remarks.not_xml = Some(fault);
                None
            }
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

    fn piece(&self, range: Range<usize>) -> Piece<'_> {
        let at = self.source.verbatim().map(|before| before + (self.passed + range.start) as u64);
        Piece { text: &self.text[range], at }
    }

    /// Takes the next token, or a part of what is none, out of the text.
    fn step(&mut self) -> Step {
        match &mut self.place {
            Place::Text => self.text_or_markup(),
            Place::Tag(_) => self.overlong_tag(),
            Place::Cdata => self.cdata(),
            Place::Comment { inside_document_type } => {
                let inside = *inside_document_type;
                let after = if inside { Place::DocumentType { subset: true, quote: None } } else { Place::Text };
                self.leave_out("--", after)
            }
            Place::Instruction => self.leave_out("?", Place::Text),
            Place::DocumentType { .. } => self.document_type(),
        }
    }

    /// Reads more text; at the end, what is left over may be a token.
    fn read_more(&mut self) -> Option<Found> {
        self.passed += self.at;
        self.text.drain(..self.at);
        self.at = 0;
        if self.source.append_to(&mut self.text) {
            return None;
        }
        self.ended = true;
        let rest = 0..self.text.len();
        self.at = rest.end;
        match self.place {
            Place::Text if self.text.starts_with('&') => return Some(Found::Text(rest)),
            Place::Text => self.remarks.cut_token |= !rest.is_empty(),
            Place::Cdata => {
                self.remarks.cut_token = true;
                return (!rest.is_empty()).then_some(Found::Cdata(rest));
            }
            Place::Tag(_) | Place::Comment { .. } | Place::Instruction | Place::DocumentType { .. } => {
                self.remarks.cut_token = true;
            }
        }
        None
    }

    /// Goes on by so many bytes, which are a token.
    fn take(&mut self, length: usize) -> Range<usize> {
        let start = self.at;
        self.at += length;
        start..self.at
    }

    fn text_or_markup(&mut self) -> Step {
        let rest = &self.text.as_bytes()[self.at..];
        match memchr(b'<', rest) {
            Some(0) => self.markup(),
            Some(end) => Step::Found(Found::Text(self.take(end))),
            None => match end_of_references(rest) {
                0 => Step::Starved,
                end => Step::Found(Found::Text(self.take(end))),
            },
        }
    }

    /// Decides what the `<` at the current place begins.
    fn markup(&mut self) -> Step {
        let rest = &self.text[self.at..];
        let mut following = rest[1..].chars();
        let (length, place) = match following.next() {
            None => return Step::Starved,
            Some('?') => (2, Place::Instruction),
            Some('!') => match declaration(rest) {
                Some(Some(found)) => found,
                Some(None) => return Step::Starved,
                None => return self.reject(),
            },
            Some(c) if c == '/' || begins_name(c) => return self.tag(),
            Some(_) => {
                self.remarks.stray_bracket = true;
                return Step::Found(Found::Text(self.take(1)));
            }
        };
        self.remarks.left_out |= !matches!(place, Place::Cdata);
        self.remarks.document_type |= matches!(place, Place::DocumentType { .. });
        self.at += length;
        self.place = place;
        Step::Passed
    }

    fn reject(&mut self) -> Step {
        let start: String = self.text[self.at..].chars().take(12).collect();
        self.remarks.not_xml = Some(format!("`{start}` begins no markup of XML"));
        Step::Passed
    }

    /// Takes a tag as it stands, if all of it is there.
    fn tag(&mut self) -> Step {
        let rest = &self.text.as_bytes()[self.at + 1..];
        match end_of_tag(rest) {
            Some(end) if end <= self.value_limit.min(TAG_BYTES) => {
                let tag = self.take(end + 2);
                Step::Found(Found::Tag(tag.start + 1..tag.end - 1))
            }
            None if rest.len() < TAG_BYTES => Step::Starved,
            Some(_) | None => {
                self.at += 1;
                self.place = Place::Tag(Tag::new(self.value_limit));
                Step::Passed
            }
        }
    }

    fn overlong_tag(&mut self) -> Step {
        let Place::Tag(tag) = &mut self.place else { return Step::Starved };
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return Step::Starved;
        }
        if tag.is_in_value() {
            self.at += tag.take_value(rest);
            return Step::Passed;
        }
        let end = rest.find(['>', '"', '\'']).unwrap_or(rest.len());
        tag.take_outside(&rest[..end]);
        self.remarks.long_tag |= tag.is_full();
        let Some(delimiter) = rest[end..].chars().next() else {
            self.at += end;
            return Step::Passed;
        };
        self.at += end + 1;
        if delimiter == '>' {
            self.collected = tag.close();
            self.place = Place::Text;
            return Step::Found(Found::Collected);
        }
        tag.open_value(delimiter);
        Step::Passed
    }

    fn cdata(&mut self) -> Step {
        let rest = &self.text.as_bytes()[self.at..];
        if let Some(end) = memmem::find(rest, CDATA_END.as_bytes()) {
            let section = self.take(end);
            self.at += CDATA_END.len();
            self.place = Place::Text;
            return if section.is_empty() { Step::Passed } else { Step::Found(Found::Cdata(section)) };
        }
        match rest.len() - held_back(rest) {
            0 => Step::Starved,
            length => Step::Found(Found::Cdata(self.take(length))),
        }
    }

    /// Passes over what ends with `before` and a `>`.
    fn leave_out(&mut self, before: &str, after: Place) -> Step {
        let rest = &self.text[self.at..];
        if let Some(end) = end_of(rest, before) {
            self.at += end;
            self.place = after;
            return Step::Passed;
        }
        let length = rest.floor_char_boundary(rest.len().saturating_sub(before.len()));
        self.pass(length)
    }

    /// Goes on by so many bytes, which are of no interest.
    fn pass(&mut self, length: usize) -> Step {
        self.at += length;
        if length > 0 { Step::Passed } else { Step::Starved }
    }

    fn document_type(&mut self) -> Step {
        let Place::DocumentType { subset, quote } = &mut self.place else { return Step::Starved };
        let rest = &self.text[self.at..];
        if let Some(open) = *quote {
            let end = rest.find(open).map(|end| end + 1);
            if end.is_some() {
                *quote = None;
            }
            return self.pass(end.unwrap_or(rest.len()));
        }
        let Some(end) = rest.find(['"', '\'', '[', ']', '>', '<']) else {
            return self.pass(rest.len());
        };
        match &rest[end..=end] {
            "[" => *subset = true,
            "]" => *subset = false,
            ">" if !*subset => self.place = Place::Text,
            "\"" => *quote = Some('"'),
            "'" => *quote = Some('\''),
            "<" if rest[end..].starts_with(COMMENT_START) => {
                self.place = Place::Comment { inside_document_type: true };
                return self.pass(end + COMMENT_START.len());
            }
            "<" if !self.ended && COMMENT_START.starts_with(&rest[end..]) => return self.pass(end),
            _ => {}
        }
        self.pass(end + 1)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Token, Tokens};

    /// Gives its bytes in pieces of a few.
    struct Trickle<'a>(&'a [u8], usize);

    impl std::io::Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    /// Returns the tokens, with adjoining texts as one, and checks that each piece stands where it is said to.
    fn tokens(document: &[u8], step: usize) -> Vec<String> {
        let mut tokens = Tokens::new(Trickle(document, step), u64::MAX, 256);
        let mut all: Vec<String> = Vec::new();
        while let Some(token) = tokens.next() {
            let said = match token {
                Token::Start { tag, empty } => format!("<{tag}>{}", if empty { "/" } else { "" }),
                Token::End => "</>".to_owned(),
                Token::Text(piece) | Token::Cdata(piece) => {
                    if let Some(at) = piece.at {
                        assert_eq!(&document[at as usize..][..piece.text.len()], piece.text.as_bytes());
                    }
                    let text = format!("text {}", piece.text);
                    match all.last_mut().filter(|last| last.starts_with("text ")) {
                        Some(last) => {
                            last.push_str(piece.text);
                            continue;
                        }
                        None => text,
                    }
                }
            };
            all.push(said);
        }
        all
    }

    #[test]
    fn tags_texts_and_sections_come_in_their_order() {
        let document = b"\xEF\xBB\xBF<a x='1>'>one &lt; <![CDATA[<two>]]><!-- no --><b/></a >";
        assert_eq!(tokens(document, 3), ["<a x='1>'>", "text one &lt; <two>", "<b>/", "</>"]);
    }

    #[test]
    fn a_long_text_comes_in_pieces_that_divide_no_reference() {
        let document = format!("<a>{}</a>", "text &amp; ".repeat(100_000));
        let mut tokens = Tokens::new(document.as_bytes(), u64::MAX, 256);
        let mut pieces = 0;
        while let Some(token) = tokens.next() {
            if let Token::Text(piece) = token {
                assert_eq!(piece.text.matches('&').count(), piece.text.matches(';').count());
                pieces += 1;
            }
        }
        assert!(pieces > 4, "{pieces}");
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_input_is_cut(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "<a>", "<a b='c>'", "</a>", "<b/>", "text", "&amp;", "&", "<![CDATA[", "]]>", "]", "<!--", "-->", "<", ">", "\u{1F600}", "'", "\"",
            ]), 0..20),
            step in 1_usize..9,
        ) {
            let document = pieces.concat();
            prop_assert_eq!(tokens(document.as_bytes(), step), tokens(document.as_bytes(), usize::MAX));
        }
    }
}
