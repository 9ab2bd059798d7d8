//! The first walk: what a merge will hold.

use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use tempfile::{SpooledTempFile, spooled_tempfile};

use super::gather::Gathered;
use super::options::MergeOptions;
use super::rows::Rows;
use super::sources::Sources;
use super::suite::{SuiteMeta, Totals};
use super::summary::Written;
use super::unite::United;
use super::walk::{Visitor, walk};
use crate::model::FindingKind;

/// How many cases with several attempts are named.
const NAMED: usize = 20;

/// Up to how many bytes the totals of all suites stay in memory.
const IN_MEMORY: usize = 1024 * 1024;

/// What a merge will hold.
pub(super) struct Counted {
    pub(super) written: Written,
    /// Of everything.
    pub(super) totals: Totals,
    /// What all suites say of themselves, or only when the first began, if they are written themselves.
    pub(super) meta: SuiteMeta,
    /// The names of the suites, if they are not written themselves.
    pub(super) suites: Vec<String>,
    /// The totals of each part of each suite.
    pub(super) parts: Parts,
}

/// Totals, in their order.
pub(super) struct Parts(BufReader<SpooledTempFile>);

/// Divides the rows of a suite into parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Division {
    /// The most bytes of a part, unless one case alone has more.
    limit: Option<u64>,
    bytes: u64,
}

struct Counter {
    is_one_suite: bool,
    division: Division,
    written: Written,
    all: Totals,
    part: Totals,
    meta: SuiteMeta,
    suites: Vec<String>,
    parts: BufWriter<SpooledTempFile>,
}

/// Counts everything that was gathered. `is_one_suite` is a form in which all suites together become one.
pub(super) fn count(
    gathered: &Gathered,
    options: &MergeOptions,
    division: Division,
    is_one_suite: bool,
) -> io::Result<Counted> {
    let mut counter = Counter {
        is_one_suite,
        division,
        written: Written::default(),
        all: Totals::default(),
        part: Totals::default(),
        meta: SuiteMeta::default(),
        suites: Vec::new(),
        parts: BufWriter::new(spooled_tempfile(IN_MEMORY)),
    };
    walk(gathered, options, &mut counter)?;
    let Counter { written, all: totals, meta, suites, parts, .. } = counter;
    let mut parts = parts.into_inner().map_err(io::IntoInnerError::into_error)?;
    parts.rewind()?;
    Ok(Counted { written, totals, meta, suites, parts: Parts(BufReader::new(parts)) })
}

impl Parts {
    /// Returns the totals of the next part.
    pub(super) fn next(&mut self) -> io::Result<Totals> {
        let mut bytes = [0; Totals::BYTES];
        self.0.read_exact(&mut bytes)?;
        Ok(Totals::from_bytes(bytes))
    }
}

impl Division {
    /// Begins a part; `limit` is the most bytes of its rows.
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self { limit, bytes: 0 }
    }

    /// Tells whether anything depends on how long rows are.
    fn looks_at_bytes(&self) -> bool {
        self.limit.is_some()
    }

    /// Begins a suite.
    pub(super) fn begin(&mut self) {
        self.bytes = 0;
    }

    /// Takes rows; returns whether they begin another part.
    pub(super) fn take(&mut self, rows: &Rows) -> bool {
        let Some(limit) = self.limit else { return false };
        let bytes = rows.bytes();
        let is_full = self.bytes > 0 && self.bytes + bytes > limit;
        self.bytes = if is_full { bytes } else { self.bytes + bytes };
        is_full
    }
}

impl Counter {
    fn end_part(&mut self) -> io::Result<()> {
        let part = std::mem::take(&mut self.part);
        self.all.add(part);
        self.parts.write_all(&part.to_bytes())
    }
}

impl Visitor for Counter {
    fn wants_rows(&self) -> bool {
        self.division.looks_at_bytes()
    }

    fn case(&mut self, suite: &str, name: &str, file: &str, united: &United<'_>) {
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
            return;
        }
        let outcomes: Vec<&str> = united.attempts.iter().map(|attempt| outcome(attempt.kind())).collect();
        let place = if file.is_empty() { String::new() } else { format!(" ({file})") };
        let passes = match united.passes {
            0 => "",
            1 => "; a pass before that, or of no known time, does not count",
            _ => "; passes before that, or of no known time, do not count",
        };
        written.retried.push(format!("{suite} > {name}{place}: {}{passes}", outcomes.join(", then ")));
    }

    fn leave_out(&mut self) {
        self.written.left_out += 1;
    }

    fn begin(&mut self, suite: &str, meta: &SuiteMeta) -> io::Result<()> {
        self.division.begin();
        if self.is_one_suite {
            self.meta.unite(meta.clone());
            self.suites.push(suite.to_owned());
        } else {
            self.meta.time = [self.meta.time, meta.time].into_iter().flatten().min();
        }
        Ok(())
    }

    fn rows(&mut self, rows: &Rows, totals: Totals, _: &mut Sources<'_>) -> io::Result<()> {
        if self.division.take(rows) {
            self.end_part()?;
        }
        self.part.add(totals);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.end_part()
    }
}

fn outcome(kind: Option<FindingKind>) -> &'static str {
    match kind {
        None => "passed",
        Some(FindingKind::Skipped) => "skipped",
        Some(FindingKind::Failure) => "failed",
        Some(FindingKind::Error) => "errored",
    }
}
