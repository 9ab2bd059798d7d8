//! What can go wrong with an engine.

use thiserror::Error;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// How the detail of an image begins that is there, but for another platform.
pub(super) const OTHER_PLATFORM: &str = "the engine has it for ";
/// What the engine says when a bound path is not there, and when there is no room on its disk (strerror(3)).
const NO_SOURCE: &str = "bind source path does not exist";
const DISK_FULL: &str = "no space left on device";

/// An operation of an engine that failed, and its object.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine's address is not one that minke can use.
    #[error("cannot use the engine at `{endpoint}`: {detail}")]
    Address {
        /// The address.
        endpoint: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Nothing answers at the engine's address.
    #[error("no container engine answers at `{endpoint}`: {detail}")]
    Unreachable {
        /// The address.
        endpoint: String,
        /// What the system said.
        detail: String,
        /// What to do about it.
        help: String,
    },
    /// The image is not there and cannot be pulled.
    #[error("image `{image}` is not on the engine and cannot be pulled: {detail}")]
    ImageMissing {
        /// The image.
        image: String,
        /// What the engine said.
        detail: String,
    },
    /// The registry does not give the image to these credentials, or to nobody without some.
    #[error("registry `{registry}` does not give image `{image}`: {detail} ({credentials})")]
    ImageRefused {
        /// The image.
        image: String,
        /// The registry.
        registry: String,
        /// What the registry said.
        detail: String,
        /// Where the credentials come from, or where they were looked for.
        credentials: String,
    },
    /// The image cannot be built.
    #[error("cannot build image `{image}`: {}{detail}", step.as_ref().map(|step| format!("{step} failed: ")).unwrap_or_default())]
    BuildFailed {
        /// The name that it was to have.
        image: String,
        /// The step of the Dockerfile that failed, such as ``step 3/4 `RUN make` ``.
        step: Option<String>,
        /// What the builder said.
        detail: String,
        /// The last lines of the build's output.
        output: String,
    },
    /// The build of the image could not begin.
    #[error("cannot build image `{image}`: {detail}")]
    BuildImpossible {
        /// The name that it was to have.
        image: String,
        /// What is missing or wrong.
        detail: String,
        /// What to do about it.
        help: String,
    },
    /// The container was created, but its command could not be started.
    #[error("cannot start `{command}` in the container: {detail}")]
    Command {
        /// The command.
        command: String,
        /// What the engine said.
        detail: String,
    },
    /// The image has no user of the name that was asked for.
    #[error("the image has no user `{user}`")]
    UserMissing {
        /// The user's name.
        user: String,
    },
    /// The network that was asked for does not exist.
    #[error("network `{network}` does not exist on the engine")]
    NetworkMissing {
        /// The network's name.
        network: String,
    },
    /// The engine is of a kind that cannot do this.
    #[error("this engine cannot {operation}")]
    Unsupported {
        /// What was asked for.
        operation: &'static str,
    },
    /// Any other operation failed.
    #[error("cannot {operation}")]
    Operation {
        /// What was tried, and on what.
        operation: String,
        /// Why it failed.
        source: Source,
    },
    /// The engine did not answer in time.
    #[error("the engine did not {operation} within {seconds} s")]
    TimedOut {
        /// What was tried.
        operation: String,
        /// How long minke waited, in seconds.
        seconds: u64,
    },
    /// The connection that carries a container's output broke.
    #[error("the connection that carries the container's output broke off")]
    OutputLost,
}

impl EngineError {
    /// Tells whether every container of the run would fail in the same way.
    pub fn is_image_fault(&self) -> bool {
        self.is_image_missing() || matches!(self, Self::Command { .. } | Self::UserMissing { .. })
    }

    /// Tells whether there is no image to make containers of, although the engine answers.
    pub fn is_image_missing(&self) -> bool {
        match self {
            Self::ImageMissing { .. }
            | Self::ImageRefused { .. }
            | Self::BuildFailed { .. }
            | Self::BuildImpossible { .. } => true,
            Self::Address { .. }
            | Self::Unreachable { .. }
            | Self::Command { .. }
            | Self::UserMissing { .. }
            | Self::NetworkMissing { .. }
            | Self::Unsupported { .. }
            | Self::Operation { .. }
            | Self::TimedOut { .. }
            | Self::OutputLost => false,
        }
    }

    /// Masks what a build said, which may have been told secrets.
    #[must_use]
    pub fn masked(self, mask: impl Fn(&str) -> String) -> Self {
        match self {
            Self::BuildFailed { image, step, detail, output } => Self::BuildFailed {
                image,
                step: step.as_deref().map(&mask),
                detail: mask(&detail),
                output: mask(&output),
            },
            error => error,
        }
    }

    /// Returns the last lines of what failed, where it printed some.
    pub fn output(&self) -> Option<&str> {
        let Self::BuildFailed { output, .. } = self else { return None };
        Some(output.as_str()).filter(|output| !output.is_empty())
    }

    /// Makes an error that says the same, for another who waits for the same answer.
    pub(super) fn told_again(&self) -> Self {
        match self {
            Self::ImageMissing { image, detail } => Self::ImageMissing { image: image.clone(), detail: detail.clone() },
            Self::ImageRefused { image, registry, detail, credentials } => Self::ImageRefused {
                image: image.clone(),
                registry: registry.clone(),
                detail: detail.clone(),
                credentials: credentials.clone(),
            },
            Self::Operation { operation, source } => {
                Self::Operation { operation: operation.clone(), source: source.to_string().into() }
            }
            Self::TimedOut { operation, seconds } => Self::TimedOut { operation: operation.clone(), seconds: *seconds },
            Self::Address { .. }
            | Self::Unreachable { .. }
            | Self::BuildFailed { .. }
            | Self::BuildImpossible { .. }
            | Self::Command { .. }
            | Self::UserMissing { .. }
            | Self::NetworkMissing { .. }
            | Self::Unsupported { .. }
            | Self::OutputLost => {
                Self::Operation { operation: "find the image".to_owned(), source: self.in_full().into() }
            }
        }
    }

    /// Returns what to do next, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Address { .. } => Some(
                "set DOCKER_HOST to unix:///path/to/docker.sock or tcp://host:port; `docker context ls` lists contexts"
                    .to_owned(),
            ),
            Self::Unreachable { help, .. } => Some(help.clone()),
            Self::ImageMissing { detail, .. } if detail.starts_with(OTHER_PLATFORM) => {
                Some("ask for a platform that there is (`--platform`), or build the image for this one".to_owned())
            }
            Self::ImageMissing { image, .. } => {
                Some(format!("build it (`docker build -t {image} .`), or check its name with `docker image ls`"))
            }
            Self::ImageRefused { registry, .. } => {
                Some(format!("log in with `docker login {registry}`, and check that the image's name is right"))
            }
            Self::BuildFailed { .. } => Some("mend the Dockerfile; `docker build` shows the same".to_owned()),
            Self::BuildImpossible { help, .. } => Some(help.clone()),
            Self::Command { .. } => {
                Some("install the framework in the image, or name its command with `--framework-command`".to_owned())
            }
            Self::UserMissing { .. } => {
                Some("give `--user` a name of the image's own /etc/passwd, or a number such as `1000:1000`".to_owned())
            }
            Self::NetworkMissing { network } => Some(format!("create it with `docker network create {network}`")),
            Self::Unsupported { .. } => None,
            Self::Operation { .. } if self.in_full().contains(DISK_FULL) => Some(
                "the engine's disk is full: `docker system df` shows what fills it, `minke cache prune` and `docker system \
                 prune` make room"
                    .to_owned(),
            ),
            Self::Operation { .. } if self.in_full().contains(NO_SOURCE) => {
                Some("make the directory or file, or correct the path of the volume".to_owned())
            }
            Self::Operation { .. } | Self::TimedOut { .. } | Self::OutputLost => {
                Some("`minke doctor` checks the engine".to_owned())
            }
        }
    }

    /// Writes the error and all of its causes in one line, without those that say nothing new.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.contains(&said) {
                text = format!("{text}: {said}");
            }
            cause = error.source();
        }
        text
    }
}
