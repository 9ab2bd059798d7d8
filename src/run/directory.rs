//! The directory that keeps everything of one run.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::RunError;
use crate::model::{RunId, ShardId};

/// Makes a new run's id from the clock and the system's randomness.
pub fn new_run_id() -> RunId {
    RunId::from_uuid(uuid::Uuid::now_v7())
}

/// Makes the directory for the logs of the images that a run builds, which may be needed before the run has begun.
///
/// # Errors
/// [`RunError::Write`] when it cannot be created.
pub fn builds_directory(output_dir: &Path, run: RunId) -> Result<PathBuf, RunError> {
    let path = output_dir.join("runs").join(run.to_string()).join("builds");
    fs::create_dir_all(&path).map_err(RunError::write(&path))?;
    keep_out_of_git(output_dir)?;
    Ok(path)
}

fn keep_out_of_git(output_dir: &Path) -> Result<(), RunError> {
    let ignore = output_dir.join(".gitignore");
    if ignore.exists() { Ok(()) } else { fs::write(&ignore, "*\n").map_err(RunError::write(&ignore)) }
}

/// `OUTPUT/runs/RUN`, with `OUTPUT/latest` pointing to the last run.
#[derive(Debug, Clone)]
pub struct RunDirectory {
    run: RunId,
    path: PathBuf,
}

impl RunDirectory {
    /// Creates the directory of a run below the output directory and points `latest` to it.
    ///
    /// A `.gitignore` keeps the output directory out of version control.
    ///
    /// # Errors
    /// [`RunError::Write`] when something cannot be created.
    pub fn create(output_dir: &Path, run: RunId) -> Result<Self, RunError> {
        let path = output_dir.join("runs").join(run.to_string());
        fs::create_dir_all(path.join("shards")).map_err(RunError::write(&path))?;
        keep_out_of_git(output_dir)?;
        let latest = output_dir.join("latest");
        let draft = output_dir.join(format!(".latest-{run}"));
        symlink(Path::new("runs").join(run.to_string()), &draft).map_err(RunError::write(&draft))?;
        fs::rename(&draft, &latest).map_err(|error| {
            let _ = fs::remove_file(&draft);
            RunError::Write { path: latest, source: error }
        })?;
        Ok(Self { run, path })
    }

    /// Returns the run's id.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Returns the directory's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the run's events.
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// Returns the directory of one shard, in which its output is.
    pub(super) fn shard(&self, shard: ShardId) -> PathBuf {
        self.path.join("shards").join(shard.to_string())
    }
}
