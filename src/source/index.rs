//! What was read of the project's files before, so that only what changed is read again.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::list::unreadable_at;
use super::manifest::{Entry, Kind, Manifest, escaped, hex, unescaped};
use super::{Listed, SourceError};

/// The first line of a written index, with the version of its format.
const HEADER: &str = "minke index 1";
/// A file that was changed so shortly before it was read may have been changed again in the same tick of the clock.
const UNCERTAIN: Duration = Duration::from_secs(2);

/// The digests of files that were read before.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    rows: HashMap<PathBuf, Row>,
}

#[derive(Debug, Clone)]
struct Row {
    stamp: Stamp,
    hash: String,
}

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// Tells whether the file has been left alone for long enough that its stamp stands for its content.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let changed = u64::try_from(self.changed.0.max(self.modified.0)).unwrap_or(0);
        now.saturating_sub(UNCERTAIN) > Duration::from_secs(changed)
    }
}

impl Index {
    /// Reads an index; one that is missing, or not of this version's writing, is empty.
    pub fn open(path: PathBuf) -> Self {
        let rows = fs::read_to_string(&path).ok().and_then(|text| rows(&text)).unwrap_or_default();
        Self { path, rows }
    }

    /// Finds out what the listed files hold, and remembers it.
    ///
    /// # Errors
    /// [`SourceError::Unreadable`] for a file that cannot be read.
    pub fn manifest(&mut self, project: &Path, listed: &Listed) -> Result<Manifest, SourceError> {
        let mut known = std::mem::take(&mut self.rows);
        let mut manifest = Manifest::default();
        for (path, found) in &listed.found {
            let failed = |source| unreadable_at(project, path, source);
            let whole = project.join(path);
            let kind = if found.metadata.is_dir() {
                Kind::Directory
            } else if found.metadata.is_symlink() {
                Kind::Link { target: fs::read_link(&whole).map_err(failed)? }
            } else {
                let stamp = Stamp::of(&found.metadata);
                let row = match known.remove(path).filter(|row| row.stamp == stamp) {
                    Some(row) => row,
                    None => read(&whole).map_err(failed)?,
                };
                let kind = Kind::File { bytes: row.stamp.bytes, hash: row.hash.clone() };
                self.rows.insert(path.clone(), row);
                kind
            };
            manifest.entries.insert(path.clone(), Entry { mode: found.mode(), kind });
        }
        Ok(manifest)
    }

    /// Writes the index for the next time, without files that were changed just now.
    ///
    /// # Errors
    /// [`SourceError::Cache`] when it cannot be written.
    pub fn save(&self) -> Result<(), SourceError> {
        let now = SystemTime::now();
        let mut text = format!("{HEADER}\n");
        for (path, Row { stamp, hash }) in self.rows.iter().filter(|(_, row)| row.stamp.is_settled(now)) {
            let (modified, changed) = (stamp.modified, stamp.changed);
            text += &format!(
                "{} {}.{} {}.{} {} {hash} {}\n",
                stamp.bytes,
                modified.0,
                modified.1,
                changed.0,
                changed.1,
                stamp.inode,
                escaped(path)
            );
        }
        write_whole(&self.path, &text)
    }
}

/// Writes a file beside its place and moves it there.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), SourceError> {
    let failed = |source| SourceError::Cache { path: path.to_owned(), source };
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(failed)?;
    let mut draft = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    draft.write_all(text.as_bytes()).map_err(failed)?;
    draft.persist(path).map(drop).map_err(|error| failed(error.error))
}

/// Reads a file's content; its stamp is of what was opened.
fn read(path: &Path) -> io::Result<Row> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok(Row { stamp: Stamp { bytes, ..Stamp::of(&metadata) }, hash: hex(&hasher.finalize()) })
}

fn rows(text: &str) -> Option<HashMap<PathBuf, Row>> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return None;
    }
    lines.map(row).collect()
}

fn row(line: &str) -> Option<(PathBuf, Row)> {
    let mut parts = line.splitn(6, ' ');
    let time = |text: &str| {
        let (seconds, nanos) = text.split_once('.')?;
        Some((seconds.parse().ok()?, nanos.parse().ok()?))
    };
    let bytes = parts.next()?.parse().ok()?;
    let modified = time(parts.next()?)?;
    let changed = time(parts.next()?)?;
    let inode = parts.next()?.parse().ok()?;
    let hash = parts.next()?.to_owned();
    let path = unescaped(parts.next()?)?;
    Some((path, Row { stamp: Stamp { bytes, modified, changed, inode }, hash }))
}

#[cfg(test)]
mod tests {
    use super::super::{Rules, list};
    use super::*;

    fn manifest(index: &mut Index, project: &Path) -> Manifest {
        index.manifest(project, &list(project, &Rules { include: &[], never: &[] }).unwrap()).unwrap()
    }

    #[test]
    fn an_index_is_read_back_and_changes_no_manifest() {
        let project = tempfile::tempdir().unwrap();
        let cache = tempfile::tempdir().unwrap();
        fs::write(project.path().join("a b%"), "one").unwrap();
        let file = cache.path().join("deep/index");
        let mut index = Index::open(file.clone());
        let first = manifest(&mut index, project.path());
        // As if it had been read long ago.
        for row in index.rows.values_mut() {
            row.stamp.changed.0 -= 10;
            row.stamp.modified.0 -= 10;
        }
        index.save().unwrap();
        let mut again = Index::open(file);
        assert_eq!(again.rows.len(), 1, "a settled file is remembered");
        assert_eq!(manifest(&mut again, project.path()), first);
        fs::write(project.path().join("a b%"), "two").unwrap();
        assert_ne!(manifest(&mut again, project.path()), first, "the same size, and yet it is seen");
    }

    #[test]
    fn a_file_that_was_changed_just_now_is_not_trusted() {
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("a"), "one").unwrap();
        let mut index = Index::open(project.path().join("index"));
        manifest(&mut index, project.path());
        index.save().unwrap();
        assert!(Index::open(project.path().join("index")).rows.is_empty());
    }
}
