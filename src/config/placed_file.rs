//! `[[file]]` tables: files that are written into each container before it starts.

use std::fs;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::ConfigError;
use super::scalar::{ContainerPath, Scalar};
use super::service::unknown;
use crate::model::PlacedFile;
use crate::notation::{Fault, Fields, Node, Reading, parse_duration, parse_mode};

/// The key of the tables. With text it is the option of the same name.
pub(super) const KEY: &str = "file";

/// Reads the tables. Relative paths are taken from `base`; errors name files as they are below `root`.
pub(super) fn read(
    tables: &Node,
    base: &Path,
    root: &Path,
    environment: &Environment,
) -> Result<Vec<PlacedFile>, ConfigError> {
    tables.expect_list(KEY)?.iter().map(|table| file(table, base, root, environment)).collect()
}

fn file(table: &Node, base: &Path, root: &Path, environment: &Environment) -> Result<PlacedFile, ConfigError> {
    let variable = |name: &str| environment.value(name).ok().flatten().map(str::to_owned);
    let reading = &mut Reading { base, home: None, duration: parse_duration, variable: &variable, unread: Vec::new() };
    let mut fields = Fields::of(table, KEY)?;
    let path = fields.parse("path", |text| ContainerPath::parse(text, base))?;
    // A file may be empty.
    let content = fields.parse("content", |text| Ok(text.to_owned()))?;
    let from = fields.parse("from", |text| PathBuf::parse(text, base))?;
    let mode = fields.parse("mode", mode)?.unwrap_or(PlacedFile::MODE);
    let owner = fields.parse("owner", owner)?;
    let is_template = fields.flag("template")?.unwrap_or(false);
    fields.end(reading);
    if let Some(unread) = reading.unread.first() {
        return Err(unknown(unread));
    }
    let wrong = |must: &str| table.wrong(KEY, Fault::new(must).help("Write `path`, and `content` or `from`."));
    let path = path.ok_or_else(|| wrong("must have a `path`"))?.0;
    let content = match (content, from) {
        (Some(content), None) => content.into_bytes(),
        (None, Some(from)) => fs::read(&from).map_err(|source| ConfigError::Unreadable {
            path: from.strip_prefix(root).unwrap_or(&from).to_owned(),
            source,
        })?,
        (Some(_), Some(_)) => return Err(wrong("has both `content` and `from`").into()),
        (None, None) => return Err(wrong("has neither `content` nor `from`").into()),
    };
    Ok(PlacedFile { path, content, is_template, mode, owner })
}

fn mode(text: &str) -> Result<u32, Fault> {
    parse_mode(text).ok_or_else(|| Fault::new("must be permissions of octal digits").help("Such as `\"0640\"`."))
}

fn owner(text: &str) -> Result<(u32, u32), Fault> {
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    let numbers = user.parse().ok().zip(group.parse().ok());
    numbers.ok_or_else(|| Fault::new("must be numbers of a user and a group").help("Such as `\"1000:1000\"`."))
}
