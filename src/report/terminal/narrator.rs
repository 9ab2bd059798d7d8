//! Says in lines what an event means to a person; the plain log and the live view print the same words.

use anstyle::Style;

use crate::model::{
    Attempt, CancelReason, Case, Event, EventKind, OutputFile, PlanSummary, RunId, ShardId, StopReason, Trouble,
    UnitId, UnitOutcome,
};

use super::case_text::{body, counts, failing, headline, label, number};
use super::clean::{clean_name, first_line, last_lines};
use super::fit::{PAGE_WIDTH, wrap};
use super::palette::{Colours, Palette, paint};
use super::span::precise;

/// How much is told of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only failures and errors, as they happen.
    Quiet,
    /// Every unit, and what a person has to know besides.
    Normal,
    /// Shards too, and the last lines of what failed.
    Verbose,
}

/// Where the lines are going to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A log, in which every unit has its line.
    Log,
    /// Above a live view that counts the units itself.
    AboveView,
}

/// The most failing cases of a unit, and the most last lines of a text, that are told while a run goes on.
const CASES: usize = 10;
const LINES: usize = 10;

/// The column at which text begins that belongs to the line above.
const INDENT: usize = 7;

/// Turns events into lines.
#[derive(Debug)]
pub(crate) struct Narrator {
    palette: Palette,
    verbosity: Verbosity,
    place: Place,
    done: usize,
    total: usize,
    /// The trouble that was explained last: what stops a whole run is explained once.
    explained: Option<Trouble>,
}

/// The end of a unit, borrowed from its event.
struct UnitEnd<'a> {
    unit: &'a UnitId,
    attempt: Attempt,
    outcome: &'a UnitOutcome,
    trouble: Option<&'a Trouble>,
    time: String,
    cases: &'a [Case],
}

impl Narrator {
    pub(crate) fn new(colours: Colours, verbosity: Verbosity, place: Place) -> Self {
        Self { palette: Palette::new(colours), verbosity, place, done: 0, total: 0, explained: None }
    }

    /// Returns the lines of an event, without a line end after the last; none for an event that is not told.
    pub(crate) fn tell(&mut self, event: &Event) -> Vec<String> {
        match &event.kind {
            EventKind::RunStarted { run, plan, .. } => self.run_started(*run, plan),
            EventKind::ShardStarted { shard, units, attempt, .. } => self.shard_started(*shard, units, *attempt),
            EventKind::ContainerStarted { shard, container, took } => {
                let id: String = clean_name(container).chars().take(12).collect();
                self.detail(&format!("shard {shard} runs in container {id} after {}", precise(*took).trim()))
            }
            EventKind::UnitStarted { shard, unit } => {
                self.detail(&format!("shard {shard} came to {}", clean_name(unit.as_str())))
            }
            EventKind::ShardStopping { shard, why } => self.detail(&format!("shard {shard} {}", stopping(why))),
            EventKind::ShardKept { shard, kept } => {
                let services = kept.services.iter().map(|service| clean_name(&service.name));
                let mut parts: Vec<String> = services.map(|name| format!("the log of `{name}`")).collect();
                parts.extend((!kept.artifacts.is_empty()).then(|| format!("{} artifacts", kept.artifacts.len())));
                parts.extend((!kept.coverage.is_empty()).then(|| format!("{} coverage files", kept.coverage.len())));
                self.detail(&format!("of shard {shard} are kept: {}", parts.join(", ")))
            }
            EventKind::ShardEnded { shard, exit, wall, stdout, stderr, problem } => {
                let end = match exit {
                    Some(exit) => format!("ended with code {}", exit.code),
                    None => "ended".to_owned(),
                };
                let time = precise(*wall);
                let mut text = format!("shard {shard} {end} after {}, {}", time.trim(), written(stdout, stderr));
                if let Some(problem) = problem {
                    text += &format!("; {}: {}", problem.trouble.cause, first_line(&problem.trouble.detail));
                }
                self.detail(&text)
            }
            EventKind::UnitRequeued { unit, why, .. } => self.requeued(unit, why),
            EventKind::UnitEnded { unit, attempt, outcome, trouble, duration, cases, .. } => {
                self.done += 1;
                let (attempt, trouble, time) = (*attempt, trouble.as_ref(), precise(*duration));
                self.unit_ended(&UnitEnd { unit, attempt, outcome, trouble, time, cases })
            }
            EventKind::Cancelled { why } => self.cancelled(why),
            EventKind::Warning { text } => self.warned(text),
            EventKind::CoverageMerged { .. } | EventKind::RunEnded { .. } => Vec::new(),
        }
    }

    fn run_started(&mut self, run: RunId, plan: &PlanSummary) -> Vec<String> {
        self.total = plan.units.len();
        if self.verbosity == Verbosity::Quiet {
            return Vec::new();
        }
        let (framework, image) = (clean_name(&plan.framework), clean_name(&plan.image));
        let units = number(self.total, "unit");
        let shards = number(plan.shards as usize, "shard");
        vec![
            self.line(self.palette.heading, "RUN", &format!("{framework} in {image}: {units}, {shards} at once")),
            self.under(&format!("run {run}")),
        ]
    }

    fn shard_started(&self, shard: ShardId, units: &[UnitId], attempt: Attempt) -> Vec<String> {
        let first = units.first().map(|unit| clean_name(unit.as_str())).unwrap_or_default();
        let more = units.len().saturating_sub(1);
        let mut text = format!("shard {shard} takes {first}");
        if more > 0 {
            text += &format!(" and {more} more");
        }
        if attempt > Attempt(1) {
            text += &format!(" (attempt {attempt})");
        }
        self.detail(&text)
    }

    fn requeued(&self, unit: &UnitId, why: &Trouble) -> Vec<String> {
        if self.verbosity == Verbosity::Quiet {
            return Vec::new();
        }
        let text = format!("{} alone: {}", clean_name(unit.as_str()), why.cause);
        let mut lines = vec![self.line(self.palette.warning, "RERUN", &text)];
        if self.verbosity == Verbosity::Verbose {
            lines.extend(self.explain(&why.detail));
        }
        lines
    }

    fn cancelled(&self, why: &CancelReason) -> Vec<String> {
        if self.verbosity == Verbosity::Quiet {
            return Vec::new();
        }
        self.wrapped("CANCEL", &format!("no new units are started: {}", first_line(&why.to_string())))
    }

    fn warned(&self, text: &str) -> Vec<String> {
        if self.verbosity == Verbosity::Quiet {
            return Vec::new();
        }
        self.wrapped("WARN", text)
    }

    /// Tells something in as many lines as it takes.
    fn wrapped(&self, word: &str, text: &str) -> Vec<String> {
        let lines = wrap(&clean_name(text), PAGE_WIDTH - INDENT);
        let tell = |(number, line): (usize, &String)| match number {
            0 => self.line(self.palette.warning, word, line),
            _ => self.under(line),
        };
        lines.iter().enumerate().map(tell).collect()
    }

    fn unit_ended(&mut self, end: &UnitEnd<'_>) -> Vec<String> {
        let told = match end.outcome {
            UnitOutcome::Failed | UnitOutcome::Errored(_) => true,
            UnitOutcome::Passed | UnitOutcome::NotRun => match self.place {
                Place::Log => self.verbosity >= Verbosity::Normal,
                Place::AboveView => self.verbosity == Verbosity::Verbose,
            },
        };
        if !told {
            return Vec::new();
        }
        let mut lines = vec![self.unit_line(end)];
        if end.outcome.is_bad() {
            self.add_cases(end.cases, &mut lines);
        }
        if let Some(trouble) = end.trouble.filter(|trouble| Some(*trouble) != self.explained.as_ref()) {
            self.explained = Some(trouble.clone());
            lines.extend(self.explain(&trouble.detail));
            self.add_last_lines(&trouble.output_tail, &mut lines);
        }
        lines
    }

    fn unit_line(&self, end: &UnitEnd<'_>) -> String {
        let (style, word, what) = match end.outcome {
            UnitOutcome::Passed => (self.palette.good, "PASS", counts(end.cases)),
            UnitOutcome::Failed => (self.palette.bad, "FAIL", counts(end.cases)),
            UnitOutcome::Errored(cause) if end.cases.is_empty() => (self.palette.bad, "ERROR", cause.to_string()),
            UnitOutcome::Errored(cause) => (self.palette.bad, "ERROR", format!("{cause}; {}", counts(end.cases))),
            UnitOutcome::NotRun => (self.palette.warning, "NOTRUN", String::new()),
        };
        let digits = self.total.to_string().len();
        let counter = format!("({:>digits$}/{})", self.done, self.total);
        let mut text = match end.outcome {
            UnitOutcome::NotRun => format!("{:11} {counter} {}", "", clean_name(end.unit.as_str())),
            _ => format!("[{}] {counter} {} ({what}", end.time, clean_name(end.unit.as_str())),
        };
        if *end.outcome != UnitOutcome::NotRun {
            if end.attempt > Attempt(1) {
                text += &format!(", attempt {}", end.attempt);
            }
            text.push(')');
        }
        self.line(style, word, &text)
    }

    fn add_cases(&self, cases: &[Case], lines: &mut Vec<String>) {
        let count = failing(cases).count();
        for case in failing(cases).take(CASES) {
            let Some(finding) = case.worst_finding() else { continue };
            lines.push(self.under(&format!("{}: {}", label(case), headline(finding))));
            self.add_last_lines(body(finding), lines);
        }
        if count > CASES {
            lines.push(self.under(&format!("... and {}", number(count - CASES, "more failing case"))));
        }
    }

    fn add_last_lines(&self, text: &str, lines: &mut Vec<String>) {
        if self.verbosity < Verbosity::Verbose {
            return;
        }
        let (_, last) = last_lines(text, LINES);
        lines.extend(last.iter().map(|line| self.under(&format!("{} {line}", paint(self.palette.faint, "|")))));
    }

    fn explain(&self, detail: &str) -> Vec<String> {
        wrap(&clean_name(detail), PAGE_WIDTH - INDENT).iter().map(|line| self.under(line)).collect()
    }

    /// Makes a line that is told only to who asked for more.
    fn detail(&self, text: &str) -> Vec<String> {
        if self.verbosity < Verbosity::Verbose { Vec::new() } else { vec![self.line(self.palette.faint, "-", text)] }
    }

    fn line(&self, style: Style, word: &str, text: &str) -> String {
        paint(style, &format!("{word:>6}")) + " " + text
    }

    fn under(&self, text: &str) -> String {
        format!("{:INDENT$}{}", "", text.trim_end())
    }
}

fn stopping(why: &StopReason) -> String {
    match why {
        StopReason::Timeout { limit } => {
            format!("is stopped: a unit ran longer than {}", precise(*limit).trim())
        }
        StopReason::Cancelled => "is stopped: the run was cancelled".to_owned(),
    }
}

fn written(stdout: &OutputFile, stderr: &OutputFile) -> String {
    format!("{} bytes of output", stdout.bytes.saturating_add(stderr.bytes))
}
