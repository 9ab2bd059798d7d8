//! Makes any text fit for XML 1.0 and for a person: no terminal sequences, no forbidden characters.

use std::borrow::Cow;

use memchr::memchr;

use crate::report::ansi::strip_sequences;

/// Ends a text that was cut to a length.
const CUT: &str = "...";

/// Tells whether XML 1.0 allows the character (production 2, `Char`) and every reader takes it.
///
/// U+FFFE and U+FFFF are outside `Char` too, though some writers forget them.
pub(crate) fn is_legal(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        _ => c >= ' ',
    }
}

/// Tells whether every character is legal, and none is a carriage return. Looks at bytes, since most texts have no fault.
pub(crate) fn is_clean(raw: &str) -> bool {
    // Bytes and no branches, so that a processor looks at many of them at once.
    let is_control = |byte: u8| u8::from(byte < b' ') & u8::from(byte != b'\n') & u8::from(byte != b'\t');
    let bytes = raw.as_bytes();
    let has_control = |chunk: &[u8]| chunk.iter().fold(0, |found, &byte| found | is_control(byte)) != 0;
    if bytes.chunks(1024).any(has_control) {
        return false;
    }
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF in UTF-8; 0xEF begins a character wherever it stands.
    memchr(0xEF, bytes).is_none() || raw.chars().all(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
}

/// Removes terminal sequences and whatever XML 1.0 forbids. Lines end with `\n` alone afterwards, and a line that was
/// drawn several times over, such as a progress bar, keeps the first and the last of its drawings.
pub(crate) fn text(raw: &str) -> Cow<'_, str> {
    if is_clean(raw) {
        return Cow::Borrowed(raw);
    }
    let mut clean = String::with_capacity(raw.len());
    for (place, line) in raw.split('\n').enumerate() {
        if place > 0 {
            clean.push('\n');
        }
        push_line(&mut clean, line);
    }
    Cow::Owned(clean)
}

/// Cleans a text for a CDATA section that is written as it is: every `]]>` is divided between two sections.
pub(crate) fn body(raw: &str) -> String {
    text(raw).replace("]]>", "]]]]><![CDATA[>")
}

/// Cleans a text for an attribute: one line of at most `limit` bytes, with no space around it.
pub(crate) fn attribute(raw: &str, limit: usize) -> String {
    let line = text(raw);
    let line = match line.bytes().any(|byte| matches!(byte, b'\n' | b'\t')) {
        true => Cow::Owned(line.replace(['\n', '\t'], " ")),
        false => line,
    };
    let line = line.trim();
    if line.len() <= limit {
        return line.to_owned();
    }
    let end = line.floor_char_boundary(limit.saturating_sub(CUT.len()));
    format!("{}{CUT}", &line[..end])
}

fn push_line(clean: &mut String, line: &str) {
    let mut drawings = line.split('\r').filter(|drawing| !drawing.is_empty());
    if let Some(first) = drawings.next() {
        push_drawing(clean, first);
    }
    if let Some(last) = drawings.next_back() {
        clean.push('\n');
        push_drawing(clean, last);
    }
}

fn push_drawing(clean: &mut String, drawing: &str) {
    clean.extend(strip_sequences(drawing).chars().filter(|&c| is_legal(c)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text in which everything that needs cleaning is frequent.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<String>(),
            prop::sample::select(vec![
                "\u{1B}[31m",
                "\u{1B}]0;title\u{7}",
                "\u{1B}]8;;never closed",
                "\u{1B}",
                "\r",
                "\r\n",
                "\n",
                "\t",
                "]]>",
                "]]",
                ">",
                "\0",
                "\u{FFFE}",
                "\u{FFFF}",
                "\u{9B}31m",
                "\u{1F600}",
                "\u{7F}",
                "plain",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn text_without_faults_is_borrowed() {
        assert!(matches!(text("one\n\ttwo \u{1F600}"), Cow::Borrowed(_)));
    }

    #[test]
    fn colours_go_as_whole_sequences() {
        assert_eq!(text("boom \u{1B}[1;31mred\u{1B}[0m end"), "boom red end");
        assert_eq!(text("\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\ after"), "link after");
    }

    #[test]
    fn an_unclosed_sequence_takes_only_the_rest_of_its_line() {
        assert_eq!(text("a\u{1B}]0;never closed\nthe next line"), "a\nthe next line");
    }

    #[test]
    fn tabs_and_line_ends_stay_and_carriage_returns_go() {
        assert_eq!(text("a\tb\r\nc\u{1B}[0m\td\r\r\n"), "a\tb\nc\td\n");
    }

    #[test]
    fn a_progress_bar_keeps_its_first_and_last_drawing() {
        assert_eq!(text("get 1%\rget 50%\rget 99%\rdone\nnext"), "get 1%\ndone\nnext");
        assert_eq!(text("assertion failed\rbar"), "assertion failed\nbar");
    }

    #[test]
    fn forbidden_characters_go_and_others_stay() {
        assert_eq!(text("a\0b\u{8}c\u{FFFE}d\u{FFFF}e\u{1F600}\u{85}"), "abcde\u{1F600}\u{85}");
    }

    #[test]
    fn an_attribute_is_one_line_of_bounded_length() {
        assert_eq!(attribute("\nfirst\n\tsecond\r\n", 100), "first  second");
        assert_eq!(attribute("\u{e9}\u{e9}\u{e9}\u{e9}", 7), "\u{e9}\u{e9}...");
    }

    #[test]
    fn a_body_never_ends_its_section() {
        assert_eq!(body("a]]>b"), "a]]]]><![CDATA[>b");
        assert_eq!(body("]\0]\0>"), "]]]]><![CDATA[>");
    }

    proptest! {
        #[test]
        fn cleaned_text_is_legal_and_stays_as_it_is(raw in hostile()) {
            let once = text(&raw).into_owned();
            prop_assert!(once.chars().all(|c| is_legal(c) && c != '\r'));
            prop_assert_eq!(text(&once), once.as_str());
            prop_assert_eq!(is_clean(&raw), raw.chars().all(|c| is_legal(c) && c != '\r'));
        }

        #[test]
        fn a_cleaned_attribute_is_a_legal_line_and_stays_as_it_is(raw in hostile(), limit in 3_usize..60) {
            let once = attribute(&raw, limit);
            prop_assert!(once.len() <= limit);
            prop_assert!(once.chars().all(|c| is_legal(c) && !matches!(c, '\r' | '\n' | '\t')));
            prop_assert_eq!(attribute(&once, limit), once);
        }

        #[test]
        fn the_sections_of_a_body_together_are_the_cleaned_text(raw in hostile()) {
            let body = body(&raw);
            let sections: Vec<&str> = body.split("]]><![CDATA[").collect();
            prop_assert!(sections.iter().all(|section| !section.contains("]]>")));
            prop_assert_eq!(sections.concat(), text(&raw));
        }
    }
}
