//! What is wrong with a value, in words that any place can begin.

/// What is wrong with a value, as the end of a sentence that begins with the option's name, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Such as `must be at least 1`.
    pub must: String,
    /// What to do next.
    pub help: Option<String>,
}

impl Fault {
    /// Makes a fault without advice.
    pub fn new(must: impl Into<String>) -> Self {
        Self { must: must.into(), help: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
