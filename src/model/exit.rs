//! The exit codes of `minke run`.

use super::{CancelReason, RunState};

/// How the process ends. The numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// Every unit passed.
    Passed,
    /// At least one test failed.
    TestsFailed,
    /// A usage or configuration error.
    Usage,
    /// No engine, no image, or units errored without a test failure.
    Infrastructure,
    /// Nothing was selected, or nothing but skipped cases.
    NothingSelected,
    /// Units were not run, a report could not be written, or the coverage that was asked for is not whole.
    Incomplete,
    /// A bug in minke.
    Bug,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl ExitCode {
    /// Returns the process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::TestsFailed => 1,
            Self::Usage => 2,
            Self::Infrastructure => 3,
            Self::NothingSelected => 4,
            Self::Incomplete => 5,
            Self::Bug => 70,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Combines two codes that both hold: the one that must not be hidden wins.
    ///
    /// The order is 130/143, 70, 2, 1, 5, 3, 4, 0: a machine that re-runs on 3 must never hide a failed test.
    pub fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    /// Works out the code of a run from what is known at its end.
    pub fn of(state: &RunState) -> Self {
        let counts = state.unit_counts();
        let mut code = match state.cancelled() {
            Some(CancelReason::Interrupt) => Self::Interrupted,
            Some(CancelReason::Terminate) => Self::Terminated,
            Some(CancelReason::EngineLost { .. } | CancelReason::ImageUnusable { .. }) => Self::Infrastructure,
            Some(CancelReason::OutputLost { .. }) => Self::Incomplete,
            Some(CancelReason::RunTimeout | CancelReason::MaxFailures) | None => Self::Passed,
        };
        if counts.failed > 0 {
            code = code.and(Self::TestsFailed);
        }
        if counts.errored > 0 || state.unresolved_shards().next().is_some() {
            code = code.and(Self::Infrastructure);
        }
        if counts.not_run > 0 {
            code = code.and(Self::Incomplete);
        }
        if state.units().iter().any(|unit| unit.ends > 1) {
            code = code.and(Self::Bug);
        }
        if counts.total() == 0 || state.has_only_skips() {
            code = code.and(Self::NothingSelected);
        }
        // What is wrong with the tests says more; coverage that lacks theirs is no surprise then.
        let has_all_coverage = state.coverage().is_none_or(|coverage| coverage.problems.is_empty());
        if code == Self::Passed && !has_all_coverage { Self::Incomplete } else { code }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::NothingSelected => 1,
            Self::Infrastructure => 2,
            Self::Incomplete => 3,
            Self::TestsFailed => 4,
            Self::Usage => 5,
            Self::Bug => 6,
            Self::Interrupted | Self::Terminated => 7,
        }
    }
}
