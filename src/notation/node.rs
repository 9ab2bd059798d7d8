//! Values as a file wrote them, and where it wrote them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Fault;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    /// The file as errors name it.
    pub(crate) file: Arc<Path>,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// A value, and where it was written. Two are equal if their values are, wherever they stand.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) at: At,
    pub(crate) duty: Duty,
}

/// What a value is, before anything is known of its meaning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Nothing was written.
    Null,
    /// Text, a number, or true or false, as it was spelled.
    Scalar(String),
    /// Several values.
    List(Vec<Node>),
    /// Values with names.
    Map(Map),
}

/// Values by name, in alphabetical order.
pub(crate) type Map = BTreeMap<String, Node>;

/// What a value does to the one that an earlier file gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Duty {
    /// It adds to it, by the rules of its key.
    #[default]
    Merge,
    /// It removes it.
    Reset,
    /// It takes its place.
    Override,
}

/// What is wrong with a value, and with which.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) at: At,
    /// The key from the top of the file, with dots.
    pub(crate) key: String,
    pub(crate) fault: Fault,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value && self.duty == other.duty
    }
}

impl Node {
    /// Makes a value at a place.
    pub(crate) fn new(value: Value, at: At) -> Self {
        Self { value, at, duty: Duty::Merge }
    }

    /// Makes a text at a place.
    pub(crate) fn text(text: impl Into<String>, at: At) -> Self {
        Self::new(Value::Scalar(text.into()), at)
    }

    /// Tells whether nothing was written.
    pub(crate) fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// Returns the text of a scalar.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Returns the values of a map.
    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            Value::Null | Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// Returns the text of a scalar, or says that there must be one.
    pub(crate) fn expect_text(&self, key: &str) -> Result<&str, Wrong> {
        self.as_text().ok_or_else(|| self.unlike(key, "must be text"))
    }

    /// Returns the values of a map, or says that there must be one.
    pub(crate) fn expect_map(&self, key: &str) -> Result<&Map, Wrong> {
        self.as_map().ok_or_else(|| self.unlike(key, "must be a map"))
    }

    /// Returns the values of a list, or says that there must be one.
    pub(crate) fn expect_list(&self, key: &str) -> Result<&[Node], Wrong> {
        match &self.value {
            Value::List(list) => Ok(list),
            Value::Null | Value::Scalar(_) | Value::Map(_) => Err(self.unlike(key, "must be a list")),
        }
    }

    /// Says what is wrong with this value.
    pub(crate) fn wrong(&self, key: &str, fault: Fault) -> Wrong {
        Wrong { at: self.at.clone(), key: key.to_owned(), fault }
    }

    /// Says that the value must be another one than what it is.
    pub(crate) fn unlike(&self, key: &str, must: &str) -> Wrong {
        self.wrong(key, Fault::new(format!("{must}, not {}", self.kind())))
    }

    /// Names what the value is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}
