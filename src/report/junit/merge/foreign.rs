//! Tells XML files of another kind from reports.

use std::fs::File;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::report::junit::decode::Input;
use crate::report::junit::reader::ReadLimits;
use crate::report::junit::tokens::Tokens;

/// Any of these elements, wherever it stands, makes a file a report.
const OF_REPORTS: [&[u8]; 3] = [b"testsuites", b"testsuite", b"testcase"];

/// Returns the name of a file's root element if the file is whole and well-formed, and nothing of a report is in it. `None`
/// is a report, or a file that may have been one.
pub fn root_of_another_kind(path: &Path) -> Option<String> {
    let limits = ReadLimits::default();
    let mut parser = Reader::from_reader(Tokens::new(File::open(path).ok()?, u64::MAX, limits.text_bytes));
    let settings = parser.config_mut();
    settings.allow_dangling_amp = true;
    settings.expand_empty_elements = true;
    let mut root = None;
    let mut depth = 0_usize;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match parser.read_event_into(&mut buffer).ok()? {
            Event::Eof => break,
            Event::Start(start) | Event::Empty(start) => {
                let local_name = start.local_name();
                let is_of_report = OF_REPORTS.iter().any(|name| name.eq_ignore_ascii_case(local_name.as_ref()));
                if is_of_report || depth >= limits.depth || (depth == 0 && root.is_some()) {
                    return None;
                }
                root.get_or_insert_with(|| String::from_utf8_lossy(start.name().as_ref()).into_owned());
                depth += 1;
            }
            Event::End(_) => depth = depth.checked_sub(1)?,
            Event::Text(text) => {
                if depth == 0 && !text.iter().all(u8::is_ascii_whitespace) {
                    return None;
                }
            }
            Event::CData(_)
            | Event::GeneralRef(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
    let tokens = parser.get_ref();
    let remarks = tokens.remarks();
    let is_whole = match tokens.input().0 {
        Input::Open | Input::Ended => depth == 0 && !remarks.cut_token && remarks.not_xml.is_none(),
        Input::TooLong | Input::Failed(_) => false,
    };
    root.filter(|_| is_whole)
}
