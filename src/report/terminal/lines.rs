//! Where lines go that stay: a log, or the part of a terminal above the live view.

use std::io;
use std::sync::{Arc, Weak};

/// Takes lines from any thread, those of one call together.
pub(crate) trait Lines: Send + Sync {
    /// Prints lines.
    ///
    /// # Errors
    /// Nobody reads them any more.
    fn print(&self, lines: &[String]) -> io::Result<()>;

    /// Counts the calls that have come to their end.
    fn printed(&self) -> u64;
}

/// Watches a terminal's sink from outside, to know whether it gets on with what it has to tell.
#[derive(Clone)]
pub struct Watch(Weak<dyn Lines>);

impl Watch {
    pub(super) fn of(lines: &Arc<dyn Lines>) -> Self {
        Self(Arc::downgrade(lines))
    }

    /// Returns a number that grows with what has been told; `None` once the sink is gone, which has told everything then.
    pub fn printed(&self) -> Option<u64> {
        self.0.upgrade().map(|lines| lines.printed())
    }
}
