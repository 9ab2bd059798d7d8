//! What can go wrong when an image is made.

use std::path::PathBuf;

use thiserror::Error;

use crate::engine::EngineError;
use crate::source::SourceError;

/// An image that could not be made.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The project's files cannot be copied.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What is put into a volume is no part of an image.
    #[error("image `{image}` makes `{volume}` a volume, so that nothing below it stays in an image made of it")]
    InVolume {
        /// The image as the user named it.
        image: String,
        /// The volume's directory.
        volume: String,
    },
    /// The setup command needs a shell.
    #[error("image `{image}` has no /bin/sh, which `--setup` needs")]
    NoShell {
        /// The image as the user named it.
        image: String,
    },
    /// The setup command failed.
    #[error("the setup command failed with exit code {code}")]
    Setup {
        /// Its exit code.
        code: i64,
        /// The end of what it printed.
        output: String,
        /// All that it printed.
        log: PathBuf,
    },
    /// The setup's log cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl SnapshotError {
    /// Tells whether it was the setup that failed, so that the units are known and none of them could be run.
    pub fn is_of_setup(&self) -> bool {
        matches!(self, Self::Setup { .. } | Self::NoShell { .. })
    }

    /// Returns what to do next, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.help(),
            Self::Source(error) => Some(error.help()),
            Self::InVolume { .. } => {
                Some("choose a directory outside it with `--work-dir`, or use `--source mount`".to_owned())
            }
            Self::NoShell { .. } => Some("prepare the image by other means, such as `--build`".to_owned()),
            Self::Setup { log, .. } => Some(format!("its whole output is in `{}`", log.display())),
            Self::Log { .. } => Some("free some space, or choose another `--output-dir`".to_owned()),
        }
    }
}
