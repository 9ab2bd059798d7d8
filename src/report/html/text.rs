//! Makes foreign text harmless and visible, and cuts what is too long.

use std::borrow::Cow;

use crate::report::ansi::strip_sequences;

/// The longest name that is shown, in bytes.
const LONGEST_NAME: usize = 2_000;

/// A text without its middle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut<'a> {
    pub(super) head: &'a str,
    /// How many bytes are left out between the two.
    pub(super) missing: usize,
    pub(super) tail: &'a str,
}

/// Makes a text fit to be shown without colours: terminal sequences go, and what has no picture of its own gets one, such as
/// control characters and those that would turn the direction of writing.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if text.contains(['\u{1b}', '\u{9b}', '\u{9d}']) {
        let lines: Vec<Cow<'_, str>> = text.split('\n').map(strip_sequences).collect();
        return Cow::Owned(pictured(&lines.join("\n")).into_owned());
    }
    pictured(text)
}

fn pictured(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| picture(character).is_none()) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        push_visible(&mut shown, character);
    }
    Cow::Owned(shown)
}

/// Appends a character, or its picture.
pub(super) fn push_visible(shown: &mut String, character: char) {
    match picture(character) {
        None => shown.push(character),
        Some(Picture::Symbol(symbol)) => shown.push(symbol),
        Some(Picture::Number) => shown.push_str(&format!("[U+{:04X}]", u32::from(character))),
    }
}

/// Shows a text that has to stay on one line, such as a name; a very long one loses its middle.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.len() > LONGEST_NAME {
        let cut = cut(text, LONGEST_NAME);
        let joined = format!("{} ... {}", cut.head, cut.tail);
        return Cow::Owned(visible(&joined.replace(['\n', '\t'], " ")).into_owned());
    }
    if text.contains(['\n', '\t']) {
        return Cow::Owned(visible(&text.replace(['\n', '\t'], " ")).into_owned());
    }
    visible(text)
}

/// Cuts a text to about `limit` bytes, two thirds of them its end. It is cut between lines where that costs little.
pub(super) fn cut(text: &str, limit: usize) -> Cut<'_> {
    if text.len() <= limit {
        return Cut { head: text, missing: 0, tail: "" };
    }
    let head = &text[..text.floor_char_boundary(limit / 3)];
    let tail = &text[text.ceil_char_boundary(text.len() - (limit - limit / 3))..];
    let head = head.rfind('\n').filter(|&end| end >= head.len() / 2).map_or(head, |end| &head[..end]);
    let tail = tail.find('\n').filter(|&start| start < tail.len() / 2).map_or(tail, |start| &tail[start + 1..]);
    Cut { head, missing: text.len() - head.len() - tail.len(), tail }
}

enum Picture {
    Symbol(char),
    Number,
}

/// Returns what stands for a character that nobody could see, or that changes how others are seen.
fn picture(character: char) -> Option<Picture> {
    match character {
        '\n' | '\t' => None,
        // Unicode's block of control pictures follows the order of the characters.
        '\0'..' ' => char::from_u32(0x2400 + u32::from(character)).map(Picture::Symbol),
        '\u{7f}' => Some(Picture::Symbol('\u{2421}')),
        '\u{80}'..='\u{9f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{fffe}'
        | '\u{ffff}' => Some(Picture::Number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("a\0b\u{202e}c\u{7f}"), "a\u{2400}b[U+202E]c\u{2421}");
        assert_eq!(visible("a\u{1b}[31mb\n\u{1b}]0;title\u{7}c"), "ab\nc");
        assert!(matches!(visible("plain\n\ttext \u{5d0}"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_name_is_one_line_of_bounded_length() {
        assert_eq!(name(" a\nb\tc "), "a b c");
        assert!(name(&"x".repeat(10_000_000)).len() < LONGEST_NAME + 10);
    }

    #[test]
    fn a_text_is_cut_between_lines() {
        let text: String = (0..1000).map(|line| format!("line {line}\n")).collect();
        let cut = cut(&text, 300);
        assert!(cut.head.starts_with("line 0\n") && cut.tail.ends_with("line 999\n"));
        assert!(cut.head.lines().chain(cut.tail.lines()).all(|line| text.lines().any(|whole| whole == line)));
    }

    proptest! {
        #[test]
        fn a_cut_loses_what_it_says(text in "(\\PC|\n){0,400}", limit in 30_usize..300) {
            let cut = cut(&text, limit);
            prop_assert!(text.starts_with(cut.head) && text.ends_with(cut.tail));
            prop_assert_eq!(cut.head.len() + cut.missing + cut.tail.len(), text.len());
            prop_assert!(cut.head.len() + cut.tail.len() <= limit);
        }
    }
}
