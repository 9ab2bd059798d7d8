//! The units that failed, errored, or were not run, with everything that helps to see why.

use super::HtmlOptions;
use super::links::{Link, logs, source};
use super::output::Limit;
use super::text::{name, visible};
use super::words::{case_word, counts, number, span, unit_class};
use super::{place, rerun};
use crate::model::{Case, CaseCounts, Finding, FindingKind, RunState, Trouble, UnitOutcome, UnitRecord};

/// Failing cases that are told at length; the further ones are rows of their units.
const CASES: usize = 1_000;
/// Failing cases that stand open when the report is opened.
const OPEN: usize = 40;
/// Units of one trouble that are named.
const NAMES: usize = 100;

/// The part of the report that stands first.
pub(super) struct Failures {
    pub(super) articles: Vec<Article>,
    pub(super) shards: Vec<ShardFailure>,
    pub(super) not_run: Option<NotRun>,
    pub(super) rerun: Option<String>,
}

/// One unit, or several of which minke has the same to say.
pub(super) struct Article {
    pub(super) unit: usize,
    pub(super) name: String,
    pub(super) place: Link,
    pub(super) further: Vec<(usize, String)>,
    pub(super) unnamed: usize,
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) facts: Vec<String>,
    pub(super) trouble: Option<TroubleView>,
    pub(super) cases: Vec<CaseView>,
    pub(super) untold: usize,
    pub(super) rerun: Option<String>,
    pub(super) shard: Option<u32>,
    pub(super) logs: Vec<Link>,
}

/// What kept minke from a whole answer.
pub(super) struct TroubleView {
    pub(super) cause: String,
    /// What happened, in stretches; some of them are words for a shell or a file, which stand between backticks.
    pub(super) detail: Vec<(bool, String)>,
    pub(super) output: Option<String>,
}

/// One failing case.
pub(super) struct CaseView {
    /// Where the case is in its unit.
    pub(super) row: usize,
    pub(super) is_open: bool,
    pub(super) class: &'static str,
    pub(super) class_name: String,
    pub(super) name: String,
    pub(super) headline: String,
    pub(super) seconds: String,
    pub(super) place: Link,
    pub(super) blocks: Vec<Block>,
}

/// A text that a test wrote, as HTML.
pub(super) struct Block {
    pub(super) title: String,
    pub(super) html: String,
    pub(super) is_open: bool,
}

/// A shard whose problem no unit explains.
pub(super) struct ShardFailure {
    pub(super) shard: u32,
    pub(super) units: String,
    pub(super) trouble: TroubleView,
    pub(super) logs: Vec<Link>,
}

/// The units that the run did not come to.
pub(super) struct NotRun {
    pub(super) why: String,
    pub(super) names: Vec<(usize, String)>,
}

impl Failures {
    /// Collects what went wrong in a run.
    pub(super) fn of(state: &RunState, options: &HtmlOptions) -> Self {
        let units: Vec<(usize, &UnitRecord)> =
            state.units().iter().enumerate().filter(|(_, unit)| is_failed_or_errored(unit)).collect();
        let limit = limit(state, &units);
        let mut maker = Maker { state, options, limit, told: 0 };
        let mut articles: Vec<Article> = Vec::new();
        let mut before: Option<&UnitRecord> = None;
        for &(place, unit) in &units {
            match articles.last_mut() {
                Some(article) if before.is_some_and(|before| is_the_same(before, unit)) => {
                    if article.further.len() < NAMES {
                        article.further.push((place, name(unit.unit.as_str()).into_owned()));
                    } else {
                        article.unnamed += 1;
                    }
                }
                Some(_) | None => articles.push(maker.article(place, unit)),
            }
            before = Some(unit);
        }
        let rerun = (units.len() > 1)
            .then(|| rerun::command(state, units.iter().map(|(_, unit)| unit.unit.as_str()), options))
            .flatten();
        Self { articles, shards: shards(state, options, limit), not_run: not_run(state), rerun }
    }

    /// Tells whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.articles.is_empty() && self.shards.is_empty() && self.not_run.is_none()
    }
}

/// Tells whether a unit is one of those that a person has to look at.
pub(super) fn is_failed_or_errored(unit: &UnitRecord) -> bool {
    match unit.outcome() {
        UnitOutcome::Failed | UnitOutcome::Errored(_) => true,
        UnitOutcome::Passed | UnitOutcome::NotRun => false,
    }
}

/// Says in one line what a finding is: its message, else its type, else the first line of its text.
pub(super) fn headline(finding: &Finding) -> String {
    let line = |text: &str| {
        visible(text).lines().map(str::trim).find(|line| !line.is_empty()).map(|line| name(line).into_owned())
    };
    [&finding.message, &finding.r#type, &finding.text]
        .into_iter()
        .find_map(|text| line(text))
        .unwrap_or_else(|| "the framework gave no message".to_owned())
}

struct Maker<'a> {
    state: &'a RunState,
    options: &'a HtmlOptions,
    limit: Limit,
    told: usize,
}

impl Maker<'_> {
    fn article(&mut self, place: usize, unit: &UnitRecord) -> Article {
        let bad = unit.cases.iter().enumerate().filter(|(_, case)| case.outcome().is_bad());
        let count = bad.clone().count();
        let told = count.min(CASES.saturating_sub(self.told));
        let cases = bad.take(told).map(|(row, case)| self.case(row, case, unit)).collect();
        let shard = unit.shard.and_then(|shard| self.state.shard(shard));
        let mut facts = vec![counts(CaseCounts::of(&unit.cases)), span(unit.duration)];
        if unit.attempt.0 > 1 {
            facts.push(format!("execution {}", unit.attempt));
        }
        let outcome = unit.outcome();
        Article {
            unit: place,
            name: name(unit.unit.as_str()).into_owned(),
            place: source(unit.unit.as_str(), None, self.options),
            further: Vec::new(),
            unnamed: 0,
            class: unit_class(&outcome),
            word: outcome.word(),
            facts,
            trouble: unit.trouble.as_ref().map(|trouble| trouble_view(trouble, self.limit)),
            cases,
            untold: count - told,
            rerun: rerun::command(self.state, [unit.unit.as_str()].into_iter(), self.options),
            shard: shard.map(|shard| shard.shard.0),
            logs: shard.map(|shard| logs(shard, self.options)).unwrap_or_default(),
        }
    }

    fn case(&mut self, row: usize, case: &Case, unit: &UnitRecord) -> CaseView {
        self.told += 1;
        let place = place::of_case(case, unit.unit.as_str(), self.state);
        let (class_name, own_name) = names(case);
        CaseView {
            row,
            is_open: self.told <= OPEN,
            class: case_word(case.outcome()),
            class_name,
            name: own_name,
            headline: case.worst_finding().map(headline).unwrap_or_default(),
            seconds: case.seconds.and_then(duration).map(span).unwrap_or_default(),
            place: source(&place.file, place.line, self.options),
            blocks: blocks(case, self.limit),
        }
    }
}

/// Reads a case's time, which a framework may give as anything.
pub(super) fn duration(seconds: f64) -> Option<std::time::Duration> {
    std::time::Duration::try_from_secs_f64(seconds).ok()
}

/// Returns a case's class and its name as they are shown; the name is never empty.
pub(super) fn names(case: &Case) -> (String, String) {
    let (class, own) = (name(&case.classname), name(&case.name));
    match (class.is_empty(), own.is_empty()) {
        (_, false) => (class.into_owned(), own.into_owned()),
        (false, true) => (String::new(), class.into_owned()),
        (true, true) => (String::new(), "(a case without a name)".to_owned()),
    }
}

fn is_the_same(before: &UnitRecord, unit: &UnitRecord) -> bool {
    unit.trouble.is_some() && unit.trouble == before.trouble && unit.cases.is_empty() && before.cases.is_empty()
}

fn limit(state: &RunState, units: &[(usize, &UnitRecord)]) -> Limit {
    let of_cases = units
        .iter()
        .flat_map(|(_, unit)| unit.cases.iter().filter(|case| case.outcome().is_bad()))
        .take(CASES)
        .flat_map(|case| {
            let findings = case.findings.iter().chain(&case.earlier);
            let findings = findings.flat_map(|finding| [finding.text.len(), finding.message.len()]);
            findings.chain(case.system_out.as_ref().map(String::len)).chain(case.system_err.as_ref().map(String::len))
        });
    let troubles = units.iter().filter_map(|(_, unit)| unit.trouble.as_ref());
    let troubles = troubles.chain(state.unresolved_shards().map(|(_, problem)| &problem.trouble));
    Limit::of_lengths(of_cases.chain(troubles.map(|trouble| trouble.output_tail.len())).collect())
}

fn blocks(case: &Case, limit: Limit) -> Vec<Block> {
    let mut blocks = Vec::new();
    for finding in case.findings.iter().filter(|finding| finding.kind != FindingKind::Skipped) {
        let title = match finding.kind {
            FindingKind::Failure => "Failure",
            FindingKind::Error => "Error",
            FindingKind::Skipped => "Skip",
        };
        add_finding(&mut blocks, title, finding, limit, true);
    }
    for finding in &case.earlier {
        add_finding(&mut blocks, "An earlier execution", finding, limit, false);
    }
    for (title, text) in [("Standard output", &case.system_out), ("Standard error", &case.system_err)] {
        if let Some(text) = text.as_deref().filter(|text| !text.trim().is_empty()) {
            blocks.push(Block { title: title.to_owned(), html: limit.html(text), is_open: false });
        }
    }
    blocks
}

fn add_finding(blocks: &mut Vec<Block>, title: &str, finding: &Finding, limit: Limit, is_open: bool) {
    let (message, text) = (finding.message.trim(), finding.text.trim());
    // A message of one line is the headline already.
    let shown = match (text.is_empty() || text == message, message.contains('\n')) {
        (true, false) if is_open => return,
        (true, _) => &finding.message,
        (false, _) => &finding.text,
    };
    let kind = name(&finding.r#type);
    let title = if kind.is_empty() { title.to_owned() } else { format!("{title}: {kind}") };
    blocks.push(Block { title, html: limit.html(shown), is_open });
}

fn trouble_view(trouble: &Trouble, limit: Limit) -> TroubleView {
    TroubleView {
        cause: trouble.cause.to_string(),
        detail: stretches(&visible(trouble.detail.trim())),
        output: (!trouble.output_tail.trim().is_empty()).then(|| limit.html(&trouble.output_tail)),
    }
}

/// Divides a sentence at its backticks. One without a partner is left as it is.
fn stretches(text: &str) -> Vec<(bool, String)> {
    if text.matches('`').count() % 2 == 1 {
        return vec![(false, text.to_owned())];
    }
    let parts = text.split('`').enumerate().map(|(place, part)| (place % 2 == 1, part.to_owned()));
    parts.filter(|(_, part)| !part.is_empty()).collect()
}

fn shards(state: &RunState, options: &HtmlOptions, limit: Limit) -> Vec<ShardFailure> {
    let of_shard = state.unresolved_shards().map(|(shard, problem)| ShardFailure {
        shard: shard.shard.0,
        units: number(shard.units.len(), "unit"),
        trouble: trouble_view(&problem.trouble, limit),
        logs: logs(shard, options),
    });
    of_shard.collect()
}

fn not_run(state: &RunState) -> Option<NotRun> {
    let units = state.units().iter().enumerate().filter(|(_, unit)| unit.outcome() == UnitOutcome::NotRun);
    let names: Vec<(usize, String)> =
        units.map(|(place, unit)| (place, name(unit.unit.as_str()).into_owned())).collect();
    let why = match state.cancelled() {
        Some(reason) => visible(&reason.to_string()).into_owned(),
        None if state.exit_code().is_none() => "the run has not ended".to_owned(),
        None => "the run ended before them".to_owned(),
    };
    (!names.is_empty()).then_some(NotRun { why, names })
}
