//! What `prove --state=save` keeps: for each script whether prove calls it good, which its TAP alone does not tell.
//!
//! Format: the YAML that `TAP::Parser::YAMLish::Writer` writes, <https://metacpan.org/pod/App::Prove::State>.

use std::io::Read;

use crate::model::{Case, Finding, FindingKind, ReportFile, ReportProblem};

/// How much of the file is read.
const FILE_BYTES: u64 = 64 << 20;

/// Reads the state into a case for each script, named by its path, which has failed when prove says so.
pub fn read(path: &str, input: impl Read) -> ReportFile {
    let mut bytes = Vec::new();
    let mut problems = Vec::new();
    if let Err(error) = input.take(FILE_BYTES).read_to_end(&mut bytes) {
        problems.push(ReportProblem::Malformed { detail: error.to_string() });
    }
    let text = String::from_utf8_lossy(&bytes);
    if text.trim().is_empty() {
        problems.push(ReportProblem::Empty);
    } else if text.lines().last() != Some("...") {
        problems.push(ReportProblem::Truncated);
    }
    ReportFile { path: path.to_owned(), cases: scripts(&text), ran: Vec::new(), problems }
}

fn scripts(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let below_tests = text.lines().skip_while(|line| *line != "tests:").skip(1);
    for line in below_tests.take_while(|line| line.starts_with(' ')) {
        if let Some(value) = line.strip_prefix("    ") {
            if let Some(case) = cases.last_mut() {
                take_value(case, value);
            }
        } else if let Some(name) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':')) {
            cases.push(Case { name: unquoted(name), ..Case::default() });
        }
    }
    cases
}

fn take_value(case: &mut Case, value: &str) {
    match value.split_once(": ") {
        Some(("elapsed", seconds)) => {
            case.seconds = seconds.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
        }
        Some(("last_result", result)) if result != "0" => case.findings.push(Finding {
            kind: FindingKind::Failure,
            message: format!("prove counts {result} problems"),
            r#type: String::new(),
            text: String::new(),
        }),
        Some(_) | None => {}
    }
}

/// Undoes the quoting of a name that is not plain.
fn unquoted(name: &str) -> String {
    let Some(inside) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else { return name.to_owned() };
    let mut text = String::new();
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('a') => text.push('\x07'),
            Some('e') => text.push('\x1b'),
            Some('f') => text.push('\x0c'),
            Some('v') => text.push('\x0b'),
            Some('z') => text.push('\0'),
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                text.extend(u8::from_str_radix(&digits, 16).ok().map(char::from));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATE: &str = "---\ngeneration: 1\nlast_run_time: 1\ntests:\n  t/a.t:\n    elapsed: 0.5\n    last_result: 2\n    \
        seq: 1\n  \"t/n \\\" \\x01.t\":\n    elapsed: 1\n    last_result: 0\nversion: 1\n...\n";

    #[test]
    fn each_script_is_good_or_not() {
        let report = read("state", STATE.as_bytes());
        let seen: Vec<_> = report.cases.iter().map(|case| (case.name.as_str(), case.outcome().is_bad())).collect();
        assert_eq!(seen, [("t/a.t", true), ("t/n \" \u{1}.t", false)]);
        assert_eq!(report.cases[0].seconds, Some(0.5));
        assert!(report.problems.is_empty());
    }

    #[test]
    fn a_file_that_breaks_off_is_told() {
        assert_eq!(read("state", &STATE.as_bytes()[..60]).problems, [ReportProblem::Truncated]);
        assert_eq!(read("state", &b""[..]).problems, [ReportProblem::Empty]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
            read("state", &bytes[..]);
            read("state", &STATE.as_bytes()[..cut.min(STATE.len())]);
        }
    }
}
