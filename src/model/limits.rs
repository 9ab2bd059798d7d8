//! Limits of a run and of its containers.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a run does about time and failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How long one unit may run.
    #[serde(with = "super::seconds::option")]
    pub unit_timeout: Option<Duration>,
    /// How long the whole run may take.
    #[serde(with = "super::seconds::option")]
    pub run_timeout: Option<Duration>,
    /// After how many failed or errored units no new unit is started.
    pub max_failures: Option<NonZeroU32>,
    /// How long a container has to end from the first polite signal until it is killed.
    #[serde(with = "super::seconds")]
    pub grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { unit_timeout: None, run_timeout: None, max_failures: None, grace: Duration::from_secs(10) }
    }
}

/// What one container may use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Memory in bytes, with no swap on top.
    pub memory_bytes: Option<u64>,
    /// Processor time in thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// Number of processes and threads.
    pub pids: Option<u32>,
    /// Size of `/dev/shm` in bytes.
    pub shm_bytes: Option<u64>,
    /// Limits of each process.
    pub ulimits: Vec<Ulimit>,
}

/// A limit of each process of a container, as `setrlimit` knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    /// The limit's name, such as `nofile`.
    pub name: String,
    /// The soft limit; -1 means none.
    pub soft: i64,
    /// The hard limit; -1 means none.
    pub hard: i64,
}
