//! What tests and containers wrote: how much of it the report holds, and how it is shown.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use super::HtmlOptions;
use super::colours::to_html;
use super::text::cut;
use super::words::grouped;
use crate::model::OutputFile;

/// How many bytes of text the report has room for, before they are escaped.
const ROOM: usize = 2_500_000;
/// The most that is kept of one text, in bytes.
const MOST: usize = 200_000;
/// The least that is kept of one text, in bytes.
const LEAST: usize = 600;
/// How much of the end of a log is shown, in bytes.
const LOG_TAIL: u64 = 8_192;

/// How long a text of the report may be, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit(usize);

impl Limit {
    /// Works out the limit under which texts of these lengths fit into the report together: short ones are kept whole, and
    /// what they leave is shared by the long ones.
    pub(super) fn of_lengths(mut lengths: Vec<usize>) -> Self {
        lengths.sort_unstable();
        let mut room = ROOM;
        for (place, length) in lengths.iter().enumerate() {
            let share = room / (lengths.len() - place);
            if *length > share {
                return Self(share.clamp(LEAST, MOST));
            }
            room -= length;
        }
        Self(MOST)
    }

    /// Writes a text as HTML, with its colours, without its middle if it is too long.
    pub(super) fn html(self, text: &str) -> String {
        let cut = cut(text.trim_end(), self.0);
        if cut.missing == 0 {
            return to_html(cut.head);
        }
        let missing = grouped(cut.missing);
        let mark = format!("\n<span class=\"cut\">[{missing} bytes are left out here]</span>\n");
        format!("{}{mark}{}", to_html(cut.head), to_html(cut.tail))
    }
}

/// Reads the last lines of a spooled stream as HTML; `None` when there are none, or they cannot be read.
pub(super) fn end_of_log(file: &OutputFile, options: &HtmlOptions) -> Option<String> {
    let relative = Path::new(&file.path);
    let is_inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if file.path.is_empty() || !is_inside {
        return None;
    }
    let mut log = File::open(options.run_dir.as_ref()?.join(relative)).ok()?;
    let length = log.metadata().ok().filter(|found| found.is_file())?.len();
    let skipped = length.saturating_sub(LOG_TAIL);
    log.seek(SeekFrom::Start(skipped)).ok()?;
    let mut bytes = Vec::new();
    log.take(LOG_TAIL).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = if skipped > 0 { text.split_once('\n').map_or(&*text, |(_, whole_lines)| whole_lines) } else { &text };
    if text.trim().is_empty() {
        return None;
    }
    let mark = match skipped {
        0 => String::new(),
        _ => format!("<span class=\"cut\">[the last lines of {} bytes]</span>\n", grouped(length as usize)),
    };
    Some(mark + &to_html(text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_short_texts_leave_is_shared_by_the_long_ones() {
        assert_eq!(Limit::of_lengths(vec![10, 20]).0, MOST);
        let limit = Limit::of_lengths([vec![100; 1000], vec![1_000_000; 24]].concat());
        assert_eq!(limit.0, (ROOM - 100_000) / 24);
        assert_eq!(Limit::of_lengths(vec![10_000; 100_000]).0, LEAST);
    }

    #[test]
    fn a_long_text_says_how_much_is_missing() {
        let html = Limit(600).html(&"x\n".repeat(10_000));
        assert!(html.contains("bytes are left out here]"), "{html}");
        assert!(html.len() < 800);
    }
}
