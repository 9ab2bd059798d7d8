//! Why minke could not do its work. A failing test is never one of these.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::model::ServiceCycle;

/// Why a run could not be carried out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// A directory or file of the run cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The plan names a framework that this version does not know.
    #[error("unknown framework `{name}`")]
    UnknownFramework {
        /// The framework's name.
        name: String,
    },
    /// Services of the plan need each other, so that none could be the first.
    #[error(transparent)]
    ServiceCycle(#[from] ServiceCycle),
}

impl RunError {
    pub(super) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }

    /// Returns what to do next.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Write { .. } => {
                Some("check its permissions and the free disk space, or choose another `--output-dir`".to_owned())
            }
            Self::UnknownFramework { .. } | Self::ServiceCycle(_) => None,
        }
    }
}
