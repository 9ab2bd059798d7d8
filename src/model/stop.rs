//! Why a run or a container is being stopped.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a run takes no new units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum CancelReason {
    /// Ctrl-C (SIGINT).
    Interrupt,
    /// SIGTERM or SIGHUP.
    Terminate,
    /// `--run-timeout` passed.
    RunTimeout,
    /// `--max-failures` was reached.
    MaxFailures,
    /// The engine stopped answering.
    EngineLost {
        /// What the engine's client said last.
        detail: String,
    },
    /// The image cannot be had, so no unit can run.
    ImageUnusable {
        /// What is wrong with it.
        detail: String,
    },
    /// Output could not be written to disk.
    OutputLost {
        /// What the system said.
        detail: String,
    },
}

/// Why one container is being stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum StopReason {
    /// A unit ran longer than it may.
    Timeout {
        /// The limit that was passed.
        #[serde(with = "super::seconds")]
        limit: Duration,
    },
    /// The run was cancelled.
    Cancelled,
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupt => f.write_str("interrupted"),
            Self::Terminate => f.write_str("terminated"),
            Self::RunTimeout => f.write_str("the run's time limit passed"),
            Self::MaxFailures => f.write_str("the limit of failures was reached"),
            Self::EngineLost { detail } => write!(f, "the engine stopped answering: {detail}"),
            Self::ImageUnusable { detail } => write!(f, "the image cannot be used: {detail}"),
            Self::OutputLost { detail } => write!(f, "output could not be written: {detail}"),
        }
    }
}
