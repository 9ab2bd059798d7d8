//! Foreign text in Markdown: as code, which nothing in it can end.

use crate::report::terminal::clean::clean_name;

/// The most bytes of a text within a line.
const SPAN_BYTES: usize = 1024;

/// Writes a text as a code span: one line of at most about 1 KiB, in which every character stands for itself.
pub(super) fn code(text: &str) -> String {
    let name = clean_name(text);
    let name = name.trim();
    let cut = &name[..name.floor_char_boundary(SPAN_BYTES)];
    if cut.is_empty() {
        return "(no name)".to_owned();
    }
    let fence = "`".repeat(longest_run(cut) + 1);
    let pad = if cut.starts_with('`') || cut.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{cut}{pad}{fence}")
}

/// Writes lines as a fenced block, whose fence is longer than any row of backticks in it. `language` is one of ours.
pub(super) fn block<'a>(language: &str, lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<&str> = lines.into_iter().collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let mut text = format!("{fence}{language}\n");
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text + &fence + "\n"
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_fenced_by_more_backticks_than_it_has() {
        assert_eq!(code("tests/a.py"), "`tests/a.py`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`quoted`"), "`` `quoted` ``");
    }

    #[test]
    fn a_span_is_one_short_line() {
        assert_eq!(code("a\nb\t\u{1b}[31mc\r\n"), "`a b c`");
        assert_eq!(code(" \n"), "(no name)");
        // Characters without a width are not bounded by columns.
        assert!(code(&"e\u{301}".repeat(9000)).len() <= SPAN_BYTES + 2);
    }

    #[test]
    fn a_block_is_fenced_by_more_backticks_than_it_has() {
        assert_eq!(block("text", ["a", "b"]), "```text\na\nb\n```\n");
        assert_eq!(block("text", ["````", "<b>"]), "`````text\n````\n<b>\n`````\n");
    }
}
