//! Where the engine is, and why it does not answer.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bollard::{API_DEFAULT_VERSION, Docker};

use super::credentials::CredentialFiles;
use super::failure;
use crate::engine::EngineError;

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// How long the engine may take until its answer begins, in seconds. Waiting and streaming are not bounded by it.
const TIMEOUT_SECONDS: u64 = 120;

/// Where the `docker` client would look for its engine: its variables and its directory.
#[derive(Debug, Clone, Default)]
pub struct DockerClient {
    /// `DOCKER_HOST`
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`
    pub context: Option<String>,
    /// Whether `DOCKER_TLS_VERIFY` is set, to anything.
    pub tls: bool,
    /// `DOCKER_CONFIG`, else `.docker` in the home directory.
    pub config_dir: Option<PathBuf>,
    /// `REGISTRY_AUTH_FILE`: credentials in Podman's form that come before all others.
    pub registry_auth_file: Option<PathBuf>,
    /// Where Podman keeps credentials: `containers/auth.json` in `XDG_RUNTIME_DIR` and in the user's configuration.
    pub podman_auth_files: Vec<PathBuf>,
}

impl DockerClient {
    /// Takes the variables that matter from an environment, such as `|name| std::env::var(name).ok()`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name| variable(name).filter(|value| !value.trim().is_empty());
        let home = || text("HOME").map(PathBuf::from);
        let configuration = text("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".config")));
        let podman = [text("XDG_RUNTIME_DIR").map(PathBuf::from), configuration];
        Self {
            host: text("DOCKER_HOST"),
            context: text("DOCKER_CONTEXT"),
            tls: variable("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty()),
            config_dir: text("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(home()?.join(".docker"))),
            registry_auth_file: text("REGISTRY_AUTH_FILE").map(PathBuf::from),
            podman_auth_files: podman.into_iter().flatten().map(|dir| dir.join("containers/auth.json")).collect(),
        }
    }

    /// Lists the files of credentials, the one that counts most first.
    pub(super) fn credential_files(&self) -> CredentialFiles {
        let docker = self.config_dir.as_ref().map(|dir| dir.join("config.json"));
        let first = self.registry_auth_file.clone().into_iter().chain(docker);
        CredentialFiles(first.chain(self.podman_auth_files.iter().cloned()).collect())
    }

    /// Returns the engine's address: of `DOCKER_HOST`, else of the chosen context, else of the default socket.
    fn address(&self) -> Result<Option<String>, EngineError> {
        if self.host.is_some() {
            return Ok(self.host.clone());
        }
        let chosen = self.context.clone().or_else(|| self.current_context());
        match chosen.filter(|name| name != "default") {
            Some(name) => self.address_of(&name).map(Some),
            None => Ok(None),
        }
    }

    fn current_context(&self) -> Option<String> {
        let config = read_json(&self.config_dir.as_ref()?.join("config.json"))?;
        config.get("currentContext")?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
    }

    /// Finds a context by its name; its directory is named by a hash, its file by `meta.json`
    /// (<https://docs.docker.com/engine/manage-resources/contexts/>).
    fn address_of(&self, name: &str) -> Result<String, EngineError> {
        let dir = self.config_dir.iter().flat_map(|dir| fs::read_dir(dir.join("contexts/meta"))).flatten().flatten();
        let found = dir.filter_map(|entry| read_json(&entry.path().join("meta.json"))).find_map(|meta| {
            let host = meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned();
            (meta.get("Name")?.as_str()? == name).then_some(host)
        });
        found.ok_or_else(|| EngineError::Address {
            endpoint: format!("context {name}"),
            detail: "the docker client has no context of this name".to_owned(),
        })
    }
}

fn read_json(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Unix(String),
    Tcp(String),
}

impl Endpoint {
    /// Finds the engine's address as the `docker` client would.
    pub(super) fn of(client: &DockerClient) -> Result<Self, EngineError> {
        let address = client.address()?;
        let host = address.as_deref().map(str::trim).filter(|host| !host.is_empty());
        let Some(host) = host else { return Ok(Self::Unix(DEFAULT_SOCKET.to_owned())) };
        let address = |detail: &str| EngineError::Address { endpoint: host.to_owned(), detail: detail.to_owned() };
        match host.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.to_owned())),
            Some(("tcp" | "http", _)) if client.tls => {
                Err(address("DOCKER_TLS_VERIFY asks for TLS, which is not supported yet"))
            }
            Some(("tcp" | "http", rest)) if !rest.is_empty() => Ok(Self::Tcp(rest.trim_end_matches('/').to_owned())),
            Some(("ssh" | "https", _)) => Err(address("ssh and TLS are not supported yet; forward the socket instead")),
            Some(_) | None => Err(address("an address of this form is unknown")),
        }
    }

    /// Makes a client; no connection is opened yet.
    pub(super) fn client(&self) -> Result<Docker, EngineError> {
        if let Self::Unix(path) = self
            && let Err(error) = fs::metadata(path)
        {
            let is_missing = error.kind() == io::ErrorKind::NotFound;
            let detail = if is_missing { "the socket does not exist".to_owned() } else { error.to_string() };
            return Err(self.unreachable_because(detail));
        }
        let made = match self {
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
        self.unreachable_because(failure::root_words(error))
    }

    fn unreachable_because(&self, detail: String) -> EngineError {
        let help = if detail.to_lowercase().contains("permission denied") {
            "this user may not use the socket: add it to the socket's group (`sudo usermod -aG docker $USER`, then log \
             in again), or run minke as a user who may"
                .to_owned()
        } else {
            self.help()
        };
        EngineError::Unreachable { endpoint: self.to_string(), detail, help }
    }

    fn help(&self) -> String {
        match self {
            Self::Unix(path) if path == DEFAULT_SOCKET => {
                "start Docker (`systemctl start docker`, or `dockerd`), or name another engine's socket in DOCKER_HOST"
                    .to_owned()
            }
            Self::Unix(_) | Self::Tcp(_) => {
                "DOCKER_HOST or a docker context names this address: start the engine there, or name another one"
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

    fn of_host(host: &str) -> Result<Endpoint, EngineError> {
        Endpoint::of(&DockerClient { host: Some(host.to_owned()), ..DockerClient::default() })
    }

    #[test]
    fn a_context_chooses_the_address_where_docker_host_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let meta = dir.path().join("contexts/meta/0123abcd");
        fs::create_dir_all(&meta).unwrap();
        let text = r#"{"Name":"rootless","Endpoints":{"docker":{"Host":"unix:///run/user/1/docker.sock"}}}"#;
        fs::write(meta.join("meta.json"), text).unwrap();
        let mut client = DockerClient { config_dir: Some(dir.path().to_owned()), ..DockerClient::default() };
        assert_eq!(Endpoint::of(&client).unwrap(), Endpoint::Unix(DEFAULT_SOCKET.into()));
        let rootless = Endpoint::Unix("/run/user/1/docker.sock".into());
        fs::write(dir.path().join("config.json"), r#"{"currentContext":"rootless"}"#).unwrap();
        assert_eq!(Endpoint::of(&client).unwrap(), rootless);
        client.context = Some("default".into());
        assert_eq!(Endpoint::of(&client).unwrap(), Endpoint::Unix(DEFAULT_SOCKET.into()));
        client.context = Some("gone".into());
        assert!(Endpoint::of(&client).unwrap_err().to_string().contains("context gone"));
        client.host = Some("unix:///a/b.sock".into());
        assert_eq!(Endpoint::of(&client).unwrap(), Endpoint::Unix("/a/b.sock".into()));
    }

    #[test]
    fn docker_host_chooses_the_address() {
        assert_eq!(Endpoint::of(&DockerClient::default()).unwrap(), Endpoint::Unix(DEFAULT_SOCKET.into()));
        assert_eq!(of_host("").unwrap(), Endpoint::Unix(DEFAULT_SOCKET.into()));
        assert_eq!(of_host("unix:///a/b.sock").unwrap(), Endpoint::Unix("/a/b.sock".into()));
        assert_eq!(of_host("tcp://h:2375/").unwrap(), Endpoint::Tcp("h:2375".into()));
        for bad in ["ssh://h", "unix://relative", "h:2375", "tcp://"] {
            let error = of_host(bad).unwrap_err();
            assert!(error.to_string().contains(bad) && error.help().is_some(), "{error}");
        }
    }
}
