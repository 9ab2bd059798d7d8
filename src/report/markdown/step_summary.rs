//! The file in which GitHub collects the summaries of a step.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{MarkdownOptions, SUMMARY_BYTES, write_within};
use crate::model::RunState;

/// The most bytes of a step's summary: GitHub drops one of more than 1 MiB as a whole.
const STEP_BYTES: u64 = 1_000_000;

/// Room below which a summary says too little.
const LEAST_BYTES: usize = 32 * 1024;

/// Why a step has no summary of the run.
#[derive(Debug, Error)]
pub enum StepSummaryError {
    /// The file cannot be written.
    #[error("cannot append the summary to `{}`: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// There is too much in it already.
    #[error(
        "the summary of this step, `{}`, has {bytes} bytes already, and GitHub shows none of more than 1 MiB; run minke in a \
         step of its own",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// How many bytes there are.
        bytes: u64,
    },
}

/// Appends the summary of a run to what the step has already, in one piece. Each takes at most half of the room that is left,
/// so that several runs fit into one step.
///
/// # Errors
/// The file cannot be written, or it is full.
pub fn append(state: &RunState, options: &MarkdownOptions, path: &Path) -> Result<(), StepSummaryError> {
    let failed = |error| StepSummaryError::File { path: path.to_owned(), error };
    let mut file = OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let room = usize::try_from(STEP_BYTES.saturating_sub(bytes) / 2).unwrap_or(SUMMARY_BYTES).min(SUMMARY_BYTES);
    if room < LEAST_BYTES {
        return Err(StepSummaryError::Full { path: path.to_owned(), bytes });
    }
    // What stands before may lack its line end.
    let gap = if bytes > 0 { "\n\n" } else { "" };
    let text = format!("{gap}{}", write_within(state, options, room - gap.len()));
    file.write_all(text.as_bytes()).map_err(failed)
}
