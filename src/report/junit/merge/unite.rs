//! Unites the rows of one name and file: same ordinals of different reports are one case, and its attempts are a set.

use std::io;

use super::attempt::{Packed, Text};
use super::options::Flaky;
use super::record::{Fields, Record};
use super::sources::Sources;

/// The property of a repeated row that tells which attempt it is, such as `1 of 2`.
pub(super) const ATTEMPT: &str = "minke.attempt";

/// The bytes of a record before its attempts.
const HEAD: usize = 1 + 4 + 4;

/// A case, united from the rows of all reports.
#[derive(Debug)]
pub(super) struct United<'a> {
    /// Those that are written, the last word at the end; never empty.
    pub(super) attempts: Vec<Packed<'a>>,
    /// Whether the case stands for a report that could not be read whole.
    pub(super) is_entry: bool,
    /// Rows that became another attempt.
    pub(super) retries: usize,
    /// Rows that were the same as another.
    pub(super) identical: usize,
    /// Rows that were skipped where another was run.
    pub(super) skips: usize,
    /// Passes that are not written, for the case failed after them, or nothing tells which was first.
    pub(super) passes: usize,
}

/// A row of a report.
#[derive(Debug)]
struct Row<'a> {
    is_entry: bool,
    /// Whether it is another attempt of the row before it.
    continues: bool,
    /// Never empty; the last is the row's own.
    attempts: Vec<Packed<'a>>,
}

/// Returns the case of a record with one attempt, which is all that is known of most cases.
pub(super) fn only(record: &Record) -> Option<United<'_>> {
    let mut fields = Fields::new(&record.payload[HEAD..]);
    let attempt = Packed::read(&mut fields);
    let is_entry = record.payload[0] == 1;
    fields.is_empty().then(|| United {
        attempts: vec![attempt],
        is_entry,
        retries: 0,
        identical: 0,
        skips: 0,
        passes: 0,
    })
}

/// Reads which attempt a row is, and of how many; 0 of 0 when it does not tell.
pub(super) fn repeat(properties: &[(String, String)]) -> (u32, u32) {
    let value = properties.iter().find(|(name, _)| name == ATTEMPT).map(|(_, value)| value.as_str());
    let numbers = value.and_then(|value| value.split_once(" of "));
    numbers.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?))).unwrap_or_default()
}

/// Puts the texts into a record that stayed in its report: only what is there can be compared.
///
/// # Errors
/// The report cannot be read any more.
pub(super) fn complete(record: &mut Record, sources: &mut Sources<'_>) -> io::Result<()> {
    let input = record.input();
    let mut payload = record.payload[..HEAD].to_vec();
    let mut fields = Fields::new(&record.payload[HEAD..]);
    while !fields.is_empty() {
        let mut attempt = Packed::read(&mut fields).unpack();
        for text in attempt.long_texts() {
            if let Text::There(span) = text {
                let bytes = sources.bytes(input, *span)?;
                *text = Text::Here(String::from_utf8_lossy(bytes).into_owned().into());
            }
        }
        attempt.pack(&mut payload);
    }
    record.payload = payload;
    Ok(())
}

/// Unites rows, which are sorted by report and place and complete if there are several attempts; returns one case for each
/// ordinal.
pub(super) fn unite<'a>(records: &'a [Record], flaky: Flaky) -> Vec<United<'a>> {
    let mut by_ordinal: Vec<Vec<Row<'a>>> = Vec::new();
    let mut input = None;
    let mut ordinal = 0;
    for record in records {
        let row = Row::read(&record.payload);
        if input != Some(record.input()) {
            (input, ordinal) = (Some(record.input()), 0);
        }
        if !(row.continues && ordinal > 0) {
            ordinal += 1;
        }
        if by_ordinal.len() < ordinal {
            by_ordinal.push(Vec::new());
        }
        by_ordinal[ordinal - 1].push(row);
    }
    by_ordinal.into_iter().map(|rows| of_rows(rows, flaky)).collect()
}

impl<'a> Row<'a> {
    fn read(payload: &'a [u8]) -> Self {
        let mut fields = Fields::new(payload);
        let is_entry = fields.byte() == 1;
        let continues = fields.short() > 1;
        fields.short();
        let mut attempts: Vec<Packed<'_>> = Vec::new();
        while !fields.is_empty() {
            let mut attempt = Packed::read(&mut fields);
            let identity = attempt.identity();
            attempt.ordinal = attempts.iter().filter(|other| other.identity() == identity).count();
            attempts.push(attempt);
        }
        Self { is_entry, continues, attempts }
    }
}

fn of_rows(rows: Vec<Row<'_>>, flaky: Flaky) -> United<'_> {
    let is_entry = rows.iter().all(|row| row.is_entry);
    let own: Vec<Packed<'_>> = rows.iter().filter_map(|row| row.attempts.last().cloned()).collect();
    let attempts = distinct(rows.into_iter().flat_map(|row| row.attempts).collect());
    let count = own.len();
    let own = distinct(own);
    let (identical, others) = (count - own.len(), own.len().saturating_sub(1));
    let last = last(&attempts);
    let skips =
        if attempts[last].place().has_run() { own.iter().filter(|row| !row.place().has_run()).count() } else { 0 };
    let passed = |attempts: &[Packed<'_>]| attempts.iter().filter(|it| it.place().has_run() && !it.is_bad()).count();
    let before = passed(&attempts);
    let attempts = kept(attempts, last, flaky);
    let has_failed = attempts.last().is_some_and(Packed::is_bad);
    let passes = if has_failed { before - passed(&attempts) } else { 0 };
    United { attempts, is_entry, retries: others - skips, identical, skips, passes }
}

/// Makes a set of attempts, in which the details of the same ones are united too.
fn distinct(mut attempts: Vec<Packed<'_>>) -> Vec<Packed<'_>> {
    if attempts.len() < 2 {
        return attempts;
    }
    attempts.sort_by_cached_key(|attempt| (attempt.identity().into_owned(), attempt.ordinal, attempt.core));
    let mut set: Vec<Packed<'_>> = Vec::with_capacity(attempts.len());
    for attempt in attempts {
        match set.last_mut().filter(|same| same.ordinal == attempt.ordinal && same.identity() == attempt.identity()) {
            Some(same) => {
                same.is_final |= attempt.is_final;
                same.details = same.details.max(attempt.details);
            }
            None => set.push(attempt),
        }
    }
    set
}

/// Finds the attempt that has the last word: the greatest of those that were the last of their report.
fn last(attempts: &[Packed<'_>]) -> usize {
    let key = |place: &usize| {
        let attempt = &attempts[*place];
        (attempt.is_final, attempt.place(), attempt.core)
    };
    (0..attempts.len()).max_by_key(key).unwrap_or_default()
}

/// Keeps what the form can hold. What is left out is no failure, and could not become the last word in any later merge.
fn kept(mut attempts: Vec<Packed<'_>>, last: usize, flaky: Flaky) -> Vec<Packed<'_>> {
    let last = attempts.swap_remove(last);
    let has_run = last.place().has_run();
    attempts.retain(|attempt| match flaky {
        Flaky::Surefire => attempt.is_bad(),
        Flaky::Repeat => attempt.place().has_run() || !has_run,
        Flaky::Last => false,
    });
    attempts.sort_by_cached_key(|attempt| (attempt.place(), attempt.core));
    attempts.push(last);
    attempts
}
