//! Why a selection cannot be turned into units.

use std::path::PathBuf;

use thiserror::Error;

use crate::engine::EngineError;
use crate::model::FRAMEWORK_NAMES;

/// Why a selection cannot be turned into units.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// A path was named that does not exist.
    #[error("`{path}` does not exist {place}")]
    Missing {
        /// The path as it was given.
        path: String,
        /// Where it was looked for.
        place: String,
    },
    /// A path of a list of files names something else.
    #[error("`{path}` {place} is not a file")]
    NotAFile {
        /// The path as it was given.
        path: String,
        /// Where it was looked for.
        place: String,
    },
    /// A glob cannot be read.
    #[error("bad glob `{glob}` in {origin}")]
    Glob {
        /// The glob.
        glob: String,
        /// The option that it was given to.
        origin: &'static str,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// A path leads out of the project.
    #[error("`{path}` lies outside of the project's directory `{project}`")]
    Outside {
        /// The path as it was given.
        path: String,
        /// The project's directory.
        project: String,
    },
    /// A file's name is not UTF-8.
    #[error("the name of test file `{}` is not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A directory cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The directory.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// No path was named, and the framework has none by itself.
    #[error("no test file is named, and the framework `{framework}` does not know by itself where they are")]
    NoPaths {
        /// The framework.
        framework: &'static str,
    },
    /// The command that lists the units failed.
    #[error("cannot list the tests with `{command}`: {detail}")]
    Listing {
        /// The command.
        command: String,
        /// What it said.
        detail: String,
    },
    /// The framework's command is not in the image.
    #[error("image `{image}` has none of the commands of {framework}: {tried}")]
    NoCommand {
        /// The image.
        image: String,
        /// The framework.
        framework: String,
        /// The commands that were looked for.
        tried: String,
    },
    /// An image sets no directory to work in, and nothing says where its tests are.
    #[error(
        "cannot tell which test framework this is: image `{image}` has no working directory, and no tests are named"
    )]
    Nowhere {
        /// The image.
        image: String,
    },
    /// Nothing shows which framework the project uses.
    #[error("cannot tell which test framework this is: no file here is one that a framework of this image would run")]
    Unrecognised,
    /// The project may be of several frameworks.
    #[error("cannot tell which test framework is meant: {}", candidates.join(", or "))]
    Ambiguous {
        /// Each with what was seen of it.
        candidates: Vec<String>,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl DiscoverError {
    /// Returns what to do next.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => {
                Some("check the path; globs need quotes, so that the shell leaves them alone".to_owned())
            }
            Self::NotAFile { .. } => {
                Some("`--files-from` takes files; give directories and globs as paths on the command line".to_owned())
            }
            Self::Glob { .. } => {
                Some("`*` matches within a directory, `**` across them; write `[*]` for a plain `*`".to_owned())
            }
            Self::Outside { .. } => Some("run minke in a directory above the tests".to_owned()),
            Self::NotUtf8 { .. } => Some("rename it, or leave it out with `--exclude`".to_owned()),
            Self::Listing { .. } => Some("make the command succeed in the image; its output is above".to_owned()),
            Self::NoPaths { .. } => Some("name files, directories or quoted globs, such as `'tests/*.sh'`".to_owned()),
            Self::Read { .. } => Some("check its permissions, or leave it out with `--exclude`".to_owned()),
            Self::NoCommand { .. } => {
                Some("install the framework in the image, or name its command with `--framework-command`".to_owned())
            }
            Self::Nowhere { .. } => Some(
                "name the tests, or where they are with `--work-dir`; `--source mount` takes them from here".to_owned(),
            ),
            Self::Unrecognised | Self::Ambiguous { .. } => Some(format!(
                "name it with `--framework`: {}",
                FRAMEWORK_NAMES.iter().filter(|&&name| name != "auto").copied().collect::<Vec<_>>().join(", ")
            )),
            Self::Engine(error) => error.help(),
        }
    }
}
