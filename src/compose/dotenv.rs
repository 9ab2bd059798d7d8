//! Files of variables as compose reads them: `.env` of the project, and `env_file` of a service.
//!
//! The form is that of the Compose specification ("Env_file format"): `NAME=VALUE` or `NAME: VALUE` a line, `export` before
//! it, comments behind ` #`, values in single quotes as they are, others with variables in them, and in double quotes with
//! `\n` and its like. Quoted values may go over several lines. This is not what `docker run --env-file` reads.

use std::collections::HashMap;

use super::interpolate::{Unfit, Variables, interpolate};
use crate::notation::Fault;

/// What is wrong with a file, and in which line.
#[derive(Debug, PartialEq)]
pub(super) struct BadLine {
    pub(super) line: usize,
    pub(super) fault: Fault,
}

/// The variables of a file in its order. One without a value is `None`.
pub(super) type Entries = Vec<(String, Option<String>)>;

/// Reads a file. Variables in values are those that `find` has, else those of earlier lines; names of others are added to
/// `missing`.
pub(super) fn parse(
    text: &str,
    find: &dyn Fn(&str) -> Option<String>,
    missing: &mut Vec<String>,
) -> Result<Entries, BadLine> {
    let mut entries: Entries = Vec::new();
    let mut earlier = HashMap::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut next_line = 1;
    while !rest.is_empty() {
        let line_number = next_line;
        let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
        let from_line = rest;
        (rest, next_line) = (below, next_line + 1);
        let Some((name, value)) = entry(line).map_err(|fault| BadLine { line: line_number, fault })? else { continue };
        let bad = |fault| BadLine { line: line_number, fault };
        let value = match value {
            None => None,
            Some(value) if value.starts_with(['"', '\'']) => {
                let quote = if value.starts_with('"') { '"' } else { '\'' };
                let begin = line.len() - value.len() + 1;
                let quoted = &from_line[begin..];
                let Some(end) = closing(quoted, quote) else {
                    return Err(bad(Fault::new("has a quote that is not closed")));
                };
                next_line += quoted[..end].matches('\n').count();
                rest = quoted[end..].split_once('\n').map_or("", |(_, below)| below);
                let quoted = &quoted[..end];
                let plain = match quote {
                    '"' => filled(&unescape(quoted), &earlier, find, missing).map_err(bad)?,
                    _ => quoted.to_owned(),
                };
                Some(plain)
            }
            Some(value) => Some(filled(without_comment(value), &earlier, find, missing).map_err(bad)?),
        };
        if let Some(value) = &value {
            earlier.insert(name.to_owned(), value.clone());
        }
        entries.push((name.to_owned(), value));
    }
    Ok(entries)
}

/// Divides a line into name and value; a line that says nothing has neither.
fn entry(line: &str) -> Result<Option<(&str, Option<&str>)>, Fault> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let end = line.find(['=', ':']).unwrap_or(line.len());
    let name = line[..end].trim_end();
    check_name(name)?;
    Ok(Some((name, line.get(end + 1..).map(str::trim_start))))
}

/// Reads a file whose values are taken as they are (`format: raw`).
pub(super) fn parse_raw(text: &str) -> Result<Entries, BadLine> {
    let lines = text.lines().map(str::trim_start).enumerate();
    let is_entry = |(_, line): &(usize, &str)| !line.is_empty() && !line.starts_with('#');
    let entry = |(index, line): (usize, &str)| {
        let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value.to_owned())));
        check_name(name).map_err(|fault| BadLine { line: index + 1, fault })?;
        Ok((name.to_owned(), value))
    };
    lines.filter(is_entry).map(entry).collect()
}

fn check_name(name: &str) -> Result<(), Fault> {
    let is_bad = name.is_empty() || name.contains(|char: char| char.is_whitespace() || char == '\0');
    if is_bad { Err(Fault::new("must have a name without spaces").help("Write NAME=VALUE.")) } else { Ok(()) }
}

fn filled(
    text: &str,
    earlier: &HashMap<String, String>,
    find: &dyn Fn(&str) -> Option<String>,
    missing: &mut Vec<String>,
) -> Result<String, Fault> {
    let both = |name: &str| find(name).or_else(|| earlier.get(name).cloned());
    let mut variables = Variables { find: &both, missing: std::mem::take(missing) };
    let filled = interpolate(text, &mut variables);
    *missing = variables.missing;
    filled.map_err(|unfit| match unfit {
        Unfit::Form(fault) => fault,
        Unfit::Required { name, message } => Fault::new(format!("needs the variable `{name}`: {message}")),
    })
}

/// Finds the quote that closes a value; in double quotes one behind `\` does not.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(index, char)| {
        let closes = char == quote && !is_escaped;
        is_escaped = char == '\\' && !is_escaped && quote == '"';
        closes.then_some(index)
    })
}

fn without_comment(value: &str) -> &str {
    let end = value
        .char_indices()
        .find(|(index, char)| *char == '#' && (*index == 0 || value[..*index].ends_with(char::is_whitespace)));
    value[..end.map_or(value.len(), |(index, _)| index)].trim_end()
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (_, true) => match chars.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some('t') => plain.push('\t'),
                // `\$` is a `$` that begins no variable.
                Some('$') => plain.push_str("$$"),
                Some(other @ ('"' | '\\' | '\'')) => plain.push(other),
                Some(other) => plain.extend(['\\', other]),
                None => plain.push('\\'),
            },
            (char, false) => plain.push(char),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, Option<String>)> {
        parse(text, &|name| (name == "OUTER").then(|| "o".to_owned()), &mut Vec::new()).unwrap()
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        let table = [
            ("A=b", "b"),
            ("export A = b  # comment", "b"),
            ("A: b", "b"),
            ("A=b#c", "b#c"),
            ("A=", ""),
            ("A='$OUTER \\n' # c", "$OUTER \\n"),
            ("A=\"$OUTER\\n\\$x \\\"q\\\"\"", "o\n$x \"q\""),
            ("A=\"one\ntwo\"", "one\ntwo"),
            ("# c\n\nB=1\nA=${B}${OUTER}${C:-d}", "1od"),
            ("A=postgres://u:p@h/db?x=1", "postgres://u:p@h/db?x=1"),
        ];
        for (text, value) in table {
            assert_eq!(read(text).pop(), Some(("A".to_owned(), Some(value.to_owned()))), "{text}");
        }
        assert_eq!(read("A"), [("A".to_owned(), None)]);
        assert_eq!(parse_raw("A='$x' # c").unwrap(), [("A".to_owned(), Some("'$x' # c".to_owned()))]);
    }

    #[test]
    fn variables_that_are_missing_are_noted_once() {
        let mut missing = Vec::new();
        parse("A=$X\nB=$X$A${Y:-d}\n", &|_| None, &mut missing).unwrap();
        assert_eq!(missing, ["X"]);
    }

    #[test]
    fn bad_lines_are_named() {
        for text in ["\n=x", "\nA B=x", "\nA='x", "\nA=\"x\\\"", "\nA=${", "\nA=${X:?m}"] {
            assert_eq!(parse(text, &|_| None, &mut Vec::new()).unwrap_err().line, 2, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[A-C=:#'\"\\\\$ {}\n]{0,40}") {
            _ = parse(&text, &|_| None, &mut Vec::new());
            _ = parse_raw(&text);
        }
    }
}
