//! Which coverage files are looked for.

use super::options::Options;
use super::scalar::Switch;

/// Where coverage.py, lcov and its like, Istanbul, SimpleCov and `PHPUnit` leave their files, relative to the working directory.
/// Each names a file or a directory, because a glob for the working directory itself would have all of it looked through.
const USUAL_PLACES: [&str; 7] = [
    ".coverage",
    "lcov.info",
    "coverage.lcov",
    "coverage.xml",
    "cobertura.xml",
    "cobertura-coverage.xml",
    "coverage/**/{*.info,*.lcov,coverage.xml,cobertura*.xml}",
];

/// Returns the globs of coverage files; empty when no coverage is wanted.
pub(super) fn coverage(options: &Options) -> Vec<String> {
    let is_asked_for = options.coverage_files.0.is_some() || options.coverage_output.0.is_some();
    let is_on = options.coverage.clone().value().map_or(is_asked_for, |Switch(on)| on);
    let globs = options.coverage_files.clone().values();
    match (is_on, globs.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => USUAL_PLACES.map(str::to_owned).to_vec(),
        (true, false) => globs,
    }
}
