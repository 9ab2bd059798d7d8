//! Terminal sequences, and how to be rid of them.

use std::borrow::Cow;

/// Removes terminal sequences from a stretch of text without line ends. One that is never closed takes no more with it than
/// up to the next tab.
pub(super) fn strip_sequences(stretch: &str) -> Cow<'_, str> {
    if !stretch.contains(['\u{1B}', '\u{9B}', '\u{9D}']) {
        return Cow::Borrowed(stretch);
    }
    // The library takes tabs for control characters to be dropped, so it never sees one.
    let parts: Vec<String> = stretch.split('\t').map(strip_ansi_escapes::strip_str).collect();
    Cow::Owned(parts.join("\t"))
}
