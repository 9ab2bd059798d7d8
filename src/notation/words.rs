//! Lists of words: commands, texts, and pairs of name and value.

use super::node::{Map, Node, Value, Wrong};
use super::{Fault, fields};

/// Reads a command: text that is split as a shell would, or a list of words, which may be empty.
pub(crate) fn command(node: &Node, key: &str) -> Result<Vec<String>, Wrong> {
    match &node.value {
        Value::Scalar(text) => shell_words::split(text).map_err(|_| {
            node.wrong(key, Fault::new("has a quote that is not closed").help("Words are split as a shell would."))
        }),
        Value::List(_) => texts(node, key),
        Value::Null | Value::Map(_) => Err(node.unlike(key, "must be text or a list of words")),
    }
}

/// Reads a list of texts, which may be a single one.
pub(crate) fn texts(node: &Node, key: &str) -> Result<Vec<String>, Wrong> {
    match &node.value {
        Value::Scalar(text) => Ok(vec![text.clone()]),
        Value::List(list) => list.iter().map(|node| node.expect_text(key).map(str::to_owned)).collect(),
        Value::Null | Value::Map(_) => Err(node.unlike(key, "must be text or a list of texts")),
    }
}

/// Reads names with values: a map, or a list of `NAME=VALUE` and `NAME`. A value that is missing is `None`.
pub(crate) fn pairs(node: &Node, key: &str) -> Result<Vec<(String, Option<String>)>, Wrong> {
    let map = pair_map(node, key)?;
    let pair = |(name, node): (String, Node)| match node.value {
        Value::Null => Ok((name, None)),
        Value::Scalar(text) => Ok((name, Some(text))),
        Value::List(_) | Value::Map(_) => Err(node.unlike(&format!("{key}.{name}"), "must be text")),
    };
    map.into_iter().map(pair).collect()
}

/// Turns a list of `NAME=VALUE` and `NAME` into a map; of equal names the last counts.
pub(crate) fn pair_map(node: &Node, key: &str) -> Result<Map, Wrong> {
    let list = match &node.value {
        Value::Map(map) => {
            let fault = || Fault::new("has a name that is empty or has `=` in it");
            let is_bad = |name: &&String| name.is_empty() || name.contains(['=', '\0']);
            return match map.keys().find(is_bad) {
                Some(_) => Err(node.wrong(key, fault())),
                None => Ok(map.clone()),
            };
        }
        Value::List(list) => list,
        Value::Null | Value::Scalar(_) => return Err(node.unlike(key, "must be a map or a list of NAME=VALUE")),
    };
    let pair = |node: &Node| {
        let text = node.expect_text(key)?;
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Value::Scalar(value.to_owned())),
            None => (text, Value::Null),
        };
        if name.is_empty() {
            return Err(node.wrong(key, Fault::new("must have a name before `=`")));
        }
        Ok((name.to_owned(), Node::new(value, node.at.clone())))
    };
    list.iter().map(pair).collect()
}

/// Reads a port from 1 to 65535.
pub(crate) fn port(node: &Node, key: &str) -> Result<u16, Wrong> {
    fields::parse(node, key, parse_port)
}

/// Parses a port from 1 to 65535.
pub(crate) fn parse_port(text: &str) -> Result<u16, Fault> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        Ok(_) | Err(_) => Err(Fault::new("must be a port from 1 to 65535")),
    }
}
