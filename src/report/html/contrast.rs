//! Keeps colours readable: contrast as the web's guidelines measure it.
//!
//! Formulas: <https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio> and `#dfn-relative-luminance`.

/// A colour as red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

/// The background of output in the light theme; `--panel` of the style sheet.
pub(super) const LIGHT_PANEL: Rgb = (0xf5, 0xf6, 0xf8);
/// The background of output in the dark theme; `--panel` of the style sheet.
pub(super) const DARK_PANEL: Rgb = (0x10, 0x13, 0x18);

/// The least ratio of readable text.
const READABLE: f64 = 4.5;
/// Steps from a colour to black or white.
const STEPS: u16 = 32;

/// Moves a colour towards black or white, whichever is further from the background, until it can be read on it.
pub(super) fn readable_on(colour: Rgb, background: Rgb) -> Rgb {
    let target = farthest(background);
    (0..=STEPS)
        .map(|step| mixed(colour, target, step))
        .find(|&mixed| ratio(mixed, background) >= READABLE)
        .unwrap_or(target)
}

/// Returns black or white, whichever is further from a colour.
pub(super) fn farthest(colour: Rgb) -> Rgb {
    let (black, white) = ((0, 0, 0), (255, 255, 255));
    if ratio(black, colour) >= ratio(white, colour) { black } else { white }
}

fn mixed(from: Rgb, to: Rgb, step: u16) -> Rgb {
    let part = |from: u8, to: u8| {
        let sum = u16::from(from) * (STEPS - step) + u16::from(to) * step;
        u8::try_from(sum / STEPS).unwrap_or(u8::MAX)
    };
    (part(from.0, to.0), part(from.1, to.1), part(from.2, to.2))
}

fn ratio(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance((red, green, blue): Rgb) -> f64 {
    let linear = |channel: u8| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_panels_are_those_of_the_style_sheet() {
        let style = include_str!("style.css");
        for (red, green, blue) in [LIGHT_PANEL, DARK_PANEL] {
            assert!(style.contains(&format!("--panel: #{red:02x}{green:02x}{blue:02x};")));
        }
    }

    #[test]
    fn black_on_white_is_the_most() {
        assert!((ratio((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 1e-9);
        assert_eq!(readable_on((10, 20, 30), LIGHT_PANEL), (10, 20, 30), "what can be read stays as it is");
    }

    proptest! {
        #[test]
        fn every_colour_can_be_read_on_every_background(colour: Rgb, background: Rgb) {
            prop_assert!(ratio(readable_on(colour, background), background) >= READABLE);
        }
    }
}
