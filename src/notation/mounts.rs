//! What is mounted into a container: the short form `SOURCE:TARGET:MODE`, the long form, and file systems in memory.
//!
//! The forms are those of the Compose specification (`volumes` and `tmpfs` of a service).

use std::path::{Component, Path, PathBuf};

use super::fields::{Fields, Reading, Unread, parse};
use super::node::{Node, Value, Wrong};
use super::{Fault, parse_mode, parse_size};
use crate::model::{Mount, MountSource};

const HELP: &str =
    "Write `VOLUME:/path`, `./directory:/path` or `/path`, with `:ro` at the end for one that is only read.";

/// Reads `volumes`.
pub(crate) fn volumes(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<Vec<Mount>, Wrong> {
    node.expect_list(key)?.iter().map(|node| volume(node, key, reading)).collect()
}

/// Reads `tmpfs`: `/path` or `/path:size=64m,mode=1777`, one or several.
pub(crate) fn tmpfs(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<Vec<Mount>, Wrong> {
    let mut mount = |node: &Node| {
        let (mount, ignored) = parse(node, key, parse_tmpfs)?;
        note_ignored(node, key, ignored, reading);
        Ok(mount)
    };
    match &node.value {
        Value::List(list) => list.iter().map(mount).collect(),
        Value::Scalar(_) => Ok(vec![mount(node)?]),
        Value::Null | Value::Map(_) => Err(node.unlike(key, "must be a path or a list of paths")),
    }
}

/// Puts a path of the host after a directory, with `~` for the home, and without `.` and `..`.
pub(crate) fn host_path(text: &str, base: &Path, home: Option<&str>) -> Result<PathBuf, Fault> {
    let path = match (text.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            Path::new(home).join(rest.trim_start_matches('/'))
        }
        (Some(_), _) => {
            return Err(Fault::new("must not begin with `~`").help("HOME is not set: write the whole path."));
        }
        (None, _) => base.join(text),
    };
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(component),
        }
    }
    Ok(plain)
}

/// Divides the short form into source, target and mode.
pub(crate) fn parts(text: &str) -> Result<(Option<&str>, &str, &str), Fault> {
    match text.split(':').collect::<Vec<_>>()[..] {
        [target] => Ok((None, target, "")),
        // `/data:ro` is no volume on `ro`.
        [target, mode] if !mode.starts_with('/') && target.starts_with('/') && is_mode(mode) => {
            Ok((None, target, mode))
        }
        [source, target] => Ok((Some(source), target, "")),
        [source, target, mode] => Ok((Some(source), target, mode)),
        _ => Err(Fault::new("must have at most three parts with `:` between them").help(HELP)),
    }
}

/// Tells whether the source of a short form is a path of the host, and not the name of a volume.
pub(crate) fn is_host_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~'])
}

fn volume(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<Mount, Wrong> {
    if node.as_text().is_none() {
        return long(node, key, reading);
    }
    let (base, home) = (reading.base, reading.home);
    let (mount, ignored) = parse(node, key, |text| short(text, base, home))?;
    note_ignored(node, key, ignored, reading);
    Ok(mount)
}

/// Notes the modes and options of a mount that have no effect.
fn note_ignored(node: &Node, key: &str, ignored: Vec<String>, reading: &mut Reading<'_>) {
    let unread = |mode: String| Unread { at: node.at.clone(), key: format!("{key}:{mode}"), suggestion: None };
    reading.unread.extend(ignored.into_iter().map(unread));
}

fn short(text: &str, base: &Path, home: Option<&str>) -> Result<(Mount, Vec<String>), Fault> {
    let (source, target, mode) = parts(text)?;
    let source = match source {
        None => MountSource::Volume(None),
        Some(source) if is_host_path(source) => MountSource::Host(host_path(source, base, home)?),
        Some(name) => MountSource::Volume(Some(volume_name(name)?)),
    };
    let mut mount = Mount { source, container: target_path(target)?, read_only: false };
    let mut ignored = Vec::new();
    for mode in mode.split(',').filter(|mode| !mode.is_empty()) {
        match mode {
            "ro" => mount.read_only = true,
            "rw" => mount.read_only = false,
            // How a macOS host keeps its files in step: nothing on Linux.
            "cached" | "delegated" | "consistent" => {}
            _ if is_mode(mode) => ignored.push(mode.to_owned()),
            _ => return Err(Fault::new(format!("must have a mode such as `ro`, unlike `{mode}`")).help(HELP)),
        }
    }
    Ok((mount, ignored))
}

fn is_mode(text: &str) -> bool {
    const MODES: [&str; 15] = [
        "ro",
        "rw",
        "z",
        "Z",
        "nocopy",
        "cached",
        "delegated",
        "consistent",
        "shared",
        "slave",
        "private",
        "rshared",
        "rslave",
        "rprivate",
        "copy",
    ];
    text.split(',').all(|mode| MODES.contains(&mode))
}

fn long(node: &Node, key: &str, reading: &mut Reading<'_>) -> Result<Mount, Wrong> {
    let mut fields = Fields::of(node, key)?;
    let kind = fields.text("type")?;
    let container = fields.read("target", |node, key| parse(node, key, target_path))?;
    let container = container.ok_or_else(|| node.wrong(key, Fault::new("must have a `target`")))?;
    let read_only = fields.flag("read_only")?.unwrap_or(false);
    let (base, home) = (reading.base, reading.home);
    let source = match kind.as_deref() {
        Some("bind") => {
            let host = fields.parse("source", |text| host_path(text, base, home))?;
            let host = host.ok_or_else(|| node.wrong(key, Fault::new("must have a `source` to bind")))?;
            inner(&mut fields, "bind", reading, |fields| fields.honour_no("create_host_path"))?;
            MountSource::Host(host)
        }
        Some("volume") | None => {
            let name = fields.parse("source", volume_name)?;
            inner(&mut fields, "volume", reading, |_| Ok(()))?;
            MountSource::Volume(name)
        }
        Some("tmpfs") => {
            let (mut bytes, mut mode) = (None, None);
            inner(&mut fields, "tmpfs", reading, |fields| {
                bytes = fields.parse("size", parse_size)?;
                mode = fields.parse("mode", octal)?;
                Ok(())
            })?;
            MountSource::Tmpfs { bytes, mode }
        }
        Some(other) => {
            let fault = Fault::new("must be `bind`, `volume` or `tmpfs`").given(other);
            return Err(node.wrong(&fields.path("type"), fault));
        }
    };
    fields.end(reading);
    Ok(Mount { source, container, read_only })
}

fn inner(
    fields: &mut Fields<'_>,
    name: &'static str,
    reading: &mut Reading<'_>,
    read: impl FnOnce(&mut Fields<'_>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    let key = fields.path(name);
    let Some(node) = fields.take(name) else { return Ok(()) };
    let mut inner = Fields::of(node, key)?;
    read(&mut inner)?;
    inner.end(reading);
    Ok(())
}

fn parse_tmpfs(text: &str) -> Result<(Mount, Vec<String>), Fault> {
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    let (mut bytes, mut mode, mut read_only) = (None, None, false);
    let mut ignored = Vec::new();
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option.split_once('=').unwrap_or((option, "")) {
            ("size", value) => bytes = Some(parse_size(value)?),
            ("mode", value) => mode = Some(octal(value)?),
            ("ro", "") => read_only = true,
            // What the engine does anyway.
            ("rw" | "noexec" | "nosuid" | "nodev", "") => {}
            (_, _) => ignored.push(option.to_owned()),
        }
    }
    let source = MountSource::Tmpfs { bytes, mode };
    Ok((Mount { source, container: target_path(target)?, read_only }, ignored))
}

fn octal(text: &str) -> Result<u32, Fault> {
    parse_mode(text).ok_or_else(|| Fault::new("must be permissions in octal").help("Such as `1777`."))
}

fn target_path(text: &str) -> Result<String, Fault> {
    if !text.starts_with('/') {
        return Err(Fault::new("must have an absolute path in the container").help(HELP));
    }
    let plain = text.trim_end_matches('/');
    Ok(if plain.is_empty() { "/" } else { plain }.to_owned())
}

fn volume_name(text: &str) -> Result<String, Fault> {
    let is_name = text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "_.-".contains(char));
    match is_name {
        true => Ok(text.to_owned()),
        false => {
            Err(Fault::new("must have the name of a volume, of letters, digits, `_`, `.` and `-`, or a path")
                .help(HELP))
        }
    }
}
