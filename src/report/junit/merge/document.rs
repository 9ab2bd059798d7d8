//! One document with everything.

use std::io::{self, Seek, Write};

use tempfile::{SpooledTempFile, spooled_tempfile};

use super::element::{DECLARATION, push_root_start, push_suite_start};
use super::gather::Gathered;
use super::groups::{Part, Shelf, copy, shelve};
use super::options::{Dialect, MergeOptions};
use super::suite::{SuiteMeta, Totals};
use super::summary::Written;

/// Up to how many bytes a document stays in memory until its counters are known.
const IN_MEMORY: usize = 8 * 1024 * 1024;

/// The name of the one suite of a strict document, whose root is a suite, with everything.
const ALL: &str = "minke merge";

/// A document that is being written. Its counters stand before everything else, so the rest waits for them.
struct Document {
    dialect: Dialect,
    body: SpooledTempFile,
    meta: SuiteMeta,
    totals: Totals,
    /// The names of the suites, if they are not written themselves.
    suites: Vec<String>,
    bytes: u64,
}

/// Writes everything that was gathered.
pub(super) fn write(gathered: &Gathered, options: &MergeOptions, out: &mut dyn Write) -> io::Result<Written> {
    let mut document = Document {
        dialect: options.dialect,
        body: spooled_tempfile(IN_MEMORY),
        meta: SuiteMeta::default(),
        totals: Totals::default(),
        suites: Vec::new(),
        bytes: 0,
    };
    let mut written = shelve(gathered, options, &mut document)?;
    written.bytes = document.finish(out)?;
    Ok(written)
}

impl Document {
    fn finish(mut self, out: &mut dyn Write) -> io::Result<u64> {
        let mut start = DECLARATION.to_owned();
        let end = if self.dialect.is_strict() {
            if self.suites.is_empty() {
                // So nobody takes the root for a suite.
                self.suites.push(String::new());
            }
            let only = if let [only] = self.suites.as_slice() { only.as_str() } else { "" };
            let name = if only.is_empty() { ALL } else { only };
            push_suite_start(&mut start, name, &self.meta, &self.totals, self.dialect, &self.suites);
            "</testsuite>\n"
        } else {
            push_root_start(&mut start, &self.totals, self.meta.time);
            "</testsuites>\n"
        };
        out.write_all(start.as_bytes())?;
        self.body.rewind()?;
        copy(&mut self.body, out)?;
        out.write_all(end.as_bytes())?;
        Ok(self.bytes + (start.len() + end.len()) as u64)
    }

    fn push(&mut self, text: &str) -> io::Result<()> {
        self.bytes += text.len() as u64;
        self.body.write_all(text.as_bytes())
    }
}

impl Shelf for Document {
    fn part_bytes(&self) -> u64 {
        u64::MAX
    }

    fn put(&mut self, part: Part<'_>) -> io::Result<()> {
        self.totals.add(part.totals);
        if self.dialect.is_strict() {
            self.meta.unite(part.meta.clone());
            self.suites.push(part.suite.to_owned());
        } else {
            self.meta.time = [self.meta.time, part.meta.time].into_iter().flatten().min();
            let mut start = String::new();
            push_suite_start(&mut start, part.suite, part.meta, &part.totals, self.dialect, &[]);
            self.push(&start)?;
        }
        self.bytes += part.bytes;
        copy(part.rows, &mut self.body)?;
        if self.dialect.is_strict() { Ok(()) } else { self.push("</testsuite>\n") }
    }
}
