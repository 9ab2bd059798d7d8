//! The units given to one invocation of the framework, and what came of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Attempt, Case, Cause, ReportFile, UnitId};

/// Points at a unit by its place in the plan, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitIndex(pub u32);

impl UnitIndex {
    /// Returns the place as an index into the plan's units.
    pub fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for UnitIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The units of one invocation of the framework, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Never empty; no unit twice.
    pub units: Vec<UnitIndex>,
    /// Which execution of its units this is.
    pub attempt: Attempt,
}

/// How a container ended, as the engine reports it after the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerExit {
    /// The exit code of the container's first process; 128 + n when signal n ended it.
    pub code: i64,
    /// Whether the kernel killed a process of the container for lack of memory.
    pub oom_killed: bool,
    /// What the engine says went wrong, when it could not start the command, for example.
    pub error: Option<String>,
}

/// The cases of a batch's reports, divided among its units by the framework.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Division {
    /// The cases of each unit, in the order of the batch's units.
    pub by_unit: Vec<Vec<Case>>,
    /// For each unit whether its report is damaged, so that cases of it may be missing.
    pub damaged: Vec<bool>,
    /// What is wrong with the first damaged report, as a clause: "`pytest.xml` is empty".
    pub damage: Option<String>,
    /// Cases that belong to none of the units for certain.
    pub strays: Vec<Case>,
    /// A file of another unit that the framework ran besides, by its own word.
    pub foreign_unit: Option<String>,
    /// How many report files there were, readable or not.
    pub report_files: usize,
    /// The unit at which the framework was interrupted, by its place in the batch, as the report itself tells.
    pub interrupted_at: Option<usize>,
    /// The case that ran when minke stopped the framework, where its report tells.
    pub stopped_in: Option<String>,
}

impl Division {
    /// Begins to divide reports among so many units: no unit has a case yet, and damage to any report is damage to all.
    pub fn begin(units: usize, reports: &[ReportFile]) -> Self {
        Self {
            by_unit: vec![Vec::new(); units],
            damaged: vec![reports.iter().any(ReportFile::is_incomplete); units],
            damage: reports.iter().find_map(ReportFile::damage),
            report_files: reports.len(),
            ..Self::default()
        }
    }

    /// Takes out the cases that only show that minke stopped the framework: a test that was cut off has not said no.
    pub fn leave_out_stopped(&mut self, is_stopped: impl Fn(&Case) -> bool) {
        for (place, cases) in self.by_unit.iter_mut().enumerate() {
            for stopped in cases.extract_if(.., |case| is_stopped(case)) {
                self.interrupted_at.get_or_insert(place);
                self.stopped_in.get_or_insert(stopped.name);
            }
        }
        self.strays.retain(|case| !is_stopped(case));
    }

    /// Tells whether the report of any unit is damaged.
    pub fn has_damage(&self) -> bool {
        self.damaged.contains(&true)
    }
}

/// What is known of one unit of a batch after the batch's end.
#[derive(Debug, Clone, PartialEq)]
pub enum UnitResult {
    /// The evidence suffices: these cases are what the unit did.
    Proven {
        /// The unit's cases; may be empty only for a unit that may be.
        cases: Vec<Case>,
        /// What went wrong besides, if anything did.
        trouble: Option<Trouble>,
    },
    /// It is not certain that the unit was run to its end.
    Unproven {
        /// What to say if it cannot be run again by itself.
        trouble: Trouble,
        /// The cases that were seen all the same.
        cases: Vec<Case>,
    },
    /// The run was cancelled before the framework came to the unit.
    NotReached,
}

/// Something that kept minke from getting a whole answer of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What it was.
    pub cause: Cause,
    /// One or two sentences for a person: what happened, and what to do about it.
    pub detail: String,
    /// The last lines of the shard's standard error, or of its standard output when that is empty; at most 4 KiB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output_tail: String,
}

/// Something that went wrong with a shard of several units and that cannot be pinned on one of them yet.
///
/// It is resolved when one of its unproven units ends badly; otherwise it stays in every report as an error of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardProblem {
    /// What happened to the shard.
    #[serde(flatten)]
    pub trouble: Trouble,
    /// The units that lack proof because of it; empty when every unit is proven and the problem stands by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<UnitId>,
}

/// What came of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchResult {
    /// A result for each unit, in the order of the batch's units.
    pub units: Vec<UnitResult>,
    /// What went wrong with the shard as a whole.
    pub problem: Option<ShardProblem>,
}
