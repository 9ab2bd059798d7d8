//! A text that keeps its beginning and its end, however much is pushed.

/// Begins the line about what is missing.
const CUT: &str = "\n[minke cut ";

/// Stands before the path of the file that has it all.
pub(crate) const LOG: &str = "; full log at ";

/// Room for the line that tells how much is missing, without the path in it.
const MARK_BYTES: usize = 64;

/// The most bytes of a path in that line.
const LOG_BYTES: usize = 1024;

/// The least limit that leaves a useful beginning and end.
const LEAST_BYTES: usize = 256;

/// Collects text in bounded memory.
#[derive(Debug)]
pub(crate) struct Excerpt<'a> {
    head: String,
    tail: String,
    /// The most bytes of the whole.
    limit: usize,
    /// The most bytes of the head, and of the tail once something is dropped.
    half: usize,
    dropped: usize,
    /// Where the whole text can be read.
    log: Option<&'a str>,
}

impl<'a> Excerpt<'a> {
    /// Makes an empty excerpt that ends up with at most `limit` bytes, or with 256 when the limit is less.
    ///
    /// A text of at most that many bytes stays as it is, so that what was cut once is not cut again.
    pub(crate) fn new(limit: usize) -> Self {
        Self::with_room(limit, MARK_BYTES, None)
    }

    /// Makes an empty excerpt whose line about what is missing names the file that has it all; `limit` is 1344 at the least.
    /// Where a text is cut does not depend on the path.
    pub(crate) fn pointing_at(log: &'a str, limit: usize) -> Self {
        let room = MARK_BYTES + LOG_BYTES;
        let log = &log[..log.floor_char_boundary(LOG_BYTES)];
        Self::with_room(limit.max(LEAST_BYTES + room), room, Some(log))
    }

    fn with_room(limit: usize, room: usize, log: Option<&'a str>) -> Self {
        let limit = limit.max(LEAST_BYTES);
        let half = (limit - room) / 2;
        Self { head: String::new(), tail: String::new(), limit, half, dropped: 0, log }
    }

    /// Cuts a whole text to at most `limit` bytes, or to 256 when the limit is less.
    pub(crate) fn of(text: &str, limit: usize) -> String {
        let mut excerpt = Excerpt::new(limit);
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
        // More than the limit makes can never be kept whole, so the beginning of it need not be kept at all.
        let surplus = rest.len().saturating_sub(self.limit);
        if surplus > 0 {
            let start = rest.ceil_char_boundary(surplus);
            self.dropped += self.tail.len() + start;
            self.tail.clear();
            rest = &rest[start..];
        }
        self.tail.push_str(rest);
        if self.tail.len() > 2 * self.limit {
            self.shorten_tail();
        }
    }

    /// Returns the text; what was dropped is replaced by a line that gives its size.
    pub(crate) fn finish(mut self) -> String {
        if self.dropped > 0 || self.head.len() + self.tail.len() > self.limit {
            self.shorten_tail();
        }
        let mut text = self.head;
        if self.dropped > 0 {
            text.push_str(&match self.log {
                Some(log) => format!("{CUT}{} bytes{LOG}{log}]\n", self.dropped),
                None => format!("{CUT}{} bytes here]\n", self.dropped),
            });
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

    #[test]
    fn the_line_about_what_is_missing_can_name_the_whole_log() {
        let mut excerpt = Excerpt::pointing_at("shard-1/a.xml", 2000);
        excerpt.push(&"x".repeat(10_000));
        let cut = excerpt.finish();
        assert!(
            cut.len() <= 2000 && cut.contains("xx\n[minke cut 9088 bytes; full log at shard-1/a.xml]\nxx"),
            "{cut}"
        );
    }

    proptest! {
        #[test]
        fn what_was_cut_once_is_not_cut_again(
            pieces in prop::collection::vec("\\PC{0,300}", 0..20),
            again in 1_usize..400,
            limit in 0_usize..2000,
        ) {
            let mut excerpt = Excerpt::new(limit);
            pieces.iter().for_each(|piece| excerpt.push(piece));
            let once = excerpt.finish();
            let mut excerpt = Excerpt::new(limit);
            let mut rest = once.as_str();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.ceil_char_boundary(again.min(rest.len())));
                excerpt.push(piece);
                rest = after;
            }
            prop_assert_eq!(excerpt.finish(), once);
        }

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
            if whole.len() <= limit.max(LEAST_BYTES) {
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
