//! Lays the values of a later file over those of an earlier one ("Merge" of the Compose specification).
//!
//! Maps are merged by key. Lists grow by what is new in them; in lists whose items have a name, an item takes the place of the
//! one of its name. Anything else is replaced, and so are commands and tests. `!reset` removes and `!override` replaces.
//!
//! With services in the form that `canonical` gives them, and without tags, it makes no difference which two of three files
//! are merged first.

use crate::notation::{Duty, Fault, Map, Node, Value, Wrong, mount_parts};

/// Merges two values that stand at `path`, the keys from the top of the file.
pub(super) fn merge(weaker: Node, stronger: Node, path: &mut Vec<String>) -> Result<Node, Wrong> {
    if stronger.duty == Duty::Override || is_replaced(path) {
        return Ok(Node { duty: Duty::Merge, ..stronger });
    }
    match (weaker.value, stronger.value) {
        (value, Value::Null) => Ok(Node { value, at: weaker.at, duty: weaker.duty }),
        (Value::Null, value) => Ok(Node { value, at: stronger.at, duty: stronger.duty }),
        (Value::Scalar(_), Value::Scalar(text)) => Ok(Node::text(text, stronger.at)),
        (Value::Map(mut map), Value::Map(changes)) => {
            merge_maps(&mut map, changes, path)?;
            Ok(Node::new(Value::Map(map), stronger.at))
        }
        (Value::List(mut list), Value::List(added)) => {
            merge_lists(&mut list, added, path);
            Ok(Node::new(Value::List(list), stronger.at))
        }
        // A limit is a number or a map of two; the stronger says all of it.
        (_, value) if path.iter().any(|key| key == "ulimits") => Ok(Node::new(value, stronger.at)),
        (was, is) => {
            let was = Node::new(was, weaker.at);
            let fault = Fault::new(format!(
                "must be {}, as in {}:{}, not {}",
                was.kind(),
                was.at.file.display(),
                was.at.line,
                Node::new(is, stronger.at.clone()).kind(),
            ));
            Err(Wrong { at: stronger.at, key: path.join("."), fault })
        }
    }
}

/// Merges the values of two maps that stand at `path`.
pub(super) fn merge_maps(weaker: &mut Map, stronger: Map, path: &mut Vec<String>) -> Result<(), Wrong> {
    for (name, node) in stronger {
        if node.duty == Duty::Reset {
            weaker.remove(&name);
            continue;
        }
        path.push(name);
        let merged = match weaker.remove(path.last().map_or("", String::as_str)) {
            Some(was) => merge(was, node, path),
            None => Ok(node),
        };
        let name = path.pop().unwrap_or_default();
        weaker.insert(name, merged?);
    }
    Ok(())
}

/// Removes what is marked to be removed, and the marks, from values that no earlier file gave.
pub(super) fn settle(node: &mut Node) {
    node.duty = Duty::Merge;
    match &mut node.value {
        Value::Map(map) => {
            map.retain(|_, node| node.duty != Duty::Reset);
            map.values_mut().for_each(settle);
        }
        Value::List(list) => {
            list.retain(|node| node.duty != Duty::Reset);
            list.iter_mut().for_each(settle);
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

fn merge_lists(list: &mut Vec<Node>, added: Vec<Node>, path: &[String]) {
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let before = std::mem::take(list);
    for node in before.into_iter().chain(added) {
        let place = places.entry(identity(&node, path)).or_insert(list.len());
        match list.get_mut(*place) {
            Some(same) => *same = node,
            None => list.push(node),
        }
    }
}

/// Tells whether a value at this path takes the place of an earlier one as a whole.
fn is_replaced(path: &[String]) -> bool {
    // What a key of others means is theirs to know.
    if path.last().is_some_and(|key| key.starts_with("x-") && key != "x-minke") {
        return true;
    }
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(path[..], ["services", _, "command" | "entrypoint"] | ["services", _, "healthcheck", "test"])
}

/// Returns what an item of a list is known by: a mount by where the container sees it, others by all that they are.
fn identity(node: &Node, path: &[String]) -> String {
    let key = path.last().map_or("", String::as_str);
    let named = match (key, &node.value) {
        ("volumes" | "tmpfs" | "devices", Value::Scalar(text)) => target(key, text),
        ("volumes" | "devices", Value::Map(map)) => map.get("target").and_then(Node::as_text),
        ("env_file", Value::Map(map)) => map.get("path").and_then(Node::as_text),
        _ => None,
    };
    match named {
        Some(name) => name.trim_end_matches('/').to_owned(),
        None => written(node),
    }
}

fn target<'t>(key: &str, text: &'t str) -> Option<&'t str> {
    match key {
        "volumes" => mount_parts(text).ok().map(|(_, target, _)| target),
        "tmpfs" => text.split(':').next(),
        _ => Some(text.split(':').nth(1).unwrap_or(text)),
    }
}

/// Writes a value so that two texts are equal if the values are.
fn written(node: &Node) -> String {
    match &node.value {
        Value::Null => "n".to_owned(),
        Value::Scalar(text) => format!("{text:?}"),
        Value::List(list) => format!("[{}]", list.iter().map(written).collect::<Vec<_>>().join(",")),
        Value::Map(map) => {
            let pairs = map.iter().map(|(name, node)| format!("{name:?}:{}", written(node)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::compose::canonical::Canonical;

    /// One of several forms of each key, so that files overlap.
    fn service() -> impl Strategy<Value = String> {
        let line = prop::sample::select(vec![
            "image: a",
            "image: b",
            "user: u",
            "user: ",
            "environment: {A: 1, B: 1}",
            "environment: [B=2, C]",
            "command: [a]",
            "command: b c",
            "command: ",
            "volumes: [v:/a, /b]",
            "volumes: ['./x:/b', w:/c:ro]",
            "volumes: [{type: tmpfs, target: /a}]",
            "dns: 1.1.1.1",
            "dns: [1.1.1.1, 2.2.2.2]",
            "labels: [a=1]",
            "labels: {a: 2, b: 3}",
            "tmpfs: /run",
            "tmpfs: [/run:size=1m, /t]",
            "ulimits: {nofile: 1}",
            "ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}",
            "depends_on: [x]",
            "depends_on: {x: {condition: service_healthy}, y: {condition: service_started}}",
            "cap_add: [A]",
            "cap_add: [B, A]",
            "healthcheck: {test: [CMD, a], retries: 1}",
            "healthcheck: {test: b}",
            "build: .",
            "build: {context: x, args: [A=1]}",
            "build: {args: {A: 2, B: 1}}",
            "env_file: a.env",
            "env_file: [b.env, {path: a.env, required: false}]",
            "extra_hosts: {a: 1.1.1.1}",
            "extra_hosts: ['a:1.1.1.1', 'b:2.2.2.2']",
            "networks: [n]",
            "networks: {n: {aliases: [x]}, m: }",
            "networks: {n: {aliases: [y]}}",
            "ports: [1, '2:2']",
            "ports: [2]",
        ]);
        prop::collection::vec(line, 0..12).prop_map(|lines| {
            let mut seen = std::collections::BTreeSet::new();
            let is_new = |line: &&str| seen.insert(line.split(':').next().unwrap_or_default().to_owned());
            let lines: Vec<&str> = lines.into_iter().filter(is_new).collect();
            format!(
                "services:\n  s:\n    x-one: 1\n{}",
                lines.iter().map(|line| format!("    {line}\n")).collect::<String>()
            )
        })
    }

    fn tree(text: &str) -> Map {
        let file: Arc<Path> = Path::new("f").into();
        let Value::Map(mut map) = crate::compose::yaml::parse(text, &file).unwrap().remove(0).value else { panic!() };
        let canonical = Canonical { base: Path::new("/p"), home: None };
        let Some(Value::Map(services)) = map.get_mut("services").map(|node| &mut node.value) else { panic!() };
        let Some(Value::Map(service)) = services.get_mut("s").map(|node| &mut node.value) else { panic!() };
        canonical.service(service, "s").unwrap();
        map
    }

    fn merged(one: &Map, two: &Map) -> Map {
        let mut merged = one.clone();
        merge_maps(&mut merged, two.clone(), &mut Vec::new()).unwrap();
        merged
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_which_files_are_merged_first(one in service(), two in service(), three in service()) {
            let [one, two, three] = [one, two, three].map(|text| tree(&text));
            prop_assert_eq!(merged(&merged(&one, &two), &three), merged(&one, &merged(&two, &three)));
        }

        #[test]
        fn a_file_over_itself_changes_nothing(one in service()) {
            let one = tree(&one);
            prop_assert_eq!(merged(&one, &one), one);
        }
    }
}
