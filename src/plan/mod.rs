//! The plan: the ordered, immutable list of what to run, and its first division into batches.
//!
//! Pure: the same input gives the same plan on every machine. Knows neither engines nor frameworks.

mod batches;
mod partition;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::model::{Batch, ImageId, PlanSummary, Policy, ShardTemplate, Unit, UnitIndex};

pub use partition::Partition;

/// The version of the JSON form of a plan.
pub const PLAN_FORMAT_VERSION: u32 = 1;

/// How units are spread over containers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// The units are dealt out to as many containers as may run at once.
    #[default]
    Shard,
    /// Every unit gets a container of its own.
    File,
}

/// Whether test files are divided into their parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// A test file is a unit.
    #[default]
    Never,
    /// Every part of a test file is a unit of its own, where the framework can select it.
    All,
}

/// The framework that a plan runs, and how it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameworkCall {
    /// The framework's name, such as `pytest` or `cucumber-ruby`.
    pub name: String,
    /// The command inside the container, as argv.
    pub command: Vec<String>,
    /// The user's own arguments for the framework.
    pub args: Vec<String>,
    /// Whether what is undefined or pending counts as failed.
    #[serde(default)]
    pub strictness: Strictness,
    /// Globs of the reports that a command of the user's own writes, relative to the working directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<String>,
}

/// Whether undefined and pending steps count as failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strictness {
    /// They fail their case.
    #[default]
    Strict,
    /// They are skips.
    Lenient,
}

impl FrameworkCall {
    /// Makes a strict call with arguments and no reports of the user's own.
    pub fn new(name: impl Into<String>, command: Vec<String>, args: Vec<String>) -> Self {
        Self { name: name.into(), command, args, strictness: Strictness::Strict, reports: Vec::new() }
    }
}

/// Everything that a plan is made of.
#[derive(Debug, Clone)]
pub struct PlanInput {
    /// Every selected unit, each once, in the order in which they are to run.
    pub units: Vec<Unit>,
    /// The part of the units that this machine runs.
    pub partition: Option<Partition>,
    /// How many containers may run at once.
    pub shards: NonZeroU32,
    /// How units are spread over containers.
    pub isolation: Isolation,
    /// How many units one invocation of the framework can take and still report each by itself.
    pub units_per_invocation: Option<NonZeroU32>,
    /// The framework.
    pub framework: FrameworkCall,
    /// What all containers have in common.
    pub template: ShardTemplate,
    /// The image's content id.
    pub image_id: Option<ImageId>,
    /// What the run does about time and failures.
    pub policy: Policy,
}

/// What to run, in which order, in how many containers at once. Only [`plan`] makes one, and it never changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    version: u32,
    framework: FrameworkCall,
    template: ShardTemplate,
    image_id: Option<ImageId>,
    isolation: Isolation,
    shards: NonZeroU32,
    partition: Option<Partition>,
    policy: Policy,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command_line: Vec<String>,
    units: Vec<Unit>,
    batches: Vec<Batch>,
}

/// Makes a plan: takes this machine's part of the units and divides it into batches.
///
/// With [`Isolation::Shard`] there are at most as many batches as shards, their sizes differ by one at most, and
/// neighbours go to different batches, because files of one folder tend to be alike in length. Two units with the same
/// report key never share a batch, and no batch is longer than a command line may be; either may add batches. Units of
/// different variants share none, so each variant is divided by itself.
pub fn plan(input: PlanInput) -> Plan {
    let units = match input.partition {
        Some(partition) => partition.select(input.units),
        None => input.units,
    };
    let limit = match input.isolation {
        Isolation::Shard => input.units_per_invocation,
        Isolation::File => Some(NonZeroU32::MIN),
    };
    let batches = batches::divide(&units, input.shards, limit);
    Plan {
        version: PLAN_FORMAT_VERSION,
        framework: input.framework,
        template: input.template,
        image_id: input.image_id,
        isolation: input.isolation,
        shards: input.shards,
        partition: input.partition,
        policy: input.policy,
        command_line: Vec::new(),
        units,
        batches,
    }
}

impl Plan {
    /// Records the command line that asked for the plan, as words without what it selects and without the framework's own
    /// arguments, so that a report can say how to run a unit again.
    #[must_use]
    pub fn asked_for_by(mut self, command_line: Vec<String>) -> Self {
        self.command_line = command_line;
        self
    }

    /// Returns the units in the plan's order.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Returns one unit.
    ///
    /// # Panics
    /// If the index is not of this plan.
    pub fn unit(&self, index: UnitIndex) -> &Unit {
        &self.units[index.as_usize()]
    }

    /// Returns the batches in the order in which they start.
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// Returns how many containers may run at once.
    pub fn shards(&self) -> NonZeroU32 {
        self.shards
    }

    /// Returns how units are spread over containers.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Returns the framework.
    pub fn framework(&self) -> &FrameworkCall {
        &self.framework
    }

    /// Returns what all containers have in common.
    pub fn template(&self) -> &ShardTemplate {
        &self.template
    }

    /// Returns the image's content id, when it is known.
    pub fn image_id(&self) -> Option<&ImageId> {
        self.image_id.as_ref()
    }

    /// Returns what the run does about time and failures.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the plan in short, for the first event of its run.
    pub fn summary(&self) -> PlanSummary {
        PlanSummary {
            framework: self.framework.name.clone(),
            image: self.template.image.clone(),
            image_id: self.image_id.as_ref().map(ToString::to_string),
            image_digest: self.template.digest.clone(),
            work_dir: self.template.container.work_dir.clone(),
            may_be_empty: self.units.iter().all(|unit| unit.may_be_empty),
            command_line: self.command_line.clone(),
            framework_args: self.framework.args.clone(),
            shards: self.shards.get(),
            units: self.units.iter().map(|unit| unit.id.clone()).collect(),
        }
    }
}
