//! Coverage of many containers as one: tells what a file is, and merges lcov's and Cobertura's.
//!
//! coverage.py's data are a database that only coverage.py reads (<https://coverage.readthedocs.io/en/latest/dbschema.html>); they
//! are combined in a container, by [`run`](crate::run).

mod cobertura;
mod faults;
mod lcov;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub(crate) use cobertura::Cobertura;
use faults::quoted;
pub(crate) use lcov::Lcov;

/// How much of a file is looked at to tell what it is.
const START_BYTES: u64 = 4096;

/// What a coverage file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CoverageKind {
    /// coverage.py's data.
    CoveragePy,
    /// A tracefile of lcov's.
    Lcov,
    /// Cobertura's XML, or XML that is to be.
    Cobertura,
}

impl CoverageKind {
    /// Tells what a file is by its beginning; `None` for what is none of these.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        let mut start = Vec::new();
        File::open(path)?.take(START_BYTES).read_to_end(&mut start)?;
        Ok(Self::of_start(&start, path))
    }

    fn of_start(start: &[u8], path: &Path) -> Option<Self> {
        // The second is what coverage.py wrote before its version 5.
        if start.starts_with(b"SQLite format 3\0") || start.starts_with(b"!coverage.py:") {
            return Some(Self::CoveragePy);
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        if text.starts_with(b"<") {
            return Some(Self::Cobertura);
        }
        let is_named = path.extension().is_some_and(|end| end == "info" || end == "lcov");
        let begins = [&b"TN:"[..], b"SF:", b"#"].iter().any(|word| text.starts_with(word));
        (is_named || begins).then_some(Self::Lcov)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_beginning() {
        let kind = |start: &[u8], name: &str| CoverageKind::of_start(start, Path::new(name));
        assert_eq!(kind(b"SQLite format 3\0...", "x.xml"), Some(CoverageKind::CoveragePy));
        assert_eq!(kind(b"!coverage.py: This is a private format", ".coverage"), Some(CoverageKind::CoveragePy));
        assert_eq!(kind(b"\xef\xbb\xbf\n <?xml", "x"), Some(CoverageKind::Cobertura));
        assert_eq!(kind(b"TN:\nSF:a", "x"), Some(CoverageKind::Lcov));
        assert_eq!(kind(b"", "lcov.info"), Some(CoverageKind::Lcov));
        assert_eq!(kind(b"mode: set\n", "cover.lcov"), Some(CoverageKind::Lcov));
        assert_eq!(kind(b"mode: set\n", "cover.out"), None);
        assert_eq!(kind(b"", ".coverage"), None);
    }
}
