//! The document as a whole.

use askama::Template;
use jiff::Timestamp;

use super::HtmlOptions;
use super::containers::{self, ContainerRow};
use super::failures::Failures;
use super::flaky::Flaky;
use super::slowest::{self, Slowest};
use super::text::{name, visible};
use super::timeline::Timeline;
use super::units::{self, UnitView};
use super::verdict::Verdict;
use super::words::number;
use crate::model::RunState;

/// The outcomes that can be filtered by: classes of the style sheet, and their words.
const FILTERS: &[(&str, &str)] = &[
    ("failed", "failed"),
    ("errored", "errored"),
    ("skipped", "skipped"),
    ("flaky", "flaky"),
    ("notrun", "not run"),
    ("passed", "passed"),
];

/// What the template is filled with.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page<'a> {
    style: &'static str,
    script: &'static str,
    version: &'static str,
    filters: &'static [(&'static str, &'static str)],
    framework: String,
    image: String,
    began: Option<Moment>,
    verdict: Verdict,
    failures: Failures,
    warnings: Vec<String>,
    timeline: Option<Timeline>,
    containers: Vec<ContainerRow>,
    /// Whether a container's last lines are shown.
    has_output: bool,
    slowest: Vec<Slowest>,
    flaky: Flaky,
    units: Vec<UnitView<'a>>,
    facts: Vec<Fact>,
}

/// A time for a person and for a program.
struct Moment {
    text: String,
    exact: String,
}

/// A line of what is known about the run.
struct Fact {
    name: &'static str,
    value: String,
    is_code: bool,
}

impl<'a> Page<'a> {
    /// Collects everything that the report shows.
    pub(super) fn of(state: &'a RunState, options: &HtmlOptions) -> Self {
        let plan = state.plan();
        let containers = containers::rows(state, options);
        Self {
            style: include_str!("style.css"),
            script: include_str!("script.js"),
            filters: FILTERS,
            version: env!("CARGO_PKG_VERSION"),
            framework: plan.map(|plan| name(&plan.framework).into_owned()).unwrap_or_default(),
            image: plan.map(|plan| name(&plan.image).into_owned()).unwrap_or_default(),
            began: state.started_at().map(moment),
            verdict: Verdict::of(state),
            failures: Failures::of(state, options),
            warnings: state.warnings().iter().map(|warning| visible(warning).into_owned()).collect(),
            timeline: Timeline::of(state),
            has_output: containers.iter().any(|row| !row.output.is_empty()),
            containers,
            slowest: slowest::lists(state),
            flaky: Flaky::of(state),
            units: units::views(state),
            facts: facts(state),
        }
    }
}

fn moment(at: Timestamp) -> Moment {
    Moment {
        text: at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        exact: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

fn facts(state: &RunState) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: &'static str, value: Option<String>, is_code: bool| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push(Fact { name, value: visible(&value).into_owned(), is_code });
        }
    };
    add("Run", state.run().map(|run| run.to_string()), true);
    add("Began", state.started_at().map(|at| moment(at).text), false);
    add("Ended", state.ended_at().map(|at| moment(at).text), false);
    if let Some(plan) = state.plan() {
        let line = |words: &[String]| shell_words::join(words);
        add("Framework", Some(plan.framework.clone()), false);
        add("Image", Some(plan.image.clone()), true);
        add("Image id", plan.image_id.clone(), true);
        add("Image digest", plan.image_digest.clone(), true);
        add("Work directory", plan.work_dir.clone(), true);
        add("Command line", Some(line(&plan.command_line)), true);
        add("Framework arguments", Some(line(&plan.framework_args)), true);
        add("Shards at once", Some(plan.shards.to_string()), false);
        add("Containers", Some(number(state.shards().count(), "container")), false);
        add("Units", Some(number(plan.units.len(), "unit")), false);
    }
    add("Report written by", Some(format!("minke {}", env!("CARGO_PKG_VERSION"))), false);
    facts
}
