//! One case as it is going to be written.

use super::clean;
use super::excerpt::Excerpt;
use super::location::Location;
use super::number::MOST_SECONDS;
use crate::model::{Case, Finding, FindingKind, Trouble};

/// The most bytes of a name, a path or a property.
pub(crate) const NAME_BYTES: usize = 4 * 1024;

/// The most bytes of a `message` attribute.
const MESSAGE_BYTES: usize = 8 * 1024;

/// The most bytes of a failure's or an error's text: far below the 10 MB at which GitLab stops reading a text.
const BODY_BYTES: usize = 512 * 1024;

/// The most bytes of what an earlier execution said.
const EARLIER_BYTES: usize = 64 * 1024;

/// The most bytes of a `system-out` or a `system-err`.
const OUTPUT_BYTES: usize = 256 * 1024;

/// What a case without a name is called.
const NAMELESS: &str = "(unnamed)";

/// A `<testcase>`; every text is legal in XML 1.0.
#[derive(Debug)]
pub(crate) struct Row {
    /// Never empty.
    pub(crate) classname: String,
    /// Never empty.
    pub(crate) name: String,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) microseconds: i64,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) system_out: Option<String>,
    pub(crate) system_err: Option<String>,
    pub(crate) properties: Vec<(String, String)>,
    /// What earlier executions said: failures and errors.
    pub(crate) earlier: Vec<Verdict>,
}

/// The one failure, error or skip of a row.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) kind: FindingKind,
    pub(crate) r#type: String,
    pub(crate) message: String,
    pub(crate) body: Option<String>,
}

/// What is said of one execution of a case, in the attributes and the text that it will have.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) kind: FindingKind,
    pub(crate) r#type: String,
    pub(crate) message: String,
    pub(crate) text: String,
}

impl Row {
    /// Makes a row of a framework's case; `unit_class` stands in for a missing class name.
    pub(crate) fn of_case(case: &Case, unit_class: &str, location: Location) -> Self {
        Self {
            classname: first_of([case.classname.as_str(), unit_class, NAMELESS]),
            name: first_of([case.name.as_str(), NAMELESS]),
            file: Some(clean::attribute(&location.file, NAME_BYTES)),
            line: location.line,
            microseconds: microseconds(case.seconds.unwrap_or_default()),
            verdict: Verdict::of_case(case),
            system_out: output(case.system_out.as_deref()),
            system_err: output(case.system_err.as_deref()),
            properties: case
                .properties
                .iter()
                .map(|(name, value)| (clean::attribute(name, NAME_BYTES), clean::attribute(value, NAME_BYTES)))
                .collect(),
            earlier: case
                .earlier
                .iter()
                .map(|finding| Verdict::of_words(Words::of_finding(finding, EARLIER_BYTES)))
                .collect(),
        }
    }

    /// Makes a row of something that minke itself has to say.
    pub(crate) fn of_minke(
        class: &str,
        name: &str,
        location: Option<Location>,
        seconds: f64,
        verdict: Verdict,
    ) -> Self {
        Self {
            classname: first_of([class, NAMELESS]),
            name: name.to_owned(),
            file: location.map(|location| clean::attribute(&location.file, NAME_BYTES)),
            line: None,
            microseconds: microseconds(seconds),
            verdict: Some(verdict),
            system_out: None,
            system_err: None,
            properties: Vec::new(),
            earlier: Vec::new(),
        }
    }
}

impl Verdict {
    /// Makes an error of a kind that minke found.
    pub(crate) fn error(kind: &str, detail: &str, output_tail: &str) -> Self {
        let mut body = Excerpt::new(BODY_BYTES);
        body.push(detail.trim_end());
        if !output_tail.trim().is_empty() {
            body.push("\n\nThe last lines of the output:\n");
            body.push(output_tail.trim_end());
        }
        Self {
            kind: FindingKind::Error,
            r#type: format!("minke.{kind}"),
            message: clean::attribute(headline(detail), MESSAGE_BYTES),
            body: Some(clean::body(&body.finish())),
        }
    }

    /// Makes an error of what kept minke from getting a whole answer.
    pub(crate) fn of_trouble(trouble: &Trouble) -> Self {
        let phrase = trouble.cause.to_string();
        let detail = if trouble.detail.trim().is_empty() { phrase.as_str() } else { trouble.detail.as_str() };
        Self::error(trouble.cause.name(), detail, &trouble.output_tail)
    }

    /// Makes one verdict of all findings of a case.
    fn of_case(case: &Case) -> Option<Self> {
        Words::of_case(case, BODY_BYTES).map(Self::of_words)
    }

    fn of_words(words: Words) -> Self {
        let body = clean::body(&words.text);
        Self {
            kind: words.kind,
            r#type: words.r#type,
            message: words.message,
            body: (!body.is_empty()).then_some(body),
        }
    }
}

impl Words {
    /// Makes one verdict of all findings of a case: the worst of them, with the text of the others after its own, in at most
    /// `limit` bytes.
    pub(crate) fn of_case(case: &Case, limit: usize) -> Option<Self> {
        let worst = case.worst_finding()?;
        let others = case.findings.iter().filter(|finding| !std::ptr::eq(*finding, worst));
        Some(Self::of(worst, others, limit))
    }

    /// Makes the verdict of one finding.
    pub(crate) fn of_finding(finding: &Finding, limit: usize) -> Self {
        Self::of(finding, std::iter::empty(), limit)
    }

    fn of<'a>(worst: &Finding, others: impl Iterator<Item = &'a Finding>, limit: usize) -> Self {
        let message = clean::attribute(headline(&worst.message), MESSAGE_BYTES);
        let mut body = Excerpt::new(limit);
        let whole_message = worst.message.trim();
        if message != whole_message && !worst.text.contains(whole_message) {
            body.push(whole_message);
            body.push(if worst.text.is_empty() { "" } else { "\n\n" });
        }
        body.push(&worst.text);
        for other in others {
            push_other(&mut body, other);
        }
        Self { kind: worst.kind, r#type: clean::attribute(&worst.r#type, NAME_BYTES), message, text: body.finish() }
    }
}

fn push_other(body: &mut Excerpt, other: &Finding) {
    body.push(match other.kind {
        FindingKind::Skipped => "\n\n[also skipped]",
        FindingKind::Failure => "\n\n[also a failure]",
        FindingKind::Error => "\n\n[also an error]",
    });
    for text in [&other.r#type, &other.message] {
        if !text.trim().is_empty() {
            body.push(" ");
            body.push(text.trim());
        }
    }
    body.push("\n");
    body.push(&other.text);
}

/// Returns the first line that says something.
fn headline(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// Returns the first text that is not empty when it is cleaned; the last one must be.
fn first_of<const N: usize>(candidates: [&str; N]) -> String {
    let cleaned = candidates.iter().map(|text| clean::attribute(text, NAME_BYTES));
    cleaned.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

fn output(text: Option<&str>) -> Option<String> {
    let text = clean::body(&Excerpt::of(text?, OUTPUT_BYTES));
    (!text.trim().is_empty()).then_some(text)
}

fn microseconds(seconds: f64) -> i64 {
    // A float's cast saturates, and NaN gives 0.
    (seconds.clamp(0.0, MOST_SECONDS) * 1e6).round() as i64
}
