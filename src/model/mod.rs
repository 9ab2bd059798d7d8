//! Pure data that every other module speaks in: ids, units, cases, outcomes, events, and the one fold over events.
//!
//! Knows nothing of tokio, files, clocks, engines or frameworks: time enters as a value.

mod batch;
mod case;
mod container;
mod container_changes;
mod coverage;
mod event;
mod exit;
mod framework_names;
mod ids;
mod image;
mod limits;
mod outcome;
mod part;
mod placed_file;
mod report_file;
mod report_format;
mod seconds;
mod secret;
mod service;
mod service_order;
mod state;
mod stop;
mod subnet;
mod template;
mod unit;

pub use batch::{Batch, BatchResult, ContainerExit, Division, ShardProblem, Trouble, UnitIndex, UnitResult};
pub use case::{Case, CaseOutcome, Finding, FindingKind};
pub use container::{ContainerSettings, EnvVar, HealthCheck, Mount, MountSource, Network, Privileges};
pub use container_changes::ContainerChanges;
pub use coverage::{CoverageFile, LineCounts, MergedCoverage};
pub use event::{EVENT_FORMAT_VERSION, Event, EventKind, Kept, OutputFile, OutputStream, PlanSummary, ServiceLog};
pub use exit::ExitCode;
pub use framework_names::FRAMEWORK_NAMES;
pub use ids::{Attempt, ImageId, RunId, ShardId, Slot, UnitId};
pub use image::{Platform, Pull};
pub use limits::{Policy, ResourceLimits, Ulimit};
pub use outcome::{Cause, UnitOutcome};
pub use part::split_part;
pub use placed_file::PlacedFile;
pub use report_file::{ReportFile, ReportProblem};
pub use report_format::ReportFormat;
pub use secret::{SECRETS_DIR, Secret, exports};
pub use service::{
    Build, Dependency, DependencyCondition, ImageSource, Readiness, ReadinessProbe, Reset, Service, ServiceScope,
    Services,
};
pub use service_order::{ServiceCycle, order_services};
pub use state::{CaseCounts, RunState, ShardRecord, UnitCounts, UnitRecord};
pub use stop::{CancelReason, StopReason};
pub use subnet::Subnet;
pub use template::ShardTemplate;
pub use unit::Unit;
