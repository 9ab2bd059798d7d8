//! What stands in a configuration file: its keys become options, and its tables services, files and overrides.

use std::path::Path;
use std::sync::Arc;

use toml::de::DeValue;

use super::container_override;
use super::environment::Environment;
use super::error::{ConfigError, Place};
use super::file::{ConfigFile, Table};
use super::options::{OPTIONS, Options, find};
use super::origin::Origin;
use super::placed_file;
use super::raw::{Kind, Raw, Word};
use super::service::{self, ForeignNeed};
use super::setting::{Printed, Setting};
use super::spec::OptionSpec;
use crate::model::{PlacedFile, Service};
use crate::notation::{self, At, Fault, Node, closest};

/// The keys that may be lists of tables: each with how it is written, and with the key that tells its tables apart.
const TABLES: [(&str, &str, &str); 3] = [
    (service::KEY, "[[service]]", "name"),
    (placed_file::KEY, "[[file]]", "path"),
    (container_override::KEY, "[[override]]", container_override::UNITS),
];

type Value<'text> = toml::Spanned<DeValue<'text>>;

/// A configuration file's table of minke, parsed.
pub(crate) struct Contents<'file> {
    file: &'file ConfigFile,
    table: Table<'file>,
}

impl<'file> Contents<'file> {
    pub(super) fn new(file: &'file ConfigFile, table: Table<'file>) -> Self {
        Self { file, table }
    }

    /// Reads the options of the file.
    pub(crate) fn options(&self) -> Result<Options, ConfigError> {
        let mut options = Options::default();
        let mut keys: Vec<_> = self.table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in keys {
            let (name, value_here) = (key.get_ref(), value.get_ref());
            if TABLES.iter().any(|(key, ..)| key == name) && is_list_of_tables(value_here) {
                continue;
            }
            if name == container_override::KEY {
                return Err(container_override::no_table(&self.node(value, &self.file.shown())));
            }
            let line = self.file.line(key.span());
            let Some(spec) = find(key.get_ref()) else {
                let suggestion = suggestion(key.get_ref());
                let key = key.get_ref().to_string();
                return Err(ConfigError::UnknownKey { path: self.file.shown.clone(), line, key, suggestion });
            };
            let place = Place { spec, origin: Origin::File { path: self.file.shown.clone(), line } };
            let raw = self.raw(value, &place)?;
            spec.read(&mut options, &raw, place.origin, self.file.base())?;
        }
        Ok(options)
    }

    /// Reads the services that the file describes in `[[service]]` tables, and what they need of a compose file.
    pub(crate) fn services(&self, environment: &Environment) -> Result<(Vec<Service>, Vec<ForeignNeed>), ConfigError> {
        let Some(value) = tables(&self.table, service::KEY) else { return Ok(Default::default()) };
        let names_more = self.table.contains_key("compose");
        service::read(&self.node(value, &self.file.shown()), self.file.base(), names_more, environment)
    }

    /// Reads the `[[file]]` tables.
    pub(crate) fn placed_files(&self, environment: &Environment, root: &Path) -> Result<Vec<PlacedFile>, ConfigError> {
        let Some(value) = tables(&self.table, placed_file::KEY) else { return Ok(Vec::new()) };
        placed_file::read(&self.node(value, &self.file.shown()), self.file.base(), root, environment)
    }

    /// Reads the `[[override]]` tables: the globs of each and its options.
    pub(crate) fn overrides(&self) -> Result<Vec<(Vec<String>, Options)>, ConfigError> {
        let Some(DeValue::Array(values)) = self.table.get(container_override::KEY).map(toml::Spanned::get_ref) else {
            return Ok(Vec::new());
        };
        let one = |value: &Value<'_>| {
            let node = self.node(value, &self.file.shown());
            let units = container_override::units(&node)?;
            let mut options = Options::default();
            let keys = value.get_ref().as_table().into_iter().flatten();
            for (key, value) in keys.filter(|(key, _)| key.get_ref() != container_override::UNITS) {
                let spec = container_override::option(key.get_ref(), &self.node(value, &self.file.shown()))?;
                let line = self.file.line(key.span());
                let place = Place { spec, origin: Origin::File { path: self.file.shown.clone(), line } };
                spec.read(&mut options, &self.raw(value, &place)?, place.origin, self.file.base())?;
            }
            Ok((units, options))
        };
        values.iter().map(one).collect()
    }

    /// Lists the tables that stand any number of times, by what tells them apart.
    pub(crate) fn listed_tables(&self) -> Vec<Setting> {
        let mut rows = Vec::new();
        for (key, written, name) in TABLES {
            let Some(DeValue::Array(values)) = tables(&self.table, key).map(toml::Spanned::get_ref) else { continue };
            for value in values {
                let names = value.get_ref().get(name).map(|name| texts(name.get_ref())).unwrap_or_default();
                let origin = Origin::File { path: self.file.shown.clone(), line: self.file.line(value.span()) };
                rows.push(Setting { key: written, value: Printed::List(names), origin });
            }
        }
        rows
    }

    /// Turns a value into a tree that knows the lines of its values.
    fn node(&self, value: &Value<'_>, file: &Arc<Path>) -> Node {
        let at = At { file: file.clone(), line: self.file.line(value.span()) };
        let value = match value.get_ref() {
            DeValue::Array(values) => {
                notation::Value::List(values.iter().map(|value| self.node(value, file)).collect())
            }
            DeValue::Table(table) => notation::Value::Map(
                table
                    .iter()
                    .map(|(key, value)| {
                        let mut node = self.node(value, file);
                        // A key that is wrong stands where its name stands.
                        node.at.line = self.file.line(key.span());
                        (key.get_ref().to_string(), node)
                    })
                    .collect(),
            ),
            DeValue::String(text) => notation::Value::Scalar(text.to_string()),
            // Permissions are written so, and say the same without quotes.
            DeValue::Integer(integer) if integer.radix() == 8 => {
                notation::Value::Scalar(format!("0o{}", integer.as_str()))
            }
            DeValue::Integer(integer) => {
                let number = i128::from_str_radix(integer.as_str(), integer.radix());
                notation::Value::Scalar(number.map_or_else(|_| integer.to_string(), |number| number.to_string()))
            }
            DeValue::Float(float) => notation::Value::Scalar(float.as_str().to_owned()),
            DeValue::Boolean(boolean) => notation::Value::Scalar(boolean.to_string()),
            DeValue::Datetime(date) => notation::Value::Scalar(date.to_string()),
        };
        Node::new(value, at)
    }

    fn raw(&self, value: &Value<'_>, place: &Place) -> Result<Raw, ConfigError> {
        match value.get_ref() {
            DeValue::Array(values) => {
                values.iter().map(|value| self.word(value, place)).collect::<Result<_, _>>().map(Raw::List)
            }
            DeValue::Table(table) if place.spec.takes_table => self.pairs(table, place),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Table(_) => self.word(value, place).map(Raw::Scalar),
        }
    }

    /// Turns a table into words as a flag would have them, in the order of the file: `NAME=VALUE`.
    fn pairs(&self, table: &Table<'_>, place: &Place) -> Result<Raw, ConfigError> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let pair = |(name, value): (&toml::Spanned<toml::de::DeString<'_>>, &Value<'_>)| {
            let word = self.word(value, place)?;
            if word.kind != Kind::String {
                return Err(place.at_line(word.line).wrong_type(word.kind.phrase()));
            }
            if name.get_ref().contains('=') {
                let fault = Fault::new("must have names without `=`").help("Write `NAME = \"VALUE\"`.");
                return Err(place.at_line(word.line).fault(fault, None));
            }
            Ok(Word { text: format!("{}={}", name.get_ref(), word.text), kind: Kind::String, line: word.line })
        };
        entries.into_iter().map(pair).collect::<Result<_, _>>().map(Raw::List)
    }

    fn word(&self, value: &Value<'_>, place: &Place) -> Result<Word, ConfigError> {
        let line = Some(self.file.line(value.span()));
        let wrong = |found| Err(place.at_line(line).wrong_type(found));
        let (text, kind) = match value.get_ref() {
            DeValue::String(text) => (text.to_string(), Kind::String),
            DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(number) => (number.to_string(), Kind::Integer),
                Err(_) => (integer.to_string(), Kind::Integer),
            },
            DeValue::Float(float) => (float.as_str().to_owned(), Kind::Float),
            DeValue::Boolean(boolean) => (boolean.to_string(), Kind::Boolean),
            DeValue::Datetime(_) => return wrong("a date"),
            DeValue::Array(_) => return wrong("an array"),
            DeValue::Table(_) => return wrong("a table"),
        };
        Ok(Word { text, kind, line })
    }
}

/// Returns what a file says in tables of a key. With text some of the keys are options.
fn tables<'table, 'text>(table: &'table Table<'text>, key: &str) -> Option<&'table Value<'text>> {
    table.get(key).filter(|value| is_list_of_tables(value.get_ref()))
}

/// Returns the texts of a value that is one or has some.
fn texts(value: &DeValue<'_>) -> Vec<String> {
    match value {
        DeValue::String(text) => vec![text.to_string()],
        DeValue::Array(values) => values.iter().flat_map(|value| texts(value.get_ref())).collect(),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            Vec::new()
        }
    }
}

/// Tells whether a value is an array with a table in it.
fn is_list_of_tables(value: &DeValue<'_>) -> bool {
    let DeValue::Array(values) = value else { return false };
    values.iter().any(|value| matches!(value.get_ref(), DeValue::Table(_)))
}

fn suggestion(key: &str) -> Option<&'static str> {
    let close = closest(key, OPTIONS.iter().flat_map(|spec| [Some(spec.key), spec.alias]).flatten())?;
    let is_meant = |spec: &&OptionSpec| spec.key == close || spec.alias == Some(close);
    OPTIONS.iter().find(is_meant).map(|spec| spec.key)
}
