//! `minke config`: every option with its value and where it comes from.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::args::Format;
use crate::config::{Origin, Printed, Setting, Settings};

/// The version of the JSON that [`write_json`] writes.
pub const FORMAT_VERSION: u32 = 1;

/// Writes every option in the form that was asked for.
///
/// # Errors
/// As the writer's.
pub fn write(settings: &Settings, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => write_table(settings, out),
        Format::Json => write_json(settings, out),
    }
}

/// Writes a table of key, value and origin. A masked or missing value is said so.
pub fn write_table(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let rows = settings.provenance();
    let values: Vec<String> = rows.iter().map(|row| text(&row.value)).collect();
    let key_width = rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
    let value_width = values.iter().map(|value| value.chars().count()).filter(|width| *width <= 40).max().unwrap_or(0);
    for (row, value) in rows.iter().zip(&values) {
        writeln!(out, "{:key_width$}  {value:value_width$}  {}", row.key, row.origin)?;
    }
    Ok(())
}

/// Writes `{"version": 1, "config_file": ..., "settings": [{"key", "value", "origin"}]}`.
///
/// A value is null, a string or a list of strings. An origin has a `kind`: `default`, `file` with `path` and `line`, `env` with
/// `name`, or `flag`.
pub fn write_json(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Value> = settings.provenance().iter().map(row).collect();
    let config_file = settings.config_file.as_ref().map(|path| path.display().to_string());
    let document = json!({ "version": FORMAT_VERSION, "config_file": config_file, "settings": rows });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn text(value: &Printed) -> String {
    match value {
        Printed::Unset(otherwise) => format!("({})", otherwise.unwrap_or("not set")),
        Printed::One(value) if value.contains(char::is_control) => format!("{value:?}"),
        Printed::One(value) => value.clone(),
        Printed::List(values) if values.is_empty() => "(none)".to_owned(),
        Printed::List(values) => shell_words::join(values),
    }
}

fn row(setting: &Setting) -> Value {
    let value = match &setting.value {
        Printed::Unset(_) => Value::Null,
        Printed::One(value) => json!(value),
        Printed::List(values) => json!(values),
    };
    let origin = match &setting.origin {
        Origin::Default => json!({ "kind": "default" }),
        Origin::File { path, line } => json!({ "kind": "file", "path": path.display().to_string(), "line": line }),
        Origin::Env(name) => json!({ "kind": "env", "name": name }),
        Origin::Flag => json!({ "kind": "flag" }),
    };
    json!({ "key": setting.key, "value": value, "origin": origin })
}
