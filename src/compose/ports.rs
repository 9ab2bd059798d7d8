//! The ports of a service. They are checked and not published: others reach the service by its name.

use crate::notation::{At, Fault, Fields, Node, Wrong, parse, parse_port};

const HELP: &str = "Such as `5432`, `8080:80` or `127.0.0.1:8080-8081:80-81/tcp`.";

/// Checks `ports` and `expose`, and remarks that ports are not published.
pub(super) fn check(fields: &mut Fields<'_>, remarks: &mut Vec<(At, String)>) -> Result<(), Wrong> {
    let key = fields.path("ports");
    if let Some(node) = fields.take("ports") {
        node.expect_list(&key)?.iter().try_for_each(|node| port(node, &key))?;
        remarks.push((
            node.at.clone(),
            format!("`{key}` is not honoured: ports are not published, a service is reached by its name"),
        ));
    }
    let key = fields.path("expose");
    if let Some(node) = fields.take("expose") {
        node.expect_list(&key)?.iter().try_for_each(|node| parse(node, &key, mapping))?;
    }
    Ok(())
}

fn port(node: &Node, key: &str) -> Result<(), Wrong> {
    let Some(map) = node.as_map() else { return parse(node, key, mapping) };
    let target = map.get("target").ok_or_else(|| node.wrong(key, Fault::new("must have a `target`")))?;
    parse(target, &format!("{key}.target"), range)?;
    match map.get("published").filter(|node| !node.is_null()) {
        Some(published) => parse(published, &format!("{key}.published"), published_range),
        None => Ok(()),
    }
}

/// Checks `[[ADDRESS:]PORT:]PORT[/PROTOCOL]`.
fn mapping(text: &str) -> Result<(), Fault> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !["tcp", "udp", "sctp"].contains(&protocol) {
        return Err(Fault::new("must have the protocol `tcp`, `udp` or `sctp`").help(HELP));
    }
    let (host, container) = ports.rsplit_once(':').map_or((None, ports), |(host, port)| (Some(host), port));
    range(container)?;
    let host = host.map(|host| host.rsplit_once(':').map_or(host, |(_, port)| port));
    // `[::1]::80` and `127.0.0.1::80` leave the port to the engine.
    host.filter(|port| !port.is_empty() && !port.contains('.') && !port.ends_with(']')).map_or(Ok(()), published_range)
}

fn published_range(text: &str) -> Result<(), Fault> {
    if text == "0" || text.is_empty() { Ok(()) } else { range(text) }
}

fn range(text: &str) -> Result<(), Fault> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (parse_port(first), parse_port(last)) {
        (Ok(first), Ok(last)) if first <= last => Ok(()),
        (_, _) => Err(Fault::new("must be a port from 1 to 65535, or a range of them").help(HELP)),
    }
}
