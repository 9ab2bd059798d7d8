//! Variables for the containers, as `--env` takes them.

use std::fmt;
use std::path::Path;

use super::scalar::Scalar;
use crate::notation::Fault;

/// `NAME=VALUE`, or `NAME` alone, which stands for the value that minke's own environment has.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EnvEntry {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

impl EnvEntry {
    /// Parses an entry. The text of the fault never holds the value.
    pub(crate) fn from_text(text: &str) -> Result<Self, Fault> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if name.is_empty() {
            return Err(
                Fault::new("must have a name before `=`").help("Write NAME=VALUE, or NAME to pass a variable on.")
            );
        }
        if name.contains(|char: char| char.is_whitespace() || char == '\0') {
            let unlike = if value.is_some() { format!(", unlike {name:?}") } else { String::new() };
            return Err(Fault::new(format!("must have a name without spaces{unlike}"))
                .help("Write NAME=VALUE without spaces around the name."));
        }
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            return Err(Fault::new(format!("must have no NUL byte in the value of `{name}`")));
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

impl Scalar for EnvEntry {
    const SECRET: bool = true;

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        Self::from_text(text)
    }

    fn print(&self, _root: &Path) -> String {
        format!("{self:?}")
    }
}

impl fmt::Debug for EnvEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.value.is_some() { f.write_str("=***") } else { Ok(()) }
    }
}
