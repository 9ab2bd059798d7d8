//! One execution of one case, and the order of several.
//!
//! A long text stays in its report as long as only one attempt is known of a case, for then nothing is compared with it.
//!
//! An attempt has a core and details. The core (time, outcome, duration, texts) is its identity and survives every form
//! that is written; the details (line, properties) belong to the row and are written with the last attempt only.
//! Where the path of a full log stands in a cut text, it is no part of the identity.

use std::borrow::Cow;

use memchr::memmem;

use super::record::{Fields, push_bytes, push_text};
use crate::model::FindingKind;
use crate::report::junit::excerpt::LOG;
use crate::report::junit::group::Span;

/// What is known of one execution; `kind` is `None` for a pass. Texts are clean and within their limits.
#[derive(Debug, Default, Clone)]
pub(super) struct Attempt<'a> {
    /// Whether it is the last of its own report, as opposed to an earlier one that the report tells of.
    pub(super) is_final: bool,
    /// When its suite began, in microseconds since 1970.
    pub(super) time: Option<i64>,
    pub(super) kind: Option<FindingKind>,
    pub(super) microseconds: u64,
    pub(super) r#type: Cow<'a, str>,
    pub(super) message: Cow<'a, str>,
    pub(super) text: Text<'a>,
    pub(super) system_out: Text<'a>,
    pub(super) system_err: Text<'a>,
    pub(super) details: Details,
}

/// A text that may be long.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text<'a> {
    Here(Cow<'a, str>),
    /// It stands in the report that the attempt is from, never empty and without a `]]>`.
    There(Span),
}

/// What is known of a row besides its execution.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Details {
    pub(super) line: Option<u32>,
    pub(super) properties: Vec<(String, String)>,
}

/// An attempt in a record.
#[derive(Debug, Clone)]
pub(super) struct Packed<'a> {
    pub(super) is_final: bool,
    /// How many attempts of the same row that look just the same come before it, as they may in forms without times: each is
    /// an execution of its own.
    pub(super) ordinal: usize,
    pub(super) core: &'a [u8],
    pub(super) details: &'a [u8],
}

/// The place of an attempt among those of its case; the greatest is the last word.
///
/// A skip is no execution, so it comes before all others. The time of a failure that is not known is taken for late, and
/// that of a pass for early: nobody can say then that the failure was repaired.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    has_run: bool,
    time: i64,
    badness: u8,
}

impl Place {
    /// Tells whether the case was run at all.
    pub(super) fn has_run(&self) -> bool {
        self.has_run
    }
}

/// Marks a core in which a path may stand that is no part of the identity.
const POINTS_TO_LOG: u8 = 2;
const HAS_TIME: u8 = 1;

/// Begins a text of a core.
const HERE: u8 = 0;
const THERE: u8 = 1;

/// The bytes of a core before its texts: flags, badness, time, duration.
const FIXED: usize = 1 + 1 + 8 + 8;

impl Default for Text<'_> {
    fn default() -> Self {
        Self::Here(Cow::Borrowed(""))
    }
}

impl<'a> Text<'a> {
    /// Tells whether there is no text.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Here(text) => text.is_empty(),
            Self::There(_) => false,
        }
    }

    fn points_to_log(&self) -> bool {
        match self {
            Self::Here(text) => memmem::find(text.as_bytes(), LOG.as_bytes()).is_some(),
            Self::There(_) => false,
        }
    }

    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Here(text) => {
                out.push(HERE);
                push_text(out, text);
            }
            Self::There(span) => {
                out.push(THERE);
                out.extend_from_slice(&span.start.to_be_bytes());
                out.extend_from_slice(&span.end.to_be_bytes());
            }
        }
    }

    fn unpack(fields: &mut Fields<'a>) -> Self {
        match fields.byte() {
            THERE => Self::There(Span { start: fields.number(), end: fields.number() }),
            _ => Self::Here(Cow::Borrowed(fields.text())),
        }
    }
}

impl<'a> Attempt<'a> {
    /// Returns the texts that may stand in the report.
    pub(super) fn long_texts(&mut self) -> [&mut Text<'a>; 3] {
        [&mut self.text, &mut self.system_out, &mut self.system_err]
    }

    /// Appends the attempt to a record.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_final));
        let texts = [&self.text, &self.system_out, &self.system_err];
        let is_cut = |text: &str| text.contains(LOG);
        let points = is_cut(&self.r#type) || is_cut(&self.message) || texts.iter().any(|text| text.points_to_log());
        let length = out.len();
        out.extend_from_slice(&[0; 4]);
        let core = out.len();
        out.push(u8::from(self.time.is_some()) * HAS_TIME + u8::from(points) * POINTS_TO_LOG);
        out.push(badness(self.kind));
        out.extend_from_slice(&self.time.unwrap_or_default().to_be_bytes());
        out.extend_from_slice(&self.microseconds.to_be_bytes());
        push_text(out, &self.r#type);
        push_text(out, &self.message);
        texts.iter().for_each(|text| text.pack(out));
        let written = (out.len() - core) as u32;
        out[length..core].copy_from_slice(&written.to_be_bytes());
        let mut details = Vec::new();
        if self.details != Details::default() {
            push_text(&mut details, &self.details.line.map(|line| line.to_string()).unwrap_or_default());
            for (name, value) in &self.details.properties {
                push_text(&mut details, name);
                push_text(&mut details, value);
            }
        }
        push_bytes(out, &details);
    }
}

impl<'a> Packed<'a> {
    /// Reads the next attempt of a record.
    pub(super) fn read(fields: &mut Fields<'a>) -> Self {
        Self { is_final: fields.byte() == 1, ordinal: 0, core: fields.bytes(), details: fields.bytes() }
    }

    /// Tells what makes two attempts the same.
    pub(super) fn identity(&self) -> Cow<'a, [u8]> {
        if self.core[0] & POINTS_TO_LOG == 0 {
            return Cow::Borrowed(self.core);
        }
        let mut fields = Fields::new(&self.core[FIXED..]);
        let mut identity = self.core[..FIXED].to_vec();
        for _ in 0..2 {
            push_text(&mut identity, &without_paths(fields.text()));
        }
        for _ in 0..3 {
            let text = match Text::unpack(&mut fields) {
                Text::Here(text) => Text::Here(Cow::Owned(without_paths(&text))),
                there @ Text::There(_) => there,
            };
            text.pack(&mut identity);
        }
        Cow::Owned(identity)
    }

    /// Returns the attempt's place among others.
    pub(super) fn place(&self) -> Place {
        let badness = self.core[1];
        let time = self.time().unwrap_or(if self.is_bad() { i64::MAX } else { i64::MIN });
        Place { has_run: badness != badness_of_skip(), time, badness }
    }

    /// Tells whether it is a failure or an error.
    pub(super) fn is_bad(&self) -> bool {
        matches!(self.kind(), Some(FindingKind::Failure | FindingKind::Error))
    }

    /// Returns the outcome; `None` is a pass.
    pub(super) fn kind(&self) -> Option<FindingKind> {
        [None, Some(FindingKind::Skipped), Some(FindingKind::Failure), Some(FindingKind::Error)]
            .into_iter()
            .find(|&kind| badness(kind) == self.core[1])
            .flatten()
    }

    /// Returns when the suite of the attempt began.
    pub(super) fn time(&self) -> Option<i64> {
        (self.core[0] & HAS_TIME != 0).then(|| Fields::new(&self.core[2..]).number() as i64)
    }

    /// Returns how long it took.
    pub(super) fn microseconds(&self) -> u64 {
        Fields::new(&self.core[10..]).number()
    }

    /// Unpacks everything.
    pub(super) fn unpack(&self) -> Attempt<'a> {
        let mut fields = Fields::new(&self.core[FIXED..]);
        Attempt {
            is_final: self.is_final,
            time: self.time(),
            kind: self.kind(),
            microseconds: self.microseconds(),
            r#type: Cow::Borrowed(fields.text()),
            message: Cow::Borrowed(fields.text()),
            text: Text::unpack(&mut fields),
            system_out: Text::unpack(&mut fields),
            system_err: Text::unpack(&mut fields),
            details: Details::unpack(self.details),
        }
    }
}

impl Details {
    fn unpack(bytes: &[u8]) -> Self {
        let mut fields = Fields::new(bytes);
        if fields.is_empty() {
            return Self::default();
        }
        let line = fields.text().parse().ok();
        let mut properties = Vec::new();
        while !fields.is_empty() {
            properties.push((fields.text().to_owned(), fields.text().to_owned()));
        }
        Self { line, properties }
    }
}

fn badness(kind: Option<FindingKind>) -> u8 {
    match kind {
        None => 1,
        Some(FindingKind::Skipped) => badness_of_skip(),
        Some(FindingKind::Failure) => 2,
        Some(FindingKind::Error) => 3,
    }
}

const fn badness_of_skip() -> u8 {
    0
}

/// Takes the paths out of the lines that tell how much of a text is missing.
fn without_paths(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let path = line.starts_with("[minke cut ").then(|| line.find(LOG)).flatten();
        out.push_str(path.map_or(line, |start| &line[..start]));
    }
    out
}
