//! Fits text into columns by the width that a terminal gives it.

/// How many columns the lines of minke's own making have at most.
pub(crate) const PAGE_WIDTH: usize = 80;

const GAP: &str = "...";

/// Returns how many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    console::measure_text_width(text)
}

/// Cuts a text at its end if it takes more columns than `limit`.
pub(crate) fn shorten_end(text: &str, limit: usize) -> String {
    if sum(text.chars()) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(GAP.len()) else {
        return take(text.chars(), limit);
    };
    take(text.chars(), room) + GAP
}

/// Cuts a text in its middle if it takes more columns than `limit`; the end keeps the larger part, since the end of a
/// path says most.
pub(crate) fn shorten_middle(text: &str, limit: usize) -> String {
    if sum(text.chars()) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(GAP.len()) else {
        return take(text.chars(), limit);
    };
    let head = take(text.chars(), room / 3);
    let tail = take(text.chars().rev(), room - room / 3);
    head + GAP + &tail.chars().rev().collect::<String>()
}

/// Breaks a text into lines of at most `limit` columns at its spaces; a longer word has a line for itself.
pub(crate) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && width(&line) + 1 + width(word) > limit {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

/// Takes characters until `limit` columns are full.
fn take(characters: impl Iterator<Item = char>, limit: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|&character| {
            used += sum(std::iter::once(character));
            used <= limit
        })
        .collect()
}

/// Adds up the columns of single characters: never less than what a terminal gives the whole.
fn sum(characters: impl Iterator<Item = char>) -> usize {
    characters.map(|character| width(character.encode_utf8(&mut [0; 4]))).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_that_fits_is_left_alone() {
        assert_eq!(shorten_middle("tests/a.py", 10), "tests/a.py");
        assert_eq!(shorten_end("tests/a.py", 10), "tests/a.py");
    }

    #[test]
    fn the_middle_gives_way_first() {
        assert_eq!(shorten_middle("tests/very/deep/test_login.py", 20), "tests...est_login.py");
        assert_eq!(shorten_middle("abcdef", 2), "ab");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(shorten_end("試験試験試験", 9), "試験試...");
        assert_eq!(width(&shorten_middle("試験試験試験試験", 10)), 9);
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three\nfour", 8), ["one two", "three", "four"]);
        assert_eq!(wrap("a_word_of_twenty_chrs b", 5), ["a_word_of_twenty_chrs", "b"]);
    }

    proptest! {
        #[test]
        fn a_shortened_text_fits(text in "\\PC{0,40}", limit in 0_usize..30) {
            prop_assert!(sum(shorten_middle(&text, limit).chars()) <= limit);
            prop_assert!(sum(shorten_end(&text, limit).chars()) <= limit);
        }
    }
}
