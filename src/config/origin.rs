//! Where a value was given.

use std::fmt;
use std::path::PathBuf;

/// Where the value of an option comes from. Later variants beat earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave one.
    Default,
    /// A line of a configuration file.
    File {
        /// The file, relative to the current directory where it lies below it.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The environment variable of this name.
    Env(String),
    /// The command line.
    Flag,
}

impl Origin {
    /// Returns how strong the origin is: a value of a higher rank replaces one of a lower rank.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Env(_) => 2,
            Self::Flag => 3,
        }
    }

    /// Returns the same origin, at another line if it is a file.
    pub(crate) fn at_line(&self, line: Option<usize>) -> Self {
        match (self, line) {
            (Self::File { path, .. }, Some(line)) => Self::File { path: path.clone(), line },
            (Self::Default | Self::File { .. } | Self::Env(_) | Self::Flag, _) => self.clone(),
        }
    }
}

/// Writes the origin as `minke config` shows it.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Env(name) => f.write_str(name),
            Self::Flag => f.write_str("command line"),
        }
    }
}
