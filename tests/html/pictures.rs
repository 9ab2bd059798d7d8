//! Pictures of the report, for a person to look at: below Cargo's temporary directory of this target.

use std::fs;
use std::path::Path;

use minke::report::html::{HtmlOptions, write};

use crate::browser::{Look, Page};
use crate::runs::everything;

/// Set, it lets the README's picture be made anew.
const UPDATE: &str = "MINKE_UPDATE_PICTURES";
const README_PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.png");

/// Reads the size of a PNG from its first chunk: <https://www.w3.org/TR/png/#11IHDR>.
fn size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn pictures_are_taken_in_both_themes_and_widths() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-pictures");
    fs::create_dir_all(&folder).unwrap();
    let mut page = Page::open(&write(&everything(), &HtmlOptions::default()).unwrap(), Look::default());
    let mut pictures = Vec::new();
    for theme in ["light", "dark"] {
        for width in [400, 1400] {
            page.look(Look { width, theme, ..Look::default() });
            let height = page.eval("document.documentElement.scrollHeight").as_u64().unwrap();
            page.look(Look { width, height: u32::try_from(height).unwrap(), theme, ..Look::default() });
            let picture = page.picture();
            assert_eq!(size(&picture), (width, u32::try_from(height).unwrap()));
            fs::write(folder.join(format!("{theme}-{width}.png")), &picture).unwrap();
            pictures.push(picture);
        }
    }
    assert!(pictures[0] != pictures[2] && pictures[1] != pictures[3], "the themes differ");
}

#[test]
fn the_readme_has_a_picture() {
    if std::env::var_os(UPDATE).is_some() {
        let look = Look { height: 1080, ..Look::default() };
        let picture = Page::open(&write(&everything(), &HtmlOptions::default()).unwrap(), look).picture();
        fs::write(README_PICTURE, picture).unwrap();
    }
    let picture = fs::read(README_PICTURE).unwrap();
    assert_eq!(size(&picture).0, 1400);
    assert!(picture.len() < 300_000, "{} bytes", picture.len());
}
