//! What an engine is asked for when an image is needed, and how it tells how it gets on.

use std::fmt::Debug;
use std::path::PathBuf;

use crate::model::{Build, ImageId, Platform, Pull};

/// Names an image, and says what may be done to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRequest {
    /// The image as the user named it.
    pub reference: String,
    /// The content id that the name stood for when it was looked up; the name may mean something else by now, and nothing
    /// is pulled.
    pub settled: Option<ImageId>,
    /// When it is pulled.
    pub pull: Pull,
    /// The platform that it must be for; `None` means whatever the name gives.
    pub platform: Option<Platform>,
}

impl ImageRequest {
    /// Asks for an image that is pulled when it is missing.
    pub fn new(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), settled: None, pull: Pull::default(), platform: None }
    }
}

/// Asks for an image to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRequest {
    /// The name that the image is given, with a tag or without.
    pub name: String,
    /// What it is built of.
    pub build: Build,
    /// Paths that are not sent with its context whatever `.dockerignore` says, because minke itself writes there; absolute.
    pub leave_out: Vec<PathBuf>,
    /// When the images that it is based on are pulled; [`Pull::Always`] asks for newer ones.
    pub pull: Pull,
    /// The platform that it is built for; `None` means the engine's own.
    pub platform: Option<Platform>,
}

/// Something that happens while an image is pulled or built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageNews<'news> {
    /// The pull has begun.
    PullBegun,
    /// So much of it has been transferred, in bytes. The total grows while layers become known.
    Pulling {
        /// What is here.
        done: u64,
        /// What is known to come.
        total: u64,
    },
    /// The pull waits, and why.
    PullWaits(&'news str),
    /// The build has begun: so many bytes of files are sent; `None` where the engine's own client sends them.
    BuildBegun {
        /// Their size in bytes.
        context_bytes: Option<u64>,
    },
    /// A piece of the build's output, with its line ends; not always whole lines.
    BuildOutput(&'news str),
    /// It is there.
    Ready,
    /// It cannot be had; the error says why.
    Failed,
}

/// Is told how images get on. It is called from any task and must return at once.
pub trait ImageObserver: Debug + Send + Sync {
    /// Takes news of the image of this name.
    fn tell(&self, image: &str, news: ImageNews<'_>);
}

/// Wants to know nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unobserved;

impl ImageObserver for Unobserved {
    fn tell(&self, _image: &str, _news: ImageNews<'_>) {}
}
