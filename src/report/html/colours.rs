//! What a terminal would show, as HTML: colours and styles stay, everything else that drives a terminal goes.
//!
//! Sequences: ECMA-48, sections 5.4 and 8.3.117 (SGR); 256 and true colours as in `ctlseqs` of xterm.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use super::contrast::{DARK_PANEL, LIGHT_PANEL, Rgb, farthest, readable_on};
use super::text::push_visible;

/// The most parameters that are read of one sequence.
const PARAMETERS: usize = 64;

/// The sixteen named colours on a coloured background, where no theme can choose them.
const NAMED: [Rgb; 16] = [
    (0, 0, 0),
    (170, 0, 0),
    (0, 128, 0),
    (150, 90, 0),
    (0, 60, 190),
    (150, 0, 150),
    (0, 125, 140),
    (190, 190, 190),
    (100, 100, 100),
    (255, 100, 90),
    (90, 220, 90),
    (245, 215, 80),
    (110, 160, 255),
    (235, 130, 235),
    (90, 220, 230),
    (255, 255, 255),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Named(u8),
    Exact(Rgb),
}

/// How the next character looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Look {
    text: Option<Colour>,
    background: Option<Colour>,
    bold: bool,
    faint: bool,
    italic: bool,
    underlined: bool,
    inverse: bool,
    struck: bool,
}

/// Writes a text as HTML: escaped, in spans for its colours.
pub(super) fn to_html(text: &str) -> String {
    let mut writer = Writer { html: String::with_capacity(text.len() + text.len() / 8), open: Look::default() };
    let mut look = Look::default();
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            writer.html.push('\n');
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.contains('\r') {
            // Of a line that was drawn several times over, such as a progress bar, the first and the last are kept.
            let mut drawings = line.split('\r').filter(|drawing| !drawing.is_empty());
            if let Some(first) = drawings.next() {
                write_stretch(&mut writer, &mut look, first);
            }
            if let Some(last) = drawings.next_back() {
                writer.html.push('\n');
                write_stretch(&mut writer, &mut look, last);
            }
        } else {
            write_stretch(&mut writer, &mut look, line);
        }
    }
    writer.look(Look::default());
    writer.html
}

/// Writes text without line ends; a sequence that is never closed takes no more with it.
fn write_stretch(writer: &mut Writer, look: &mut Look, stretch: &str) {
    let mut rest = stretch.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => escape(look, &mut rest),
            '\u{9b}' => control(look, &mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut rest),
            _ => writer.character(character, *look),
        }
    }
}

fn escape(look: &mut Look, rest: &mut Peekable<Chars>) {
    match rest.next() {
        Some('[') => control(look, rest),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(rest),
        // Intermediate bytes, of which the last one is followed by one more.
        Some(' '..='/') => {
            while rest.next_if(|&c| matches!(c, ' '..='/')).is_some() {}
            rest.next();
        }
        Some(_) | None => {}
    }
}

/// Reads a control sequence and obeys it if it sets the look.
fn control(look: &mut Look, rest: &mut Peekable<Chars>) {
    let mut parameters = String::new();
    while let Some(character) = rest.next_if(|&c| matches!(c, '0'..='?')) {
        parameters.push(character);
    }
    let mut has_intermediate = false;
    while rest.next_if(|&c| matches!(c, ' '..='/')).is_some() {
        has_intermediate = true;
    }
    let last = rest.next_if(|&c| matches!(c, '@'..='~'));
    let is_private = parameters.starts_with(['<', '=', '>', '?']);
    if last == Some('m') && !has_intermediate && !is_private {
        set(look, &parameters);
    }
}

fn skip_string(rest: &mut Peekable<Chars>) {
    while let Some(character) = rest.next() {
        match character {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' if rest.next_if_eq(&'\\').is_some() => return,
            _ => {}
        }
    }
}

/// Obeys the parameters of one SGR sequence.
fn set(look: &mut Look, parameters: &str) {
    let mut rest = parameters.split(';').take(PARAMETERS);
    while let Some(parameter) = rest.next() {
        let mut parts = parameter.split(':');
        let code = number(parts.next().unwrap_or_default());
        match code {
            0 => *look = Look::default(),
            1 => look.bold = true,
            2 => look.faint = true,
            3 => look.italic = true,
            4 => look.underlined = parts.next() != Some("0"),
            21 => look.underlined = true,
            7 => look.inverse = true,
            9 => look.struck = true,
            22 => (look.bold, look.faint) = (false, false),
            23 => look.italic = false,
            24 => look.underlined = false,
            27 => look.inverse = false,
            29 => look.struck = false,
            30..=37 => look.text = named(code - 30),
            90..=97 => look.text = named(code - 90 + 8),
            39 => look.text = None,
            40..=47 => look.background = named(code - 40),
            100..=107 => look.background = named(code - 100 + 8),
            49 => look.background = None,
            38 | 48 | 58 => {
                let colour = if parameter.contains(':') { colour_of_parts(parts) } else { colour(&mut rest) };
                match code {
                    38 => look.text = colour.or(look.text),
                    48 => look.background = colour.or(look.background),
                    // An underline of a colour of its own is an underline.
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// Reads `5;N` or `2;R;G;B`.
fn colour<'a>(parameters: &mut impl Iterator<Item = &'a str>) -> Option<Colour> {
    match number(parameters.next()?) {
        5 => indexed(number(parameters.next()?)),
        2 => exact([parameters.next()?, parameters.next()?, parameters.next()?]),
        _ => None,
    }
}

/// Reads `5:N`, `2:R:G:B` or `2:SPACE:R:G:B`.
fn colour_of_parts<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Colour> {
    let kind = number(parts.next()?);
    let rest: Vec<&str> = parts.take(6).collect();
    match (kind, rest.as_slice()) {
        (5, [index, ..]) => indexed(number(index)),
        (2, [red, green, blue]) | (2, [_, red, green, blue, ..]) => exact([red, green, blue]),
        _ => None,
    }
}

fn number(text: &str) -> u16 {
    if text.is_empty() { 0 } else { text.parse().unwrap_or(u16::MAX) }
}

fn named(index: u16) -> Option<Colour> {
    u8::try_from(index).ok().map(Colour::Named)
}

fn exact(channels: [&str; 3]) -> Option<Colour> {
    let [red, green, blue] = channels.map(|channel| u8::try_from(number(channel)).ok());
    Some(Colour::Exact((red?, green?, blue?)))
}

/// Returns a colour of xterm's 256: the named ones, a cube of 6 x 6 x 6, and a ramp of greys.
fn indexed(index: u16) -> Option<Colour> {
    let index = u8::try_from(index).ok()?;
    Some(match index {
        0..16 => Colour::Named(index),
        16..232 => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let place = index - 16;
            Colour::Exact((level(place / 36), level(place / 6 % 6), level(place % 6)))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            Colour::Exact((grey, grey, grey))
        }
    })
}

fn rgb(colour: Colour) -> Rgb {
    match colour {
        Colour::Named(index) => NAMED[usize::from(index) % NAMED.len()],
        Colour::Exact(rgb) => rgb,
    }
}

struct Writer {
    html: String,
    open: Look,
}

impl Writer {
    fn character(&mut self, character: char, look: Look) {
        if look != self.open {
            self.look(look);
        }
        match character {
            '&' => self.html.push_str("&amp;"),
            '<' => self.html.push_str("&lt;"),
            '>' => self.html.push_str("&gt;"),
            '"' => self.html.push_str("&quot;"),
            _ => push_visible(&mut self.html, character),
        }
    }

    /// Closes the open span, and opens one if the look needs it.
    fn look(&mut self, look: Look) {
        if self.open != Look::default() {
            self.html.push_str("</span>");
        }
        self.open = look;
        if look == Look::default() {
            return;
        }
        let mut classes = Vec::new();
        for (is_set, class) in
            [(look.bold, "b"), (look.italic, "i"), (look.underlined, "u"), (look.struck, "s"), (look.faint, "d")]
        {
            if is_set {
                classes.push(class.to_owned());
            }
        }
        let mut style = String::new();
        match (look.text, look.background, look.inverse) {
            (text, Some(background), false) => on_background(&mut style, text, background),
            (Some(text), background, true) => on_background(&mut style, background, text),
            (None, Some(background), true) => themed(&mut classes, &mut style, background),
            (None, None, true) => classes.push("v".to_owned()),
            (Some(text), None, false) => themed(&mut classes, &mut style, text),
            (None, None, false) => {}
        }
        self.html.push_str("<span");
        if !classes.is_empty() {
            let _ = write!(self.html, " class=\"{}\"", classes.join(" "));
        }
        if !style.is_empty() {
            let _ = write!(self.html, " style=\"{style}\"");
        }
        self.html.push('>');
    }
}

/// Adds a colour of the text alone, which each theme shows in its own way.
fn themed(classes: &mut Vec<String>, style: &mut String, colour: Colour) {
    match colour {
        Colour::Named(index) => classes.push(format!("f{index}")),
        Colour::Exact(exact) => {
            classes.push("x".to_owned());
            let (light, dark) = (hex(readable_on(exact, LIGHT_PANEL)), hex(readable_on(exact, DARK_PANEL)));
            let _ = write!(style, "--l:{light};--d:{dark}");
        }
    }
}

fn on_background(style: &mut String, text: Option<Colour>, background: Colour) {
    let background = rgb(background);
    let text = text.map_or_else(|| farthest(background), |text| readable_on(rgb(text), background));
    let _ = write!(style, "background:{};color:{}", hex(background), hex(text));
}

fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_and_styles_become_spans() {
        for (text, html) in [
            ("\u{1b}[31mred\u{1b}[0m plain", "<span class=\"f1\">red</span> plain"),
            ("\u{1b}[1;4;92mx\u{1b}[22;24m y", "<span class=\"b u f10\">x</span><span class=\"f10\"> y</span>"),
            ("\u{1b}[3;9mx\u{1b}[m", "<span class=\"i s\">x</span>"),
            ("\u{1b}[7mx\u{1b}[27m", "<span class=\"v\">x</span>"),
            ("\u{1b}[38;5;9mx", "<span class=\"f9\">x</span>"),
            ("\u{1b}[38;5;16mx", "<span class=\"x\" style=\"--l:#000000;--d:#7f7f7f\">x</span>"),
            ("\u{1b}[38:2::200:0:0mx", "<span class=\"x\" style=\"--l:#c80000;--d:#d94f4f\">x</span>"),
            ("\u{1b}[41mx", "<span style=\"background:#aa0000;color:#ffffff\">x</span>"),
            ("\u{1b}[31;7mx", "<span style=\"background:#aa0000;color:#ffffff\">x</span>"),
            ("a\u{1b}[31mb\nc\u{1b}[39md", "a<span class=\"f1\">b\nc</span>d"),
        ] {
            assert_eq!(to_html(text), html, "{text:?}");
        }
    }

    #[test]
    fn what_else_drives_a_terminal_goes() {
        assert_eq!(to_html("a\u{1b}]0;title\u{7}b\u{1b}[2Jc\u{1b}[?25hd\u{1b}(Be\u{9b}1Af"), "abcdef");
        assert_eq!(to_html("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\ after"), "link after");
        assert_eq!(to_html("a\u{1b}]0;never closed\nb\u{1b}[3"), "a\nb");
        assert_eq!(to_html("get 1%\rget 50%\rdone\r\nnext"), "get 1%\ndone\nnext");
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(to_html("</script><b a=\"1\">&"), "&lt;/script&gt;&lt;b a=&quot;1&quot;&gt;&amp;");
    }

    proptest! {
        #[test]
        fn every_span_is_closed_and_nothing_else_is_markup(
            text in "(\\PC|\\pC|\u{1b}\\[[0-9;:]{0,12}m|\u{1b}\\]|<|\n|\r){0,80}"
        ) {
            let html = to_html(&text);
            prop_assert_eq!(html.matches("<span").count(), html.matches("</span>").count());
            prop_assert_eq!(html.matches('<').count(), 2 * html.matches("</span>").count());
            prop_assert!(html.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
        }
    }
}
