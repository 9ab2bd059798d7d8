//! Bytes of any encoding in, text out, piece by piece.

use std::io::{ErrorKind, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How many bytes are read at a time.
const PIECE: usize = 128 * 1024;

/// How far the XML declaration is looked for.
const PROLOGUE: usize = 256;

/// Reads an input as text. The encoding comes from the byte order mark, from where the zero bytes are, or from the XML
/// declaration; without any of these it is UTF-8.
pub(crate) struct TextSource<R> {
    input: R,
    decoder: Option<Decoder>,
    /// How many bytes stand before the text, if the text is the bytes of the input as they are.
    verbatim: Option<u64>,
    /// Bytes that are read and not yet decoded.
    pending: Vec<u8>,
    /// How many more bytes may be read.
    allowance: u64,
    state: Input,
    /// Whether bytes were met that are no text in the encoding.
    pub(crate) malformed: bool,
}

/// Where the input stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// There may be more.
    Open,
    /// The end was reached.
    Ended,
    /// There was more than the limit of bytes.
    TooLong,
    /// Reading failed with this message.
    Failed(String),
}

impl<R: Read> TextSource<R> {
    /// Wraps an input of which at most `limit` bytes are read.
    pub(crate) fn new(input: R, limit: u64) -> Self {
        Self {
            input,
            decoder: None,
            verbatim: None,
            pending: Vec::new(),
            allowance: limit,
            state: Input::Open,
            malformed: false,
        }
    }

    /// Returns where the input stands.
    pub(crate) fn state(&self) -> &Input {
        &self.state
    }

    /// Returns how many bytes of the input stand before its text, if all text so far is the input's own bytes.
    pub(crate) fn verbatim(&self) -> Option<u64> {
        self.verbatim
    }

    /// Appends the next piece; returns false when there is none any more.
    pub(crate) fn append_to(&mut self, text: &mut String) -> bool {
        if self.state != Input::Open {
            return false;
        }
        if self.decoder.is_none() {
            self.read_pending();
            let (encoding, mark) = encoding_of(&self.pending);
            self.decoder = Some(encoding.new_decoder_without_bom_handling());
            self.pending.drain(..mark);
            self.verbatim = (encoding == UTF_8).then_some(mark as u64);
        } else {
            self.read_pending();
        }
        if self.verbatim.is_some() {
            self.take_verbatim(text)
        } else {
            self.decode(text)
        }
        true
    }

    /// Appends bytes that are UTF-8 as they are. At the first that are not, the decoder takes over.
    fn take_verbatim(&mut self, text: &mut String) {
        let mut bytes = std::mem::take(text).into_bytes();
        if bytes.is_empty() {
            std::mem::swap(&mut bytes, &mut self.pending);
        } else {
            bytes.append(&mut self.pending);
        }
        *text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let fault = error.utf8_error();
            if fault.error_len().is_some() || self.state != Input::Open {
                self.verbatim = None;
            }
            let mut bytes = error.into_bytes();
            self.pending.clear();
            self.pending.extend_from_slice(&bytes[fault.valid_up_to()..]);
            bytes.truncate(fault.valid_up_to());
            String::from_utf8(bytes).unwrap_or_default()
        });
        if self.verbatim.is_none() {
            self.decode(text);
        }
    }

    /// Reads a whole piece or to the end, not beyond the limit, and notes how the input stands then. What waits for the end of
    /// a tag is looked at again with each piece, so none must be small.
    fn read_pending(&mut self) {
        let before = self.pending.len();
        self.pending.resize(before + PIECE, 0);
        let mut end = before;
        while self.state == Input::Open && end < before + PIECE {
            match self.input.read(&mut self.pending[end..]) {
                Ok(0) => self.state = Input::Ended,
                Ok(read) => {
                    let allowed = usize::try_from(self.allowance).map_or(read, |allowance| read.min(allowance));
                    self.allowance -= allowed as u64;
                    end += allowed;
                    if allowed < read {
                        self.state = Input::TooLong;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.state = Input::Failed(error.to_string()),
            }
        }
        self.pending.truncate(end);
    }

    fn decode(&mut self, text: &mut String) {
        let last = self.state != Input::Open;
        let Some(decoder) = &mut self.decoder else { return };
        let mut from = 0;
        loop {
            text.reserve(self.pending.len() - from + 16);
            let (result, read, malformed) = decoder.decode_to_string(&self.pending[from..], text, last);
            from += read;
            self.malformed |= malformed;
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        self.pending.clear();
    }
}

/// Tells the encoding of a document by its first bytes, and how many of them are a byte order mark.
fn encoding_of(start: &[u8]) -> (&'static Encoding, usize) {
    if let Some(by_mark) = Encoding::for_bom(start) {
        return by_mark;
    }
    let encoding = match start {
        [b'<', 0, ..] => UTF_16LE,
        [0, b'<', ..] => UTF_16BE,
        _ => declared_encoding(start).unwrap_or(UTF_8),
    };
    (encoding, 0)
}

/// Reads the label out of `<?xml ... encoding="LABEL"?>`. A declaration that can be read byte by byte is not UTF-16, whatever it says.
fn declared_encoding(start: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&start[..start.len().min(PROLOGUE)]);
    let (declaration, _) = start.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value[1..].split(quote).next()?;
    Encoding::for_label(label.as_bytes()).map(Encoding::output_encoding)
}

#[cfg(test)]
mod tests {
    use super::{Input, TextSource};

    fn read(bytes: &[u8], limit: u64) -> (String, Input, bool) {
        let mut source = TextSource::new(bytes, limit);
        let mut text = String::new();
        while source.append_to(&mut text) {}
        (text, source.state().clone(), source.malformed)
    }

    #[test]
    fn the_encoding_is_told_by_mark_zero_bytes_or_declaration() {
        let latin = b"<?xml version='1.0' encoding = 'ISO-8859-1'?>\xE9";
        assert!(read(latin, 1000).0.ends_with('\u{e9}'));
        assert_eq!(read(b"\xEF\xBB\xBF<a/>", 1000).0, "<a/>");
        assert_eq!(read(b"\xFF\xFE<\0\xE9\0", 1000).0, "<\u{e9}");
        assert_eq!(read(b"<\0\xE9\0", 1000).0, "<\u{e9}");
        assert_eq!(read(b"\0<\0\xE9", 1000).0, "<\u{e9}");
        assert_eq!(read("<?xml encoding=\"utf-16\"?>\u{e9}".as_bytes(), 1000).0, "<?xml encoding=\"utf-16\"?>\u{e9}");
        assert_eq!(
            read("<?xml encoding=\"none-such\"?>\u{e9}".as_bytes(), 1000).0,
            "<?xml encoding=\"none-such\"?>\u{e9}"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_told() {
        assert_eq!(read(b"<a>\xFF</a>", 1000), ("<a>\u{FFFD}</a>".into(), Input::Ended, true));
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        assert_eq!(read(b"<abc>", 5), ("<abc>".into(), Input::Ended, false));
        assert_eq!(read(b"<abcd>", 5), ("<abcd".into(), Input::TooLong, false));
    }
}
