//! The line of the project that a failing case is about.

use crate::model::{Case, RunState, split_part};
use crate::report::junit::locate;

/// A file of the project, and a line of it as an editor counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: Option<u32>,
}

/// Finds the place of a case: the last line of its unit that the traceback names, else the line that the framework gave.
pub(super) fn of_case(case: &Case, unit: &str, state: &RunState) -> Place {
    let work_dir = state.plan().and_then(|plan| plan.work_dir.as_deref());
    let unit = split_part(unit).0;
    let told = locate(case.file.as_deref(), case.line, unit, work_dir);
    let text = case.worst_finding().map_or("", |finding| finding.text.as_str());
    let is_own = |file: &str| {
        let file = locate(Some(file), Some(0), unit, work_dir);
        file.line.is_some() && (file.file == told.file || file.file == unit)
    };
    if let Some((_, line)) = text.lines().rev().filter_map(mentioned).find(|(file, _)| is_own(file)) {
        let file = if told.file == unit { told.file } else { unit.to_owned() };
        return Place { file, line: Some(line) };
    }
    Place { file: told.file, line: told.line }
}

/// Reads a file and its line from a line of a traceback: `a/b.py:12: Error`, `File "a/b.py", line 12`, `(a/b.js:12:3)`.
fn mentioned(line: &str) -> Option<(&str, u32)> {
    if let Some((_, rest)) = line.split_once("File \"") {
        let (file, rest) = rest.split_once("\", line ")?;
        return Some((file, leading_number(rest)?));
    }
    line.split([' ', '\t', '(', ')', '\'', '"', '`']).find_map(|word| {
        let (file, rest) = word.split_once(':')?;
        let has_extension = file.rsplit('/').next()?.contains('.');
        has_extension.then_some(())?;
        Some((file, leading_number(rest)?))
    })
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::mentioned;

    #[test]
    fn tracebacks_of_each_language_are_read() {
        for (line, place) in [
            ("tests/shop.py:12: AssertionError", Some(("tests/shop.py", 12))),
            ("  File \"tests/shop.py\", line 7, in test_a", Some(("tests/shop.py", 7))),
            ("    at Context.<anonymous> (test/a.js:3:14)", Some(("test/a.js", 3))),
            ("features/a.feature:5:in `I pay'", Some(("features/a.feature", 5))),
            ("./spec/a_spec.rb:9:in `block'", Some(("./spec/a_spec.rb", 9))),
            ("at 12:30 it said no", None),
            ("localhost:5432 refused", None),
            ("E   assert 1 == 2", None),
        ] {
            assert_eq!(mentioned(line), place, "{line}");
        }
    }
}
