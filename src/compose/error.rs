//! What can be wrong with compose files, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::model::ServiceCycle;
use crate::notation::{At, Fault, Wrong};

/// Why compose files give no services. Lines begin at 1, and files are named relative to the project where they lie in it.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds nothing.
    #[error("`{}` has nothing in it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file is not YAML, or more than is read.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A value makes no sense.
    #[error("{}:{line}: `{key}` {}", path.display(), fault.must)]
    Value {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The key, from the top of the file, with dots.
        key: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A variable that the file says is needed has no value.
    #[error("{}:{line}: `{key}` needs the variable `{name}`: {message}", path.display())]
    RequiredVariable {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The key, from the top of the file, with dots.
        key: String,
        /// The variable.
        name: String,
        /// What the file says about it.
        message: String,
    },
    /// A line of a file of variables makes no sense. It is not repeated, because it may hold a secret.
    #[error("{}:{line}: a variable {}", path.display(), fault.must)]
    EnvFile {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A file of variables that a service needs cannot be read.
    #[error("{}:{line}: cannot read the env_file `{}` of the service `{service}`", path.display(), missing.display())]
    MissingEnvFile {
        /// The compose file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The service.
        service: String,
        /// The file of variables.
        missing: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A service needs one that there is not.
    #[error("{}:{line}: the service `{service}` needs `{name}`, which {}", path.display(), gone(*is_inactive))]
    UnknownDependency {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The service that needs it.
        service: String,
        /// The service that is needed.
        name: String,
        /// Whether the files have it, below a profile that is not asked for.
        is_inactive: bool,
    },
    /// A service was asked for that there is not.
    #[error("the compose files have no service `{name}`")]
    UnknownService {
        /// What was asked for.
        name: String,
        /// The services that there are.
        known: Vec<String>,
    },
    /// Services need each other.
    #[error(transparent)]
    Cycle(#[from] ServiceCycle),
    /// Services extend each other.
    #[error("{}:{line}: services extend each other: {}", path.display(), names.join(" -> "))]
    ExtendsCycle {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The services in the order in which they extend each other, the first again at the end.
        names: Vec<String>,
    },
    /// A service extends one that there is not.
    #[error("{}:{line}: the service `{service}` extends `{name}`, which `{}` does not have", path.display(), other.display())]
    UnknownBase {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The service that extends.
        service: String,
        /// The service that is extended.
        name: String,
        /// The file that should have it.
        other: PathBuf,
    },
    /// A service uses a named volume that the files do not declare.
    #[error("{}:{line}: the service `{service}` uses the volume `{volume}`, which no file declares", path.display())]
    MissingVolume {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The service.
        service: String,
        /// The volume.
        volume: String,
    },
    /// A service is on a network that the files do not declare.
    #[error("{}:{line}: the service `{service}` is on the network `{network}`, which no file declares", path.display())]
    MissingNetwork {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The service.
        service: String,
        /// The network.
        network: String,
    },
    /// A service has nothing to start a container from.
    #[error("{}:{line}: the service `{service}` has neither `image` nor `build`", path.display())]
    NoImage {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The service.
        service: String,
    },
}

impl ComposeError {
    /// Returns what to do next.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => Some("Check that it is a file and that you may read it.".to_owned()),
            Self::Empty { .. } => Some("Write `services:` and the services below it.".to_owned()),
            Self::Syntax { .. } => None,
            Self::Value { fault, .. } | Self::EnvFile { fault, .. } => fault.help.clone(),
            Self::RequiredVariable { name, .. } => Some(format!("Set `{name}`, or write it to the project's `.env`.")),
            Self::MissingEnvFile { .. } => {
                Some("Make the file, or write `required: false` below its `path`.".to_owned())
            }
            Self::UnknownDependency { is_inactive: true, name, .. } => {
                Some(format!("Give the profile of `{name}` with `--profile`, or write `required: false`."))
            }
            Self::UnknownDependency { is_inactive: false, .. } => {
                Some("Correct the name, or add the service.".to_owned())
            }
            Self::UnknownService { known, .. } if known.is_empty() => Some("They have no service at all.".to_owned()),
            Self::UnknownService { known, .. } => Some(format!("They have {}.", listed(known))),
            Self::Cycle(_) => Some("Take one of them out of the other's `depends_on`.".to_owned()),
            Self::ExtendsCycle { .. } => Some("Take out one `extends`.".to_owned()),
            Self::UnknownBase { .. } => Some("Correct the name, or name another `file`.".to_owned()),
            Self::MissingVolume { volume, .. } => Some(format!(
                "Add `{volume}:` below the top-level `volumes:`; a directory of the host begins with `./`."
            )),
            Self::MissingNetwork { network, .. } => Some(format!("Add `{network}:` below the top-level `networks:`.")),
            Self::NoImage { .. } => Some("Name an image, or a directory to build one from.".to_owned()),
        }
    }

    /// Makes an error of a value that makes no sense.
    pub(super) fn value(at: &At, key: impl Into<String>, fault: Fault) -> Self {
        Self::Value { path: at.file.to_path_buf(), line: at.line, key: key.into(), fault }
    }
}

impl From<Wrong> for ComposeError {
    fn from(wrong: Wrong) -> Self {
        Self::value(&wrong.at, wrong.key, wrong.fault)
    }
}

fn gone(is_inactive: bool) -> &'static str {
    if is_inactive { "is below a profile that is not asked for" } else { "no file has" }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
