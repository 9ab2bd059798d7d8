//! Tells XML files of another kind from reports.

use std::fs::File;
use std::path::Path;

use crate::report::junit::decode::Input;
use crate::report::junit::markup::name;
use crate::report::junit::reader::ReadLimits;
use crate::report::junit::tokens::{Token, Tokens};

/// Any of these elements, wherever it stands, makes a file a report.
const OF_REPORTS: [&str; 3] = ["testsuites", "testsuite", "testcase"];

/// Returns the name of a file's root element if the file is whole and well-formed, and nothing of a report is in it. `None`
/// is a report, or a file that may have been one.
pub fn root_of_another_kind(path: &Path) -> Option<String> {
    let limits = ReadLimits::default();
    let mut tokens = Tokens::new(File::open(path).ok()?, u64::MAX, limits.text_bytes);
    let mut root = None;
    let mut depth = 0_usize;
    while let Some(token) = tokens.next() {
        match token {
            Token::Start { tag, empty } => {
                let name = name(tag);
                let local_name = name.split_once(':').map_or(name, |(_, local)| local);
                let is_of_report = OF_REPORTS.iter().any(|name| name.eq_ignore_ascii_case(local_name));
                if is_of_report || depth >= limits.depth || (depth == 0 && root.is_some()) {
                    return None;
                }
                root.get_or_insert_with(|| name.to_owned());
                depth += usize::from(!empty);
            }
            Token::End => depth = depth.checked_sub(1)?,
            Token::Text(piece) if depth == 0 && !piece.text.bytes().all(|byte| byte.is_ascii_whitespace()) => {
                return None;
            }
            Token::Text(_) | Token::Cdata(_) => {}
        }
    }
    let remarks = tokens.remarks();
    let is_whole = match tokens.input().0 {
        Input::Open | Input::Ended => depth == 0 && !remarks.cut_token && remarks.not_xml.is_none(),
        Input::TooLong | Input::Failed(_) => false,
    };
    root.filter(|_| is_whole)
}
