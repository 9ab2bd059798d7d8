//! Files that are wanted of an ended container, however its tests ended. They are hostile input.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::collect::copy;
use super::globbed::Globbed;
use crate::engine::{ContainerId, Engine, EngineError, read_archive};
use crate::model::OutputFile;

/// How many files of a container are taken.
const MOST_FILES: usize = 10_000;
/// How many bytes of them.
const MOST_BYTES: u64 = 2 << 30;
/// How many remarks are made on one glob.
const MOST_REMARKS: usize = 5;

/// What was taken of a container.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The files, with their paths relative to the target directory.
    pub(super) files: Vec<OutputFile>,
    /// What was left behind, and why.
    pub(super) remarks: Vec<String>,
}

/// What is wanted of a container.
pub(super) struct Wanted<'a> {
    /// What the files are called in remarks.
    pub(super) what: &'static str,
    /// Globs, relative to the working directory or absolute.
    pub(super) globs: &'a [String],
    /// The absolute working directory in the container.
    pub(super) work_dir: &'a str,
    /// Where the files go.
    pub(super) target: &'a Path,
    /// Whether files that were there before the container are left behind.
    pub(super) only_new: bool,
}

/// Copies the files of an ended container that the globs match below the target, with their paths relative to the working
/// directory. What is no plain file, and what would leave the target, is left behind.
pub(super) async fn collect_artifacts(
    engine: &dyn Engine,
    container: &ContainerId,
    wanted: &Wanted<'_>,
) -> Result<Taken, EngineError> {
    let Wanted { what, globs, work_dir, target, only_new } = *wanted;
    forget(target).map_err(|source| EngineError::Operation {
        operation: format!("clear `{}`", target.display()),
        source: Box::new(source),
    })?;
    let mut taken = Taken::default();
    let created = match only_new {
        // Where the engine does not tell, nothing is sure to be new.
        true => engine.created_at(container).await?.map_or(i64::MAX, |created| created.as_second()),
        false => i64::MIN,
    };
    let mut room = Room { what, files: MOST_FILES, bytes: MOST_BYTES, created, known: BTreeSet::new() };
    for glob in globs {
        let globbed = Arc::new(Globbed::new(glob, work_dir)?);
        let Some(archive) = engine.archive(container, globbed.from()).await? else { continue };
        let (walked, target) = (Arc::clone(&globbed), target.to_owned());
        let taking = read_archive(archive, globbed.operation(), move |reader| {
            let result = take(&walked, reader, &target, &mut room, &mut taken);
            Ok((result, room, taken))
        });
        let result;
        (result, room, taken) = taking.await?;
        result.map_err(|error| globbed.failed(error))?;
    }
    taken.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(taken)
}

/// Removes what stands where the artifacts go: only a test that sees the run's directory can have put it there.
fn forget(target: &Path) -> io::Result<()> {
    match target.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(target),
        Ok(_) => fs::remove_file(target),
        Err(_) => Ok(()),
    }
}

/// How much more may be taken, and what has been.
struct Room {
    what: &'static str,
    files: usize,
    bytes: u64,
    /// What was written before, in seconds since 1970, is left out.
    created: i64,
    known: BTreeSet<PathBuf>,
}

fn take(globbed: &Globbed, reader: impl Read, target: &Path, room: &mut Room, taken: &mut Taken) -> io::Result<()> {
    let mut left_out = Vec::new();
    for entry in tar::Archive::new(reader).entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        let Some(path) = globbed.matching(&entry.path()?, kind) else { continue };
        let below = globbed.name_of(&path);
        let name = shown(&below);
        if !room.known.insert(path) {
            continue;
        }
        if !kind.is_file() && !kind.is_gnu_sparse() {
            left_out.push(format!("left out `{name}`: it is not a plain file"));
            continue;
        }
        let stays_inside = below.components().all(|part| matches!(part, Component::Normal(_)));
        if !stays_inside {
            left_out.push(format!("left out `{name}`: it leads out of its directory"));
            continue;
        }
        if i64::try_from(entry.header().mtime()?).unwrap_or(i64::MAX) < room.created {
            left_out.push(format!("left out `{name}`: it is older than this run's container"));
            continue;
        }
        if room.files == 0 || entry.size() > room.bytes {
            let most = indicatif::HumanBytes(MOST_BYTES);
            left_out.push(format!("left out `{name}`: more than {MOST_FILES} files or {most} of {}", room.what));
            continue;
        }
        let bytes = copy(&mut entry, &target.join(&below), room.bytes, None)?;
        room.files -= 1;
        room.bytes -= bytes;
        taken.files.push(OutputFile { path: below.to_string_lossy().into_owned(), bytes });
    }
    let more = left_out.len().saturating_sub(MOST_REMARKS);
    taken.remarks.extend(left_out.into_iter().take(MOST_REMARKS));
    if more > 0 {
        taken.remarks.push(format!("left out {more} more files of the {}", room.what));
    }
    Ok(())
}

/// Returns a path for people, in one line.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace(char::is_control, "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_outside_and_nothing_but_plain_files() {
        use tar::EntryType::{Char, Directory, Fifo, Link, Regular, Symlink};
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("artifacts");
        let mut builder = tar::Builder::new(Vec::new());
        let entries: [(&str, tar::EntryType, &str); 9] = [
            ("out/", Directory, ""),
            ("out/a.txt", Regular, "one"),
            ("out/a.txt", Regular, "again"),
            ("out/../../escaped.txt", Regular, "x"),
            ("/etc/absolute.txt", Regular, "x"),
            ("out/link.txt", Symlink, ""),
            ("out/hard.txt", Link, ""),
            ("out/device.txt", Char, ""),
            ("out/pipe.txt", Fifo, ""),
        ];
        for (name, kind, content) in entries {
            let mut header = tar::Header::new_ustar();
            // Set by hand: the builder itself refuses hostile names.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            if matches!(kind, Symlink | Link) {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        let archive = builder.into_inner().unwrap();
        let globbed = Globbed::new("out/**", "/project").unwrap();
        let mut room = Room { what: "artifacts", files: 9, bytes: 9, created: i64::MIN, known: BTreeSet::new() };
        let mut taken = Taken::default();
        take(&globbed, &archive[..], &target, &mut room, &mut taken).unwrap();
        let files: Vec<_> = taken.files.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
        // An absolute name loses its first slash, and so stays inside.
        assert_eq!(files, [("out/a.txt", 3), ("out/etc/absolute.txt", 1)]);
        assert_eq!(std::fs::read_to_string(target.join("out/a.txt")).unwrap(), "one");
        let written = walkdir::WalkDir::new(dir.path()).into_iter().flatten().filter(|it| !it.file_type().is_dir());
        assert_eq!(written.count(), 2);
        assert_eq!(taken.remarks.len(), 4, "{:?}", taken.remarks);
    }

    #[test]
    fn what_is_older_than_the_container_can_be_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let mut builder = tar::Builder::new(Vec::new());
        for (name, mtime) in [("out/old", 999), ("out/new", 1000)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            header.set_mtime(mtime);
            builder.append_data(&mut header, name, &b"x"[..]).unwrap();
        }
        let archive = builder.into_inner().unwrap();
        let globbed = Globbed::new("out/*", "/project").unwrap();
        let mut room = Room { what: "coverage", files: 9, bytes: 9, created: 1000, known: BTreeSet::new() };
        let mut taken = Taken::default();
        take(&globbed, &archive[..], dir.path(), &mut room, &mut taken).unwrap();
        assert_eq!(taken.files, [OutputFile { path: "out/new".to_owned(), bytes: 1 }]);
        assert_eq!(taken.remarks, ["left out `out/old`: it is older than this run's container"]);
    }

    #[test]
    fn what_is_too_large_is_left_out_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut builder = tar::Builder::new(Vec::new());
        for number in 0..20 {
            let mut header = tar::Header::new_gnu();
            header.set_size(4);
            builder.append_data(&mut header, format!("out/{number}"), &b"1234"[..]).unwrap();
        }
        let archive = builder.into_inner().unwrap();
        let globbed = Globbed::new("out/*", "/project").unwrap();
        let mut room = Room { what: "artifacts", files: 100, bytes: 10, created: i64::MIN, known: BTreeSet::new() };
        let mut taken = Taken::default();
        take(&globbed, &archive[..], dir.path(), &mut room, &mut taken).unwrap();
        assert_eq!((taken.files.len(), taken.remarks.len()), (2, MOST_REMARKS + 1));
        assert_eq!(taken.remarks.last().unwrap(), "left out 13 more files of the artifacts");
    }
}
