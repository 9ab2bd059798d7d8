//! Texts of JSON reports, cut while they are read.

use serde::de::{Deserialize, Deserializer};

use super::junit::Excerpt;
use crate::notation::LossyText;

/// The most bytes of a text that are kept, its beginning and its end.
const TEXT_BYTES: usize = 256 * 1024;

/// A text of bounded length.
#[derive(Debug, Default)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let LossyText(text) = LossyText::deserialize(deserializer)?;
        Ok(Self(if text.len() > TEXT_BYTES { Excerpt::of(&text, TEXT_BYTES) } else { text }))
    }
}
