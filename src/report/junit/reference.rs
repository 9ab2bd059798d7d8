//! References such as `&lt;` and `&#27;`. Only the five of XML itself and characters by number are ever replaced.

use std::borrow::Cow;

use memchr::memchr;

/// What a reference stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A character; it need not be one that XML allows.
    Character(char),
    /// A number that no character has, such as that of a lone surrogate.
    Nothing,
    /// The name of an entity that a document would have to declare.
    Unknown,
}

/// Resolves what stands between `&` and `;`.
pub(crate) fn resolve(name: &str) -> Reference {
    match name {
        "lt" => Reference::Character('<'),
        "gt" => Reference::Character('>'),
        "amp" => Reference::Character('&'),
        "quot" => Reference::Character('"'),
        "apos" => Reference::Character('\''),
        _ => match name.strip_prefix('#') {
            Some(number) => by_number(number),
            None => Reference::Unknown,
        },
    }
}

/// Replaces the references in a text or an attribute's value; what is no reference stays as it is.
///
/// The second value tells whether an unknown entity was met.
pub(crate) fn unescape(value: &str) -> (Cow<'_, str>, bool) {
    if memchr(b'&', value.as_bytes()).is_none() {
        return (Cow::Borrowed(value), false);
    }
    let mut text = String::with_capacity(value.len());
    let mut unknown = false;
    let mut rest = value;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(';').filter(|&end| is_name(&rest[1..end]));
        match end.map(|end| (end, resolve(&rest[1..end]))) {
            None => {
                text.push('&');
                rest = &rest[1..];
            }
            Some((end, reference)) => {
                match reference {
                    Reference::Character(c) => text.push(c),
                    // It is made visible to whoever looks for forbidden characters, and removed there.
                    Reference::Nothing => text.push('\u{FFFE}'),
                    Reference::Unknown => {
                        unknown = true;
                        text.push_str(&rest[..=end]);
                    }
                }
                rest = &rest[end + 1..];
            }
        }
    }
    text.push_str(rest);
    (Cow::Owned(text), unknown)
}

/// Tells whether the text between `&` and `;` can be meant as a reference at all.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '#' | '_' | '-' | '.' | ':'))
}

fn by_number(number: &str) -> Reference {
    let value = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    value.ok().and_then(char::from_u32).map_or(Reference::Nothing, Reference::Character)
}

#[cfg(test)]
mod tests {
    use super::{Reference, resolve, unescape};

    #[test]
    fn characters_are_found_by_name_and_number() {
        assert_eq!(resolve("amp"), Reference::Character('&'));
        assert_eq!(resolve("#27"), Reference::Character('\u{1B}'));
        assert_eq!(resolve("#x1F600"), Reference::Character('\u{1F600}'));
        assert_eq!(resolve("#xD800"), Reference::Nothing);
        assert_eq!(resolve("#99999999999"), Reference::Nothing);
        assert_eq!(resolve("nbsp"), Reference::Unknown);
    }

    #[test]
    fn only_references_are_replaced() {
        assert_eq!(unescape("a &lt;&amp;lt; b"), ("a <&lt; b".into(), false));
        assert_eq!(unescape("R&D; x & y; &nbsp;&"), ("R&D; x & y; &nbsp;&".into(), true));
        assert_eq!(unescape("a&&lt;"), ("a&<".into(), false));
    }
}
