//! The document while it is made, and how much room is left in it.

use super::MarkdownOptions;
use super::text::code;

/// Room that is kept for the lines which count what was left out: one for a section, each with a path.
const MARGIN: usize = 12 * 1024;

/// A document of a bounded length.
pub(super) struct Page<'a> {
    text: String,
    limit: usize,
    pub(super) options: &'a MarkdownOptions,
}

impl<'a> Page<'a> {
    pub(super) fn new(options: &'a MarkdownOptions) -> Self {
        Self { text: String::new(), limit: 0, options }
    }

    /// Lets the document grow to `limit` bytes.
    pub(super) fn allow(&mut self, limit: usize) {
        self.limit = limit.saturating_sub(MARGIN);
    }

    /// Adds a part behind a blank line if there is room for it, and tells whether there was.
    pub(super) fn add(&mut self, part: &str) -> bool {
        let has_room = self.text.len() + 1 + part.len() <= self.limit;
        if has_room {
            self.push(part);
        }
        has_room
    }

    /// Adds a heading and the first `most` parts below it that there is room for, and says how many further ones `whole`, a
    /// file of the run's directory, has.
    pub(super) fn add_section<I>(&mut self, heading: &str, parts: I, most: usize, noun: &str, whole: &str)
    where
        I: IntoIterator<Item = String, IntoIter: ExactSizeIterator>,
    {
        let parts = parts.into_iter();
        if parts.len() == 0 {
            return;
        }
        self.push(&format!("### {heading}\n"));
        let total = parts.len();
        let mut left_out = total;
        for part in parts.take(most) {
            if self.add(&part) {
                left_out -= 1;
            }
        }
        if left_out > 0 {
            let more = if left_out == total { "" } else { "more " };
            let s = if left_out == 1 { "" } else { "s" };
            self.push(&format!("{left_out} {more}{noun}{s}, see {}.\n", self.place(whole)));
        }
    }

    /// Writes the path of a file of the run's directory.
    pub(super) fn place(&self, file: &str) -> String {
        code(&self.options.run_dir.join(file).display().to_string())
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Adds a part behind a blank line, or right behind the one before where both are items of a list.
    fn push(&mut self, part: &str) {
        let is_item = part.starts_with("- ");
        let after_item = self.text.lines().next_back().is_some_and(|line| line.starts_with("- "));
        let is_next_item = is_item && after_item;
        if !self.text.is_empty() && !is_next_item {
            self.text.push('\n');
        }
        self.text.push_str(part);
    }
}
