//! Marks failures in the files of a project, in the commands that a CI system reads from a job's output.
//!
//! GitHub: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>, escaped as `@actions/core`
//! escapes. Azure: <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>.

use std::path::PathBuf;

use super::junit::locate;
use super::terminal::case_text::{body, failing, headline, label, number};
use super::terminal::clean::{clean, clean_name, last_lines};
use super::terminal::is_failed_or_errored;
use crate::model::{CancelReason, Case, RunState, ShardId, Trouble, UnitOutcome, UnitRecord};

/// The most marks: GitHub shows ten errors of a step and drops the others without a word.
pub const MOST: usize = 10;

/// Last lines that a mark shows of a text.
const LINES: usize = 20;

/// The most bytes of a mark's text, in characters that are not escaped yet.
const TEXT_BYTES: usize = 4096;

/// Whose commands are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// GitHub Actions.
    GitHub,
    /// Azure Pipelines.
    Azure,
}

/// What the marks need besides the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationOptions {
    /// Whose commands are written.
    pub dialect: Dialect,
    /// The path from the repository's root to the run's directory, with `/` between the parts; empty when they are the same.
    pub prefix: String,
    /// The summary of the run as the reader should see it, named when there are more failures than marks.
    pub summary: PathBuf,
}

/// One failure, and where it is to be marked.
struct Mark {
    file: Option<String>,
    line: Option<u32>,
    title: String,
    text: String,
}

/// What is going to be marked.
enum Failure<'a> {
    Case(&'a Case, &'a UnitRecord),
    Unit(&'a UnitRecord, &'a Trouble),
    Shard(ShardId, &'a Trouble),
    /// The units that were not run, all of them as one: they have the same reason.
    NotRun(Vec<&'a str>),
}

/// Writes a command, on a line of its own, for each of the first [`MOST`] failures: failing cases, units and shards without
/// an answer, units that were not run. When there are more, a last line says how many and where they are.
///
/// Lines count from 1, as those of [`Case::line`] do.
pub fn write(state: &RunState, options: &AnnotationOptions) -> String {
    let failures = failures(state);
    let mut text: String = failures.iter().take(MOST).map(|failure| failure.mark(state).command(options)).collect();
    if failures.len() > MOST {
        let summary = clean_name(&options.summary.display().to_string());
        text += &pointer(options.dialect, &format!("{}, see {summary}", number(failures.len() - MOST, "more failure")));
    }
    text
}

fn failures(state: &RunState) -> Vec<Failure<'_>> {
    let bad: Vec<&UnitRecord> = state.units().iter().filter(|unit| is_failed_or_errored(unit)).collect();
    let cases = bad.iter().flat_map(|unit| failing(&unit.cases).map(|case| Failure::Case(case, unit)));
    let units = bad.iter().filter_map(|unit| Some(Failure::Unit(unit, unit.trouble.as_ref()?)));
    let shards = state.unresolved_shards().map(|(shard, problem)| Failure::Shard(shard.shard, &problem.trouble));
    let not_run = state.units().iter().filter(|unit| unit.outcome() == UnitOutcome::NotRun);
    let not_run: Vec<&str> = not_run.map(|unit| unit.unit.as_str()).collect();
    let not_run = (!not_run.is_empty()).then_some(Failure::NotRun(not_run));
    cases.chain(units).chain(shards).chain(not_run).collect()
}

impl Failure<'_> {
    fn mark(&self, state: &RunState) -> Mark {
        let work_dir = state.plan().and_then(|plan| plan.work_dir.as_deref());
        match self {
            Self::Case(case, unit) => of_case(case, unit, work_dir),
            Self::Unit(unit, trouble) => {
                let file = locate(None, None, unit.unit.as_str(), work_dir).file;
                of_trouble(Some(file), unit.unit.as_str(), trouble)
            }
            Self::Shard(shard, trouble) => of_trouble(None, &format!("shard {shard}"), trouble),
            Self::NotRun(names) => of_not_run(names, state.cancelled()),
        }
    }
}

fn of_case(case: &Case, unit: &UnitRecord, work_dir: Option<&str>) -> Mark {
    let place = locate(case.file.as_deref(), case.line, unit.unit.as_str(), work_dir);
    let finding = case.worst_finding();
    let text = finding.map(|finding| with_tail(&headline(finding), body(finding))).unwrap_or_default();
    Mark { file: Some(place.file), line: place.line.filter(|line| *line > 0), title: label(case), text }
}

fn of_trouble(file: Option<String>, who: &str, trouble: &Trouble) -> Mark {
    let title = format!("{}: {}", clean_name(who), trouble.cause);
    Mark { file, line: None, title, text: with_tail(clean(&trouble.detail).trim(), &trouble.output_tail) }
}

fn of_not_run(names: &[&str], cancelled: Option<&CancelReason>) -> Mark {
    let why = cancelled.map(|reason| format!(": {}", clean_name(&reason.to_string()))).unwrap_or_default();
    let title = format!("{} not run{why}", number(names.len(), "unit"));
    Mark { file: None, line: None, title, text: with_tail("", &names.join("\n")) }
}

fn with_tail(head: &str, tail: &str) -> String {
    let (hidden, lines) = last_lines(tail, LINES);
    let before = (hidden > 0).then(|| format!("({} before)", number(hidden, "line")));
    let head = Some(head.to_owned()).filter(|head| !head.is_empty());
    let all: Vec<String> = head.into_iter().chain(before).chain(lines).collect();
    let mut text = all.join("\n");
    text.truncate(text.floor_char_boundary(TEXT_BYTES));
    text
}

impl Mark {
    fn command(&self, options: &AnnotationOptions) -> String {
        let file = self.file.as_deref().map(|file| in_repository(&options.prefix, file));
        let line = self.line.filter(|_| file.is_some()).map(|line| line.to_string());
        match options.dialect {
            Dialect::GitHub => {
                let properties = [("file", file), ("line", line), ("title", Some(clean_name(&self.title)))];
                let properties: Vec<String> = properties
                    .into_iter()
                    .filter_map(|(name, value)| Some(format!("{name}={}", github_property(&value?))))
                    .collect();
                // A mark without a text is no mark to GitHub.
                let text = if self.text.is_empty() { &self.title } else { &self.text };
                format!("::error {}::{}\n", properties.join(","), github_text(text))
            }
            Dialect::Azure => {
                let properties = [("sourcepath", file), ("linenumber", line)];
                let properties: String = properties
                    .into_iter()
                    .filter_map(|(name, value)| Some(format!("{name}={};", azure_property(&value?))))
                    .collect();
                let text = format!("{}\n{}", self.title, self.text);
                format!("##vso[task.logissue type=error;{properties}]{}\n", azure_text(text.trim_end()))
            }
        }
    }
}

fn pointer(dialect: Dialect, text: &str) -> String {
    match dialect {
        Dialect::GitHub => format!("::notice title=minke::{}\n", github_text(text)),
        // Azure knows errors and warnings only.
        Dialect::Azure => format!("##vso[task.logissue type=warning;]{}\n", azure_text(text)),
    }
}

fn in_repository(prefix: &str, file: &str) -> String {
    // Neither system can mark a file whose name drives terminals.
    let file: String = file.chars().filter(|character| !character.is_control()).collect();
    if prefix.is_empty() { file } else { format!("{}/{file}", prefix.trim_end_matches('/')) }
}

fn github_text(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn github_property(text: &str) -> String {
    github_text(text).replace(':', "%3A").replace(',', "%2C")
}

fn azure_text(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn azure_property(text: &str) -> String {
    azure_text(text).replace(']', "%5D").replace(';', "%3B")
}
