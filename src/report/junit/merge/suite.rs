//! What suites say of themselves, united.

use std::collections::BTreeSet;

use super::record::{Fields, push_text};
use super::stamp;
use crate::report::junit::claims::Tally;
use crate::report::junit::clean;
use crate::report::junit::group::SuiteDetails;
use crate::report::junit::row::NAME_BYTES;

/// The property that tells how a suite's own counters differed from what it held.
const REMARK: &str = "minke.remark";
const TIMESTAMP: &str = "minke.timestamp";
const HOSTNAME: &str = "minke.hostname";
const FILE: &str = "minke.file";
const PACKAGE: &str = "minke.package";

/// The property of a suite whose cases name their own suite, and file, as their `group`: it names one of those suites.
pub(super) const SUITES: &str = "minke.suite";

/// What is known of a suite. Of what can be there once only in an attribute, the least is written there and the others
/// as properties, so that a later merge knows them all.
#[derive(Debug, Default, Clone)]
pub(super) struct SuiteMeta {
    pub(super) time: Option<i64>,
    pub(super) hostnames: BTreeSet<String>,
    pub(super) files: BTreeSet<String>,
    pub(super) packages: BTreeSet<String>,
    pub(super) properties: BTreeSet<(String, String)>,
}

/// Stands between a suite's name and the path of a file in the `group` of a case; neither has it in it.
pub(super) const FILE_IN_GROUP: char = '\t';

/// What a suite holds, counted.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Totals {
    pub(super) tally: Tally,
    pub(super) microseconds: u128,
    /// Whether a row has no file. A reader would give it that of its suite.
    pub(super) lacks_file: bool,
}

impl SuiteMeta {
    /// Takes over what was read of a suite, in which `file` is its own.
    pub(super) fn of(details: SuiteDetails, file: Option<String>, difference: Option<String>) -> Self {
        let short = |value: Option<String>| {
            value
                .map(|value| clean::attribute(&value, NAME_BYTES))
                .filter(|value| !value.is_empty())
                .into_iter()
                .collect()
        };
        let mut meta = Self {
            time: details.timestamp.as_deref().and_then(stamp::parse),
            hostnames: short(details.hostname),
            files: short(file),
            packages: short(details.package),
            properties: BTreeSet::new(),
        };
        for (name, value) in details.properties {
            let (name, value) = (clean::attribute(&name, NAME_BYTES), clean::attribute(&value, NAME_BYTES));
            meta.take_property(name, value);
        }
        meta.properties
            .extend(difference.map(|difference| (REMARK.to_owned(), clean::attribute(&difference, NAME_BYTES))));
        meta
    }

    /// Adds what another report says of the same suite.
    pub(super) fn unite(&mut self, other: Self) {
        self.time = [self.time, other.time].into_iter().flatten().min();
        self.hostnames.extend(other.hostnames);
        self.files.extend(other.files);
        self.packages.extend(other.packages);
        self.properties.extend(other.properties);
    }

    /// Returns the file that is written as an attribute: none where a row without a file would be taken for a row of it.
    pub(super) fn written_file(&self, totals: &Totals) -> Option<&str> {
        self.files.first().filter(|_| !totals.lacks_file).map(String::as_str)
    }

    /// Returns the properties that are written. A strict form has no attribute for most of what is known.
    pub(super) fn written_properties(&self, totals: &Totals, is_strict: bool) -> Vec<(&str, String)> {
        let skipped = usize::from(!is_strict);
        let skipped_files = usize::from(!is_strict && self.written_file(totals).is_some());
        let time = self.time.filter(|_| is_strict).map(|time| (TIMESTAMP, stamp::text(time)));
        let sets = [
            (FILE, &self.files, skipped_files),
            (HOSTNAME, &self.hostnames, skipped),
            (PACKAGE, &self.packages, skipped),
        ];
        let of_sets = sets
            .into_iter()
            .flat_map(|(name, set, skipped)| set.iter().skip(skipped).map(move |value| (name, value.clone())));
        let own = self.properties.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let mut all: Vec<_> = own.chain(of_sets).chain(time).collect();
        all.sort();
        all
    }

    /// Appends everything to a record.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        push_text(out, &self.time.map(|time| time.to_string()).unwrap_or_default());
        let sets = [(FILE, &self.files), (HOSTNAME, &self.hostnames), (PACKAGE, &self.packages)];
        for (name, value) in sets.into_iter().flat_map(|(name, set)| set.iter().map(move |value| (name, value))) {
            push_text(out, name);
            push_text(out, value);
        }
        for (name, value) in &self.properties {
            push_text(out, name);
            push_text(out, value);
        }
    }

    /// Reads what was appended.
    pub(super) fn unpack(bytes: &[u8]) -> Self {
        let mut fields = Fields::new(bytes);
        let mut meta = Self { time: fields.text().parse().ok(), ..Self::default() };
        while !fields.is_empty() {
            let (name, value) = (fields.text().to_owned(), fields.text().to_owned());
            meta.take_property(name, value);
        }
        meta
    }

    fn take_property(&mut self, name: String, value: String) {
        let set = match name.as_str() {
            HOSTNAME => &mut self.hostnames,
            FILE => &mut self.files,
            PACKAGE => &mut self.packages,
            TIMESTAMP => {
                self.time = [self.time, stamp::parse(&value)].into_iter().flatten().min();
                return;
            }
            SUITES => return,
            _ => {
                self.properties.insert((name, value));
                return;
            }
        };
        set.insert(value);
    }
}

impl Totals {
    /// How many bytes totals take where they wait for the second walk.
    pub(super) const BYTES: usize = 4 * 8 + 16 + 1;

    /// Returns them as bytes.
    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let Tally { tests, failures, errors, skipped } = self.tally;
        let mut bytes = [0; Self::BYTES];
        for (place, count) in bytes.chunks_exact_mut(8).zip([tests, failures, errors, skipped]) {
            place.copy_from_slice(&(count as u64).to_be_bytes());
        }
        bytes[32..48].copy_from_slice(&self.microseconds.to_be_bytes());
        bytes[48] = u8::from(self.lacks_file);
        bytes
    }

    /// Reads what [`Totals::to_bytes`] made.
    pub(super) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut fields = Fields::new(&bytes);
        let [tests, failures, errors, skipped] = std::array::from_fn(|_| fields.number() as usize);
        let microseconds = (u128::from(fields.number()) << 64) | u128::from(fields.number());
        let tally = Tally { tests, failures, errors, skipped };
        Self { tally, microseconds, lacks_file: fields.byte() == 1 }
    }

    /// Adds other totals.
    pub(super) fn add(&mut self, other: Self) {
        self.tally.add(other.tally);
        self.microseconds += other.microseconds;
        self.lacks_file |= other.lacks_file;
    }
}
