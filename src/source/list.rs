//! Which of the project's files are copied.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::WalkBuilder;
use walkdir::WalkDir;

use super::SourceError;
use crate::notation::DockerIgnore;

/// The file whose lines leave files out of what is copied, written as a `.gitignore` is.
const OWN_IGNORE_FILE: &str = ".minkeignore";

/// The file by which builds leave files out; its patterns are not those of a `.gitignore`.
const DOCKER_IGNORE_FILE: &str = ".dockerignore";

/// Which files of a project are copied.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    /// Globs, relative to the project, of what is copied although it is ignored.
    pub include: &'a [String],
    /// Directories that are never copied, as absolute paths.
    pub never: &'a [PathBuf],
}

/// A file of the project before it is read.
#[derive(Debug, Clone)]
pub struct Found {
    pub(super) metadata: Metadata,
}

/// What is copied of a project.
#[derive(Debug, Default)]
pub struct Listed {
    /// Files, directories and links by their paths relative to the project.
    pub found: BTreeMap<PathBuf, Found>,
    /// What is left out because it is neither a file, a directory nor a link.
    pub odd: Vec<PathBuf>,
}

/// Lists what is copied of a project: all but what `.gitignore`, `.minkeignore` and `.dockerignore` leave out, `.git` and what
/// the rules never take. Links are not followed.
///
/// # Errors
/// [`SourceError::Unreadable`] for a directory that cannot be read, [`SourceError::Glob`] for an `include` that is no glob.
pub fn list(project: &Path, rules: &Rules<'_>) -> Result<Listed, SourceError> {
    let never: Vec<PathBuf> = rules.never.to_vec();
    let docker_ignore = docker_ignore(project)?;
    let mut listed = Listed::default();
    let walk = WalkBuilder::new(project)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .require_git(false)
        .add_custom_ignore_filename(OWN_IGNORE_FILE)
        .filter_entry(move |entry| {
            entry.depth() == 0 || !(entry.file_name() == ".git" || never.iter().any(|path| path == entry.path()))
        })
        .build();
    for entry in walk {
        let entry = entry.map_err(|error| unreadable(project, error))?;
        let below = entry.path().strip_prefix(project).unwrap_or(entry.path());
        if entry.depth() > 0 && !docker_ignore.leaves_out(&below.to_string_lossy()) {
            let metadata = entry.metadata().map_err(|error| unreadable(project, error))?;
            listed.take(project, entry.path(), metadata);
        }
    }
    if !rules.include.is_empty() {
        let globs = included(rules.include)?;
        for entry in WalkDir::new(project).min_depth(1) {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(project).to_owned();
                unreadable_at(project, &path, error.into())
            })?;
            let below = entry.path().strip_prefix(project).unwrap_or(entry.path());
            if below.ancestors().any(|path| globs.is_match(path))
                && !rules.never.iter().any(|dir| entry.path().starts_with(dir))
            {
                let metadata = entry.metadata().map_err(|error| unreadable_at(project, entry.path(), error.into()))?;
                listed.take(project, entry.path(), metadata);
            }
        }
    }
    Ok(listed)
}

/// Reads the project's `.dockerignore`; without one nothing is left out.
fn docker_ignore(project: &Path) -> Result<DockerIgnore, SourceError> {
    match fs::read_to_string(project.join(DOCKER_IGNORE_FILE)) {
        Ok(text) => Ok(DockerIgnore::read(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(DockerIgnore::default()),
        Err(error) => Err(unreadable_at(project, Path::new(DOCKER_IGNORE_FILE), error)),
    }
}

impl Listed {
    fn take(&mut self, project: &Path, path: &Path, metadata: Metadata) {
        let below = path.strip_prefix(project).unwrap_or(path).to_owned();
        let kind = metadata.file_type();
        if kind.is_file() || kind.is_dir() || kind.is_symlink() {
            self.found.insert(below, Found { metadata });
        } else {
            self.odd.push(below);
        }
    }

    /// Keeps what a glob matches, or what is below a directory that one matches.
    ///
    /// # Errors
    /// [`SourceError::Glob`] for what is no glob.
    pub fn keep_only(&mut self, globs: &[String]) -> Result<(), SourceError> {
        let globs = included(globs)?;
        self.found.retain(|path, _| path.ancestors().any(|path| globs.is_match(path)));
        Ok(())
    }

    /// Returns the sum of the files' sizes in bytes.
    pub fn bytes(&self) -> u64 {
        self.found.values().map(Found::bytes).sum()
    }

    /// Returns the entry of the first level that holds most, and its size in bytes.
    pub fn largest(&self) -> Option<(PathBuf, u64)> {
        let mut sizes: BTreeMap<&Path, u64> = BTreeMap::new();
        for (path, found) in &self.found {
            let first = path.components().next().map(|first| Path::new(first.as_os_str()));
            *sizes.entry(first.unwrap_or(path)).or_default() += found.bytes();
        }
        sizes.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(path, bytes)| (path.to_owned(), bytes))
    }
}

impl Found {
    pub(super) fn bytes(&self) -> u64 {
        if self.metadata.is_file() { self.metadata.len() } else { 0 }
    }

    pub(super) fn mode(&self) -> u32 {
        self.metadata.permissions().mode() & 0o777
    }
}

fn included(globs: &[String]) -> Result<GlobSet, SourceError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let broken = |error: globset::Error| SourceError::Glob { glob: glob.clone(), detail: error.kind().to_string() };
        let plain = glob.strip_prefix("./").unwrap_or(glob).trim_end_matches('/');
        set.add(GlobBuilder::new(plain).literal_separator(true).build().map_err(broken)?);
    }
    set.build().map_err(|error| SourceError::Glob { glob: globs.join(" "), detail: error.to_string() })
}

fn unreadable(project: &Path, error: ignore::Error) -> SourceError {
    let mut path = project.to_owned();
    let mut inner = &error;
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: at, err } => {
                path.clone_from(at);
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            _ => break,
        };
    }
    let source = error.into_io_error().unwrap_or_else(|| io::Error::other("its ignore rules cannot be read"));
    unreadable_at(project, &path, source)
}

pub(super) fn unreadable_at(project: &Path, path: &Path, source: io::Error) -> SourceError {
    let below = path.strip_prefix(project).unwrap_or(path);
    let path = if below.as_os_str().is_empty() { path } else { below };
    SourceError::Unreadable { path: path.to_owned(), source }
}
