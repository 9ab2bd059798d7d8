//! Every unit of the plan with every case of it, in rows as short as they can be: they are most of the document.

use std::borrow::Cow;

use super::failures::{duration, headline};
use super::text::name;
use super::words::{case_word, counts, span, unit_class};
use crate::model::{Case, CaseCounts, CaseOutcome, RunState, UnitRecord};

/// One unit.
pub(super) struct UnitView<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) counts: String,
    pub(super) span: String,
    pub(super) notes: Vec<String>,
    /// The cases, in groups of equal class names that stand beside each other.
    pub(super) groups: Vec<Group<'a>>,
}

/// Cases of one class.
pub(super) struct Group<'a> {
    pub(super) class_name: Cow<'a, str>,
    pub(super) cases: Vec<CaseRow<'a>>,
}

/// One case.
pub(super) struct CaseRow<'a> {
    pub(super) row: usize,
    pub(super) class: &'static str,
    pub(super) is_bad: bool,
    pub(super) is_flaky: bool,
    pub(super) name: Cow<'a, str>,
    /// Why it was skipped, or what it said when it failed.
    pub(super) note: String,
    pub(super) span: String,
}

/// Makes a view of each unit, in the plan's order.
pub(super) fn views(state: &RunState) -> Vec<UnitView<'_>> {
    state.units().iter().map(view).collect()
}

fn view(unit: &UnitRecord) -> UnitView<'_> {
    let outcome = unit.outcome();
    let mut notes = Vec::new();
    notes.extend(unit.trouble.as_ref().map(|trouble| trouble.cause.to_string()));
    if !unit.requeued.is_empty() {
        notes.push("run again".to_owned());
    }
    if unit.cases.iter().any(Case::is_flaky) {
        notes.push("flaky".to_owned());
    }
    UnitView {
        name: name(unit.unit.as_str()),
        class: unit_class(&outcome),
        word: outcome.word(),
        counts: counts(CaseCounts::of(&unit.cases)),
        span: if unit.duration.is_zero() { String::new() } else { span(unit.duration) },
        notes,
        groups: groups(&unit.cases),
    }
}

fn groups(cases: &[Case]) -> Vec<Group<'_>> {
    let mut row = 0;
    let groups = cases.chunk_by(|one, next| one.classname == next.classname).map(|cases| Group {
        class_name: name(&cases[0].classname),
        cases: cases
            .iter()
            .map(|case| {
                row += 1;
                case_row(row - 1, case)
            })
            .collect(),
    });
    groups.collect()
}

fn case_row(row: usize, case: &Case) -> CaseRow<'_> {
    let outcome = case.outcome();
    let own = name(&case.name);
    CaseRow {
        row,
        class: case_word(outcome),
        is_bad: outcome.is_bad(),
        is_flaky: case.is_flaky(),
        name: if own.is_empty() { Cow::Borrowed("(no name)") } else { own },
        note: match outcome {
            CaseOutcome::Passed => String::new(),
            CaseOutcome::Skipped | CaseOutcome::Failed | CaseOutcome::Errored => {
                case.worst_finding().map(headline).unwrap_or_default()
            }
        },
        span: case.seconds.and_then(duration).map(span).unwrap_or_default(),
    }
}
