//! Walks through the sorted records: once to count, and once more to write, for counters stand before what they count.

use std::collections::{BTreeMap, HashSet};
use std::io;

use super::attempt::{Attempt, Packed, Text};
use super::element::{CaseName, Form};
use super::gather::Gathered;
use super::name::name_hash;
use super::options::MergeOptions;
use super::record::{Fields, Name, Rank, Record, with_number};
use super::rows::Rows;
use super::sources::Sources;
use super::spill::Sorted;
use super::suite::{SuiteMeta, Totals};
use super::unite::{United, complete, only, unite};

/// Takes suites in their order.
pub(super) trait Visitor {
    /// Tells whether rows must be written; else only their totals are.
    fn wants_rows(&self) -> bool;

    /// Learns of a case, before its rows come.
    fn case(&mut self, suite: &str, name: &str, file: &str, united: &United<'_>);

    /// Learns that an output of a suite has no place in the form.
    fn leave_out(&mut self);

    /// Begins a suite.
    fn begin(&mut self, suite: &str, meta: &SuiteMeta) -> io::Result<()>;

    /// Takes rows of the suite.
    fn rows(&mut self, rows: &Rows, totals: Totals, sources: &mut Sources<'_>) -> io::Result<()>;

    /// Ends the suite.
    fn end(&mut self) -> io::Result<()>;
}

/// Shows everything that was gathered to a visitor.
pub(super) fn walk(gathered: &Gathered, options: &MergeOptions, visitor: &mut dyn Visitor) -> io::Result<()> {
    gathered.spill.sorted(|sorted| {
        let names = Names { taken: &gathered.names, written: HashSet::new(), added: HashSet::new() };
        let sources = Sources::new(&gathered.inputs, &gathered.stamps);
        let mut walk = Walk { sorted, options, visitor, names, sources };
        let mut suite = String::new();
        while let Some(next) = walk.sorted.peek() {
            suite.clear();
            suite.push_str(next.suite());
            walk.suite(&suite)?;
        }
        Ok(())
    })
}

struct Walk<'a, 'b> {
    sorted: &'a mut Sorted<'b>,
    options: &'a MergeOptions,
    visitor: &'a mut dyn Visitor,
    names: Names<'a>,
    sources: Sources<'a>,
}

/// Rows that got a number, until those with a lesser one have been written.
type Held = BTreeMap<u32, (Rows, Totals)>;

/// The rows of one name and file, and room for what is made of them.
#[derive(Default)]
struct Group {
    /// Those before `count` are in use.
    records: Vec<Record>,
    count: usize,
    rows: Rows,
    totals: Totals,
}

impl Walk<'_, '_> {
    fn suite(&mut self, suite: &str) -> io::Result<()> {
        let mut meta = SuiteMeta::default();
        let mut record = Record::default();
        while self.take(suite, Rank::Suite, &mut record)? {
            meta.unite(SuiteMeta::unpack(&record.payload));
        }
        self.visitor.begin(suite, &meta)?;
        let mut held = Held::new();
        let mut family = [String::new(), String::new()];
        let mut group = Group::default();
        while self.take_group(suite, &mut group)? {
            if self.options.dialect.needs_unique_names() {
                self.give_back(&group.records[0], &mut family, &mut held)?;
            }
            self.cases(suite, meta.time, &mut group, &mut held)?;
            self.visitor.rows(&group.rows, group.totals, &mut self.sources)?;
        }
        for (rows, totals) in held.into_values() {
            self.visitor.rows(&rows, totals, &mut self.sources)?;
        }
        self.outputs(suite)?;
        self.visitor.end()
    }

    /// Hands on the rows that were held and whose turn has come before a record's.
    fn give_back(&mut self, record: &Record, family: &mut [String; 2], held: &mut Held) -> io::Result<()> {
        let Name { class, base, number, .. } = record.name();
        let is_of_family = [class, base] == *family;
        let number = if is_of_family { number } else { u32::MAX };
        while let Some(rows) = held.first_entry().filter(|rows| *rows.key() < number).map(|rows| rows.remove()) {
            self.visitor.rows(&rows.0, rows.1, &mut self.sources)?;
        }
        if !is_of_family {
            *family = [class, base].map(str::to_owned);
        }
        Ok(())
    }

    fn outputs(&mut self, suite: &str) -> io::Result<()> {
        let (mut record, mut before) = (Record::default(), Record::default());
        while self.take(suite, Rank::Output, &mut record)? {
            if before.payload == record.payload && before.group() == record.group() {
                continue;
            }
            if self.options.dialect.is_strict() {
                self.visitor.leave_out();
            } else {
                let mut rows = Rows::default();
                let element = if record.name().class == "err" { "system-err" } else { "system-out" };
                let text = Text::Here(Fields::new(&record.payload).text().into());
                rows.push_output(element, &text, record.input());
                rows.markup.push('\n');
                self.visitor.rows(&rows, Totals::default(), &mut self.sources)?;
            }
            std::mem::swap(&mut before, &mut record);
        }
        Ok(())
    }

    /// Takes all rows of the next name and file; returns false when the suite has none any more.
    fn take_group(&mut self, suite: &str, group: &mut Group) -> io::Result<bool> {
        group.count = 0;
        loop {
            if group.records.len() == group.count {
                group.records.push(Record::default());
            }
            let (taken, next) = group.records.split_at_mut(group.count);
            match taken.first() {
                None if !self.take(suite, Rank::Case, &mut next[0])? => return Ok(false),
                None => {}
                Some(first) => {
                    if self.sorted.peek().is_none_or(|next| next.group() != first.group()) {
                        break;
                    }
                    self.sorted.take(&mut next[0])?;
                }
            }
            group.count += 1;
        }
        // A large group is rare, and its memory is needed elsewhere.
        group.records.truncate(group.count.max(16));
        Ok(true)
    }

    /// Makes the rows of all cases of one name and file. Those that get another name are held until its turn comes.
    fn cases(&mut self, suite: &str, time: Option<i64>, group: &mut Group, held: &mut Held) -> io::Result<()> {
        let Group { records, count, rows, totals } = group;
        let records = &mut records[..*count];
        let is_single = matches!(records, [record] if only(record).is_some());
        if !is_single {
            for record in records.iter_mut() {
                complete(record, &mut self.sources)?;
            }
        }
        let records: &[Record] = records;
        let cases = match records {
            [record] if is_single => only(record).into_iter().collect(),
            _ => unite(records, self.options.flaky),
        };
        rows.clear();
        *totals = Totals::default();
        let (input, Name { class, base, number, path: file }) = (records[0].input(), records[0].name());
        let numbered = (number > 0).then(|| with_number(base, number));
        let name = numbered.as_deref().unwrap_or(base);
        let dialect = self.options.dialect;
        let form = Form { dialect, flaky: self.options.flaky, time };
        let in_suite = dialect.is_strict().then_some(suite);
        for united in cases {
            self.visitor.case(suite, name, file, &united);
            let added = if dialect.needs_unique_names() { self.names.number(class, name, base, number) } else { None };
            let renamed = added.map(|number| with_number(base, number));
            let name = renamed.as_deref().unwrap_or(name);
            let name = CaseName { class, name, file, input, group: in_suite };
            let (rows, totals) = match added {
                None => (&mut *rows, &mut *totals),
                Some(number) => {
                    let (rows, totals) = held.entry(number).or_default();
                    (rows, totals)
                }
            };
            form.count(name, &united.attempts, totals);
            if self.visitor.wants_rows() {
                let attempts: Vec<Attempt<'_>> = united.attempts.iter().map(Packed::unpack).collect();
                form.push(rows, name, &attempts);
            }
        }
        Ok(())
    }

    fn take(&mut self, suite: &str, rank: Rank, into: &mut Record) -> io::Result<bool> {
        if self.sorted.peek().is_some_and(|next| next.is_of(suite, rank)) { self.sorted.take(into) } else { Ok(false) }
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
