//! How a unit ended, and, where minke got no answer, why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How one unit of the plan ended. Every planned unit ends in exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "cause", rename_all = "kebab-case")]
pub enum UnitOutcome {
    /// The framework reported cases, and none failed.
    Passed,
    /// The framework reported a failed case: the test said no.
    Failed,
    /// There is no answer from the framework, or none to trust.
    Errored(Cause),
    /// The run ended before the unit was run.
    NotRun,
}

/// Why a unit, or a whole shard, is errored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// Ran longer than `--timeout` allows.
    Timeout,
    /// The kernel killed a process of the container for lack of memory.
    OutOfMemory,
    /// Was killed by a SIGKILL or SIGTERM that minke did not send, or stopped when the run was cancelled.
    Killed,
    /// A signal such as SIGSEGV or SIGABRT ended the framework.
    Crashed {
        /// The signal's number.
        signal: u8,
    },
    /// The framework wrote no report for the unit.
    NoReport,
    /// The report breaks off or cannot be read.
    TruncatedReport,
    /// The report is complete and has no case for the unit.
    NoCases,
    /// The framework ran files of other units than it was told to.
    ForeignUnits,
    /// Every case passed, and yet the framework ended with a non-zero code.
    ExitCode {
        /// The code.
        code: i64,
    },
    /// The image is missing, or it lacks the framework.
    Image,
    /// The engine failed or went away.
    Engine,
    /// `--before-command` failed.
    BeforeCommand,
    /// A service that the tests need could not be started, or did not get ready.
    Service,
}

impl UnitOutcome {
    /// Returns the outcome's word for reports: `passed`, `failed`, `errored`, `not run`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored(_) => "errored",
            Self::NotRun => "not run",
        }
    }

    /// Tells whether the outcome keeps the run from passing.
    pub fn is_bad(&self) -> bool {
        !matches!(self, Self::Passed)
    }
}

impl Cause {
    /// Returns the cause's stable name, used as `minke.NAME` for the type of a JUnit error.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::OutOfMemory => "oom",
            Self::Killed => "killed",
            Self::Crashed { .. } => "crashed",
            Self::NoReport => "no-report",
            Self::TruncatedReport => "truncated-report",
            Self::NoCases => "no-cases",
            Self::ForeignUnits => "foreign-units",
            Self::ExitCode { .. } => "exit-code",
            Self::Image => "image",
            Self::Engine => "engine",
            Self::BeforeCommand => "before-command",
            Self::Service => "service",
        }
    }
}

/// Writes the cause as a short phrase, such as `crashed (signal 11, SIGSEGV)`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("timed out"),
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::Killed => f.write_str("killed"),
            Self::Crashed { signal } => match signal_name(*signal) {
                Some(name) => write!(f, "crashed (signal {signal}, {name})"),
                None => write!(f, "crashed (signal {signal})"),
            },
            Self::NoReport => f.write_str("no report"),
            Self::TruncatedReport => f.write_str("truncated report"),
            Self::NoCases => f.write_str("no test case was run"),
            Self::ForeignUnits => f.write_str("other files were run too"),
            Self::ExitCode { code } => write!(f, "exit code {code} after a green report"),
            Self::Image => f.write_str("image problem"),
            Self::Engine => f.write_str("engine problem"),
            Self::BeforeCommand => f.write_str("before-command failed"),
            Self::Service => f.write_str("service problem"),
        }
    }
}

/// Names the signals that end test processes, with Linux's numbers (signal(7)).
fn signal_name(signal: u8) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => return None,
    })
}
