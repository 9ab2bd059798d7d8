//! Reads the keys of a map one by one, and knows which of them nobody read.

use std::path::Path;
use std::time::Duration;

use super::node::{At, Map, Node, Wrong};
use super::{Fault, closest};

/// What readers need to know of the file that they read, and what they leave for the one who asked.
pub(crate) struct Reading<'a> {
    /// The directory that relative paths of the host are taken from.
    pub(crate) base: &'a Path,
    /// The home directory, for paths that begin with `~`.
    pub(crate) home: Option<&'a str>,
    /// How the file writes durations.
    pub(crate) duration: fn(&str) -> Result<Duration, Fault>,
    /// Finds a variable that is named without a value.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The keys that nobody read.
    pub(crate) unread: Vec<Unread>,
}

/// A key that nobody read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unread {
    pub(crate) at: At,
    /// The key from the top of the file, with dots.
    pub(crate) key: String,
    /// The key that was probably meant.
    pub(crate) suggestion: Option<&'static str>,
}

/// The keys of a map.
pub(crate) struct Fields<'n> {
    node: &'n Node,
    map: &'n Map,
    key: String,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Begins to read a map, which stands at `key`.
    pub(crate) fn of(node: &'n Node, key: impl Into<String>) -> Result<Self, Wrong> {
        let key = key.into();
        Ok(Self { node, map: node.expect_map(&key)?, key, asked: Vec::new() })
    }

    /// Returns the key of a value of this map, from the top of the file.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.key)
    }

    /// Returns a value, unless nothing was written.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'n Node> {
        self.asked.push(name);
        self.map.get(name).filter(|node| !node.is_null())
    }

    /// Returns a value that there must be.
    pub(crate) fn required(&mut self, name: &'static str) -> Result<&'n Node, Wrong> {
        let key = self.key.clone();
        self.take(name).ok_or_else(|| self.node.wrong(&key, Fault::new(format!("must have a `{name}`"))))
    }

    /// Reads a value with a function of its node and key.
    pub(crate) fn read<T>(
        &mut self,
        name: &'static str,
        reader: impl FnOnce(&Node, &str) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Wrong> {
        let key = self.path(name);
        self.take(name).map(|node| reader(node, &key)).transpose()
    }

    /// Reads a text that is not empty.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Wrong> {
        self.parse(name, |text| match text {
            "" => Err(Fault::new("must not be empty").help("Give a value, or leave it out.")),
            text => Ok(text.to_owned()),
        })
    }

    /// Reads a text by a function.
    pub(crate) fn parse<T>(
        &mut self,
        name: &'static str,
        parser: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Result<Option<T>, Wrong> {
        self.read(name, |node, key| parse(node, key, parser))
    }

    /// Reads a yes or no, in the words of YAML 1.1.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Wrong> {
        self.parse(name, |text| match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Ok(true),
            "false" | "no" | "off" | "n" => Ok(false),
            _ => Err(Fault::new("must be `true` or `false`")),
        })
    }

    /// Reads a yes or no of which only no is honoured: yes is noted like a name that nobody asked for.
    pub(crate) fn honour_no(&mut self, name: &'static str) -> Result<(), Wrong> {
        if self.flag(name)? == Some(true) {
            self.asked.pop();
        }
        Ok(())
    }

    /// Reads a whole number.
    pub(crate) fn number<T: std::str::FromStr>(&mut self, name: &'static str) -> Result<Option<T>, Wrong> {
        self.parse(name, |text| text.parse().map_err(|_| Fault::new("must be a whole number")))
    }

    /// Reads a list of texts, which may be a single one.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, Wrong> {
        Ok(self.read(name, super::words::texts)?.unwrap_or_default())
    }

    /// Lists the names that nobody asked for, with where they stand.
    pub(crate) fn rest(&self) -> Vec<(&'n str, &'n At)> {
        let is_unread = |(name, _): &(&String, _)| !self.asked.contains(&name.as_str());
        self.map.iter().filter(is_unread).map(|(name, node)| (name.as_str(), &node.at)).collect()
    }

    /// Finds the key that was probably meant by one that nobody asked for.
    pub(crate) fn suggestion(&self, name: &str) -> Option<&'static str> {
        let close = closest(name, self.asked.iter().copied())?;
        self.asked.iter().copied().find(|asked| *asked == close)
    }

    /// Ends the reading and notes what nobody asked for. Keys that begin with `x-` are for others.
    pub(crate) fn end(self, reading: &mut Reading<'_>) {
        for (name, at) in self.rest() {
            if !name.starts_with("x-") {
                let suggestion = self.suggestion(name);
                reading.unread.push(Unread { at: at.clone(), key: self.path(name), suggestion });
            }
        }
    }
}

/// Reads a text by a function, and says what it was if that will not have it.
pub(crate) fn parse<T>(node: &Node, key: &str, parser: impl FnOnce(&str) -> Result<T, Fault>) -> Result<T, Wrong> {
    let text = node.expect_text(key)?;
    parser(text).map_err(|fault| node.wrong(key, fault.given(text)))
}
