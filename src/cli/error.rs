//! Why a subcommand could not do its work, with what to do next and the exit code.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::recorded::RecordError;
use crate::compose::ComposeError;
use crate::config::ConfigError;
use crate::discover::DiscoverError;
use crate::engine::EngineError;
use crate::model::{CancelReason, ExitCode};
use crate::report::WriteError;
use crate::report::terminal::Colours;
use crate::report::terminal::clean::clean_line;
use crate::run::RunError;
use crate::snapshot::SnapshotError;
use crate::source::SourceError;

/// Why a subcommand could not do its work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CliError {
    /// The settings are wrong or lack something.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The selection cannot be turned into units.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The engine failed before anything was run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A compose file cannot be used.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The services do not fit together.
    #[error("{0}")]
    Services(String),
    /// An image cannot be made of the project or of the setup.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Secrets are files of this machine, and the engine is elsewhere.
    #[error("secrets cannot reach the engine at {endpoint}: they are files in this machine's memory")]
    SecretsAfar {
        /// Where the engine is.
        endpoint: String,
    },
    /// The engine's socket is asked for, and it is none of this machine.
    #[error("`--allow-engine-socket` needs a socket of this machine, and the engine is at {endpoint}")]
    SocketAfar {
        /// Where the engine is.
        endpoint: String,
    },
    /// A mount shows containers the engine's socket.
    #[error("the mount of `{}` would show tests the engine's socket, and make them masters of this machine", path.display())]
    SocketMounted {
        /// What is mounted.
        path: PathBuf,
    },
    /// The engine writes no files into a container whose root is read-only.
    #[error("`{path}` cannot be written into containers whose root is read-only")]
    FilesReadOnly {
        /// The first file, as containers see it.
        path: String,
    },
    /// A file would be written into what is mounted, not into the container.
    #[error("`{path}` cannot be written into containers: `{mount}` is mounted there, from this machine or in memory")]
    FileInMount {
        /// The file, as containers see it.
        path: String,
        /// Where the mount is, as containers see it.
        mount: String,
    },
    /// A template of a file for the containers cannot be filled in.
    #[error("cannot fill in {0}")]
    Template(String),
    /// The run's own files cannot be written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There is no such recorded run, or it cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A report cannot be written.
    #[error(transparent)]
    Report(#[from] WriteError),
    /// The list of files cannot be read.
    #[error("cannot read the list of files from `{}`", path.display())]
    FilesFrom {
        /// The list, `-` for standard input.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The run was cancelled before anything was known of it.
    #[error("{0} while the run was being prepared")]
    Cancelled(CancelReason),
    /// Nothing was selected.
    #[error("nothing was selected; searched {searched}")]
    NothingSelected {
        /// What was searched.
        searched: String,
    },
    /// The system refused something that minke cannot do without.
    #[error("cannot {operation}")]
    System {
        /// What was refused.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
}

impl CliError {
    /// Returns what to do next, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.help(),
            Self::Discover(error) => error.help(),
            Self::Engine(error) => error.help(),
            Self::Compose(error) => error.help(),
            Self::Services(_) => None,
            Self::Snapshot(error) => error.help(),
            Self::SecretsAfar { .. } => {
                Some("run minke on the engine's machine, or hand the values over with `--env NAME`".to_owned())
            }
            Self::SocketAfar { .. } => Some("run minke on the engine's machine".to_owned()),
            Self::SocketMounted { .. } => {
                Some("mount something narrower, or say `--allow-engine-socket` if they may".to_owned())
            }
            Self::FilesReadOnly { .. } => Some(
                "leave out `--read-only` (`read_only` of a compose service), or put the file into the image".to_owned(),
            ),
            Self::FileInMount { .. } => {
                Some("put it elsewhere; with `--source copy` the project is no mount, and can have it".to_owned())
            }
            Self::Template(_) => Some(
                "templates know `env.NAME`, `shard`, `shards`, `run` and `service.NAME.host` or `.address`".to_owned(),
            ),
            Self::Run(error) => error.help(),
            Self::Record(error) => error.help(),
            Self::FilesFrom { .. } => Some("name a text file with a path in each line, or `-`".to_owned()),
            Self::NothingSelected { .. } => {
                Some("check the paths, `--exclude` and `--partition`; `minke plan` shows what would run".to_owned())
            }
            Self::Report(_) => Some("check the path's permissions and the free disk space".to_owned()),
            Self::Cancelled(_) | Self::System { .. } | Self::Output(_) => None,
        }
    }

    /// Returns the last lines of what failed, where it printed some, fit to be shown: indented, each with its end.
    pub fn output(&self) -> Option<String> {
        let shown = |output: &str| {
            let lines = output.lines().flat_map(|line| clean_line(line, Colours::Off));
            lines.map(|line| format!("  {line}\n")).collect()
        };
        match self {
            Self::Engine(error) | Self::Discover(DiscoverError::Engine(error)) => error.output().map(shown),
            Self::Snapshot(SnapshotError::Setup { output, .. }) => Some(shown(output)),
            Self::Config(_)
            | Self::Compose(_)
            | Self::Services(_)
            | Self::Snapshot(_)
            | Self::SecretsAfar { .. }
            | Self::FilesReadOnly { .. }
            | Self::FileInMount { .. }
            | Self::Template(_)
            | Self::SocketAfar { .. }
            | Self::SocketMounted { .. }
            | Self::Discover(_)
            | Self::Run(_)
            | Self::Record(_)
            | Self::Report(_)
            | Self::FilesFrom { .. }
            | Self::Cancelled(_)
            | Self::NothingSelected { .. }
            | Self::System { .. }
            | Self::Output(_) => None,
        }
    }

    /// Writes the error, its causes and what to do next in one line.
    pub(super) fn in_one_line(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        self.help().map_or(text.clone(), |help| format!("{text}; {help}"))
    }

    /// Returns the exit code of the process.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_)
            | Self::FilesFrom { .. }
            | Self::Record(_)
            | Self::FilesReadOnly { .. }
            | Self::FileInMount { .. }
            | Self::Template(_)
            | Self::SecretsAfar { .. } => ExitCode::Usage,
            Self::Compose(_) | Self::Services(_) | Self::SocketAfar { .. } | Self::SocketMounted { .. } => {
                ExitCode::Usage
            }
            Self::Discover(DiscoverError::Engine(_) | DiscoverError::NoCommand { .. }) | Self::Engine(_) => {
                ExitCode::Infrastructure
            }
            Self::Snapshot(SnapshotError::Source(SourceError::Glob { .. } | SourceError::TooLarge { .. })) => {
                ExitCode::Usage
            }
            Self::Snapshot(_) => ExitCode::Infrastructure,
            Self::Discover(_) => ExitCode::Usage,
            Self::Run(_) | Self::Report(_) => ExitCode::Incomplete,
            Self::Cancelled(CancelReason::Interrupt) => ExitCode::Interrupted,
            Self::Cancelled(_) => ExitCode::Terminated,
            Self::NothingSelected { .. } => ExitCode::NothingSelected,
            Self::System { .. } => ExitCode::Infrastructure,
            // Whoever read the output has gone: that is their right.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::Passed,
            Self::Output(_) => ExitCode::Incomplete,
        }
    }
}
