//! Pictures of the report, for a person to look at: below Cargo's temporary directory of this target.

use std::fs;
use std::path::Path;

use minke::report::html::{HtmlOptions, write};
use sha2::{Digest, Sha256};

use crate::browser::{Look, Page};
use crate::runs::everything;

/// Set, it lets the README's pictures be made anew.
const UPDATE: &str = "MINKE_UPDATE_PICTURES";
const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.png");
const TIMELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/timeline.png");

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
fn the_readme_has_pictures_of_the_report_as_it_is() {
    let html = write(&everything(), &HtmlOptions::default()).unwrap();
    if std::env::var_os(UPDATE).is_some() {
        let mut page = Page::open(&html, Look { height: 1080, ..Look::default() });
        fs::write(REPORT, marked(page.picture(), &html)).unwrap();
        fs::write(TIMELINE, marked(page.picture_of("#timeline"), &html)).unwrap();
    }
    for path in [REPORT, TIMELINE] {
        let picture = fs::read(path).unwrap();
        assert!(
            size(&picture).0 > 1000 && picture.len() < 300_000,
            "{path}: {:?}, {} bytes",
            size(&picture),
            picture.len()
        );
        let is_of_today = picture.ends_with(&[&mark(&html)[..], END].concat());
        assert!(is_of_today, "{path} shows another report: look at the new one, made with {UPDATE}=1");
    }
}

/// The chunk that ends every PNG: <https://www.w3.org/TR/png/#11IEND>.
const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";

/// Puts a mark of the document that a picture shows before the picture's end.
fn marked(picture: Vec<u8>, html: &str) -> Vec<u8> {
    [picture.strip_suffix(END).unwrap(), &mark(html), END].concat()
}

/// Makes a chunk with a text, of which every program that shows pictures knows that it is none of its business:
/// <https://www.w3.org/TR/png/#11tEXt>.
fn mark(html: &str) -> Vec<u8> {
    let hash: String = Sha256::digest(html).iter().map(|byte| format!("{byte:02x}")).collect();
    let chunk = format!("tEXtSource\0{hash}").into_bytes();
    let length = u32::try_from(chunk.len() - 4).unwrap();
    [&length.to_be_bytes()[..], &chunk, &checksum(&chunk).to_be_bytes()].concat()
}

/// <https://www.w3.org/TR/png/#D-CRCAppendix>
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
