//! One document with everything.

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::thread;

use super::blocks::{Blocks, Giver, relay};
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
    /// What was made and not handed on yet.
    batch: Rows,
    batches: Giver<Rows>,
}

/// Writes everything that was gathered. Meanwhile a thread makes what is written, and another one reads the missing texts.
pub(super) fn write(gathered: &Gathered, options: &MergeOptions, out: &mut dyn Write) -> io::Result<Written> {
    let counted = count(gathered, options, Division::new(None), options.dialect.is_strict())?;
    let mut written = counted.written.clone();
    let (batches, made) = relay::<Rows>();
    let (blocks, complete) = relay();
    written.bytes = thread::scope(|scope| {
        let maker = scope.spawn(move || make(gathered, options, counted, batches));
        let reader = scope.spawn(move || {
            let mut sources = Sources::new(&gathered.inputs, &gathered.stamps);
            let mut blocks = Blocks::new(blocks);
            made.each(|rows| {
                rows.write(&mut sources, &mut blocks)?;
                rows.clear();
                Ok(())
            })?;
            blocks.flush()
        });
        // What cannot be written ends the others too: nobody takes anything of them any more. So the last of them knows why.
        let bytes = complete.write(out);
        let ended = [reader, maker].map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        let bytes = bytes?;
        ended.into_iter().collect::<io::Result<()>>()?;
        Ok::<_, io::Error>(bytes)
    })?;
    Ok(written)
}

fn make(gathered: &Gathered, options: &MergeOptions, counted: Counted, batches: Giver<Rows>) -> io::Result<()> {
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
    let mut document = Document { dialect, parts, batch: Rows::default(), batches };
    document.batch.markup.push_str(&start);
    walk(gathered, options, &mut document)?;
    document.batch.markup.push_str(end);
    document.hand_on()
}

impl Document {
    fn hand_on(&mut self) -> io::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.batch = self.batches.give(batch)?.unwrap_or_default();
        Ok(())
    }
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
        push_suite_start(&mut self.batch.markup, suite, meta, &self.parts.next()?, self.dialect, &[]);
        Ok(())
    }

    fn rows(&mut self, rows: &Rows, _: Totals, _: &mut Sources<'_>) -> io::Result<()> {
        self.batch.append(rows);
        if self.batch.is_batch() { self.hand_on() } else { Ok(()) }
    }

    fn end(&mut self) -> io::Result<()> {
        if !self.dialect.is_strict() {
            self.batch.markup.push_str("</testsuite>\n");
        }
        Ok(())
    }
}
