//! Gives a service the one form that merging works on: lists of pairs become maps, single values lists, and paths absolute.

use std::path::Path;

use crate::notation::{Duty, Fault, Map, Node, Value, Wrong, host_path, is_host_path, mount_parts, pair_map};

/// What is written in several forms, brought to one.
pub(super) struct Canonical<'a> {
    /// The directory that relative paths are taken from.
    pub(super) base: &'a Path,
    /// The home directory, for paths that begin with `~`.
    pub(super) home: Option<&'a str>,
}

impl Canonical<'_> {
    /// Brings a service, whose key is `key`, to one form.
    pub(super) fn service(&self, service: &mut Map, key: &str) -> Result<(), Wrong> {
        for (name, node) in service {
            let key = format!("{key}.{name}");
            if node.is_null() || node.duty == Duty::Reset {
                continue;
            }
            match name.as_str() {
                "environment" | "labels" | "annotations" | "sysctls" => to_map(node, &key)?,
                "build" => self.build(node, &key)?,
                "depends_on" => names_to_map(node, |at| {
                    let condition = Node::text("service_started", at.clone());
                    Value::Map(Map::from([("condition".to_owned(), condition)]))
                }),
                "networks" => names_to_map(node, |_| Value::Null),
                "env_file" => self.env_file(node, &key)?,
                "volumes" => self.volumes(node, &key)?,
                "dns" | "dns_search" | "tmpfs" | "label_file" => to_list(node),
                "extra_hosts" => hosts(node, &key)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn build(&self, node: &mut Node, key: &str) -> Result<(), Wrong> {
        if let Value::Scalar(_) = &node.value {
            let context = Node { value: node.value.clone(), at: node.at.clone(), duty: Duty::Merge };
            node.value = Value::Map(Map::from([("context".to_owned(), context)]));
        }
        let Value::Map(map) = &mut node.value else { return Err(node.unlike(key, "must be a directory or a map")) };
        if let Some(context) = map.get_mut("context") {
            self.anchor(context, &format!("{key}.context"))?;
        }
        for name in ["args", "labels", "additional_contexts"] {
            if let Some(node) = map.get_mut(name).filter(|node| !node.is_null()) {
                to_map(node, &format!("{key}.{name}"))?;
            }
        }
        Ok(())
    }

    fn env_file(&self, node: &mut Node, key: &str) -> Result<(), Wrong> {
        to_list(node);
        let Value::List(list) = &mut node.value else { return Ok(()) };
        for item in list {
            if let Value::Scalar(_) = &item.value {
                let path = Node { value: item.value.clone(), at: item.at.clone(), duty: Duty::Merge };
                item.value = Value::Map(Map::from([("path".to_owned(), path)]));
            }
            let Value::Map(map) = &mut item.value else { return Err(item.unlike(key, "must be a file or a map")) };
            if let Some(path) = map.get_mut("path") {
                self.anchor(path, key)?;
            }
        }
        Ok(())
    }

    fn volumes(&self, node: &mut Node, key: &str) -> Result<(), Wrong> {
        let Value::List(list) = &mut node.value else { return Err(node.unlike(key, "must be a list")) };
        for item in list {
            if let Value::Map(map) = &mut item.value {
                let is_bind = map.get("type").and_then(Node::as_text) == Some("bind");
                if let Some(source) = map.get_mut("source").filter(|_| is_bind) {
                    self.anchor(source, &format!("{key}.source"))?;
                }
                continue;
            }
            let text = item.expect_text(key)?;
            let (source, target, mode) = mount_parts(text).map_err(|fault| item.wrong(key, fault.given(text)))?;
            let Some(source) = source.filter(|source| is_host_path(source)) else { continue };
            let path = self.path(source).map_err(|fault| item.wrong(key, fault))?;
            if path.contains(':') {
                // Its short form would be read as another mount.
                let text = |text: &str| Node::text(text, item.at.clone());
                let mut map = Map::from([
                    ("type".to_owned(), text("bind")),
                    ("source".to_owned(), text(&path)),
                    ("target".to_owned(), text(target)),
                ]);
                if mode.split(',').any(|mode| mode == "ro") {
                    map.insert("read_only".to_owned(), text("true"));
                }
                item.value = Value::Map(map);
                continue;
            }
            let mode = if mode.is_empty() { String::new() } else { format!(":{mode}") };
            item.value = Value::Scalar(format!("{path}:{target}{mode}"));
        }
        Ok(())
    }

    /// Makes a path absolute; what is no path of this machine is left for the reader to refuse.
    fn anchor(&self, node: &mut Node, key: &str) -> Result<(), Wrong> {
        let text = node.expect_text(key)?;
        if text.contains("://") || text.starts_with("git@") {
            return Ok(());
        }
        let path = self.path(text).map_err(|fault| node.wrong(key, fault))?;
        node.value = Value::Scalar(path);
        Ok(())
    }

    fn path(&self, text: &str) -> Result<String, Fault> {
        let path = host_path(text, self.base, self.home)?;
        path.into_os_string().into_string().map_err(|_| Fault::new("lies in a directory whose name is no text"))
    }
}

fn to_map(node: &mut Node, key: &str) -> Result<(), Wrong> {
    node.value = Value::Map(pair_map(node, key)?);
    Ok(())
}

fn to_list(node: &mut Node) {
    if let Value::Scalar(_) | Value::Map(_) = &node.value {
        let only = Node { value: node.value.clone(), at: node.at.clone(), duty: Duty::Merge };
        node.value = Value::List(vec![only]);
    }
}

/// Turns a list of names into a map of them; what is no list of texts is left for the reader to refuse.
fn names_to_map(node: &mut Node, value: impl Fn(&crate::notation::At) -> Value) {
    let Value::List(list) = &node.value else { return };
    let pair = |node: &Node| Some((node.as_text()?.to_owned(), Node::new(value(&node.at), node.at.clone())));
    if let Some(map) = list.iter().map(pair).collect::<Option<Map>>() {
        node.value = Value::Map(map);
    }
}

/// Turns a map of hosts to addresses into a list of `HOST:ADDRESS`, and `=` into `:`.
fn hosts(node: &mut Node, key: &str) -> Result<(), Wrong> {
    let host = |name: &str, address: &Node| {
        Ok(Node::text(format!("{name}:{}", address.expect_text(key)?), address.at.clone()))
    };
    let list = match &node.value {
        Value::Map(map) => {
            let mut list = Vec::new();
            for (name, node) in map {
                match &node.value {
                    Value::List(addresses) => {
                        for address in addresses {
                            list.push(host(name, address)?);
                        }
                    }
                    Value::Null | Value::Scalar(_) | Value::Map(_) => list.push(host(name, node)?),
                }
            }
            list
        }
        Value::List(list) => {
            let plain = |node: &Node| {
                let text = node.expect_text(key)?;
                let Some((name, address)) = text.split_once('=').or_else(|| text.split_once(':')) else {
                    return Err(node.wrong(key, Fault::new("must be HOST:ADDRESS or HOST=ADDRESS").given(text)));
                };
                Ok(Node::text(format!("{name}:{address}"), node.at.clone()))
            };
            list.iter().map(plain).collect::<Result<_, _>>()?
        }
        Value::Null | Value::Scalar(_) => return Err(node.unlike(key, "must be a list or a map of hosts")),
    };
    node.value = Value::List(list);
    Ok(())
}
