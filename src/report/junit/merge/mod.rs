//! Merges JUnit reports of any kind into one, in bounded memory.
//!
//! The canonical form of a report is a map: suite, class, name, file and ordinal (the how-manieth row of those in its report)
//! to the set of the case's attempts; and suite to the set of what it says of itself. A merge is the union of such maps,
//! and every document is written from the map alone, sorted, with every number counted. So a merge is associative,
//! commutative and idempotent, as a union is. What an attempt is, and which one is the last, is in `attempt.rs`.
//!
//! The map is never in memory: rows become records, records are sorted on disk (`spill.rs`), and what belongs together
//! then comes together (`walk.rs`): once to be counted and once to be written. Long texts are in no record, but stay where
//! they stand in the inputs until they are written (`sources.rs`). Knows nothing of the command line, and opens no file but the inputs and its own spill.

mod attempt;
mod blocks;
mod count;
mod dialect;
mod document;
mod element;
mod foreign;
mod gather;
mod label;
mod name;
mod options;
mod reading;
mod record;
mod rows;
mod sources;
mod spill;
mod split;
mod stamp;
mod suite;
mod summary;
mod unite;
mod walk;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use foreign::root_of_another_kind;
pub use options::{Dialect, Flaky, Input, MergeOptions, Source};
pub use summary::{Remark, Summary, Written};

use crate::report::WriteError;
use gather::Gathered;

/// Reports that have been read, ready to be written in any form.
pub struct Merge {
    gathered: Gathered,
    options: MergeOptions,
}

impl Merge {
    /// Reads every input. What is wrong with one never fails the merge: it becomes a case with an error.
    ///
    /// # Errors
    /// The temporary file cannot be made or written.
    pub fn read(inputs: Vec<Input>, options: &MergeOptions) -> io::Result<Self> {
        Ok(Self { gathered: gather::gather(inputs, options)?, options: options.clone() })
    }

    /// Returns what was noticed while reading.
    pub fn summary(&self) -> &Summary {
        &self.gathered.summary
    }

    /// Writes one document with everything.
    ///
    /// # Errors
    /// The temporary file or `out` fails, or an input was changed since it was read; that error names it.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<Written> {
        document::write(&self.gathered, &self.options, out)
    }

    /// Writes a file `TEST-<suite>.xml` for each suite, and more of them for one that is too large for a file. Those of an
    /// earlier merge in the same directory go. Nothing appears unless everything could be written.
    ///
    /// # Errors
    /// A file cannot be written, or an input was changed since it was read; the error names it.
    pub fn split(&self, dir: &Path) -> Result<(Written, Vec<PathBuf>), WriteError> {
        split::write(&self.gathered, &self.options, dir)
    }
}

/// Returns the files that a merge wrote into a directory with [`Merge::split`].
pub fn files_of_earlier_split(dir: &Path) -> Vec<PathBuf> {
    split::listed(dir)
}
