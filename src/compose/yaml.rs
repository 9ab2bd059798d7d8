//! Turns YAML into trees: aliases are written out, `<<` is merged, and every value knows its line.
//!
//! Only granit-parser's events are taken from elsewhere. A tree of our own keeps how numbers are spelled (`1.10` is no 1.1),
//! tells `!reset` and `!override`, and is bounded: neither aliases of aliases nor deep nesting can fill the memory.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::error::ComposeError;
use crate::notation::{At, Duty, Map, Node, Value};

/// How deep values may lie in each other.
const MAX_DEPTH: usize = 64;
/// How many values a file may have, those of aliases counted each time.
const MAX_NODES: usize = 200_000;
/// How many bytes of text a file may have, those of aliases counted each time.
const MAX_BYTES: usize = 16 << 20;

/// Parses the documents of a file, which is named `file` in errors. A document of nothing is left out.
pub(super) fn parse(text: &str, file: &Arc<Path>) -> Result<Vec<Node>, ComposeError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder { file: file.clone(), open: Vec::new(), anchors: HashMap::new(), size: Size::default() };
    let mut documents = Vec::new();
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| ComposeError::Syntax {
            path: file.to_path_buf(),
            line: error.marker().line(),
            message: error.info(),
        })?;
        let line = span.start.line().max(1);
        documents.extend(builder.take(event, line)?.filter(|document| !document.is_null()));
    }
    Ok(documents)
}

/// How much a value holds.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

/// A list or map whose end has not come yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The name of the value that comes next in a map, and where it stands.
    name: Option<(String, usize)>,
    /// The maps behind `<<`, the strongest first.
    merged: Vec<Map>,
    /// What had been read before it began.
    before: Size,
}

struct Builder {
    file: Arc<Path>,
    open: Vec<Open>,
    /// The values with anchors, and how much each holds; one that is still open is missing.
    anchors: HashMap<usize, (Node, Size)>,
    size: Size,
}

impl Builder {
    /// Takes an event; returns a document when it is whole.
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<Option<Node>, ComposeError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_key = self.open.last().is_some_and(Open::awaits_name);
                let duty = self.duty(tag.as_deref(), line)?;
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.core_suffix() == Some("str"));
                if is_key {
                    let is_merge = !is_text && text == "<<";
                    return self.name(text.into_owned(), is_merge, line).map(|()| None);
                }
                let is_null = !is_text && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if is_null { Value::Null } else { Value::Scalar(text.into_owned()) };
                self.grow(Size { nodes: 1, bytes: value_bytes(&value) }, line)?;
                let node = Node { value, at: self.at(line), duty };
                if anchor != 0 {
                    let size = Size { nodes: 1, bytes: value_bytes(&node.value) };
                    self.anchors.insert(anchor, (node.clone(), size));
                }
                self.add(node, line)
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(Value::List(Vec::new()), anchor, tag.as_deref(), line),
            Event::MappingStart(_, anchor, tag) => self.begin(Value::Map(Map::new()), anchor, tag.as_deref(), line),
            Event::SequenceEnd | Event::MappingEnd => self.end(line),
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.error(line, "an alias stands inside what it names"));
                };
                self.grow(size, line)?;
                if self.open.last().is_some_and(Open::awaits_name) {
                    return Err(self.error(line, "an alias cannot be a key"));
                }
                self.add(node, line)
            }
            // StreamStart, DocumentStart and their ends; a document is whole when its value is.
            _ => Ok(None),
        }
    }

    fn begin(
        &mut self,
        value: Value,
        anchor: usize,
        tag: Option<&Tag>,
        line: usize,
    ) -> Result<Option<Node>, ComposeError> {
        if self.open.last().is_some_and(Open::awaits_name) {
            return Err(self.error(line, "a key must be text"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(line, &format!("values lie deeper than {MAX_DEPTH} in each other")));
        }
        let before = self.size;
        self.grow(Size { nodes: 1, bytes: 0 }, line)?;
        let node = Node { value, at: self.at(line), duty: self.duty(tag, line)? };
        self.open.push(Open { node, anchor, name: None, merged: Vec::new(), before });
        Ok(None)
    }

    fn end(&mut self, line: usize) -> Result<Option<Node>, ComposeError> {
        let Some(mut open) = self.open.pop() else { return Ok(None) };
        if let Value::Map(map) = &mut open.node.value {
            for weaker in open.merged {
                for (name, node) in weaker {
                    map.entry(name).or_insert(node);
                }
            }
        }
        if open.anchor != 0 {
            let (now, before) = (self.size, open.before);
            let size = Size { nodes: now.nodes - before.nodes, bytes: now.bytes - before.bytes };
            self.anchors.insert(open.anchor, (open.node.clone(), size));
        }
        self.add(open.node, line)
    }

    /// Notes the name of the next value of the innermost map.
    fn name(&mut self, name: String, is_merge: bool, line: usize) -> Result<(), ComposeError> {
        self.grow(Size { nodes: 1, bytes: name.len() }, line)?;
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        let first = open.node.as_map().and_then(|map| map.get(&name)).map(|node| node.at.line);
        if let (Some(first), false) = (first, is_merge) {
            return Err(self.error(line, &format!("`{name}` is there twice, first in line {first}")));
        }
        // A NUL cannot be in a key of YAML, so this name is no other one's.
        open.name = Some((if is_merge { MERGE.to_owned() } else { name }, line));
        Ok(())
    }

    /// Puts a whole value where it belongs; returns it if it is a document.
    fn add(&mut self, mut node: Node, line: usize) -> Result<Option<Node>, ComposeError> {
        let Some(open) = self.open.last_mut() else { return Ok(Some(node)) };
        match (&mut open.node.value, open.name.take()) {
            (Value::List(list), _) => list.push(node),
            (Value::Map(_), Some((name, _))) if name == MERGE => {
                let maps = match node.value {
                    Value::Map(map) => vec![Some(map)],
                    Value::List(list) => list
                        .into_iter()
                        .map(|node| match node.value {
                            Value::Map(map) => Some(map),
                            Value::Null | Value::Scalar(_) | Value::List(_) => None,
                        })
                        .collect(),
                    Value::Null | Value::Scalar(_) => vec![None],
                };
                match maps.into_iter().collect::<Option<Vec<Map>>>() {
                    Some(maps) => open.merged.extend(maps),
                    None => return Err(self.error(line, "`<<` must be followed by a map or a list of maps")),
                }
            }
            (Value::Map(map), Some((name, line))) => {
                // What is wrong with a value is looked for beside its key.
                node.at = At { file: self.file.clone(), line };
                map.insert(name, node);
            }
            (Value::Map(_), None) => return Err(self.error(line, "a key must be text")),
            (Value::Null | Value::Scalar(_), _) => {}
        }
        Ok(None)
    }

    fn duty(&self, tag: Option<&Tag>, line: usize) -> Result<Duty, ComposeError> {
        let Some(tag) = tag else { return Ok(Duty::Merge) };
        match tag.to_string().as_str() {
            "!reset" => Ok(Duty::Reset),
            "!override" => Ok(Duty::Override),
            _ if tag.core_suffix().is_some() => Ok(Duty::Merge),
            other => Err(self.error(line, &format!("the tag `{other}` is none of `!reset` and `!override`"))),
        }
    }

    fn grow(&mut self, by: Size, line: usize) -> Result<(), ComposeError> {
        self.size.nodes = self.size.nodes.saturating_add(by.nodes);
        self.size.bytes = self.size.bytes.saturating_add(by.bytes);
        if self.size.nodes > MAX_NODES || self.size.bytes > MAX_BYTES {
            let message =
                format!("with its aliases written out it has more than {MAX_NODES} values or {MAX_BYTES} bytes");
            return Err(self.error(line, &message));
        }
        Ok(())
    }

    fn at(&self, line: usize) -> At {
        At { file: self.file.clone(), line }
    }

    fn error(&self, line: usize, message: &str) -> ComposeError {
        ComposeError::Syntax { path: self.file.to_path_buf(), line, message: message.to_owned() }
    }
}

/// The name under which a value waits for being merged.
const MERGE: &str = "\0<<";

impl Open {
    fn awaits_name(&self) -> bool {
        self.name.is_none() && matches!(self.node.value, Value::Map(_))
    }
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Scalar(text) => text.len(),
        Value::Null | Value::List(_) | Value::Map(_) => 0,
    }
}
