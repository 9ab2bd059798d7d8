//! What can go wrong with the project's files.

use std::io;
use std::path::PathBuf;

use indicatif::HumanBytes;
use thiserror::Error;

use crate::notation::print_size;

/// A project that cannot be copied.
#[derive(Debug, Error)]
pub enum SourceError {
    /// A file or directory cannot be read.
    #[error("cannot read `{}` of the project: {source}", path.display())]
    Unreadable {
        /// The file, relative to the project.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A glob of the settings is no glob.
    #[error("`{glob}` is not a glob: {detail}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        detail: String,
    },
    /// There is more than anybody wants to copy.
    #[error("the project's files are more than {}; most of it is in `{}` ({})",
        print_size(*limit), largest.display(), HumanBytes(*bytes))]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
        /// The directory or file of the first level that holds most.
        largest: PathBuf,
        /// Whether it is a directory.
        is_dir: bool,
        /// Its size, in bytes.
        bytes: u64,
    },
    /// What minke remembers of the project cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SourceError {
    /// Returns what to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Unreadable { path, .. } => {
                format!("make it readable, or leave it out: `echo {} >> .minkeignore`", path.display())
            }
            Self::Glob { .. } => "write it as in .gitignore, such as `dist/**`".to_owned(),
            Self::TooLarge { largest, is_dir, .. } => format!(
                "leave it out (`echo {}{} >> .minkeignore`), allow more with `--source-limit`, or use `--source mount`",
                largest.display(),
                if *is_dir { "/" } else { "" }
            ),
            Self::Cache { .. } => "free some space, or choose another `--output-dir`".to_owned(),
        }
    }
}
