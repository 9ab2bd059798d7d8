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

    /// Adds what was given instead, unless it is empty or long.
    #[must_use]
    pub(crate) fn given(mut self, text: &str) -> Self {
        if !text.is_empty() && text.len() <= 200 {
            self.must = format!("{}, not `{text}`", self.must);
        }
        self
    }
}
