//! What is wrong with settings only where a run is made of them, and not where they are merely shown.

use super::error::ConfigError;
use super::options::named;
use super::origin::Origin;
use super::settings::{COMMAND, Settings, required};

impl Settings {
    /// Makes sure that no flag is given that means nothing without another one. A file may have them for the runs that do have
    /// the other.
    ///
    /// # Errors
    /// [`ConfigError::Unused`].
    pub fn check_unused(&self) -> Result<(), ConfigError> {
        let has_services = !self.compose.is_empty() || !self.services.is_empty();
        let dependent: [(&str, bool, &[&str]); 4] = [
            ("build", self.build.is_some(), &["dockerfile", "target", "build-arg", "no-cache"]),
            ("compose", !self.compose.is_empty(), &["service", "profile"]),
            ("compose", has_services, &["services"]),
            ("setup", self.setup.is_some(), &["setup-inputs", "setup-network", "no-snapshot"]),
        ];
        let is_flag = |key: &str| self.provenance().iter().any(|row| row.key == key && row.origin == Origin::Flag);
        for (base, _, keys) in dependent.iter().filter(|(_, is_there, _)| !is_there) {
            if let Some(key) = keys.iter().find(|key| is_flag(key)) {
                return Err(ConfigError::Unused { spec: named(key), without: named(base) });
            }
        }
        Ok(())
    }

    /// Makes sure that the framework `command` has its command, and that its reports are those of one file.
    ///
    /// # Errors
    /// [`ConfigError::Missing`], [`ConfigError::Unused`] and [`ConfigError::SharedReport`].
    pub fn check_command(&self) -> Result<(), ConfigError> {
        if self.framework != COMMAND {
            let unused = || ConfigError::Unused { spec: named("report"), without: named("command") };
            return if self.reports.is_empty() { Ok(()) } else { Err(unused()) };
        }
        required("command", self.command.as_ref().map(|_| COMMAND))?;
        let is_shared = |glob: &&String| !glob.starts_with('/') && !glob.contains("{unit}");
        let shared = self.reports.iter().filter(|_| self.source.is_mount()).find(is_shared);
        shared.map_or(Ok(()), |glob| Err(ConfigError::SharedReport { glob: glob.clone() }))
    }
}
