//! The few colours of the terminal's text, or none.

use anstyle::{AnsiColor, Style};

/// Whether text is coloured. The caller decides, from the terminal, `NO_COLOR` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// ANSI colours.
    On,
    /// Plain text: not one escape sequence.
    Off,
}

/// The styles by meaning; all of them empty when colours are off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    pub(crate) good: Style,
    pub(crate) bad: Style,
    pub(crate) warning: Style,
    pub(crate) heading: Style,
    pub(crate) faint: Style,
}

impl Palette {
    pub(crate) fn new(colours: Colours) -> Self {
        let plain = Style::new();
        match colours {
            Colours::Off => Self { good: plain, bad: plain, warning: plain, heading: plain, faint: plain },
            Colours::On => Self {
                good: plain.fg_color(Some(AnsiColor::Green.into())).bold(),
                bad: plain.fg_color(Some(AnsiColor::Red.into())).bold(),
                warning: plain.fg_color(Some(AnsiColor::Yellow.into())).bold(),
                heading: plain.bold(),
                faint: plain.dimmed(),
            },
        }
    }
}

/// Puts a text into a style; an empty text stays empty.
pub(crate) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colours_means_no_escape_sequences() {
        let palette = Palette::new(Colours::Off);
        for style in [palette.good, palette.bad, palette.warning, palette.heading, palette.faint] {
            assert_eq!(paint(style, "x"), "x");
        }
    }

    #[test]
    fn a_painted_text_ends_its_style() {
        assert_eq!(paint(Palette::new(Colours::On).bad, "FAIL"), "\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m");
    }
}
