//! Reads the inputs, as many at a time as there are processors, and makes records of them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::attempt::{Attempt, Text};
use super::name::{bounded, file_name, fnv, name_hash, suite_name, without_prefix};
use super::options::{Input, MergeOptions, Source};
use super::reading::{Reading, own_time};
use super::record::{Rank, key, push_text};
use super::sources::Stamp;
use super::spill::{Sorter, Spill};
use super::suite::{FILE_IN_GROUP, SUITES, SuiteMeta};
use super::summary::{Remark, Summary};
use super::{label, stamp, unite};
use crate::model::{Case, Finding, FindingKind, ReportProblem};
use crate::report::junit::clean;
use crate::report::junit::group::{CaseDetails, Follower, Group};
use crate::report::junit::reader::{ReadLimits, follow};
use crate::report::junit::row::NAME_BYTES;

const NAMELESS: &str = "(unnamed)";

/// The class and the name of the case that stands for a report that could not be read whole.
const ENTRY: [&str; 2] = ["minke", "(report)"];
const UNREADABLE: &str = "minke.unreadable-report";
const TRUNCATED: &str = "minke.truncated-report";

/// At most so many inputs are read at once; each has a sorter with memory of its own.
const MOST_WORKERS: usize = 4;

/// Everything that was read.
pub(super) struct Gathered {
    pub(super) inputs: Vec<Input>,
    /// What the files among them were when they were read.
    pub(super) stamps: Vec<Option<Stamp>>,
    pub(super) spill: Spill,
    pub(super) summary: Summary,
    /// Hashes of all pairs of class and name, if names must be unique.
    pub(super) names: HashSet<u64>,
}

/// Reads all inputs.
pub(super) fn gather(inputs: Vec<Input>, options: &MergeOptions) -> io::Result<Gathered> {
    let labels = if options.suite_prefix { label::labels(&inputs, options) } else { HashMap::new() };
    let spill = Spill::default();
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS).min(inputs.len()).max(1);
    let results: Vec<io::Result<Worker<'_>>> = thread::scope(|scope| {
        let work = || {
            let mut worker = Worker::new(&spill, options, &labels);
            while let Some((number, input)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, inputs.get(n)?)))
            {
                worker.read(number as u32, input)?;
            }
            Ok(worker)
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut summary = Summary { files: inputs.len(), ..Summary::default() };
    let mut names = HashSet::new();
    let mut stamps = vec![None; inputs.len()];
    for worker in results {
        let worker = worker?;
        for (number, stamp) in worker.stamps {
            stamps[number as usize] = Some(stamp);
        }
        summary.cases += worker.cases;
        summary.of_suites += worker.of_suites;
        summary.remarks.extend(worker.remarks);
        names.extend(worker.names);
        worker.sorter.finish();
    }
    summary.remarks.sort();
    Ok(Gathered { inputs, stamps, spill, summary, names })
}

/// Opens an input.
pub(super) fn open(input: &Input) -> Result<Opened<'_>, String> {
    match &input.source {
        Source::File(path) => {
            let failed = |error| format!("cannot be opened: {error}");
            let file = File::open(path).map_err(failed)?;
            let stamp = Stamp::of(&file.metadata().map_err(failed)?);
            Ok(Opened { bytes: Box::new(file), again: stamp.is_some(), stamp })
        }
        Source::Bytes(bytes) => Ok(Opened { bytes: Box::new(bytes.as_slice()), again: true, stamp: None }),
        Source::Missing(why) => Err(why.clone()),
    }
}

/// An input that is open.
pub(super) struct Opened<'a> {
    pub(super) bytes: Box<dyn Read + 'a>,
    /// Whether it can be read a second time.
    again: bool,
    stamp: Option<Stamp>,
}

/// Returns how much of an input is read. Memory does not grow with it, so only texts and depth are bounded.
pub(super) fn limits(options: &MergeOptions) -> ReadLimits {
    let text_bytes = options.dialect.text_bytes();
    ReadLimits { file_bytes: u64::MAX, text_bytes, cases: u32::MAX as usize, ..ReadLimits::default() }
}

/// Reads inputs, one after the other.
struct Worker<'a> {
    reading: Reading<'a>,
    labels: &'a HashMap<(u32, String), String>,
    sorter: Sorter<'a>,
    cases: usize,
    of_suites: usize,
    remarks: Vec<Remark>,
    names: HashSet<u64>,
    stamps: Vec<(u32, Stamp)>,
    file: u32,
    position: u32,
    /// The last time of a suite that was read, as it was written, and what it means; it comes again with each case.
    time: (String, Option<i64>),
    /// The last name of a suite, as it was written and as it is merged.
    suite: (String, String),
    key: Vec<u8>,
    payload: Vec<u8>,
    /// The first failure of the sorter, kept until the file is over.
    failure: Option<io::Error>,
}

impl<'a> Worker<'a> {
    fn new(spill: &'a Spill, options: &'a MergeOptions, labels: &'a HashMap<(u32, String), String>) -> Self {
        Self {
            reading: Reading { options, path: String::new(), again: false },
            labels,
            sorter: Sorter::new(spill),
            cases: 0,
            of_suites: 0,
            remarks: Vec::new(),
            names: HashSet::new(),
            stamps: Vec::new(),
            file: 0,
            position: 0,
            time: (String::new(), None),
            suite: <(String, String)>::default(),
            key: Vec::new(),
            payload: Vec::new(),
            failure: None,
        }
    }

    fn read(&mut self, number: u32, input: &Input) -> io::Result<()> {
        self.file = number;
        self.position = 0;
        self.suite = <(String, String)>::default();
        self.reading.path = clean::attribute(&input.path, 1024);
        let path = self.reading.path.clone();
        match open(input) {
            Ok(opened) => {
                self.reading.again = opened.again;
                self.stamps.extend(opened.stamp.map(|stamp| (number, stamp)));
                let problems = follow(&path, opened.bytes, &limits(self.reading.options), self);
                problems.iter().for_each(|problem| self.problem(problem));
            }
            Err(why) => self.entry(UNREADABLE, &why),
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    fn problem(&mut self, problem: &ReportProblem) {
        match problem {
            ReportProblem::Empty | ReportProblem::Malformed { .. } => self.entry(UNREADABLE, &problem.to_string()),
            ReportProblem::Truncated
            | ReportProblem::BrokenOff { .. }
            | ReportProblem::TooLarge { .. }
            | ReportProblem::FailuresMissing { .. } => {
                self.entry(TRUNCATED, &problem.to_string());
            }
            ReportProblem::Repaired | ReportProblem::EntitiesIgnored => self.remark(problem.to_string(), false),
            // Each suite has been remarked on.
            ReportProblem::CountsDiffer { .. } => {}
        }
    }

    fn remark(&mut self, text: String, loses_cases: bool) {
        self.remarks.push(Remark { path: self.reading.path.clone(), text, loses_cases });
    }

    /// Adds a suite with a case that tells what is wrong with the input.
    fn entry(&mut self, r#type: &str, text: &str) {
        // A parser quotes what it could not read.
        let text = &clean::attribute(text, NAME_BYTES);
        self.remark(text.to_owned(), true);
        let attempt = Attempt {
            is_final: true,
            kind: Some(FindingKind::Error),
            r#type: r#type.into(),
            message: clean::attribute(&format!("{} {text}", self.reading.path), NAME_BYTES).into(),
            text: Text::Here(format!("{} {text}; cases may be missing from this report.", self.reading.path).into()),
            ..Attempt::default()
        };
        let suite = self.reading.path.clone();
        self.push_suite(&suite, &SuiteMeta::default());
        self.push_case(&suite, [ENTRY[0], ENTRY[1], ""], (0, 0), true, &[attempt]);
    }

    fn suite_name(&mut self, raw: &str) -> String {
        if self.suite.0 != raw || raw.is_empty() {
            let name = suite_name(raw, self.reading.options);
            let label = self.labels.get(&(self.file, name.clone()));
            self.suite = (raw.to_owned(), label.map_or(name.clone(), |label| format!("{label}: {name}")));
        }
        self.suite.1.clone()
    }

    fn push_suite(&mut self, suite: &str, meta: &SuiteMeta) {
        self.payload.clear();
        meta.pack(&mut self.payload);
        self.push(suite, Rank::Suite, [""; 3]);
    }

    fn push_case(
        &mut self,
        suite: &str,
        [class, name, path]: [&str; 3],
        repeat: (u32, u32),
        is_entry: bool,
        attempts: &[Attempt<'_>],
    ) {
        if self.reading.options.dialect.needs_unique_names() {
            self.names.insert(name_hash(class, name));
        }
        self.payload.clear();
        self.payload.push(u8::from(is_entry));
        self.payload.extend_from_slice(&repeat.0.to_be_bytes());
        self.payload.extend_from_slice(&repeat.1.to_be_bytes());
        attempts.iter().for_each(|attempt| attempt.pack(&mut self.payload));
        self.push(suite, Rank::Case, [class, name, path]);
    }

    fn push_output(&mut self, suite: &str, stream: &str, output: String) {
        if output.trim().is_empty() {
            return;
        }
        let output = self.reading.canonical(&output).into_owned();
        self.payload.clear();
        push_text(&mut self.payload, &output);
        let beginning = &output[..output.floor_char_boundary(64.min(output.len()))];
        self.push(suite, Rank::Output, [stream, &format!("{beginning}{:016x}", fnv(output.as_bytes())), ""]);
    }

    fn push(&mut self, suite: &str, rank: Rank, texts: [&str; 3]) {
        self.key.clear();
        key(&mut self.key, suite, rank, texts, self.file, self.position);
        self.position += 1;
        if let Err(error) = self.sorter.push(&self.key, &self.payload) {
            self.failure.get_or_insert(error);
        }
    }

    /// Reads the time of a suite.
    fn suite_time(&mut self, raw: &str) -> Option<i64> {
        if self.time.0 != raw {
            self.time = (raw.to_owned(), stamp::parse(raw));
        }
        self.time.1
    }

    /// Returns the file of a case: the first of these that names one.
    fn file_of(&self, candidates: [Option<&str>; 3]) -> String {
        let named = candidates.into_iter().flatten().map(|raw| file_name(raw, self.reading.options));
        named.into_iter().find(|path| !path.is_empty()).unwrap_or_default()
    }
}

impl Follower for Worker<'_> {
    fn case(&mut self, suite: &Group, mut case: Case, details: CaseDetails, whole: bool) {
        self.cases += 1;
        self.of_suites += usize::from(details.is_of_suite);
        let is_bad = case.findings.iter().any(|finding| finding.kind != FindingKind::Skipped);
        if !whole && !is_bad {
            // What came after might have been its failure.
            let text = format!("{} breaks off inside of this case.", self.reading.path);
            let message = "the report breaks off inside of this case".to_owned();
            case.findings.push(Finding { kind: FindingKind::Error, message, r#type: TRUNCATED.to_owned(), text });
        }
        let is_made_of_suites = suite.details.properties.iter().any(|(name, _)| name == SUITES);
        let group = details.group.as_deref().filter(|_| is_made_of_suites);
        let (raw, file_in_group) = match group.and_then(|group| group.split_once(FILE_IN_GROUP)) {
            Some((raw, file)) => (raw, Some(file)),
            None => (group.unwrap_or(&suite.path), None),
        };
        let name = self.suite_name(raw);
        let file = self.file_of([case.file.as_deref(), file_in_group, suite.file.as_deref()]);
        let of_suite = suite.details.timestamp.as_deref().and_then(|raw| self.suite_time(raw));
        let time = own_time(details.timestamp.as_deref(), of_suite);
        let time = if suite.details.timestamp.is_none() { time.or_else(|| written_time(suite)) } else { time };
        let mut class = bounded(&case.classname);
        if class.is_empty() && self.reading.options.dialect.needs_unique_names() {
            class.clone_from(&name);
        }
        let mut case_name = bounded(&case.name);
        if case_name.is_empty() {
            case_name = NAMELESS.to_owned();
        }
        let repeat = unite::repeat(&case.properties);
        let mut attempts = self.reading.attempts(&case, &details, time);
        if repeat.0 < repeat.1 {
            attempts.iter_mut().for_each(|attempt| attempt.is_final = false);
        }
        self.push_case(&name, [&class, &case_name, &file], repeat, false, &attempts);
        if suite.path.is_empty() {
            self.push_suite(&name, &SuiteMeta::default());
        }
    }

    fn suite(&mut self, mut suite: Group, difference: Option<String>) {
        let name = self.suite_name(&suite.path);
        if let Some(difference) = &difference {
            self.remark(format!("suite \"{}\" claims {difference}", clean::attribute(&suite.name, 256)), false);
        }
        let [out, err] = [&mut suite.details.system_out, &mut suite.details.system_err].map(std::mem::take);
        let parts = parts(&suite);
        let says_nothing =
            suite.details.properties.is_empty() && difference.is_none() && out.is_empty() && err.is_empty();
        let is_wrapper = suite.is_root || (suite.has_suites && suite.direct.tests == 0);
        if parts.iter().any(String::is_empty)
            || (is_wrapper && says_nothing)
            || (suite.is_root && suite.path.is_empty())
        {
            return;
        }
        out.into_iter().for_each(|text| self.push_output(&name, "out", text));
        err.into_iter().for_each(|text| self.push_output(&name, "err", text));
        let file = suite.file.take().map(|file| match &self.reading.options.strip_prefix {
            Some(prefix) => without_prefix(&file, prefix),
            None => file,
        });
        let meta = SuiteMeta::of(suite.details, file, difference);
        // Nobody can tell any more which of several suites it belongs to.
        let first = parts.first().map_or(name, |first| self.suite_name(first));
        self.push_suite(&first, &meta);
        for part in parts.iter().skip(1) {
            let part = self.suite_name(part);
            self.push_suite(&part, &SuiteMeta::default());
        }
    }
}

/// Returns the names of the suites that a suite is made of; none if it is a suite itself.
fn parts(suite: &Group) -> Vec<String> {
    let properties = suite.details.properties.iter();
    properties.filter(|(name, _)| name == SUITES).map(|(_, value)| value.clone()).collect()
}

/// Returns the time of a suite whose form has no attribute for it.
fn written_time(suite: &Group) -> Option<i64> {
    let properties = suite.details.properties.iter();
    properties.filter(|(name, _)| name == "minke.timestamp").find_map(|(_, value)| stamp::parse(value))
}
