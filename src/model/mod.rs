//! Pure data that every other module speaks in: ids, units, cases, outcomes, events, and the one fold over events.
//!
//! Knows nothing of tokio, files, clocks, engines or frameworks: time enters as a value.

mod batch;
mod case;
mod event;
mod exit;
mod ids;
mod limits;
mod outcome;
mod report_file;
mod seconds;
mod state;
mod stop;
mod template;
mod unit;

pub use batch::{Batch, BatchResult, ContainerExit, Division, ShardProblem, Trouble, UnitIndex, UnitResult};
pub use case::{Case, CaseOutcome, Finding, FindingKind};
pub use event::{EVENT_FORMAT_VERSION, Event, EventKind, OutputFile, OutputStream, PlanSummary};
pub use exit::ExitCode;
pub use ids::{Attempt, ImageId, RunId, ShardId, Slot, UnitId};
pub use limits::{Policy, ResourceLimits};
pub use outcome::{Cause, UnitOutcome};
pub use report_file::{ReportFile, ReportProblem};
pub use state::{CaseCounts, RunState, ShardRecord, UnitCounts, UnitRecord};
pub use stop::{CancelReason, StopReason};
pub use template::{EnvVar, Mount, Network, ShardTemplate};
pub use unit::Unit;
