//! The directory outside of the run's own that merged coverage is copied to.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::RunState;
use crate::report::{WriteError, replace_with};

/// The files that merged coverage can be.
const FILES: [&str; 3] = ["lcov.info", "cobertura.xml", ".coverage"];

/// Lists what a run may write there.
pub(super) fn files(dir: &Path) -> [PathBuf; 3] {
    FILES.map(|name| dir.join(name))
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
