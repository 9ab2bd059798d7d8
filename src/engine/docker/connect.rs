//! Where the engine is, and why it does not answer.

use std::fmt;
use std::path::Path;

use bollard::{API_DEFAULT_VERSION, Docker};

use super::failure;
use crate::engine::EngineError;

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// How long the engine may take until its answer begins, in seconds. Waiting and streaming are not bounded by it.
const TIMEOUT_SECONDS: u64 = 120;

/// The address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Unix(String),
    Tcp(String),
}

impl Endpoint {
    /// Reads `DOCKER_HOST`'s value; none, or an empty one, means the default socket.
    pub(super) fn of(docker_host: Option<&str>) -> Result<Self, EngineError> {
        let host = docker_host.map(str::trim).filter(|host| !host.is_empty());
        let Some(host) = host else { return Ok(Self::Unix(DEFAULT_SOCKET.to_owned())) };
        let address = |detail: &str| EngineError::Address { endpoint: host.to_owned(), detail: detail.to_owned() };
        match host.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.to_owned())),
            Some(("tcp" | "http", rest)) if !rest.is_empty() => Ok(Self::Tcp(rest.trim_end_matches('/').to_owned())),
            Some(("ssh" | "https", _)) => Err(address("ssh and TLS are not supported yet; forward the socket instead")),
            Some(_) | None => Err(address("DOCKER_HOST has an unknown form")),
        }
    }

    /// Makes a client; no connection is opened yet.
    pub(super) fn client(&self) -> Result<Docker, EngineError> {
        let made = match self {
            Self::Unix(path) if !Path::new(path).exists() => {
                let detail = "the socket does not exist".to_owned();
                return Err(EngineError::Unreachable { endpoint: self.to_string(), detail, help: self.help() });
            }
            Self::Unix(path) => Docker::connect_with_unix(path, TIMEOUT_SECONDS, API_DEFAULT_VERSION),
            Self::Tcp(rest) => {
                Docker::connect_with_http(&format!("tcp://{rest}"), TIMEOUT_SECONDS, API_DEFAULT_VERSION)
            }
        };
        made.map_err(|error| EngineError::Address { endpoint: self.to_string(), detail: failure::words(&error) })
    }

    /// Tells whether the engine's files are this machine's.
    pub(super) fn is_local(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    /// Says why nothing answered, with what to do.
    pub(super) fn unreachable(&self, error: &bollard::errors::Error) -> EngineError {
        let words = failure::words(error);
        let help = if words.to_lowercase().contains("permission denied") {
            "this user may not use the socket: add it to the socket's group (`sudo usermod -aG docker $USER`, then log \
             in again), or run minke as a user who may"
                .to_owned()
        } else {
            self.help()
        };
        EngineError::Unreachable { endpoint: self.to_string(), detail: words, help }
    }

    fn help(&self) -> String {
        match self {
            Self::Unix(path) if path == DEFAULT_SOCKET => {
                "start Docker (`systemctl start docker`, or `dockerd`), or name another engine's socket in DOCKER_HOST"
                    .to_owned()
            }
            Self::Unix(_) | Self::Tcp(_) => {
                "DOCKER_HOST names this address: start the engine there, or unset DOCKER_HOST for the default socket"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{path}"),
            Self::Tcp(rest) => write!(f, "tcp://{rest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_host_chooses_the_address() {
        assert_eq!(Endpoint::of(None).unwrap(), Endpoint::Unix(DEFAULT_SOCKET.into()));
        assert_eq!(Endpoint::of(Some("")).unwrap(), Endpoint::Unix(DEFAULT_SOCKET.into()));
        assert_eq!(Endpoint::of(Some("unix:///a/b.sock")).unwrap(), Endpoint::Unix("/a/b.sock".into()));
        assert_eq!(Endpoint::of(Some("tcp://h:2375/")).unwrap(), Endpoint::Tcp("h:2375".into()));
        for bad in ["ssh://h", "unix://relative", "h:2375", "tcp://"] {
            let error = Endpoint::of(Some(bad)).unwrap_err();
            assert!(error.to_string().contains(bad) && error.help().is_some(), "{error}");
        }
    }
}
