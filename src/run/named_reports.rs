//! Getting the reports that a command of the user's own writes, from wherever `--report` says. They are hostile input too.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::collect::{Collected, MOST_BYTES, MOST_FILES, copy, read_report};
use super::globbed::Globbed;
use crate::engine::{ContainerId, Engine, EngineError, read_archive};
use crate::model::ReportFormat;
use crate::report::Redactor;

/// Where reports are looked for.
pub(super) struct NamedReports<'a> {
    /// Globs, relative to the working directory or absolute.
    pub(super) globs: &'a [String],
    /// The absolute working directory in the container.
    pub(super) work_dir: &'a str,
    /// Where the shard's files go.
    pub(super) dir: &'a Path,
    /// What masks secrets in them.
    pub(super) redactor: Option<Arc<Redactor>>,
}

/// Copies the reports of an ended container that the globs match, reads them and adds them to what was collected. Files
/// that were there before the container was created are not of this run, and are left out.
pub(super) async fn collect_named(
    engine: &dyn Engine,
    container: &ContainerId,
    named: &NamedReports<'_>,
    collected: &mut Collected,
) -> Result<(), EngineError> {
    let created = engine.created_at(container).await?.map(|created| created.as_second());
    let mut known = BTreeSet::new();
    for glob in named.globs {
        let globbed = Arc::new(Globbed::new(glob, named.work_dir)?);
        let Some(archive) = engine.archive(container, globbed.from()).await? else { continue };
        let target = named.dir.join("reports");
        let mut found = std::mem::take(collected);
        let (walked, redactor) = (Arc::clone(&globbed), named.redactor.clone());
        let taken = read_archive(archive, globbed.operation(), move |reader| {
            let place = Target { dir: &target, created, redactor: redactor.as_deref() };
            let result = take(&walked, reader, &place, &mut known, &mut found);
            Ok((result, known, found))
        });
        let result;
        (result, known, *collected) = taken.await?;
        result.map_err(|error| globbed.failed(error))?;
    }
    collected.reports.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(())
}

/// Where reports go, and on what terms.
struct Target<'a> {
    dir: &'a Path,
    /// When their container was created, in seconds since 1970; what is older is left out.
    created: Option<i64>,
    redactor: Option<&'a Redactor>,
}

fn take(
    globbed: &Globbed,
    reader: impl Read,
    target: &Target<'_>,
    known: &mut BTreeSet<PathBuf>,
    collected: &mut Collected,
) -> io::Result<()> {
    let mut room = MOST_BYTES;
    for entry in tar::Archive::new(reader).entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        let Some(path) = globbed.matching(&entry.path()?, kind).filter(|path| !known.contains(path)) else { continue };
        let below = globbed.name_of(&path);
        let name = below.to_string_lossy();
        if !kind.is_file() {
            collected.remarks.push(format!("left out `{name}`: it is not a plain file"));
            continue;
        }
        let written = i64::try_from(entry.header().mtime()?).unwrap_or(i64::MAX);
        if target.created.is_none_or(|created| written < created) {
            collected.remarks.push(format!("left out `{name}`: it is older than this run's container"));
            continue;
        }
        if collected.reports.len() >= MOST_FILES || room == 0 {
            collected.remarks.push(format!("left out `{name}` and what follows: too many reports"));
            break;
        }
        let path_here = target.dir.join(&below);
        room -= copy(&mut entry, &path_here, room, target.redactor)?.min(room);
        collected.reports.push(read_report(format_of(&path_here)?, &name, File::open(&path_here)?));
        known.insert(path);
    }
    Ok(())
}

/// Tells JUnit by the file's end or its first character; everything else has to be TAP.
fn format_of(path: &Path) -> io::Result<ReportFormat> {
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("xml")) {
        return Ok(ReportFormat::JUnit);
    }
    let mut start = BufReader::new(File::open(path)?);
    let first = start.fill_buf()?.iter().find(|byte| !byte.is_ascii_whitespace());
    Ok(if first == Some(&b'<') { ReportFormat::JUnit } else { ReportFormat::Tap })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, tar::EntryType, u64, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, mtime, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mtime(*mtime);
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn taken(glob: &str, entries: &[(&str, tar::EntryType, u64, &str)]) -> (String, Collected) {
        let dir = tempfile::tempdir().unwrap();
        let globbed = Globbed::new(glob, "/project").unwrap();
        let mut collected = Collected::default();
        let (archive, known) = (archive(entries), &mut BTreeSet::new());
        let target = Target { dir: dir.path(), created: Some(1000), redactor: None };
        take(&globbed, &archive[..], &target, known, &mut collected).unwrap();
        (globbed.from().to_owned(), collected)
    }

    #[test]
    fn only_fresh_plain_files_that_match_are_taken() {
        use tar::EntryType::{Char, Directory, Regular, Symlink};
        let (from, collected) = taken(
            "out/*.xml",
            &[
                ("out/", Directory, 2000, ""),
                ("out/new.xml", Regular, 1000, "<testsuite><testcase name='a'/></testsuite>"),
                ("out/old.xml", Regular, 999, "<testsuite><testcase name='b'/></testsuite>"),
                ("out/sub/new.xml", Regular, 2000, "<testsuite><testcase name='c'/></testsuite>"),
                ("out/link.xml", Symlink, 2000, ""),
                ("out/device.xml", Char, 2000, ""),
                ("out/../../escaped.xml", Regular, 2000, "<testsuite/>"),
            ],
        );
        assert_eq!(from, "/project/out");
        let names: Vec<&str> = collected.reports.iter().map(|report| report.path.as_str()).collect();
        assert_eq!(names, ["out/new.xml"]);
        assert_eq!(collected.remarks.len(), 3, "{:?}", collected.remarks);
    }

    #[test]
    fn a_report_may_be_one_file_anywhere_and_of_either_format() {
        use tar::EntryType::Regular;
        let (from, collected) = taken("/tmp/result", &[("result", Regular, 2000, "1..1\nok 1\n")]);
        assert_eq!((from.as_str(), collected.reports[0].cases.len()), ("/tmp/result", 1));
        let (_, collected) =
            taken("./r.log", &[("r.log", Regular, 2000, " <testsuite><testcase name='a'/></testsuite>")]);
        assert_eq!(collected.reports[0].cases[0].name, "a");
        let (from, collected) = taken("**/*.tap", &[("project/a/b.tap", Regular, 2000, "1..1\nok 1\n")]);
        assert_eq!((from.as_str(), collected.reports[0].path.as_str()), ("/project/", "a/b.tap"));
    }
}
