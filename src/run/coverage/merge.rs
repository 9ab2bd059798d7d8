//! Merging the coverage of all containers into one file of each format.
//!
//! Whatever keeps the result from being whole is a problem with a sentence. It changes no outcome of a test.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::COVERAGE_DIR;
use super::combine::combine;
use super::transfer::Combined;
use crate::model::{CoverageFile, LineCounts, MergedCoverage, MountSource, OutputFile, RunState, ShardRecord};
use crate::report::coverage::{Cobertura, CoverageKind, Lcov};
use crate::report::replace_with;
use crate::run::Cancel;
use crate::run::collect::MINKE_DIR;
use crate::run::shard::Shared;

/// What became of a run's coverage.
pub(crate) struct Merging {
    /// The files, and why they are not whole.
    pub(crate) merged: MergedCoverage,
    /// What a person should know besides.
    pub(crate) warnings: Vec<String>,
}

/// What has been read of the containers' files.
#[derive(Default)]
struct Reading {
    lcov: Lcov,
    cobertura: Cobertura,
    /// The files of coverage.py's data: their paths here and relative to the run's directory.
    data: Vec<(PathBuf, String)>,
    problems: Vec<String>,
}

/// Merges what was kept of the containers into `coverage/` of the run's directory; `None` when no coverage was wanted, or no
/// container ran. A request through `cancel` gives the combining of coverage.py's data up.
pub(crate) async fn merge_coverage(
    shared: &Shared,
    run_dir: &Path,
    state: &RunState,
    cancel: &Cancel,
) -> Option<Merging> {
    if !super::is_wanted(shared) || !state.shards().any(|shard| shard.started_at.is_some()) {
        return None;
    }
    let target = run_dir.join(COVERAGE_DIR);
    let kept: Vec<OutputFile> = state.shards().flat_map(|shard| shard.kept.coverage.iter().cloned()).collect();
    if kept.is_empty() {
        return Some(Merging { merged: nothing_found(shared), warnings: Vec::new() });
    }
    let (dir, place) = (run_dir.to_owned(), target.clone());
    let reading = tokio::task::spawn_blocking(move || {
        forget(&place);
        read_all(&dir, &kept)
    });
    let mut reading = reading.await.unwrap_or_else(|panic| Reading {
        problems: vec![format!("the coverage cannot be read: {panic}; please report this as a bug of minke")],
        ..Reading::default()
    });
    let combined = match reading.data.is_empty() {
        true => Combined::default(),
        false => combine(shared, &reading.data, &target, cancel).await,
    };
    let written = tokio::task::spawn_blocking(move || write(&mut reading, combined, &target));
    let merged = written.await.unwrap_or_else(|panic| MergedCoverage {
        files: Vec::new(),
        problems: vec![format!("the coverage cannot be merged: {panic}; please report this as a bug of minke")],
    });
    Some(Merging { merged, warnings: warnings(shared, state) })
}

fn nothing_found(shared: &Shared) -> MergedCoverage {
    let looked: Vec<String> = shared.plan.template().coverage.iter().map(|glob| format!("`{glob}`")).collect();
    let problem = format!(
        "no container left coverage: neither data of coverage.py nor {}; tests have to be run with it (such as `pytest --cov`), and \
         `--coverage-files` names other files",
        looked.join(", ")
    );
    MergedCoverage { files: Vec::new(), problems: vec![problem] }
}

/// Clears the place of the merged files: a test that sees the run's directory may have put something there.
fn forget(target: &Path) {
    // What cannot be removed cannot be written to either, and that is told then.
    let _ = std::fs::remove_file(target).or_else(|_| std::fs::remove_dir_all(target));
}

fn read_all(run_dir: &Path, kept: &[OutputFile]) -> Reading {
    let mut reading = Reading::default();
    for file in kept {
        if let Err(error) = read_one(run_dir, &file.path, &mut reading) {
            reading.problems.push(format!("`{}` cannot be read: {error}", file.path));
        }
    }
    reading.problems.extend(reading.lcov.contradictions());
    reading
}

fn read_one(run_dir: &Path, name: &str, reading: &mut Reading) -> io::Result<()> {
    // A test that sees the run's directory may have put a link in the place of what was copied.
    let path = run_dir.join(name).canonicalize()?;
    if !path.starts_with(run_dir.canonicalize()?) || !path.is_file() {
        return Err(io::Error::other("it is no longer the file that was copied"));
    }
    match CoverageKind::of(&path)? {
        Some(CoverageKind::CoveragePy) => reading.data.push((path, name.to_owned())),
        Some(CoverageKind::Lcov) => {
            let problems = reading.lcov.read(name, File::open(&path)?);
            reading.problems.extend(problems);
        }
        Some(CoverageKind::Cobertura) => {
            let problems = reading.cobertura.read(name, File::open(&path)?);
            reading.problems.extend(problems);
        }
        None if path.metadata()?.len() == 0 => reading.problems.push(format!("`{name}` is empty; it is left out")),
        None => {
            let is = "is neither coverage.py's data nor a file of lcov's or Cobertura's; it is left out";
            reading.problems.push(format!("`{name}` {is}"));
        }
    }
    Ok(())
}

/// Writes one file of each format for which there is something.
fn write(reading: &mut Reading, combined: Combined, target: &Path) -> MergedCoverage {
    let mut problems = std::mem::take(&mut reading.problems);
    problems.extend(combined.problems);
    let (lcov, cobertura) = (&mut reading.lcov, &mut reading.cobertura);
    if let Some(file) = combined.lcov {
        problems.extend(lcov.read("the lcov report of coverage.py", file));
    }
    if let Some(file) = combined.xml {
        problems.extend(cobertura.read("the XML report of coverage.py", file));
    }
    let mut files = Vec::new();
    let mut keep =
        |name: &str, lines: Option<LineCounts>, fill: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>| {
            let path = target.join(name);
            let written = replace_with("coverage", &path, |file| {
                let mut out = io::BufWriter::new(file);
                fill(&mut out)?;
                out.flush()
            });
            match written {
                Ok(()) => {
                    let bytes = path.metadata().map_or(0, |found| found.len());
                    files.push(CoverageFile { path: format!("{COVERAGE_DIR}/{name}"), bytes, lines });
                }
                Err(error) => problems.push(error.to_string()),
            }
        };
    if !lcov.is_empty() {
        keep("lcov.info", Some(lcov.lines()), &mut |out| lcov.write(out));
    }
    if !cobertura.is_empty() {
        keep("cobertura.xml", Some(cobertura.lines()), &mut |out| cobertura.write(out));
    }
    if let Some(mut data) = combined.data {
        keep(".coverage", None, &mut |out| io::copy(&mut data, out).map(drop));
    }
    MergedCoverage { files, problems }
}

/// Tells of containers without coverage while others have some, and of files that containers may have written over.
fn warnings(shared: &Shared, state: &RunState) -> Vec<String> {
    let mut warnings = Vec::new();
    let without = |shard: &&ShardRecord| shard.started_at.is_some() && shard.kept.coverage.is_empty();
    let without: Vec<String> = state.shards().filter(without).map(|shard| shard.shard.to_string()).collect();
    if !without.is_empty() {
        let shards = if without.len() == 1 { "shard" } else { "shards" };
        warnings.push(format!("{shards} {} left no coverage", without.join(", ")));
    }
    let mut files: Vec<&str> = state.shards().flat_map(|shard| &shard.kept.coverage).filter_map(name_of).collect();
    files.sort_unstable();
    let mut told: Option<&str> = None;
    for pair in files.windows(2) {
        if pair[0] == pair[1] && told != Some(pair[0]) && shared.plan.shards().get() > 1 && is_shared(shared, pair[0]) {
            warnings.push(format!(
                "`{}` is in a directory that all containers write to, so one may have written over the coverage of another; \
                 `--source copy` gives each its own",
                pair[0]
            ));
            told = Some(pair[0]);
        }
    }
    warnings
}

/// Returns what a kept file is called below its shard's directory for coverage.
fn name_of(file: &OutputFile) -> Option<&str> {
    file.path.splitn(4, '/').nth(3)
}

/// Tells whether a file of this name, relative to the working directory or without its first slash, is in a writable mount.
fn is_shared(shared: &Shared, name: &str) -> bool {
    let container = &shared.plan.template().container;
    let absolute = Path::new("/").join(name);
    if absolute.starts_with(MINKE_DIR) {
        return false;
    }
    let work_dir = Path::new(container.work_dir.as_deref().unwrap_or(&shared.image.work_dir)).join(name);
    container.mounts.iter().any(|mount| {
        let is_writable = !mount.read_only && matches!(mount.source, MountSource::Host(_) | MountSource::Existing(_));
        is_writable && (absolute.starts_with(&mount.container) || work_dir.starts_with(&mount.container))
    })
}
