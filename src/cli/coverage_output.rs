//! The directory outside of the run's own that merged coverage is copied to.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::model::RunState;
use crate::report::{WriteError, replace_with};

/// The files that merged coverage can be.
const FILES: [&str; 3] = ["lcov.info", "cobertura.xml", ".coverage"];

/// Removes what an earlier run wrote, so that nobody takes it for this one's, however this one ends.
pub(super) fn forget_old(dir: Option<&Path>) {
    for path in dir.iter().flat_map(|dir| FILES.map(|name| dir.join(name))).filter(|path| path.is_file()) {
        // If it cannot be removed it cannot be replaced either, and that is told when the coverage is written.
        let _ = fs::remove_file(path);
    }
}

/// Copies the merged files of a run to a directory, and returns why some could not be.
pub(super) fn copy(state: &RunState, run_dir: &Path, dir: Option<&Path>) -> Vec<WriteError> {
    let files = state.coverage().map(|coverage| coverage.files.as_slice()).unwrap_or_default();
    let (Some(dir), files) = (dir, files) else { return Vec::new() };
    let copy = |path: &str| {
        let from = run_dir.join(path);
        let to = dir.join(from.file_name()?);
        replace_with("coverage", &to, |out| io::copy(&mut File::open(&from)?, out)).err()
    };
    files.iter().filter_map(|file| copy(&file.path)).collect()
}

/// Lists the directories that have the merged files of a run.
pub(super) fn places(state: &RunState, run_dir: &Path, dir: Option<&Path>) -> Vec<PathBuf> {
    let first = state.coverage().and_then(|coverage| coverage.files.first());
    let own = first.and_then(|file| Some(run_dir.join(&file.path).parent()?.to_owned()));
    let copies = own.is_some().then_some(dir).flatten().map(Path::to_owned);
    own.into_iter().chain(copies).collect()
}
