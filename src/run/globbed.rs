//! The files of an ended container that a glob matches, from the archive of the deepest directory that holds them all.

use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::collect::inside;
use crate::engine::EngineError;

/// One glob, and the directory or file that its matches are below.
pub(super) struct Globbed {
    glob: String,
    /// What the engine is asked for.
    from: String,
    /// The path of the archive's first component in the container.
    top: String,
    matcher: GlobMatcher,
    /// The working directory, with a slash at its end.
    work_dir: String,
}

impl Globbed {
    /// Reads a glob that is relative to the working directory, or absolute.
    pub(super) fn new(glob: &str, work_dir: &str) -> Result<Self, EngineError> {
        let base = work_dir.trim_end_matches('/');
        let glob = glob.strip_prefix("./").unwrap_or(glob);
        let whole = if glob.starts_with('/') { glob.to_owned() } else { format!("{}/{glob}", globset::escape(base)) };
        let compiled = GlobBuilder::new(&whole).literal_separator(true).build();
        let matcher = compiled.map_err(|error| failed(glob, io::Error::other(error)))?.compile_matcher();
        let plain =
            glob.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect::<Vec<_>>().join("/");
        let from = match (glob.starts_with('/'), plain.is_empty()) {
            (true, true) => "/".to_owned(),
            (true, false) => plain,
            // The slash makes the engine follow a link there.
            (false, true) => format!("{base}/"),
            (false, false) => format!("{base}/{plain}"),
        };
        let top = from.trim_end_matches('/').to_owned();
        Ok(Self { glob: glob.to_owned(), from, top, matcher, work_dir: format!("{base}/") })
    }

    /// Returns what the engine is asked for.
    pub(super) fn from(&self) -> &str {
        &self.from
    }

    /// Says what is done with the archive.
    pub(super) fn operation(&self) -> String {
        operation(&self.glob)
    }

    /// Returns the absolute path in the container of an entry that matches and is no directory. One that leads out of the
    /// archive matches nothing.
    pub(super) fn matching(&self, path: &Path, kind: tar::EntryType) -> Option<PathBuf> {
        let below = inside(path)?;
        let top = Path::new(if self.top.is_empty() { "/" } else { &self.top });
        let path = if below.as_os_str().is_empty() { top.to_owned() } else { top.join(below) };
        (!kind.is_dir() && self.matcher.is_match(&path)).then_some(path)
    }

    /// Returns a path relative to the working directory, or without its first slash.
    pub(super) fn name_of(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix(&self.work_dir).or_else(|_| path.strip_prefix("/"));
        below.unwrap_or(path).to_owned()
    }

    /// Wraps an error of reading the archive.
    pub(super) fn failed(&self, error: io::Error) -> EngineError {
        failed(&self.glob, error)
    }
}

fn failed(glob: &str, error: io::Error) -> EngineError {
    EngineError::Operation { operation: operation(glob), source: Box::new(error) }
}

fn operation(glob: &str) -> String {
    format!("read the files `{glob}` of the container")
}
