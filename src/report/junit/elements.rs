//! The elements that are open: an end must be that of the element that was started last.

use quick_xml::errors::IllFormedError;

use super::markup::name;
use super::tokens::Token;

/// The names of the elements that are open.
#[derive(Debug, Default)]
pub(crate) struct OpenElements {
    /// One after the other.
    names: String,
    /// Where each begins.
    starts: Vec<usize>,
}

impl OpenElements {
    /// Makes a token of what stands between two brackets.
    ///
    /// # Errors
    /// The text tells which end was met instead of which.
    pub(crate) fn token<'a>(&mut self, tag: &'a str) -> Result<Token<'a>, String> {
        let Some(end) = tag.strip_prefix('/') else {
            let (tag, empty) = match tag.strip_suffix('/') {
                Some(tag) => (tag, true),
                None => (tag, false),
            };
            if !empty {
                self.starts.push(self.names.len());
                self.names.push_str(name(tag));
            }
            return Ok(Token::Start { tag, empty });
        };
        let found = end.trim_end();
        let fault = match self.starts.last() {
            Some(&start) if &self.names[start..] == found => {
                self.names.truncate(start);
                self.starts.pop();
                return Ok(Token::End);
            }
            Some(&start) => {
                IllFormedError::MismatchedEndTag { expected: self.names[start..].to_owned(), found: found.to_owned() }
            }
            None => IllFormedError::UnmatchedEndTag(found.to_owned()),
        };
        Err(format!("ill-formed document: {fault}"))
    }
}
