//! Files of variables, read as `docker run --env-file` reads them (`kvfile` of docker/cli).
//!
//! One `NAME=VALUE` or `NAME` a line. Blank lines and lines that begin with `#` mean nothing, space before the name is dropped,
//! and quotes are part of the value.

use std::fs;
use std::path::Path;

use super::error::ConfigError;
use super::variable::EnvEntry;

/// Reads the variables of a file in their order. Errors name the file as `shown`.
pub(crate) fn read(path: &Path, shown: &Path) -> Result<Vec<EnvEntry>, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: shown.to_owned(), source })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = text.lines().map(str::trim_start).enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| {
            EnvEntry::from_text(line).map_err(|fault| ConfigError::EnvFile {
                path: shown.to_owned(),
                line: index + 1,
                fault,
            })
        })
        .collect()
}
