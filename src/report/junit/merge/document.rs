//! One document with everything.

use std::io::{self, Write};
use std::thread;

use super::blocks::{Blocks, blocks};
use super::count::{Counted, Division, Parts, count};
use super::element::{DECLARATION, push_root_start, push_suite_start};
use super::gather::Gathered;
use super::options::{Dialect, MergeOptions};
use super::rows::Rows;
use super::sources::Sources;
use super::suite::{SuiteMeta, Totals};
use super::summary::Written;
use super::unite::United;
use super::walk::{Visitor, walk};

/// The name of the one suite of a strict document, whose root is a suite, with everything.
const ALL: &str = "minke merge";

/// A document that is being written.
struct Document {
    dialect: Dialect,
    parts: Parts,
    blocks: Blocks,
}

/// Writes everything that was gathered. What is written is made by a thread of its own meanwhile.
pub(super) fn write(gathered: &Gathered, options: &MergeOptions, out: &mut dyn Write) -> io::Result<Written> {
    let counted = count(gathered, options, Division::new(None), options.dialect.is_strict())?;
    let mut written = counted.written.clone();
    let (blocks, made) = blocks();
    written.bytes = thread::scope(|scope| {
        let maker = scope.spawn(move || make(gathered, options, counted, blocks));
        // What cannot be written ends the maker too: nobody takes its blocks any more.
        let bytes = made.write(out);
        let made = maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        bytes.and_then(|bytes| made.map(|()| bytes))
    })?;
    Ok(written)
}

fn make(gathered: &Gathered, options: &MergeOptions, counted: Counted, mut blocks: Blocks) -> io::Result<()> {
    let dialect = options.dialect;
    let mut start = DECLARATION.to_owned();
    let Counted { totals, meta, mut suites, parts, .. } = counted;
    let end = if dialect.is_strict() {
        if suites.is_empty() {
            // So nobody takes the root for a suite.
            suites.push(String::new());
        }
        let only = if let [only] = suites.as_slice() { only.as_str() } else { "" };
        let name = if only.is_empty() { ALL } else { only };
        push_suite_start(&mut start, name, &meta, &totals, dialect, &suites);
        "</testsuite>\n"
    } else {
        push_root_start(&mut start, &totals, meta.time);
        "</testsuites>\n"
    };
    blocks.write_all(start.as_bytes())?;
    let mut document = Document { dialect, parts, blocks };
    walk(gathered, options, &mut document)?;
    document.blocks.write_all(end.as_bytes())?;
    document.blocks.flush()
}

impl Visitor for Document {
    fn wants_rows(&self) -> bool {
        true
    }

    fn case(&mut self, _: &str, _: &str, _: &str, _: &United<'_>) {}

    fn leave_out(&mut self) {}

    fn begin(&mut self, suite: &str, meta: &SuiteMeta) -> io::Result<()> {
        if self.dialect.is_strict() {
            return Ok(());
        }
        let mut start = String::new();
        push_suite_start(&mut start, suite, meta, &self.parts.next()?, self.dialect, &[]);
        self.blocks.write_all(start.as_bytes())
    }

    fn rows(&mut self, rows: &Rows, _: Totals, sources: &mut Sources<'_>) -> io::Result<()> {
        rows.write(sources, &mut self.blocks)
    }

    fn end(&mut self) -> io::Result<()> {
        if self.dialect.is_strict() { Ok(()) } else { self.blocks.write_all(b"</testsuite>\n") }
    }
}
