//! Getting the reports that a command of the user's own writes, from wherever `--report` says. They are hostile input too.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use futures::{StreamExt, TryStreamExt};
use globset::{GlobBuilder, GlobMatcher};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::collect::{Collected, MOST_BYTES, MOST_FILES, copy, inside, read_report};
use crate::engine::{ContainerId, Engine, EngineError};
use crate::model::ReportFormat;

/// Where reports are looked for.
pub(super) struct NamedReports<'a> {
    /// Globs, relative to the working directory or absolute.
    pub(super) globs: &'a [String],
    /// The absolute working directory in the container.
    pub(super) work_dir: &'a str,
    /// Where the shard's files go.
    pub(super) dir: &'a Path,
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
        let pattern = Pattern::new(glob, named)?;
        let Some(archive) = engine.archive(container, &pattern.from).await? else { continue };
        let reader = SyncIoBridge::new(StreamReader::new(archive.map_err(io::Error::other).boxed()));
        let mut found = std::mem::take(collected);
        let taken = tokio::task::spawn_blocking(move || {
            let result = pattern.take(reader, created, &mut known, &mut found);
            (result, known, found)
        });
        let (result, so_far, found) = taken.await.map_err(|panic| failed(glob, io::Error::other(panic)))?;
        (known, *collected) = (so_far, found);
        result.map_err(|error| failed(glob, error))?;
    }
    collected.reports.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(())
}

fn failed(glob: &str, error: io::Error) -> EngineError {
    EngineError::Operation { operation: format!("read the reports `{glob}`"), source: Box::new(error) }
}

/// One glob, and the directory or file that its matches are below.
struct Pattern {
    /// What the engine is asked for.
    from: String,
    /// The path of the archive's first component in the container.
    top: String,
    matcher: GlobMatcher,
    work_dir: String,
    target: PathBuf,
}

impl Pattern {
    fn new(glob: &str, named: &NamedReports<'_>) -> Result<Self, EngineError> {
        let base = named.work_dir.trim_end_matches('/');
        let glob = glob.strip_prefix("./").unwrap_or(glob);
        let whole = if glob.starts_with('/') { glob.to_owned() } else { format!("{}/{glob}", globset::escape(base)) };
        let compiled = GlobBuilder::new(&whole).literal_separator(true).build();
        let matcher = compiled.map_err(|error| failed(glob, io::Error::other(error)))?.compile_matcher();
        let plain =
            glob.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect::<Vec<_>>().join("/");
        let from = match (glob.starts_with('/'), plain.is_empty()) {
            (true, true) => "/".to_owned(),
            (true, false) => plain,
            // The slash makes the engine follow a link there.
            (false, true) => format!("{base}/"),
            (false, false) => format!("{base}/{plain}"),
        };
        let top = from.trim_end_matches('/').to_owned();
        Ok(Self { from, top, matcher, work_dir: format!("{base}/"), target: named.dir.join("reports") })
    }

    fn take(
        &self,
        reader: impl Read,
        created: Option<i64>,
        known: &mut BTreeSet<String>,
        collected: &mut Collected,
    ) -> io::Result<()> {
        let mut room = MOST_BYTES;
        for entry in tar::Archive::new(reader).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let Some(below) = inside(&path) else { continue };
            let below = below.to_string_lossy();
            let path = if below.is_empty() { self.top.clone() } else { format!("{}/{below}", self.top) };
            let kind = entry.header().entry_type();
            if kind.is_dir() || !self.matcher.is_match(&path) || known.contains(&path) {
                continue;
            }
            let name = path.strip_prefix(&self.work_dir).unwrap_or(path.trim_start_matches('/')).to_owned();
            if !kind.is_file() {
                collected.remarks.push(format!("left out `{name}`: it is not a plain file"));
                continue;
            }
            let written = i64::try_from(entry.header().mtime()?).unwrap_or(i64::MAX);
            if created.is_none_or(|created| written < created) {
                collected.remarks.push(format!("left out `{name}`: it is older than this run's container"));
                continue;
            }
            if collected.reports.len() >= MOST_FILES || room == 0 {
                collected.remarks.push(format!("left out `{name}` and what follows: too many reports"));
                break;
            }
            let target = self.target.join(&name);
            room -= copy(&mut entry, &target, room)?;
            collected.reports.push(read_report(format_of(&target)?, &name, File::open(&target)?));
            known.insert(path);
        }
        Ok(())
    }
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
        let globs = [glob.to_owned()];
        let named = NamedReports { globs: &globs, work_dir: "/project", dir: dir.path() };
        let pattern = Pattern::new(glob, &named).unwrap();
        let mut collected = Collected::default();
        pattern.take(&archive(entries)[..], Some(1000), &mut BTreeSet::new(), &mut collected).unwrap();
        (pattern.from, collected)
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
