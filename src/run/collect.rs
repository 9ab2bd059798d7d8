//! Getting a framework's reports out of an ended container. What comes out is hostile input.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::engine::{ContainerId, Engine, EngineError, read_archive};
use crate::framework::Framework;
use crate::model::{ReportFile, ReportFormat};
use crate::report::junit::{self, ReadLimits};
use crate::report::{MaskedReader, Redactor};
use crate::report::{go_test, jest, messages, prove_state, rspec, tap, unittest};

/// The directory in the container that everything of minke's is in.
pub(super) const MINKE_DIR: &str = "/tmp/minke";

/// The file in [`MINKE_DIR`] that holds the exit code of a before-command that failed.
pub(super) const BEFORE_COMMAND_FILE: &str = "before-command";

/// How many reports of a container are taken.
pub(super) const MOST_FILES: usize = 10_000;
/// How many bytes of them.
pub(super) const MOST_BYTES: u64 = 512 << 20;

/// What was found in an ended container.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// The reports, read.
    pub(super) reports: Vec<ReportFile>,
    /// The exit code of the before-command, when it failed.
    pub(super) before_command: Option<i64>,
    /// What was left behind, and why.
    pub(super) remarks: Vec<String>,
}

/// Copies the reports of a container below `dir` and reads them.
pub(super) async fn collect(
    engine: &dyn Engine,
    container: &ContainerId,
    dir: &Path,
    framework: &'static dyn Framework,
    redactor: Option<Arc<Redactor>>,
) -> Result<Collected, EngineError> {
    let Some(archive) = engine.archive(container, MINKE_DIR).await? else { return Ok(Collected::default()) };
    let dir = dir.to_owned();
    let unpack = move |reader| unpack(reader, &dir, framework, redactor.as_deref());
    read_archive(archive, format!("read the reports of container {}", container.0), unpack).await
}

fn unpack(
    reader: impl Read,
    dir: &Path,
    framework: &dyn Framework,
    redactor: Option<&Redactor>,
) -> io::Result<Collected> {
    let mut collected = Collected::default();
    // A test that sees this directory may have left a link where the reports go.
    let reports = dir.join("reports");
    if reports.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
        fs::remove_file(&reports)?;
    }
    let mut archive = tar::Archive::new(reader);
    let mut room = MOST_BYTES;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(relative) = inside(&path) else {
            collected.remarks.push(format!("left out `{}`: it leads out of the reports' directory", path.display()));
            continue;
        };
        if entry.header().entry_type().is_dir() {
            continue;
        }
        if !entry.header().entry_type().is_file() {
            collected.remarks.push(format!("left out `{}`: it is not a plain file", path.display()));
            continue;
        }
        if relative == Path::new(BEFORE_COMMAND_FILE) {
            let mut code = String::new();
            entry.take(16).read_to_string(&mut code)?;
            collected.before_command = Some(code.trim().parse().unwrap_or(1));
            continue;
        }
        let Ok(below) = relative.strip_prefix("reports") else { continue };
        let name = below.to_string_lossy();
        let Some(format) = framework.report_format(&name) else { continue };
        if collected.reports.len() >= MOST_FILES || room == 0 {
            collected.remarks.push(format!("left out `{}` and what follows: too many reports", path.display()));
            break;
        }
        let target = dir.join(&relative);
        room -= copy(&mut entry, &target, room, redactor)?.min(room);
        collected.reports.push(read_report(format, &name, File::open(&target)?));
    }
    collected.reports.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(collected)
}

/// Reads a report.
pub(super) fn read_report(format: ReportFormat, name: &str, file: File) -> ReportFile {
    match format {
        ReportFormat::JUnit => junit::read(name, file, &ReadLimits::default()),
        ReportFormat::CucumberMessages => messages::read(name, file, &ReadLimits::default()),
        ReportFormat::ProveState => prove_state::read(name, file),
        ReportFormat::GoTest => go_test::read(name, file, &ReadLimits::default()),
        ReportFormat::Tap => tap::read(name, file, &ReadLimits::default()),
        ReportFormat::Jest => jest::read(name, file, &ReadLimits::default()),
        ReportFormat::Unittest => unittest::read(name, file),
        ReportFormat::Rspec => rspec::read(name, file),
    }
}

/// Returns the path below the archive's own top directory, when it stays there.
pub(super) fn inside(path: &Path) -> Option<PathBuf> {
    let mut components = path.components();
    components.next()?;
    let rest = components.as_path();
    rest.components().all(|component| matches!(component, Component::Normal(_))).then(|| rest.to_owned())
}

/// Copies a file without the secrets in it, whatever stands in its place, and returns how many bytes it has now; at most
/// `room` are read.
pub(super) fn copy(entry: &mut impl Read, target: &Path, room: u64, redactor: Option<&Redactor>) -> io::Result<u64> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    if target.symlink_metadata().is_ok() {
        fs::remove_file(target)?;
    }
    let mut entry = entry.take(room);
    let mut file = File::create_new(target)?;
    match redactor {
        None => io::copy(&mut entry, &mut file),
        Some(redactor) => io::copy(&mut MaskedReader::new(&mut entry, redactor), &mut file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Pytest;

    fn archive(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, content) in entries {
            let mut header = tar::Header::new_ustar();
            // Set by hand: the builder itself refuses hostile names.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            if kind.is_symlink() {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn nothing_is_written_outside_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("shard");
        let hostile = archive(&[
            ("minke/../../escaped.xml", tar::EntryType::Regular, b"<testsuite/>"),
            ("minke/reports/link.xml", tar::EntryType::Symlink, b""),
            ("minke/reports/device.xml", tar::EntryType::Char, b""),
            ("minke/reports/ok.xml", tar::EntryType::Regular, b"<testsuite><testcase name='a'/></testsuite>"),
        ]);
        let collected = unpack(&hostile[..], &target, &Pytest, None).unwrap();
        assert_eq!(collected.reports.len(), 1);
        assert_eq!(collected.reports[0].cases.len(), 1);
        assert_eq!(collected.remarks.len(), 3, "{:?}", collected.remarks);
        let written: Vec<_> = walkdir::WalkDir::new(dir.path())
            .into_iter()
            .map(|entry| entry.unwrap())
            .filter(|entry| !entry.file_type().is_dir())
            .map(|entry| entry.path().strip_prefix(dir.path()).unwrap().to_owned())
            .collect();
        assert_eq!(written, [Path::new("shard/reports/ok.xml")]);
    }

    #[test]
    fn a_failed_before_command_leaves_its_code() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = archive(&[("minke/before-command", tar::EntryType::Regular, b"3\n")]);
        assert_eq!(unpack(&bytes[..], dir.path(), &Pytest, None).unwrap().before_command, Some(3));
    }
}
