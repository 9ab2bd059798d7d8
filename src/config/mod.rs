//! Settings: what was typed, where it was typed, and what it means.
//!
//! Three sources are read into `Options` of the same type, each value with its `Origin`, and merged so that a flag beats the
//! environment, which beats the file, which beats the default. [`Settings`] is what the merged options mean, valid by
//! construction. The table of all options is in `options.rs`; everything else, the command line included, is derived from it.
//!
//! Knows neither the command line's parser nor the process: flags, environment and current directory are handed in.

mod checks;
mod choice;
mod container;
mod container_override;
mod contents;
mod coverage;
mod duration;
mod env_file;
mod environment;
mod error;
mod field;
mod file;
mod file_to_place;
mod flags;
mod options;
mod origin;
mod partition;
mod placed_file;
mod raw;
mod scalar;
mod secret_entry;
mod service;
mod setting;
mod settings;
mod size;
mod spec;
mod variable;

pub(crate) use crate::notation::nearest;
pub use crate::notation::{Fault, parse_duration, parse_size, print_duration, print_size};
pub use choice::{Annotations, Color, Discover, EventsTo, FilesFrom, Output, Source, Verbosity};
pub use container_override::{ContainerOverride, OVERRIDABLE};
pub use environment::{CONFIG_VARIABLE, Environment, RESERVED_VARIABLES};
pub use error::{ConfigError, Place};
pub use flags::Flags;
pub use options::OPTIONS;
pub use origin::Origin;
pub use service::ForeignNeed;
pub use setting::{Printed, Setting};
pub use settings::{Settings, name_of_built};
pub use spec::{FlagStyle, OptionSpec, Section, Shape};
