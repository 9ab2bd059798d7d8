//! What a setup command makes of an image, kept so that it runs once.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::SnapshotError;
use super::place::{Made, Place, key, repository};
use crate::engine::{Image, Output, lacks_shell};
use crate::model::ContainerSettings;
use crate::report::{Masking, Redactor};
use crate::source::{Index, Manifest, Owner, Rules, archive, list};

/// The kind of these images.
const KIND: &str = "setup";
/// The label that holds how long the command took, in milliseconds.
const MILLIS: &str = "minke.setup-millis";
/// How much of the command's output an error shows.
const TAIL_BYTES: usize = 4096;

/// A command that prepares an image once.
#[derive(Debug, Clone)]
pub struct Setup<'a> {
    /// The command, for `/bin/sh`.
    pub command: &'a str,
    /// Shell text before it that is no part of what names the result.
    pub exports: &'a str,
    /// What masks secrets in its output.
    pub redactor: Option<Redactor>,
    /// What its container is given.
    pub settings: ContainerSettings,
    /// The project, and globs of the files in it that the command reads; without globs its files are in the image already.
    pub inputs: Option<(&'a Path, &'a [String])>,
    /// The absolute directory in the container that the inputs are put into.
    pub dir: &'a str,
    /// Who they belong to there.
    pub owner: Owner,
    /// Whether an earlier result may be taken.
    pub reuse: bool,
}

/// An image that a setup command has prepared.
#[derive(Debug)]
pub struct SetUp {
    /// The image.
    pub image: Image,
    /// Whether an earlier result was taken.
    pub reused: bool,
    /// How long the command took, now or then, in milliseconds.
    pub millis: u64,
}

/// Runs a setup command in a container of an image, or finds what it made earlier.
///
/// # Errors
/// [`SnapshotError::Setup`] when the command fails; its output is kept.
pub async fn set_up(place: &Place, base: &Image, base_name: &str, setup: &Setup<'_>) -> Result<SetUp, SnapshotError> {
    let inputs = tokio::task::block_in_place(|| inputs(place, setup))?;
    let digest = inputs.as_ref().map(|(_, manifest)| manifest.digest()).unwrap_or_default();
    let env: Vec<String> = setup.settings.env.iter().map(|var| format!("{}={}", var.name, var.value)).collect();
    let user = setup.settings.user.as_deref().unwrap_or_default();
    let key = key(&[&base.id.0, setup.command, setup.dir, user, &digest, &env.join("\n")]);
    let name = format!("{}:{key}", repository(KIND));
    if let Some(found) = place.engine.local_image(&name).await?.filter(|_| setup.reuse) {
        let millis = found.labels.get(MILLIS).and_then(|millis| millis.parse().ok()).unwrap_or(0);
        return Ok(SetUp { image: found, reused: true, millis });
    }
    let argv = ["/bin/sh", "-c", &format!("{}{}", setup.exports, setup.command)].map(str::to_owned).to_vec();
    let spec = place.container(base, base_name, KIND, setup.settings.clone()).with_command(argv, true);
    let path = place.dir.join(KIND).join(format!("{key}.log"));
    let mut log = Log::create(&path, setup.redactor.as_ref())?;
    place
        .with_container(&spec, async |container| {
            if let Some((project, manifest)) = &inputs {
                let paths = manifest.entries.keys().cloned().collect();
                place.put(container, archive(project, manifest, paths, setup.dir, setup.owner)).await?;
            }
            let begun = Instant::now();
            let exit = place.run_to_end(container, |piece| log.take(piece)).await?;
            log.end().map_err(|source| SnapshotError::Log { path: path.clone(), source })?;
            if lacks_shell(&exit, &log.tail()) {
                return Err(SnapshotError::NoShell { image: base_name.to_owned() });
            }
            if exit.code != 0 {
                return Err(SnapshotError::Setup { code: exit.code, output: log.tail(), log: path.clone() });
            }
            let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let emptied_env = setup.settings.env.iter().map(|var| var.name.clone()).collect();
            let labels = vec![(MILLIS, millis.to_string())];
            let image = place.commit(container, base, Made { kind: KIND, key: &key, emptied_env, labels }).await?;
            Ok(SetUp { image, reused: false, millis })
        })
        .await
}

/// Reads the files that the command reads.
fn inputs(place: &Place, setup: &Setup<'_>) -> Result<Option<(PathBuf, Manifest)>, SnapshotError> {
    let Some((project, globs)) = setup.inputs else { return Ok(None) };
    let mut listed = list(project, &Rules { include: globs, never: &[] })?;
    listed.keep_only(globs)?;
    let index = place.dir.join(KIND).join(super::place::key(&[&project.display().to_string()]));
    let mut index = Index::open(index);
    let manifest = index.manifest(project, &listed)?;
    index.save()?;
    Ok(Some((project.to_owned(), manifest)))
}

/// The output of a setup command: all of it in a file, the end of it in memory.
struct Log<'a> {
    masking: Masking<&'a Redactor>,
    file: File,
    tail: Vec<u8>,
}

impl<'a> Log<'a> {
    fn create(path: &Path, redactor: Option<&'a Redactor>) -> Result<Self, SnapshotError> {
        let failed = |source| SnapshotError::Log { path: path.to_owned(), source };
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(failed)?;
        }
        Ok(Self { masking: Masking::new(redactor), file: File::create(path).map_err(failed)?, tail: Vec::new() })
    }

    fn take(&mut self, piece: &Output) -> std::io::Result<()> {
        let (Output::Stdout(bytes) | Output::Stderr(bytes)) = piece;
        let masked = self.masking.feed(bytes);
        self.keep(&masked)
    }

    /// Writes what was held back because a secret might have begun with it.
    fn end(&mut self) -> std::io::Result<()> {
        let rest = self.masking.end();
        self.keep(&rest)
    }

    fn keep(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.tail.extend_from_slice(bytes);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL_BYTES));
        self.file.write_all(bytes)
    }

    fn tail(&self) -> String {
        String::from_utf8_lossy(&self.tail).into_owned()
    }
}
