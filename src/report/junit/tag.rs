//! A tag as it is collected piece by piece, in bounded memory.

use super::excerpt::Excerpt;

/// How many attribute values of full length a tag may have.
const LONG_VALUES: usize = 16;

/// A tag that is being collected.
#[derive(Debug)]
pub(crate) struct Tag {
    collected: String,
    /// The quote and the value since then, inside of a value.
    value: Option<(char, Excerpt<'static>)>,
    /// Whether the last character outside of values was a `/`.
    ends_with_slash: bool,
    /// Whether the tag is too long, so that what follows is dropped.
    full: bool,
    value_limit: usize,
}

impl Tag {
    /// Makes a tag of which only the `<` is known, and whose values are cut to `value_limit` bytes.
    pub(crate) fn new(value_limit: usize) -> Self {
        Self { collected: "<".to_owned(), value: None, ends_with_slash: false, full: false, value_limit }
    }

    /// Takes what stands outside of values.
    pub(crate) fn take_outside(&mut self, text: &str) {
        if let Some(last) = text.chars().next_back() {
            self.ends_with_slash = last == '/';
        }
        self.full |= self.collected.len() + text.len() > LONG_VALUES * self.value_limit;
        if !self.full {
            self.collected.push_str(text);
        }
    }

    /// Begins a value after its opening quote.
    pub(crate) fn open_value(&mut self, quote: char) {
        self.ends_with_slash = false;
        self.value = Some((quote, Excerpt::new(self.value_limit)));
    }

    /// Tells whether what follows belongs to a value.
    pub(crate) fn is_in_value(&self) -> bool {
        self.value.is_some()
    }

    /// Tells whether something of the tag was dropped.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Takes a value up to its closing quote; returns how much of the text was taken.
    pub(crate) fn take_value(&mut self, text: &str) -> usize {
        let Some((quote, mut value)) = self.value.take() else { return 0 };
        let Some(end) = text.find(quote) else {
            value.push(text);
            self.value = Some((quote, value));
            return text.len();
        };
        value.push(&text[..end]);
        if !self.full {
            self.collected.push(quote);
            self.collected.push_str(&value.finish());
            self.collected.push(quote);
        }
        end + 1
    }

    /// Returns the whole tag.
    pub(crate) fn close(&mut self) -> String {
        let mut token = std::mem::take(&mut self.collected);
        if self.full && self.ends_with_slash {
            token.push_str(" /");
        }
        token.push('>');
        token
    }
}
