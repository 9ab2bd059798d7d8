//! What the coverage of a run adds up to.

use serde::{Deserialize, Serialize};

/// How many lines tests came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// Lines that ran.
    pub covered: u64,
    /// Lines that could have.
    pub total: u64,
}

impl LineCounts {
    /// Writes the rate in percent with at most two decimals, such as `87.5 %`, rounded down so that `100 %` is all; without
    /// lines it is `no lines`.
    pub fn percent(self) -> String {
        if self.total == 0 {
            return "no lines".to_owned();
        }
        let hundredths = u128::from(self.covered) * 10_000 / u128::from(self.total);
        let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// One file that the shards' coverage was merged into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageFile {
    /// The file's path relative to the run's directory.
    pub path: String,
    /// The file's length in bytes.
    pub bytes: u64,
    /// What it says of lines; `None` for coverage.py's data, which only coverage.py reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineCounts>,
}

/// What became of the coverage that a run was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedCoverage {
    /// The merged files.
    pub files: Vec<CoverageFile>,
    /// Why they are not whole, one sentence each; empty when they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl MergedCoverage {
    /// Returns what is said behind the rates of coverage that is not whole; nothing for one that is.
    pub fn unless_whole(&self) -> &'static str {
        if self.problems.is_empty() { "" } else { ", not whole" }
    }

    /// Tells the rate of lines that ran, in a few words: one rate when all files agree, else one for each.
    pub fn rates(&self) -> Option<String> {
        let rated: Vec<(&str, LineCounts)> =
            self.files.iter().filter_map(|file| Some((file.path.rsplit('/').next()?, file.lines?))).collect();
        let (_, first) = rated.first()?;
        let one = |lines: LineCounts| match lines.total {
            0 => lines.percent(),
            total => format!("{} of {total} lines", lines.percent()),
        };
        if rated.iter().all(|(_, lines)| lines == first) {
            return Some(one(*first));
        }
        Some(rated.iter().map(|(name, lines)| format!("{name} {}", one(*lines))).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(covered: u64, total: u64) -> LineCounts {
        LineCounts { covered, total }
    }

    #[test]
    fn a_rate_is_never_rounded_up_to_all() {
        let shown = [lines(0, 0), lines(7, 8), lines(99_999, 100_000), lines(3, 3), lines(0, 3), lines(1, 3)];
        let shown = shown.map(LineCounts::percent);
        assert_eq!(shown, ["no lines", "87.5 %", "99.99 %", "100 %", "0 %", "33.33 %"]);
    }

    #[test]
    fn files_that_agree_have_one_rate() {
        let file = |path: &str, lines| CoverageFile { path: path.to_owned(), bytes: 1, lines };
        let mut merged = MergedCoverage::default();
        assert_eq!(merged.rates(), None);
        merged.files = vec![file("coverage/.coverage", None), file("coverage/lcov.info", Some(lines(1, 2)))];
        assert_eq!(merged.rates().unwrap(), "50 % of 2 lines");
        merged.files.push(file("coverage/cobertura.xml", Some(lines(1, 4))));
        assert_eq!(merged.rates().unwrap(), "lcov.info 50 % of 2 lines, cobertura.xml 25 % of 4 lines");
    }
}
