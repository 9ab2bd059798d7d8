//! Where the parts of XML begin and end, as far as a piece of text tells.

use memchr::{memchr, memchr3};

/// The longest reference, such as `&amp;`. What is longer is none.
const REFERENCE_BYTES: usize = 66;

/// Returns the name at the beginning of a tag.
pub(crate) fn name(tag: &str) -> &str {
    let end = tag.bytes().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    &tag[..end.unwrap_or(tag.len())]
}

/// Finds the `>` of a tag; one in a quoted value is none.
pub(crate) fn end_of_tag(rest: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + memchr3(b'>', b'"', b'\'', &rest[from..])?;
        match rest[found] {
            b'>' => return Some(found),
            quote => from = found + 1 + memchr(quote, &rest[found + 1..])? + 1,
        }
    }
}

/// Returns how much of a text can be taken without dividing what may be a reference.
pub(crate) fn end_of_references(rest: &[u8]) -> usize {
    let recent = rest.len().saturating_sub(REFERENCE_BYTES);
    match rest[recent..].iter().rposition(|&byte| byte == b'&' || byte == b';') {
        Some(last) if rest[recent + last] == b'&' => recent + last,
        Some(_) | None => rest.len(),
    }
}

/// Finds the end of the first `>` that has `before` right before it.
pub(crate) fn end_of(text: &str, before: &str) -> Option<usize> {
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
pub(crate) fn held_back(text: &[u8]) -> usize {
    text.iter().rev().copied().take(2).take_while(|&byte| byte == b']').count()
}

/// Tells whether a name can begin with the character (XML 1.0, production 4, roughly).
pub(crate) fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | ':') || !c.is_ascii()
}
