//! What can go wrong with an engine.

use thiserror::Error;

type Source = Box<dyn std::error::Error + Send + Sync>;

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
        matches!(self, Self::ImageMissing { .. } | Self::Command { .. } | Self::UserMissing { .. })
    }

    /// Returns what to do next, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Address { .. } => Some(
                "set DOCKER_HOST to unix:///path/to/docker.sock or tcp://host:port; `docker context ls` lists contexts"
                    .to_owned(),
            ),
            Self::Unreachable { help, .. } => Some(help.clone()),
            Self::ImageMissing { image, .. } => {
                Some(format!("build it (`docker build -t {image} .`), or check its name with `docker image ls`"))
            }
            Self::Command { .. } => {
                Some("install the framework in the image, or name its command with `--framework-command`".to_owned())
            }
            Self::UserMissing { .. } => {
                Some("give `--user` a name of the image's own /etc/passwd, or a number such as `1000:1000`".to_owned())
            }
            Self::NetworkMissing { network } => Some(format!("create it with `docker network create {network}`")),
            Self::Unsupported { .. } => None,
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
