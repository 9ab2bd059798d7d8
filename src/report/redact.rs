//! Taking secrets out of what is shown and kept.
//!
//! A secret is known as it is, line by line if it has several, and as base64 (RFC 4648, both alphabets, at every alignment),
//! in a URL (RFC 3986, and as a form writes spaces), in JSON and in XML. Other disguises are not seen through.

use std::borrow::Cow;
use std::io::{self, Read};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::model::{Event, EventKind, Secret};

/// What stands in the place of a secret.
const MASK: &[u8] = b"***";
/// How long a line of a secret must be to be one by itself.
const LEAST_LINE: usize = 8;
/// How many characters of base64 say enough: as many as the shortest secret has, whatever stands before it.
const LEAST_BASE64: usize = 4;
/// What writers of URLs leave as it is besides letters, digits and `-._~` (RFC 3986, 2.3): nothing, the slash, as Python's
/// `quote` does, and what JavaScript's `encodeURIComponent` and `encodeURI` leave.
const URL_SAFE: [&str; 4] = ["", "/", "!*'()", "!*'();,/?:@&=+$#"];
/// What stands for the middle of a text that is shown in short.
const DOTS: &[u8] = b"...";
/// How much of a secret there must be before and after the dots to be masked, and on one side alone: less is said by chance.
const LEAST_PART: usize = 4;
const LEAST_LONE_PART: usize = 6;
/// The longest secret that is looked for in short, in bytes; the number of ways to shorten one grows with its length.
const LONGEST_SHORTENED: usize = 256;

/// Knows secrets, and masks them.
#[derive(Debug, Clone)]
pub struct Redactor {
    /// In alphabetical order.
    patterns: Vec<Vec<u8>>,
    longest: usize,
    automaton: AhoCorasick,
}

impl Redactor {
    /// Learns the secrets; `None` when there are none.
    pub fn new(secrets: &[Secret]) -> Option<Self> {
        let mut patterns: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms(&secret.value)).collect();
        patterns.retain(|pattern| !pattern.is_empty());
        patterns.sort_unstable();
        patterns.dedup();
        let longest = patterns.iter().map(Vec::len).max()?;
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok()?;
        Some(Self { patterns, longest, automaton })
    }

    /// Masks the secrets in a whole text.
    pub fn bytes(&self, text: &[u8]) -> Vec<u8> {
        let mut masking = Masking::new(Some(self));
        let mut masked = masking.feed(text).into_owned();
        masked.extend(masking.end());
        masked
    }

    /// Masks the secrets in a whole text.
    pub fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// Masks the secrets in every text of an event.
    pub fn event(&self, kind: EventKind) -> EventKind {
        let event = Event { seq: 0, at: jiff::Timestamp::UNIX_EPOCH, kind };
        let Ok(mut value) = serde_json::to_value(&event) else { return event.kind };
        self.value(&mut value);
        // Masks stand in texts alone, so the event stays one; if it did not, a warning would take its place.
        let text = "an event was left out, because it would have told a secret".to_owned();
        serde_json::from_value::<Event>(value).map_or(EventKind::Warning { text }, |event| event.kind)
    }

    fn value(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.text(text),
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|value| self.value(value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }

    /// Returns where the longest end of a text begins that may be the beginning of a secret.
    fn hold(&self, text: &[u8]) -> usize {
        let from = text.len().saturating_sub(self.longest - 1);
        let may_begin = |at: &usize| {
            let end = &text[*at..];
            // Sorted, so those that begin with it stand from here on; the first may be the end itself.
            let first = self.patterns.partition_point(|pattern| pattern.as_slice() < end);
            self.patterns[first..].iter().take(2).any(|pattern| pattern.len() > end.len() && pattern.starts_with(end))
        };
        (from..text.len()).find(may_begin).unwrap_or(text.len())
    }
}

/// Masks the secrets in a text that comes in pieces, wherever they are cut; without secrets it is handed on as it is.
#[derive(Debug)]
pub struct Masking<R> {
    redactor: Option<R>,
    /// What may be the beginning of a secret.
    held: Vec<u8>,
}

impl<R: std::borrow::Borrow<Redactor>> Masking<R> {
    /// Begins a text.
    pub fn new(redactor: Option<R>) -> Self {
        Self { redactor, held: Vec::new() }
    }

    /// Takes the next piece, and returns what is certain by now.
    pub fn feed<'piece>(&mut self, piece: &'piece [u8]) -> Cow<'piece, [u8]> {
        let Some(redactor) = &self.redactor else { return Cow::Borrowed(piece) };
        self.held.extend_from_slice(piece);
        let hold = redactor.borrow().hold(&self.held);
        Cow::Owned(self.mask_until(hold))
    }

    /// Ends the text, and returns the rest of it.
    pub fn end(&mut self) -> Vec<u8> {
        self.mask_until(self.held.len())
    }

    fn mask_until(&mut self, hold: usize) -> Vec<u8> {
        let mut masked = Vec::new();
        let Some(redactor) = &self.redactor else { return masked };
        let mut at = 0;
        for found in redactor.borrow().automaton.find_iter(&self.held) {
            if found.start() >= hold {
                break;
            }
            masked.extend_from_slice(&self.held[at..found.start()]);
            masked.extend_from_slice(MASK);
            at = found.end();
        }
        if at < hold {
            masked.extend_from_slice(&self.held[at..hold]);
            at = hold;
        }
        self.held.drain(..at);
        masked
    }
}

/// Reads a text without its secrets.
pub struct MaskedReader<'a, R> {
    from: R,
    masking: Masking<&'a Redactor>,
    ready: Vec<u8>,
    at: usize,
    is_over: bool,
}

impl<'a, R: Read> MaskedReader<'a, R> {
    /// Begins to read.
    pub fn new(from: R, redactor: &'a Redactor) -> Self {
        Self { from, masking: Masking::new(Some(redactor)), ready: Vec::new(), at: 0, is_over: false }
    }
}

impl<R: Read> Read for MaskedReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() && !self.is_over {
            let mut piece = [0; 16 << 10];
            let read = self.from.read(&mut piece)?;
            self.is_over = read == 0;
            self.ready = if self.is_over { self.masking.end() } else { self.masking.feed(&piece[..read]).into_owned() };
            self.at = 0;
        }
        let most = buffer.len().min(self.ready.len() - self.at);
        buffer[..most].copy_from_slice(&self.ready[self.at..self.at + most]);
        self.at += most;
        Ok(most)
    }
}

/// Lists the middles that a printer may leave out of a value, as pytest and Python's `reprlib` do: `begin...end`, of which
/// both halves are of about the same length; and beginnings and ends that stand alone before and after the dots.
fn shortened_forms(value: &[u8]) -> Vec<Vec<u8>> {
    let length = value.len();
    if length > LONGEST_SHORTENED {
        return Vec::new();
    }
    let mut forms = Vec::new();
    for head in LEAST_PART..length {
        for tail in head.saturating_sub(2).max(LEAST_PART)..=head + 2 {
            if head + tail < length {
                forms.push([&value[..head], DOTS, &value[length - tail..]].concat());
            }
        }
        if head >= LEAST_LONE_PART {
            forms.push([&value[..head], DOTS].concat());
            forms.push([DOTS, &value[length - head..]].concat());
        }
    }
    forms
}

/// Lists how a value may be written.
fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let end = value.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    let value = &value[..end];
    let mut forms = vec![value.to_vec()];
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    forms.extend(lines.filter(|line| line.len() >= LEAST_LINE).map(<[u8]>::to_vec));
    for form in forms.clone() {
        forms.extend(base64_forms(&form));
        forms.extend(URL_SAFE.iter().flat_map(|kept| url_forms(&form, kept)));
    }
    // Twice, for JSON stands in XML, and markup in JSON.
    for _ in 0..2 {
        forms.extend(forms.clone().iter().filter_map(|form| std::str::from_utf8(form).ok()).flat_map(quoted_forms));
        forms.sort_unstable();
        forms.dedup();
    }
    forms.extend(shortened_forms(value));
    forms
}

/// Writes a value as a text of JSON, and as a text or an attribute of XML, in which writers agree on two characters only.
fn quoted_forms(text: &str) -> Vec<Vec<u8>> {
    let json = serde_json::to_string(text).unwrap_or_default();
    let mut forms = vec![json.get(1..json.len().saturating_sub(1)).unwrap_or_default().as_bytes().to_vec()];
    for greater in [">", "&gt;"] {
        for double in ["\"", "&quot;", "&#34;"] {
            for single in ["'", "&apos;", "&#39;", "&#x27;"] {
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', greater);
                forms.push(text.replace('"', double).replace('\'', single).into_bytes());
            }
        }
    }
    forms
}

/// Writes a value in base64 as it stands behind none, one and two other bytes, without the characters that depend on what is
/// before and after it.
fn base64_forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let shifted: Vec<u8> = std::iter::repeat_n(0, before).chain(value.iter().copied()).collect();
        let (first, last) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            if last >= first + LEAST_BASE64 {
                forms.push(encoded.as_bytes()[first..last].to_vec());
            }
        }
    }
    forms
}

fn url_forms(value: &[u8], kept: &str) -> [Vec<u8>; 3] {
    [("%20", true), ("%20", false), ("+", true)].map(|(space, capitals)| url_form(value, kept, space, capitals))
}

fn url_form(value: &[u8], kept: &str, space: &str, capitals: bool) -> Vec<u8> {
    let mut text = String::new();
    for &byte in value {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ if kept.as_bytes().contains(&byte) => text.push(char::from(byte)),
            b' ' => text.push_str(space),
            _ if capitals => text.push_str(&format!("%{byte:02X}")),
            _ => text.push_str(&format!("%{byte:02x}")),
        }
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(values: &[&[u8]]) -> Redactor {
        let secret = |value: &&[u8]| Secret { name: "S".to_owned(), value: value.to_vec(), in_environment: false };
        Redactor::new(&values.iter().map(secret).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn every_form_of_a_secret_is_masked() {
        let value = "p&s \"w\"o<r>d'/?\\é";
        let known = redactor(&[value.as_bytes()]);
        for before in ["", "u", "us", "user:"] {
            let all = format!("{before}{value}:after");
            for encoded in [STANDARD_NO_PAD.encode(&all), URL_SAFE_NO_PAD.encode(&all)] {
                let masked = known.text(&format!("Basic {encoded} ok"));
                assert!(masked.contains("***") && masked.ends_with(" ok"), "{masked}");
                let core = &STANDARD_NO_PAD.encode(value)[..8];
                assert!(!masked.contains(core), "{masked}");
            }
        }
        let url = "p%26s%20%22w%22o%3Cr%3Ed%27%2F%3F%5C%C3%A9";
        let xml = "p&amp;s &quot;w&quot;o&lt;r&gt;d&apos;/?\\é";
        let json = serde_json::to_string(value).unwrap();
        let json_in_xml = "p&amp;s \\&quot;w\\&quot;o&lt;r&gt;d'/?\\\\é";
        for text in
            [json_in_xml, value, url, &url.replace("%20", "+"), &url.to_lowercase(), xml, json.trim_matches('"')]
        {
            assert_eq!(known.text(&format!("<{text}>")), "<***>", "{text}");
        }
    }

    #[test]
    fn a_secret_in_a_url_is_masked_whatever_the_writer_leaves_as_it_is() {
        let known = redactor(&[b"p@ss/w+rd(1) x"]);
        for text in ["p%40ss/w%2Brd%281%29%20x", "p%40ss%2Fw%2Brd(1)%20x", "p@ss/w+rd(1)%20x", "p%40ss/w%2Brd%281%29+x"]
        {
            assert_eq!(known.text(&format!("<{text}>")), "<***>", "{text}");
        }
    }

    #[test]
    fn a_secret_whose_middle_is_left_out_is_masked() {
        let known = redactor(&[b"Sup3rS3cretValue/with+slash=="]);
        for text in
            ["Sup3rS3cret...with+slash==", "Sup3rS3c...th+slash==", "Sup3...sh==", "Sup3rS3cretVal...", "...slash=="]
        {
            assert_eq!(known.text(&format!("['{text}']")), "['***']", "{text}");
        }
        assert_eq!(known.text("Sup...==, Support..., ... and so on"), "Sup...==, Support..., ... and so on");
    }

    #[test]
    fn a_secret_of_many_lines_is_masked_line_by_line() {
        let known = redactor(&[b"-----BEGIN KEY-----\nMIIEvQIBADANBg\nab\n-----END KEY-----\n"]);
        assert_eq!(known.text("E   MIIEvQIBADANBg\nab\n"), "E   ***\nab\n");
    }

    #[test]
    fn there_is_nothing_to_do_without_a_secret() {
        assert!(Redactor::new(&[]).is_none());
    }

    #[test]
    fn an_event_is_masked_in_all_its_texts() {
        let known = redactor(&[b"hunter22"]);
        let kind = EventKind::Warning { text: "it is hunter22, or aHVudGVyMjI=".to_owned() };
        assert_eq!(known.event(kind), EventKind::Warning { text: "it is ***, or ***I=".to_owned() });
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_a_text_is_cut(
            secrets in proptest::collection::vec("[ab]{4,9}", 1..4),
            text in "[abc]{0,80}",
            cuts in proptest::collection::vec(0_usize..12, 0..30),
        ) {
            let known = redactor(&secrets.iter().map(String::as_bytes).collect::<Vec<_>>());
            let whole = known.text(&text);
            let mut masking = Masking::new(Some(&known));
            let (mut rest, mut pieces) = (text.as_bytes(), Vec::new());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.extend_from_slice(&masking.feed(piece));
                rest = after;
            }
            pieces.extend_from_slice(&masking.feed(rest));
            pieces.extend(masking.end());
            prop_assert_eq!(&String::from_utf8(pieces).unwrap(), &whole);
            let mut read = String::new();
            MaskedReader::new(text.as_bytes(), &known).read_to_string(&mut read).unwrap();
            prop_assert_eq!(&read, &whole);
            for part in whole.split("***") {
                prop_assert!(!secrets.iter().any(|secret| part.contains(secret.as_str())), "{}", whole);
            }
        }

        #[test]
        fn a_text_without_a_secret_stays_as_it_is(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let known = redactor(&[b"a secret that nobody says"]);
            prop_assert_eq!(known.bytes(&text), text);
        }
    }
}
