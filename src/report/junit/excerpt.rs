//! A text that keeps its beginning and its end, however much is pushed.

/// Room for the line that tells how much is missing.
const MARK_BYTES: usize = 64;

/// The least limit that leaves a useful beginning and end.
const LEAST_BYTES: usize = 256;

/// Collects text in bounded memory.
#[derive(Debug)]
pub(crate) struct Excerpt {
    head: String,
    tail: String,
    half: usize,
    dropped: usize,
}

impl Excerpt {
    /// Makes an empty excerpt that ends up with at most `limit` bytes, or with 256 when the limit is less.
    pub(crate) fn new(limit: usize) -> Self {
        let half = (limit.max(LEAST_BYTES) - MARK_BYTES) / 2;
        Self { head: String::new(), tail: String::new(), half, dropped: 0 }
    }

    /// Cuts a whole text to at most `limit` bytes, or to 256 when the limit is less.
    pub(crate) fn of(text: &str, limit: usize) -> String {
        let mut excerpt = Self::new(limit);
        excerpt.push(text);
        excerpt.finish()
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &str) {
        let mut rest = text;
        if self.tail.is_empty() && self.dropped == 0 {
            let end = rest.floor_char_boundary(self.half.saturating_sub(self.head.len()).min(rest.len()));
            self.head.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        let surplus = rest.len().saturating_sub(self.half);
        if surplus > 0 {
            let start = rest.ceil_char_boundary(surplus);
            self.dropped += self.tail.len() + start;
            self.tail.clear();
            rest = &rest[start..];
        }
        self.tail.push_str(rest);
        if self.tail.len() > 2 * self.half {
            self.shorten_tail();
        }
    }

    /// Returns the text; what was dropped is replaced by a line that gives its size.
    pub(crate) fn finish(mut self) -> String {
        if self.dropped > 0 || self.tail.len() > self.half + MARK_BYTES {
            self.shorten_tail();
        }
        let mut text = self.head;
        if self.dropped > 0 {
            text.push_str(&format!("\n[minke cut {} bytes here]\n", self.dropped));
        }
        text.push_str(&self.tail);
        text
    }

    fn shorten_tail(&mut self) {
        let start = self.tail.ceil_char_boundary(self.tail.len().saturating_sub(self.half));
        self.dropped += start;
        self.tail.drain(..start);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end() {
        let text = format!("begin{}end", "x".repeat(10_000));
        let cut = Excerpt::of(&text, 1000);
        assert!(cut.starts_with("beginx") && cut.ends_with("xend"));
        assert!(cut.contains("\n[minke cut 9072 bytes here]\n"), "{cut}");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_bounded_and_loses_nothing_that_fits(
            pieces in prop::collection::vec("\\PC{0,300}", 0..20),
            limit in 0_usize..2000,
        ) {
            let whole = pieces.concat();
            let mut excerpt = Excerpt::new(limit);
            for piece in &pieces {
                excerpt.push(piece);
            }
            let text = excerpt.finish();
            prop_assert!(text.len() <= limit.max(LEAST_BYTES));
            if whole.len() <= limit.max(LEAST_BYTES) - MARK_BYTES {
                prop_assert_eq!(text, whole);
            } else if let Some((head, rest)) = text.split_once("\n[minke cut ") {
                let (count, tail) = rest.split_once(" bytes here]\n").unwrap();
                prop_assert!(whole.starts_with(head) && whole.ends_with(tail));
                prop_assert_eq!(head.len() + tail.len() + count.parse::<usize>().unwrap(), whole.len());
            } else {
                prop_assert_eq!(text, whole);
            }
        }
    }
}
