//! Walks through the sorted records, and puts the written rows of each suite onto a shelf.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read, Write};

use tempfile::{SpooledTempFile, spooled_tempfile};

use super::attempt::Attempt;
use super::element::{CaseName, Form, push_output};
use super::gather::Gathered;
use super::name::name_hash;
use super::options::MergeOptions;
use super::record::{Fields, Rank, Record, with_number};
use super::spill::Sorted;
use super::suite::{SuiteMeta, Totals};
use super::summary::Written;
use super::unite::{United, unite};

/// Up to how many bytes the rows of a suite stay in memory.
const IN_MEMORY: usize = 2 * 1024 * 1024;

/// How many bytes are copied at a time.
const COPIED: usize = 256 * 1024;

/// How many cases with several attempts are named.
const NAMED: usize = 20;

/// Takes suites in their order.
pub(super) trait Shelf {
    /// The most bytes of rows that are put at once, unless one case alone has more.
    fn part_bytes(&self) -> u64;

    /// Takes a suite, or a part of it.
    fn put(&mut self, part: Part<'_>) -> io::Result<()>;
}

/// Rows of a suite.
pub(super) struct Part<'a> {
    pub(super) suite: &'a str,
    pub(super) meta: &'a SuiteMeta,
    pub(super) totals: Totals,
    /// The rows, written; at its beginning.
    pub(super) rows: &'a mut SpooledTempFile,
    pub(super) bytes: u64,
    /// From 1.
    pub(super) number: usize,
}

/// Writes everything that was gathered onto a shelf.
pub(super) fn shelve(gathered: &Gathered, options: &MergeOptions, shelf: &mut dyn Shelf) -> io::Result<Written> {
    gathered.spill.sorted(|sorted| {
        let names = Names { taken: &gathered.names, written: HashSet::new(), added: HashSet::new() };
        let mut walk = Walk { sorted, options, shelf, names, written: Written::default() };
        while let Some(suite) = walk.sorted.peek().map(|record| record.suite().to_owned()) {
            walk.suite(&suite)?;
        }
        Ok(walk.written)
    })
}

struct Walk<'a, 'b> {
    sorted: &'a mut Sorted<'b>,
    options: &'a MergeOptions,
    shelf: &'a mut dyn Shelf,
    names: Names<'a>,
    written: Written,
}

/// Written rows, and what they count.
#[derive(Debug, Default)]
struct Rows {
    text: String,
    totals: Totals,
}

/// The rows of a suite that are not on the shelf yet.
struct Open {
    rows: SpooledTempFile,
    bytes: u64,
    totals: Totals,
    number: usize,
}

impl Walk<'_, '_> {
    fn suite(&mut self, suite: &str) -> io::Result<()> {
        let mut meta = SuiteMeta::default();
        while let Some(record) = self.next_of(suite, Rank::Suite)? {
            meta.unite(SuiteMeta::unpack(&record.payload));
        }
        let mut open = Open::new(1);
        // Rows that got a number, until those with a lesser one have been written.
        let mut held: BTreeMap<u32, Rows> = BTreeMap::new();
        let mut family = [String::new(), String::new()];
        while let Some(first) = self.next_of(suite, Rank::Case)? {
            let number = if first.texts() == family { first.number() } else { u32::MAX };
            while let Some(rows) = held.first_entry().filter(|rows| *rows.key() < number).map(|rows| rows.remove()) {
                self.push(suite, &meta, &mut open, &rows)?;
            }
            family = first.texts().map(str::to_owned);
            let rows = self.cases(suite, meta.time, first, &mut held)?;
            self.push(suite, &meta, &mut open, &rows)?;
        }
        for rows in held.into_values() {
            self.push(suite, &meta, &mut open, &rows)?;
        }
        self.outputs(suite, &meta, &mut open)?;
        self.put(suite, &meta, open)
    }

    /// Adds written rows, on a new part if they do not fit.
    fn push(&mut self, suite: &str, meta: &SuiteMeta, open: &mut Open, rows: &Rows) -> io::Result<()> {
        if open.bytes > 0 && open.bytes + rows.text.len() as u64 > self.shelf.part_bytes() {
            let next = Open::new(open.number + 1);
            self.put(suite, meta, std::mem::replace(open, next))?;
        }
        open.bytes += rows.text.len() as u64;
        open.totals.add(rows.totals);
        open.rows.write_all(rows.text.as_bytes())
    }

    fn outputs(&mut self, suite: &str, meta: &SuiteMeta, open: &mut Open) -> io::Result<()> {
        let mut before = Record::default();
        while let Some(record) = self.next_of(suite, Rank::Output)? {
            if before.payload == record.payload && before.group() == record.group() {
                continue;
            }
            if self.options.dialect.is_strict() {
                self.written.left_out += 1;
            } else {
                let mut rows = Rows::default();
                let element = if record.texts()[0] == "err" { "system-err" } else { "system-out" };
                push_output(&mut rows.text, element, Fields::new(&record.payload).text());
                rows.text.push('\n');
                self.push(suite, meta, open, &rows)?;
            }
            before = record;
        }
        Ok(())
    }

    /// Writes all cases of one name and file. Those that get another name are held until its turn comes.
    fn cases(
        &mut self,
        suite: &str,
        time: Option<i64>,
        first: Record,
        held: &mut BTreeMap<u32, Rows>,
    ) -> io::Result<Rows> {
        let mut records = vec![first];
        while self.sorted.peek().is_some_and(|next| next.group() == records[0].group()) {
            records.extend(self.sorted.next()?);
        }
        let [class, base] = records[0].texts();
        let name = match records[0].number() {
            0 => base.to_owned(),
            number => with_number(base, number),
        };
        let dialect = self.options.dialect;
        let form = Form { dialect, flaky: self.options.flaky, time };
        let file = records[0].path();
        let group = dialect.is_strict().then_some(suite);
        let mut rows = Rows::default();
        for united in unite(&records, self.options.flaky) {
            self.count(&united, suite, &name, file);
            let attempts: Vec<Attempt> = united.attempts.iter().map(|attempt| attempt.unpack()).collect();
            let number = if dialect.needs_unique_names() {
                self.names.number(class, &name, base, records[0].number())
            } else {
                None
            };
            match number {
                None => {
                    let name = CaseName { class, name: &name, file, group };
                    form.push(&mut rows.text, name, &attempts, &mut rows.totals);
                }
                Some(number) => {
                    let name = &with_number(base, number);
                    let rows = held.entry(number).or_default();
                    let name = CaseName { class, name, file, group };
                    form.push(&mut rows.text, name, &attempts, &mut rows.totals);
                }
            }
        }
        Ok(rows)
    }

    fn count(&mut self, united: &United<'_>, suite: &str, name: &str, file: &str) {
        let written = &mut self.written;
        if united.is_entry {
            written.entries += 1;
        } else {
            written.cases += 1;
        }
        written.retries += united.retries;
        written.identical += united.identical;
        written.skips += united.skips;
        if united.retries == 0 {
            return;
        }
        if written.retried.len() == NAMED {
            written.unnamed += 1;
        } else {
            let outcome = |attempt: &super::attempt::Packed<'_>| match attempt.kind() {
                None => "passed",
                Some(crate::model::FindingKind::Skipped) => "skipped",
                Some(crate::model::FindingKind::Failure) => "failed",
                Some(crate::model::FindingKind::Error) => "errored",
            };
            let outcomes: Vec<&str> = united.attempts.iter().map(outcome).collect();
            let place = if file.is_empty() { String::new() } else { format!(" ({file})") };
            written.retried.push(format!("{suite} > {name}{place}: {}", outcomes.join(", then ")));
        }
    }

    fn put(&mut self, suite: &str, meta: &SuiteMeta, mut open: Open) -> io::Result<()> {
        io::Seek::rewind(&mut open.rows)?;
        let Open { mut rows, bytes, totals, number } = open;
        self.shelf.put(Part { suite, meta, totals, rows: &mut rows, bytes, number })
    }

    fn next_of(&mut self, suite: &str, rank: Rank) -> io::Result<Option<Record>> {
        let is_next = |next: &Record| next.suite() == suite && next.rank() == Some(rank);
        if self.sorted.peek().is_some_and(is_next) { self.sorted.next() } else { Ok(None) }
    }
}

impl Open {
    fn new(number: usize) -> Self {
        Self { rows: spooled_tempfile(IN_MEMORY), bytes: 0, totals: Totals::default(), number }
    }
}

/// Copies the rest of a spool, in pieces that are large enough for a file.
pub(super) fn copy(from: &mut SpooledTempFile, to: &mut dyn Write) -> io::Result<()> {
    let mut piece = vec![0; COPIED];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(()),
            read => to.write_all(&piece[..read])?,
        }
    }
}

/// Gives later ones of equal cases a number, for consumers that show only the first. A name that some case really has is
/// never given to another, so a document that was numbered once is not numbered again.
struct Names<'a> {
    taken: &'a HashSet<u64>,
    written: HashSet<u64>,
    added: HashSet<u64>,
}

impl Names<'_> {
    /// Returns the number that a case gets in addition to the `base` of its name, greater than its `own`; `None` when its
    /// name can stay.
    fn number(&mut self, class: &str, name: &str, base: &str, own: u32) -> Option<u32> {
        if self.written.insert(name_hash(class, name)) {
            return None;
        }
        (own.max(1) + 1..u32::MAX).find(|&number| {
            let hash = name_hash(class, &with_number(base, number));
            !self.taken.contains(&hash) && self.added.insert(hash)
        })
    }
}
