//! A secret of the tests: what must reach them and nobody else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The directory in a container that its secrets are in.
pub const SECRETS_DIR: &str = "/run/secrets";

/// A secret, which containers have as a file of its name in [`SECRETS_DIR`]. Its value is left out of `Debug` and of every
/// event.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// The name of its file.
    pub name: String,
    /// Its value.
    #[serde(skip)]
    pub value: Vec<u8>,
    /// Whether it is an environment variable of its name too.
    pub in_environment: bool,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=***", self.name)
    }
}

/// Returns the shell text that makes variables of secrets, for the beginning of a container's command: so they are no part of
/// what the engine knows of the container. Empty when there is nothing to do.
pub fn exports(secrets: &[Secret]) -> String {
    let names = secrets.iter().filter(|secret| secret.in_environment).map(|secret| &secret.name);
    names.map(|name| format!("{name}=$(cat {SECRETS_DIR}/{name}) || exit 1; export {name}; ")).collect()
}
