//! Facts about a run, in the order in which they happened. They are owned, serialisable, and the only way out of the driver.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seconds;
use super::{
    Attempt, CancelReason, Case, ContainerExit, ExitCode, MergedCoverage, RunId, ShardId, ShardProblem, Slot,
    StopReason, Trouble, UnitId, UnitOutcome,
};

/// The version of the event format; raised when a reader of an older version would misread an event.
pub const EVENT_FORMAT_VERSION: u32 = 1;

/// One fact, with its place and time. A line of `events.jsonl` is one of these as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counts the run's events from 1, without a gap.
    pub seq: u64,
    /// When it happened, in UTC.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// The first event: what is going to be run.
    RunStarted {
        /// [`EVENT_FORMAT_VERSION`] of the writer.
        format: u32,
        /// The version of minke.
        minke: String,
        /// The run's id.
        run: RunId,
        /// What is going to be run.
        plan: Box<PlanSummary>,
    },
    /// A container is being created for a batch.
    ShardStarted {
        /// The shard.
        shard: ShardId,
        /// The place that it takes.
        slot: Slot,
        /// The batch's units in their order.
        units: Vec<UnitId>,
        /// Which execution of its units this is.
        attempt: Attempt,
    },
    /// The shard's container runs.
    ContainerStarted {
        /// The shard.
        shard: ShardId,
        /// The engine's id of the container.
        container: String,
        /// From the decision to launch until the container ran, in seconds.
        #[serde(with = "super::seconds")]
        took: Duration,
    },
    /// The framework's output shows that it came to a unit. Not every framework's output does.
    UnitStarted {
        /// The shard.
        shard: ShardId,
        /// The unit.
        unit: UnitId,
    },
    /// A shard is being told to stop.
    ShardStopping {
        /// The shard.
        shard: ShardId,
        /// Why.
        why: StopReason,
    },
    /// What is kept of a shard besides its output; it comes before the shard's end, and not when there is nothing.
    ShardKept {
        /// The shard.
        shard: ShardId,
        /// What was kept.
        #[serde(flatten)]
        kept: Kept,
    },
    /// A shard's container has ended and is removed; the units' own ends follow.
    ShardEnded {
        /// The shard.
        shard: ShardId,
        /// How the container ended; `None` when the engine did not say.
        exit: Option<ContainerExit>,
        /// From the container's start to its end, in seconds.
        #[serde(with = "super::seconds")]
        wall: Duration,
        /// The spooled standard output.
        stdout: OutputFile,
        /// The spooled standard error.
        stderr: OutputFile,
        /// What went wrong with the shard as a whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<ShardProblem>,
    },
    /// A unit without proof that it was run to its end is going to be run again, alone in a fresh container.
    UnitRequeued {
        /// The unit.
        unit: UnitId,
        /// The shard that gave no proof.
        shard: ShardId,
        /// Why there is none.
        why: Trouble,
    },
    /// A unit's one and only end.
    UnitEnded {
        /// The unit.
        unit: UnitId,
        /// The shard whose evidence counts; `None` when no shard came to the unit.
        shard: Option<ShardId>,
        /// Which execution of the unit counts.
        attempt: Attempt,
        /// How it ended.
        #[serde(flatten)]
        outcome: UnitOutcome,
        /// What went wrong besides failing tests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trouble: Option<Trouble>,
        /// The container's wall time when the unit had it for itself, else the sum of its cases' times; in seconds.
        #[serde(with = "super::seconds")]
        duration: Duration,
        /// The unit's cases, their texts bounded.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cases: Vec<Case>,
    },
    /// The run takes no new units from here on.
    Cancelled {
        /// Why.
        why: CancelReason,
    },
    /// Something that a person should know and that changes no outcome.
    Warning {
        /// One sentence, and what to do.
        text: String,
    },
    /// The coverage of all shards was merged. It comes before the run's end, when coverage was asked for and a container ran.
    CoverageMerged {
        /// The files, and what they lack.
        #[serde(flatten)]
        coverage: MergedCoverage,
    },
    /// The last event.
    RunEnded {
        /// The exit code that the run's outcomes call for.
        exit_code: u8,
        /// From the first event to the last, in seconds.
        #[serde(with = "super::seconds")]
        wall: Duration,
    },
}

/// What a run is going to do, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// The framework's name.
    pub framework: String,
    /// The image as the user named it.
    pub image: String,
    /// The image's content id, when it is known.
    pub image_id: Option<String>,
    /// The image's name in its registry with the digest, such as `name@sha256:...`, when it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    /// The directory in the container that unit paths are relative to; `None` for the image's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_dir: Option<String>,
    /// The command line of the run as words, without what it selects and without the framework's arguments; empty when
    /// there is none. Variables stand there by their names alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command_line: Vec<String>,
    /// The user's own arguments for the framework.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub framework_args: Vec<String>,
    /// Whether every unit may end without a case (`--allow-empty`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_empty: bool,
    /// How many shards run at once, at most.
    pub shards: u32,
    /// Every unit of the plan, in the plan's order.
    pub units: Vec<UnitId>,
}

/// A spooled stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// The file's path relative to the run's directory; empty when there is no file.
    pub path: String,
    /// The file's length in bytes.
    pub bytes: u64,
}

/// What is kept of a shard besides its output.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The services that ran beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceLog>,
    /// The files of the container that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<OutputFile>,
    /// The coverage files of the container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<OutputFile>,
}

impl Kept {
    /// Tells whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.artifacts.is_empty() && self.coverage.is_empty()
    }
}

/// A service that ran beside a shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceLog {
    /// Its name.
    pub name: String,
    /// What it printed, both streams as they came.
    pub log: OutputFile,
    /// How it ended before the shard did; `None` when it ran to the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ContainerExit>,
}

/// One of the two streams of a container's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl OutputStream {
    /// Both, standard output first.
    pub const BOTH: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// Returns the stream's usual name: `stdout`, `stderr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

impl OutputFile {
    /// Returns where a shard's stream is spooled, relative to the run's directory; it is there while the shard runs.
    pub fn path_of(shard: ShardId, stream: OutputStream) -> String {
        format!("shards/{shard}/{}.log", stream.name())
    }
}

impl EventKind {
    /// Makes the last event of a run.
    pub(crate) fn run_ended(code: ExitCode, wall: Duration) -> Self {
        Self::RunEnded { exit_code: code.code(), wall }
    }

    /// Rounds its durations to what the record of events keeps of them, so that a run that is read back is the same.
    #[must_use]
    pub(crate) fn rounded(mut self) -> Self {
        match &mut self {
            Self::ContainerStarted { took: duration, .. }
            | Self::ShardEnded { wall: duration, .. }
            | Self::UnitEnded { duration, .. }
            | Self::RunEnded { wall: duration, .. } => *duration = seconds::rounded(*duration),
            Self::RunStarted { .. }
            | Self::ShardStarted { .. }
            | Self::UnitStarted { .. }
            | Self::ShardStopping { .. }
            | Self::ShardKept { .. }
            | Self::UnitRequeued { .. }
            | Self::Cancelled { .. }
            | Self::Warning { .. }
            | Self::CoverageMerged { .. } => {}
        }
        self
    }
}
