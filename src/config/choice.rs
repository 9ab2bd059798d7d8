//! Options with a few values to choose from.

use std::path::{Path, PathBuf};

use super::scalar::Scalar;
use crate::model::{FRAMEWORK_NAMES, Platform, Pull};
use crate::notation::{Fault, closest};
use crate::plan::{Isolation, Split};

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl Scalar for $name {
            const CHOICES: &'static [&'static str] = &[$($text),+];

            fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(not_offered(text, Self::CHOICES)),
                }
            }

            fn print(&self, _root: &Path) -> String {
                match self {
                    $(Self::$variant => $text.to_owned(),)+
                }
            }
        }
    };
}

choice! {
    /// Where test files are looked for.
    Discover {
        /// Where the tests come from: on the host for a mounted source, else in the image.
        Auto = "auto",
        /// On this machine.
        Host = "host",
        /// In the image.
        Image = "image",
    }
}

choice! {
    /// Where the containers have the tests from.
    Source {
        /// The image where it has them, else a copy of the current directory.
        Auto = "auto",
        /// A copy of the current directory is put over the image.
        Copy = "copy",
        /// They are part of the image.
        Image = "image",
        /// The current directory is mounted.
        Mount = "mount",
        /// The current directory is mounted, and cannot be written to.
        MountReadOnly = "mount-ro",
    }
}

impl Source {
    /// Tells whether the current directory is mounted.
    pub fn is_mount(self) -> bool {
        matches!(self, Self::Mount | Self::MountReadOnly)
    }
}

choice! {
    /// When output is coloured.
    Color {
        /// If it goes to a terminal.
        Auto = "auto",
        /// Always.
        Always = "always",
        /// Never.
        Never = "never",
    }
}

impl Scalar for Pull {
    const CHOICES: &'static [&'static str] = &["missing", "always", "never"];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        match text {
            "missing" => Ok(Self::Missing),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(not_offered(text, Self::CHOICES)),
        }
    }

    fn print(&self, _root: &Path) -> String {
        match self {
            Self::Missing => "missing".to_owned(),
            Self::Always => "always".to_owned(),
            Self::Never => "never".to_owned(),
        }
    }
}

impl Scalar for Platform {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        text.parse().map_err(|must: String| Fault::new(must).help("Such as `linux/amd64` or `linux/arm/v7`."))
    }

    fn print(&self, _root: &Path) -> String {
        self.to_string()
    }
}

impl Scalar for Split {
    const CHOICES: &'static [&'static str] = &["never", "all"];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        match text {
            "never" => Ok(Self::Never),
            "all" => Ok(Self::All),
            _ => Err(not_offered(text, Self::CHOICES)),
        }
    }

    fn print(&self, _root: &Path) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::All => "all".to_owned(),
        }
    }
}

choice! {
    /// For which CI system failures are marked in the files.
    Annotations {
        /// For the one that runs minke.
        Auto = "auto",
        /// As workflow commands of GitHub Actions.
        GitHub = "github",
        /// As logging commands of Azure Pipelines.
        Azure = "azure",
        /// For none.
        Never = "never",
    }
}

choice! {
    /// When the output of tests is shown while a run goes on.
    Output {
        /// It is in its files only.
        Never = "never",
        /// The end of it, of units that failed or are errored.
        Failed = "failed",
        /// Line by line as it comes.
        Prefixed = "prefixed",
        /// All of it, of one unit after the other.
        Grouped = "grouped",
    }
}

impl Scalar for Isolation {
    const CHOICES: &'static [&'static str] = &["shard", "file"];

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        match text {
            "shard" => Ok(Self::Shard),
            "file" => Ok(Self::File),
            _ => Err(not_offered(text, Self::CHOICES)),
        }
    }

    fn print(&self, _root: &Path) -> String {
        match self {
            Self::Shard => "shard".to_owned(),
            Self::File => "file".to_owned(),
        }
    }
}

/// How much is told while a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Failures and the summary.
    Quiet,
    /// The usual.
    Normal,
    /// More, from 1 on.
    Verbose(u8),
}

/// Where the list of files is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilesFrom {
    /// Standard input.
    Stdin,
    /// A file, as an absolute path.
    File(PathBuf),
}

impl Scalar for FilesFrom {
    fn parse(text: &str, base: &Path) -> Result<Self, Fault> {
        if text == "-" { Ok(Self::Stdin) } else { PathBuf::parse(text, base).map(Self::File) }
    }

    fn print(&self, root: &Path) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::File(path) => path.print(root),
        }
    }
}

/// Where events are written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventsTo {
    /// Standard output.
    Stdout,
    /// A file, as an absolute path.
    File(PathBuf),
}

impl Scalar for EventsTo {
    fn parse(text: &str, base: &Path) -> Result<Self, Fault> {
        if text == "-" { Ok(Self::Stdout) } else { PathBuf::parse(text, base).map(Self::File) }
    }

    fn print(&self, root: &Path) -> String {
        match self {
            Self::Stdout => "-".to_owned(),
            Self::File(path) => path.print(root),
        }
    }
}

/// The name of a framework that minke knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrameworkName(pub(crate) String);

impl Scalar for FrameworkName {
    const CHOICES: &'static [&'static str] = FRAMEWORK_NAMES;

    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        if FRAMEWORK_NAMES.contains(&text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(not_offered(text, FRAMEWORK_NAMES))
        }
    }

    fn print(&self, _root: &Path) -> String {
        self.0.clone()
    }
}

fn not_offered(text: &str, choices: &[&str]) -> Fault {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    let (last, first) = quoted.split_last().expect("a choice has values");
    let fault = Fault::new(format!("must be {} or {last}", first.join(", ")));
    match closest(text, choices.iter().copied()) {
        Some(choice) => fault.help(format!("Did you mean `{choice}`?")),
        None => fault,
    }
}
