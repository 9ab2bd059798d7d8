//! What the dialects do differently.

use super::options::Dialect;

impl Dialect {
    /// The most bytes of a text. GitLab stops at texts of 10 MB and at files of 30 MB; it shows 80 lines.
    pub(super) fn text_bytes(self) -> usize {
        match self {
            Self::Plain | Self::Surefire | Self::Azure => 256 * 1024,
            Self::Gitlab => 64 * 1024,
        }
    }

    /// Tells whether attributes and elements that Surefire's schema does not know are left out.
    pub(super) fn is_strict(self) -> bool {
        match self {
            Self::Surefire => true,
            Self::Plain | Self::Gitlab | Self::Azure => false,
        }
    }

    /// Tells whether class and name must tell each case from every other, with a class that is not empty.
    pub(super) fn needs_unique_names(self) -> bool {
        match self {
            Self::Gitlab => true,
            Self::Plain | Self::Surefire | Self::Azure => false,
        }
    }

    /// Rounds a duration to what the form can hold.
    pub(super) fn rounded(self, microseconds: u64) -> u64 {
        // Surefire's schema allows three decimals.
        if self.is_strict() { (microseconds + 500) / 1000 * 1000 } else { microseconds }
    }
}
