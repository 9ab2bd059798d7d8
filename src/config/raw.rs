//! Values as they were given, before anything is known of their meaning.

use std::fmt;

/// What a single value looked like at its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Plain text of the command line or the environment, which may mean anything.
    Plain,
    /// A TOML string.
    String,
    /// A TOML integer.
    Integer,
    /// A TOML float.
    Float,
    /// A TOML boolean.
    Boolean,
}

impl Kind {
    /// Returns the kind with its article, for errors.
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::Plain => "text",
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Float => "a decimal number",
            Self::Boolean => "true or false",
        }
    }
}

/// A single value. Its text is left out of `Debug`, because it may be a secret.
#[derive(Clone)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) kind: Kind,
    /// The line of the file, from 1.
    pub(crate) line: Option<usize>,
}

impl Word {
    /// Makes a word of the command line or the environment.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), kind: Kind::Plain, line: None }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}(***)", self.kind)
    }
}

/// The value of an option at one source.
#[derive(Debug, Clone)]
pub(crate) enum Raw {
    /// One value: a flag that may be given once, a variable, a string or number of a file.
    Scalar(Word),
    /// Several values: a flag that may be repeated, an array of a file.
    List(Vec<Word>),
}
