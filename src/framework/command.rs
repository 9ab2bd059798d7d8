//! How a framework's command is found in an image.

/// A command that may be the framework's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandCandidate {
    /// The command as argv.
    pub argv: &'static [&'static str],
    /// What must be in the image for it to work.
    pub needs: &'static [Need],
}

/// Something that must be in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// An executable file of this name in a directory of the image's `PATH`.
    OnPath(&'static str),
    /// A file at this path, relative to the working directory.
    InWorkDir(&'static str),
    /// Something that no file of a known name shows, such as a module of a language; it is taken to be there.
    Unseen(&'static str),
}
