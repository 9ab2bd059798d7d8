//! Texts of JSON reports, cut while they are read.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::junit::Excerpt;

/// The most bytes of a text that are kept, its beginning and its end.
const TEXT_BYTES: usize = 256 * 1024;

/// A text of bounded length. JavaScript's strings may hold half a character, which is replaced.
#[derive(Debug, Default)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Strings are refused that are not Unicode; as bytes they are not.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
        let text = String::from_utf8_lossy(bytes);
        Ok(Text(if text.len() > TEXT_BYTES { Excerpt::of(&text, TEXT_BYTES) } else { text.into_owned() }))
    }
}
