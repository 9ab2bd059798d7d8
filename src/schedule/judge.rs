//! Judges what a batch's evidence proves. A green report alone is not enough, and neither is an exit code.

use std::time::Duration;

use crate::model::{
    BatchResult, Case, CaseOutcome, Cause, ContainerExit, Division, ShardProblem, StopReason, Trouble, Unit, UnitResult,
};

/// What a framework means by its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitMeaning {
    /// It ran its session to the end, whatever the tests said.
    Finished,
    /// It found no test to run.
    NothingSelected,
    /// It did not run its session to the end.
    Unfinished,
}

/// Why a container could not be started, or was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchFailure {
    /// `Image` when every container of this image would fail in the same way, else `Engine`, `BeforeCommand` or `Service`.
    pub cause: Cause,
    /// What happened, and what to do about it.
    pub detail: String,
}

/// Everything that is known of a batch after its container ended.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// The batch's units in their order.
    pub units: &'a [Unit],
    /// The reports' cases, divided among the units.
    pub division: Division,
    /// How the container ended; `None` when that is not known.
    pub exit: Option<ContainerExit>,
    /// What the exit code means to the framework.
    pub meaning: ExitMeaning,
    /// The framework's own words for the exit code, if it has any.
    pub exit_hint: Option<&'static str>,
    /// Why there was no proper start, or no proper end.
    pub launch_failure: Option<LaunchFailure>,
    /// Why minke told the container to stop, if it did.
    pub stop: Option<StopReason>,
    /// Whether the framework writes a report also when there was nothing to run.
    pub always_reports: bool,
    /// Whether the container was started at all.
    pub started: bool,
    /// The unit that the output showed last, by its place in the batch.
    pub seen: Option<usize>,
    /// The end of the shard's output, at most 4 KiB.
    pub output_tail: String,
}

/// Judges a batch.
///
/// A unit that had the container for itself is always proven: whatever happened, happened to it. Of several units, each
/// needs cases of its own from an undamaged report; the others are unproven, for the scheduler to run again by themselves.
pub fn judge(evidence: Evidence<'_>) -> BatchResult {
    if !evidence.started && evidence.stop.is_some() && evidence.launch_failure.is_none() {
        return BatchResult { units: vec![UnitResult::NotReached; evidence.units.len()], problem: None };
    }
    let abnormal = evidence.abnormal_end();
    if evidence.units.len() == 1 {
        return judge_single(evidence, abnormal);
    }
    if evidence.launch_failure.is_some() {
        return nothing_proven(&evidence, abnormal.unwrap_or(Cause::Engine));
    }
    if !evidence.division.strays.is_empty() {
        return nothing_proven(&evidence, Cause::TruncatedReport);
    }
    judge_several(evidence, abnormal)
}

fn judge_single(mut evidence: Evidence<'_>, abnormal: Option<Cause>) -> BatchResult {
    let reported = evidence.has_report();
    let damaged = evidence.division.damaged.first().copied().unwrap_or(false);
    let mut cases = evidence.division.by_unit.pop().unwrap_or_default();
    cases.append(&mut evidence.division.strays);
    let may_be_empty = evidence.units[0].may_be_empty;
    let cause = if abnormal.is_some() {
        abnormal
    } else if evidence.division.foreign_unit.is_some() {
        Some(Cause::ForeignUnits)
    } else if damaged || evidence.division.interrupted_at.is_some() {
        Some(Cause::TruncatedReport)
    } else if cases.is_empty() {
        // Where a framework writes a report of nothing too, no report is no emptiness: the process was ended.
        let orderly = evidence.meaning != ExitMeaning::Unfinished && (reported || !evidence.always_reports);
        let fine = may_be_empty && orderly;
        (!fine).then_some(if reported || evidence.meaning == ExitMeaning::NothingSelected {
            Cause::NoCases
        } else {
            Cause::NoReport
        })
    } else {
        evidence.unexplained_exit(&cases)
    };
    let trouble = cause.map(|cause| evidence.trouble(cause));
    BatchResult { units: vec![UnitResult::Proven { cases, trouble }], problem: None }
}

fn judge_several(mut evidence: Evidence<'_>, abnormal: Option<Cause>) -> BatchResult {
    let reported = evidence.has_report();
    let by_unit = std::mem::take(&mut evidence.division.by_unit);
    let unexplained = evidence.unexplained_exit(by_unit.iter().flatten());
    let cut_off = evidence.cut_off(abnormal.as_ref(), &by_unit);
    let stopped_at = evidence.stopped_at(cut_off, &by_unit);
    let mut units = Vec::with_capacity(by_unit.len());
    for (place, cases) in by_unit.into_iter().enumerate() {
        units.push(judge_one_of_several(&evidence, abnormal.as_ref(), place, cases, cut_off, stopped_at, reported));
    }
    let problem = shard_problem(&evidence, abnormal, &units, unexplained, reported);
    BatchResult { units, problem }
}

fn judge_one_of_several(
    evidence: &Evidence<'_>,
    abnormal: Option<&Cause>,
    place: usize,
    cases: Vec<Case>,
    cut_off: Option<usize>,
    stopped_at: Option<usize>,
    reported: bool,
) -> UnitResult {
    let damaged = evidence.division.damaged.get(place).copied().unwrap_or(false);
    let stopped = evidence.stop.is_some() && abnormal.is_some();
    if stopped && stopped_at == Some(place) {
        let cause = abnormal.cloned().unwrap_or(Cause::Killed);
        return UnitResult::Proven { cases, trouble: Some(evidence.trouble(cause)) };
    }
    if !cases.is_empty() && !damaged && cut_off != Some(place) {
        return UnitResult::Proven { cases, trouble: None };
    }
    if stopped && evidence.stop == Some(StopReason::Cancelled) {
        return UnitResult::NotReached;
    }
    let may_be_empty = evidence.units[place].may_be_empty;
    let orderly = reported && abnormal.is_none() && evidence.meaning != ExitMeaning::Unfinished;
    if cases.is_empty() && may_be_empty && orderly {
        return UnitResult::Proven { cases, trouble: None };
    }
    let cause = match abnormal {
        Some(cause) => cause.clone(),
        None if damaged || cut_off == Some(place) => Cause::TruncatedReport,
        None if reported => Cause::NoCases,
        None => Cause::NoReport,
    };
    UnitResult::Unproven { trouble: evidence.trouble(cause), cases }
}

/// Names what went wrong with the shard itself, unless a unit already stands for it.
fn shard_problem(
    evidence: &Evidence<'_>,
    abnormal: Option<Cause>,
    units: &[UnitResult],
    unexplained_exit: Option<Cause>,
    reported: bool,
) -> Option<ShardProblem> {
    let unproven: Vec<_> = evidence
        .units
        .iter()
        .zip(units)
        .filter(|(_, result)| matches!(result, UnitResult::Unproven { .. }))
        .map(|(unit, _)| unit.id.clone())
        .collect();
    let pinned = units.iter().any(|result| matches!(result, UnitResult::Proven { trouble: Some(_), .. }));
    let may_be_empty = evidence.units.iter().all(|unit| unit.may_be_empty);
    let cause = match abnormal {
        Some(_) if pinned || evidence.stop == Some(StopReason::Cancelled) => return None,
        Some(cause) => cause,
        // A framework may write no report at all for files without tests; run alone, each shows whether that was all.
        None if !reported && may_be_empty => return None,
        None if !reported => Cause::NoReport,
        None => unexplained_exit?,
    };
    Some(ShardProblem { trouble: evidence.trouble(cause), unproven })
}

/// Leaves every unit to be run again; nothing is held against the shard, because what each unit then shows is the truth.
fn nothing_proven(evidence: &Evidence<'_>, cause: Cause) -> BatchResult {
    let unproven = UnitResult::Unproven { trouble: evidence.trouble(cause), cases: Vec::new() };
    BatchResult { units: vec![unproven; evidence.units.len()], problem: None }
}

impl Evidence<'_> {
    fn has_report(&self) -> bool {
        let cases = self.division.by_unit.iter().any(|cases| !cases.is_empty());
        cases || !self.division.strays.is_empty() || self.division.report_files > 0
    }

    /// Returns why the invocation did not come to its own end; `None` when it did.
    fn abnormal_end(&self) -> Option<Cause> {
        if let Some(failure) = &self.launch_failure {
            return Some(failure.cause.clone());
        }
        let Some(exit) = &self.exit else { return Some(Cause::Engine) };
        let finished = self.meaning == ExitMeaning::Finished && self.has_report() && !self.division.has_damage();
        let came_to_its_end = finished && self.division.interrupted_at.is_none();
        match (&self.stop, came_to_its_end) {
            // A whole report does not help: something kept the container alive beyond the unit's time.
            (Some(StopReason::Timeout { .. }), _) => return Some(Cause::Timeout),
            (Some(StopReason::Cancelled), false) => return Some(Cause::Killed),
            (Some(StopReason::Cancelled), true) | (None, _) => {}
        }
        if exit.oom_killed && !finished {
            return Some(Cause::OutOfMemory);
        }
        // mocha's exit code is the number of failures, and 139 of them are no SIGSEGV.
        let failures = self.division.by_unit.iter().flatten().chain(&self.division.strays).filter(|case| is_bad(case));
        if finished && failures.count().min(255) as i64 == exit.code {
            return None;
        }
        fatal_signal(exit.code)
    }

    /// Returns the unit at which the framework was cut off, so that its cases may not be all.
    fn cut_off(&self, abnormal: Option<&Cause>, by_unit: &[Vec<Case>]) -> Option<usize> {
        if self.division.interrupted_at.is_some() {
            return self.seen.or(self.division.interrupted_at);
        }
        let last_reported = by_unit.iter().rposition(|cases| !cases.is_empty());
        let is_green = |&place: &usize| !any_bad(&by_unit[place]);
        match abnormal {
            // cucumber-ruby leaves out the rest of a feature after a SIGINT, and writes a report that looks whole.
            None if self.meaning == ExitMeaning::Unfinished => self.seen.or(last_reported).filter(is_green),
            None => None,
            Some(_) if self.meaning == ExitMeaning::Finished && !self.division.has_damage() => None,
            Some(_) => self.seen.or(last_reported),
        }
    }

    /// Returns the exit code when it says that something is wrong and no case does.
    fn unexplained_exit<'c>(&self, cases: impl IntoIterator<Item = &'c Case> + Clone) -> Option<Cause> {
        let code = self.exit.as_ref().map_or(0, |exit| exit.code);
        // A file that skips itself as a whole has a skipped case, and pytest says that it found no test to run.
        let none_ran = || cases.clone().into_iter().all(|case| case.outcome() == CaseOutcome::Skipped);
        let explained = any_bad(cases.clone()) || (self.meaning == ExitMeaning::NothingSelected && none_ran());
        (code != 0 && !explained).then_some(Cause::ExitCode { code })
    }

    /// Returns the unit that ran for certain when minke stopped the framework.
    fn stopped_at(&self, cut_off: Option<usize>, by_unit: &[Vec<Case>]) -> Option<usize> {
        let all_reported = by_unit.iter().all(|cases| !cases.is_empty()) && self.division.interrupted_at.is_none();
        // After a whole report the last unit seen is merely the nearest: the session itself hangs.
        let nobody = all_reported && matches!(self.stop, Some(StopReason::Timeout { .. }));
        cut_off.filter(|_| !nobody && self.seen == cut_off)
    }

    fn trouble(&self, cause: Cause) -> Trouble {
        let detail = self.describe(&cause);
        Trouble { cause, detail, output_tail: self.output_tail.clone() }
    }

    fn describe(&self, cause: &Cause) -> String {
        if let Some(failure) = &self.launch_failure {
            return failure.detail.clone();
        }
        let code = self.exit.as_ref().map_or(0, |exit| exit.code);
        let hint = self.exit_hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        match cause {
            Cause::Timeout => self.describe_timeout(),
            Cause::OutOfMemory => {
                "the kernel killed a process of the container for lack of memory; raise `--memory`".to_owned()
            }
            Cause::Killed if self.stop.is_some() => {
                format!("it was still running when the run was cancelled{}", self.stopped_in())
            }
            Cause::Killed => format!("something other than minke killed the framework (exit code {code})"),
            Cause::Crashed { .. } => format!("the framework {cause}"),
            Cause::NoReport if code == 0 && self.always_reports => {
                "the framework ended with exit code 0 and wrote no report: a test may have ended the process".to_owned()
            }
            Cause::NoReport if code == 0 => {
                "the framework ended with exit code 0 and wrote no report: a test may have ended the process, or there \
                 was none to run, which `--allow-empty` accepts"
                    .to_owned()
            }
            Cause::NoReport => format!("the framework ended with exit code {code}{hint} and wrote no report"),
            Cause::TruncatedReport if !self.division.strays.is_empty() => {
                "the report has cases that cannot be told apart by file".to_owned()
            }
            Cause::TruncatedReport if self.division.interrupted_at.is_some() => {
                format!("the framework broke off in the middle of a test, with exit code {code}{hint}")
            }
            Cause::TruncatedReport => {
                let damage = self.division.damage.as_deref().unwrap_or("the report is not whole");
                format!("{damage}; the framework ended with exit code {code}{hint}")
            }
            Cause::NoCases if self.meaning == ExitMeaning::Unfinished => {
                format!("the framework ended with exit code {code}{hint} without running a test")
            }
            Cause::NoCases => format!(
                "the framework ended with exit code {code}{hint} without running a test; \
                 name the file with `--allow-empty` if that is right"
            ),
            Cause::ForeignUnits => format!(
                "the framework also ran `{}`, which it was not told to: files that its configuration (`paths`, `addopts`, `spec`) \
                 or the arguments behind `--` name are added to those of minke; remove them there",
                self.division.foreign_unit.as_deref().unwrap_or_default()
            ),
            Cause::ExitCode { .. } => {
                format!("no case failed, and yet the framework ended with exit code {code}{hint}")
            }
            Cause::Image | Cause::Engine | Cause::BeforeCommand | Cause::Service => cause.to_string(),
        }
    }

    fn describe_timeout(&self) -> String {
        let limit = match &self.stop {
            Some(StopReason::Timeout { limit }) => *limit,
            Some(StopReason::Cancelled) | None => Duration::ZERO,
        };
        format!("ran longer than {} s (`--timeout`){}", limit.as_secs_f64(), self.stopped_in())
    }

    /// Names the case that was cut off, if the unit is the only one that it can be of.
    fn stopped_in(&self) -> String {
        let case = self.division.stopped_in.as_ref().filter(|_| self.units.len() == 1);
        case.map(|case| format!(", and was stopped in `{case}`")).unwrap_or_default()
    }
}

fn any_bad<'c>(cases: impl IntoIterator<Item = &'c Case>) -> bool {
    cases.into_iter().any(is_bad)
}

fn is_bad(case: &Case) -> bool {
    case.outcome().is_bad()
}

/// Reads a shell-style exit code of 128 + n as the signal n that ended the process, for the signals that end processes.
fn fatal_signal(code: i64) -> Option<Cause> {
    match u8::try_from(code).ok()?.checked_sub(128)? {
        9 | 15 => Some(Cause::Killed),
        signal @ (1..=8 | 11 | 13 | 14 | 24 | 25 | 31) => Some(Cause::Crashed { signal }),
        _ => None,
    }
}
