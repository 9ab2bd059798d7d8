//! Makes text that a test wrote fit to be shown: it may say anything, and must not drive the terminal.

use super::fit::shorten_end;
use super::palette::Colours;
use crate::report::ansi::strip_sequences;

/// The longest line of foreign text that is shown, in columns.
pub(crate) const LONGEST_LINE: usize = 400;

/// The longest parameters of a colour, in bytes: 38;2;255;255;255 for both colours and some attributes fit.
const LONGEST_COLOUR: usize = 64;

/// Takes out what would drive a terminal: escape sequences, control characters other than `\n` and `\t`, and the
/// invisible characters that turn the direction of writing.
///
/// A lone carriage return becomes a line end, so that what a progress bar overwrote stays readable.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            clean.push('\n');
        }
        // Line by line, so that an escape sequence without an end swallows one line at most.
        let line = line.strip_suffix('\r').unwrap_or(line);
        for (part_number, part) in line.split('\r').enumerate() {
            if part_number > 0 {
                clean.push('\n');
            }
            clean.extend(strip_sequences(part).chars().filter(|&character| is_harmless(character)));
        }
    }
    clean
}

/// Cleans a line of output for being shown, and keeps its colours (SGR sequences) if asked to; they end with the line.
///
/// A lone carriage return makes several lines of it, as [`clean`] does.
pub(crate) fn clean_line(line: &str, colours: Colours) -> Vec<String> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let parts = line.split('\r').enumerate().filter(|(number, part)| *number == 0 || !part.is_empty());
    parts
        .map(|(_, part)| match colours {
            Colours::On => clean_but_colours(part),
            Colours::Off => clean(part),
        })
        .collect()
}

fn clean_but_colours(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    let (mut rest, mut is_coloured) = (part, false);
    while let Some((before, sequence, after)) = next_colour(rest) {
        text.push_str(&clean(before));
        text.push_str(sequence);
        is_coloured = true;
        rest = after;
    }
    text.push_str(&clean(rest));
    if is_coloured { text + "\u{1b}[0m" } else { text }
}

/// Finds the first SGR sequence: what stands before it, itself, and what follows.
fn next_colour(text: &str) -> Option<(&str, &str, &str)> {
    const BEGIN: &str = "\u{1b}[";
    for (at, _) in text.match_indices(BEGIN) {
        let parameters = &text[at + BEGIN.len()..];
        let length = parameters.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')).count();
        if length <= LONGEST_COLOUR && parameters[length..].starts_with('m') {
            let end = at + BEGIN.len() + length + 1;
            return Some((&text[..at], &text[at..end], &text[end..]));
        }
    }
    None
}

/// Cleans a text that has to stay on one line, such as a path: line ends and tabs become spaces.
pub(crate) fn clean_name(text: &str) -> String {
    let name: String = clean(text).chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }).collect();
    shorten_end(&name, LONGEST_LINE)
}

/// Returns the first line of a text that is not blank, cleaned; empty when there is none.
pub(crate) fn first_line(text: &str) -> String {
    let clean = clean(text);
    let line = clean.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    shorten_end(line, LONGEST_LINE)
}

/// Returns the last lines of a text, cleaned and without blank lines at either end, and how many lines come before.
pub(crate) fn last_lines(text: &str, limit: usize) -> (usize, Vec<String>) {
    let clean = clean(text);
    let lines: Vec<&str> = clean.lines().map(str::trim_end).collect();
    let Some(first) = lines.iter().position(|line| !line.is_empty()) else {
        return (0, Vec::new());
    };
    let last = lines.iter().rposition(|line| !line.is_empty()).unwrap_or(first);
    let lines = &lines[first..=last];
    let hidden = lines.len().saturating_sub(limit);
    (hidden, lines[hidden..].iter().map(|line| shorten_end(line, LONGEST_LINE)).collect())
}

/// Tells whether a terminal shows the character and does nothing else with it.
fn is_harmless(character: char) -> bool {
    let turns_direction =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends_line = matches!(character, '\u{2028}' | '\u{2029}');
    character == '\t' || !(character.is_control() || turns_direction || ends_line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_titles_and_cursor_moves_are_taken_out() {
        assert_eq!(clean("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}x\u{1b}[2J\u{1b}[1Ay"), "red xy");
    }

    #[test]
    fn a_sequence_without_an_end_swallows_no_other_line() {
        assert_eq!(clean("a\u{1b}]0;never ends\nb\u{1b}Pdevice\nc"), "a\nb\nc");
    }

    #[test]
    fn control_characters_and_direction_marks_are_taken_out() {
        assert_eq!(clean("a\0b\u{7}c\u{8}d\u{9b}e\u{202e}f\tg\u{7f}"), "abcdef\tg");
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line() {
        assert_eq!(clean("10%\r20%\r\ndone\r\n"), "10%\n20%\ndone\n");
    }

    #[test]
    fn colours_stay_where_they_are_wanted_and_end_with_the_line() {
        let line = "\u{1b}[2J\u{1b}[1;31mred\u{1b}]0;title\u{7} \u{1b}[38:5:9mx\u{1b}[5A\r";
        assert_eq!(clean_line(line, Colours::On), ["\u{1b}[1;31mred \u{1b}[38:5:9mx\u{1b}[0m"]);
        assert_eq!(clean_line(line, Colours::Off), ["red x"]);
        assert_eq!(clean_line("10%\r\u{1b}[32m20%\r", Colours::On), ["10%", "\u{1b}[32m20%\u{1b}[0m"]);
        assert_eq!(clean_line("", Colours::On), [""]);
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(clean_name("a\nb\tc"), "a b c");
    }

    #[test]
    fn the_first_line_is_not_blank() {
        assert_eq!(first_line("\n  \n  assert 1 == 2\nmore"), "assert 1 == 2");
        assert_eq!(first_line(" \n"), "");
    }

    #[test]
    fn the_last_lines_come_without_blank_ends() {
        assert_eq!(last_lines("\n\na\n b\nc\n\n", 2), (1, vec![" b".to_owned(), "c".to_owned()]));
        assert_eq!(last_lines("\n \n", 2), (0, vec![]));
    }

    proptest! {
        #[test]
        fn nothing_that_drives_a_terminal_is_left(text in "(\\PC|\\pC|\u{1b}\\[|\u{1b}\\]){0,60}") {
            let cleaned = clean(&text);
            prop_assert!(cleaned.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
        }

        #[test]
        fn nothing_but_colours_drives_a_terminal(text in "([0-9;m]|\\PC|\\pC|\u{1b}\\[|\u{1b}\\[3[0-9]m|\u{1b}\\]|\r){0,60}") {
            for line in clean_line(&text.replace('\n', ""), Colours::On) {
                let mut rest = line.as_str();
                let mut plain = String::new();
                while let Some((before, _, after)) = next_colour(rest) {
                    plain.push_str(before);
                    rest = after;
                }
                plain.push_str(rest);
                prop_assert!(plain.chars().all(|c| c == '\t' || !c.is_control()), "{:?}", line);
                prop_assert!(!line.contains('\u{1b}') || line.ends_with("\u{1b}[0m"), "{:?}", line);
            }
        }
    }
}
