//! The project's files as a layer over an image.

use std::fs;
use std::path::{Path, PathBuf};

use super::SnapshotError;
use super::place::{Made, Place, SCOPE, key, outside_volumes, repository};
use crate::engine::{EngineError, Image};
use crate::model::ContainerSettings;
use crate::source::{Index, Manifest, Owner, Rules, SourceError, archive, list, write_whole};

/// The kind of these images.
const KIND: &str = "sources";
/// The label of an image that only has what changed since another one; its value is that one's key.
const SINCE: &str = "minke.since";
/// How much may have changed, as a share of all bytes, so that only the changes are sent.
const MOST_CHANGED: f64 = 0.3;
/// How many files may have gone since: each one costs a word of a command line.
const MOST_REMOVED: usize = 500;
/// How many images that can take the place of each other are kept.
const KEPT: usize = 4;

/// What is copied, and where to.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    /// The project.
    pub project: &'a Path,
    /// Which of its files.
    pub rules: Rules<'a>,
    /// How many bytes at most.
    pub limit: u64,
    /// The absolute directory in the container.
    pub dir: &'a str,
    /// Who the files belong to there.
    pub owner: Owner,
    /// What should be copied, relative to the project and without `.` in it.
    pub expected: &'a [String],
}

/// An image with a project's files.
#[derive(Debug)]
pub struct Copied {
    /// The image.
    pub image: Image,
    /// How many files, directories and links it has.
    pub entries: usize,
    /// How many bytes of files were sent; `None` when the image was there.
    pub sent: Option<u64>,
    /// What is left out because it is neither a file, a directory nor a link.
    pub odd: Vec<PathBuf>,
    /// What should have been copied, and is left out by an ignore file.
    pub missing: Vec<String>,
}

/// Finds or makes the image that has a project's files over another image.
///
/// # Errors
/// [`SnapshotError`].
pub async fn copy_sources(
    place: &Place,
    base: &Image,
    base_name: &str,
    sources: &Sources<'_>,
) -> Result<Copied, SnapshotError> {
    outside_volumes(base, base_name, sources.dir)?;
    let owner = format!("{}:{}", sources.owner.uid, sources.owner.gid);
    let project = sources.project.display().to_string();
    let scope = key(&[&base.id.0, sources.dir, &owner, &project]);
    let remembered = place.dir.join(KIND).join(&scope);
    let index = place.dir.join(KIND).join(key(&[&project]));
    let (manifest, odd) = tokio::task::block_in_place(|| read_project(sources, &index))?;
    let digest = manifest.digest();
    let key = key(&[&base.id.0, sources.dir, &owner, &digest]);
    let entries = manifest.entries.len();
    let is_missing = |path: &&String| !manifest.entries.contains_key(Path::new(path.as_str()));
    let missing = sources.expected.iter().filter(is_missing).cloned().collect();
    if let Some(found) = place.engine.local_image(&format!("{}:{key}", repository(KIND))).await? {
        return Ok(Copied { image: found, entries, sent: None, odd, missing });
    }
    let layer = Layer { place, sources, manifest: &manifest, key: &key, scope: &scope, base_name };
    let (image, sent) = match newest_whole(place, &remembered).await? {
        Some((since, old, old_image)) => match layer.changes(&since, &old, &old_image).await? {
            Some(made) => made,
            None => layer.whole(base, &remembered).await?,
        },
        None => layer.whole(base, &remembered).await?,
    };
    forget_older(place, &scope).await;
    Ok(Copied { image, entries, sent: Some(sent), odd, missing })
}

fn read_project(sources: &Sources<'_>, index: &Path) -> Result<(Manifest, Vec<PathBuf>), SnapshotError> {
    let listed = list(sources.project, &sources.rules)?;
    if listed.bytes() > sources.limit {
        let (largest, bytes) = listed.largest().unwrap_or_default();
        let is_dir = sources.project.join(&largest).is_dir();
        return Err(SourceError::TooLarge { limit: sources.limit, largest, is_dir, bytes }.into());
    }
    let mut index = Index::open(index.to_owned());
    let manifest = index.manifest(sources.project, &listed)?;
    index.save()?;
    Ok((manifest, listed.odd))
}

/// Finds the newest image that has all files of a project at some time, and what it has.
async fn newest_whole(place: &Place, remembered: &Path) -> Result<Option<(String, Manifest, Image)>, EngineError> {
    let mut found: Vec<_> = fs::read_dir(remembered).into_iter().flatten().flatten().collect();
    let modified = |entry: &fs::DirEntry| entry.metadata().and_then(|metadata| metadata.modified()).ok();
    found.sort_by_key(|entry| std::cmp::Reverse(modified(entry)));
    for entry in found {
        let key = entry.file_name().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(entry.path()).ok().and_then(|text| Manifest::from_text(&text));
        let image = match &manifest {
            Some(_) => place.engine.local_image(&format!("{}:{key}", repository(KIND))).await?,
            None => None,
        };
        match (manifest, image) {
            (Some(manifest), Some(image)) => return Ok(Some((key, manifest, image))),
            _ => drop(fs::remove_file(entry.path())),
        }
    }
    Ok(None)
}

/// A layer that is to be made.
struct Layer<'a> {
    place: &'a Place,
    sources: &'a Sources<'a>,
    manifest: &'a Manifest,
    key: &'a str,
    scope: &'a str,
    base_name: &'a str,
}

impl Layer<'_> {
    /// Makes the image with all files.
    async fn whole(&self, base: &Image, remembered: &Path) -> Result<(Image, u64), SnapshotError> {
        let paths = self.manifest.entries.keys().cloned().collect();
        let made = self.make(base, paths, &[], None).await?;
        write_whole(&remembered.join(self.key), &self.manifest.to_text())?;
        Ok(made)
    }

    /// Makes the image with what changed since another one; `None` when that is too much.
    async fn changes(&self, since: &str, old: &Manifest, image: &Image) -> Result<Option<(Image, u64)>, SnapshotError> {
        let change = self.manifest.change_since(old);
        let bytes: u64 = change.written.iter().map(|path| self.manifest.entries[path].bytes()).sum();
        let most = MOST_CHANGED * self.manifest.bytes() as f64;
        let nameable = change.removed.iter().all(|path| path.to_str().is_some());
        if bytes as f64 > most || change.removed.len() > MOST_REMOVED || !nameable {
            return Ok(None);
        }
        match self.make(image, change.written, &change.removed, Some(since)).await {
            Ok(made) => Ok(Some(made)),
            // Not every image has a command that removes files.
            Err(_) if !change.removed.is_empty() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn make(
        &self,
        from: &Image,
        paths: Vec<PathBuf>,
        removed: &[PathBuf],
        since: Option<&str>,
    ) -> Result<(Image, u64), SnapshotError> {
        let Self { place, sources, manifest, .. } = self;
        let bytes = paths.iter().map(|path| manifest.entries[path].bytes()).sum();
        let settings = ContainerSettings { user: Some("0".to_owned()), ..ContainerSettings::default() };
        let spec = place.container(from, self.base_name, KIND, settings);
        let spec =
            if removed.is_empty() { spec.never_started(false) } else { spec.with_command(self.removal(removed), true) };
        let made = Made {
            kind: KIND,
            key: self.key,
            emptied_env: Vec::new(),
            labels: vec![(SCOPE, self.scope.to_owned()), (SINCE, since.unwrap_or_default().to_owned())],
        };
        let image = place.with_container(&spec, async |container| {
            if !removed.is_empty() {
                let exit = place.run_to_end(container, |_| Ok(())).await?;
                if exit.code != 0 {
                    return Err(EngineError::Command {
                        command: "rm".to_owned(),
                        detail: format!("exit code {}", exit.code),
                    }
                    .into());
                }
            }
            let tar = archive(sources.project, manifest, paths, sources.dir, sources.owner);
            place.put(container, tar).await?;
            Ok(place.commit(container, from, made).await?)
        });
        Ok((image.await?, bytes))
    }

    /// Returns the command that removes files in a container.
    fn removal(&self, removed: &[PathBuf]) -> Vec<String> {
        let dir = Path::new(self.sources.dir);
        let paths = removed.iter().map(|path| dir.join(path).to_string_lossy().into_owned());
        ["rm", "-rf", "--"].map(str::to_owned).into_iter().chain(paths).collect()
    }
}

/// Removes images of the same scope but for the newest ones. One that is in use, or that cannot be removed, stays.
async fn forget_older(place: &Place, scope: &str) {
    let Ok(mut images) = place.engine.images_with_label(&format!("{SCOPE}={scope}")).await else { return };
    images.sort_by_key(|image| std::cmp::Reverse(image.created));
    for image in images.iter().skip(KEPT) {
        let _ = place.engine.remove_image(&image.id.0).await;
    }
}
