//! A file that is written into each container before it starts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A file that is written into each container before it starts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedFile {
    /// Its absolute path in the container.
    pub path: String,
    /// What it holds. Left out of `Debug` and of every event, because it may have secrets in it.
    #[serde(skip)]
    pub content: Vec<u8>,
    /// Whether `{{ ... }}` in it is filled in for each container.
    pub is_template: bool,
    /// Its permissions, at most `0o7777`.
    pub mode: u32,
    /// Its owner and group; `None` means those of the container's user.
    pub owner: Option<(u32, u32)>,
}

impl PlacedFile {
    /// The permissions of a file when nothing else is said.
    pub const MODE: u32 = 0o644;
}

impl fmt::Debug for PlacedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes, {:o})", self.path, self.content.len(), self.mode)
    }
}
