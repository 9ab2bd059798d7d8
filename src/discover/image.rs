//! Finding units inside an image, from the tar stream of a directory. Nothing of the image is run.

use std::io;
use std::path::Path;

use futures::{StreamExt, TryStreamExt};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::pattern::{compile, is_glob, join, literal_prefix, normal};
use super::{DiscoverError, Found, Probe, Selection};
use crate::engine::{EngineError, PathKind};

/// Finds the selected units in an image, relative to its working directory.
///
/// # Errors
/// As [`super::on_host`], and [`DiscoverError::Engine`].
pub async fn in_image(selection: &Selection<'_>, probe: &Probe) -> Result<Found, DiscoverError> {
    let mut units = Vec::new();
    let mut searched = Vec::new();
    for path in selection.named {
        let relative = inside(path, probe.work_dir());
        match probe.look(&relative).await? {
            Some((PathKind::File { .. }, _)) => units.push(relative),
            Some(_) | None => return Err(missing(path, probe)),
        }
    }
    for path in &selection.paths_or_default() {
        let relative = inside(path, probe.work_dir());
        match probe.look(&relative).await? {
            Some((PathKind::File { .. }, _)) => units.push(relative),
            Some((PathKind::Directory, real)) => {
                let framework = selection.framework;
                searched.push(format!("directory `{path}` for the test files of {}", framework.name()));
                let listed = list(probe, &real).await?;
                units.extend(listed.into_iter().filter_map(|below| {
                    let mut parts = below.rsplit('/');
                    let is_unit = parts.next().is_some_and(|name| framework.is_unit(name));
                    let skipped = parts.any(|dir| framework.skips_directory(dir));
                    (is_unit && !skipped).then(|| join(&relative, &below))
                }));
            }
            Some(_) | None if is_glob(&relative) => {
                searched.push(format!("glob `{path}`"));
                let matcher = compile(&relative, "the paths")?.compile_matcher();
                let from = literal_prefix(&relative);
                if let Some((PathKind::Directory, real)) = probe.look(&from).await? {
                    let listed = list(probe, &real).await?;
                    let named = listed.into_iter().map(|below| join(&from, &below));
                    units.extend(named.filter(|unit| matcher.is_match(unit)));
                }
            }
            Some(_) | None if selection.paths.is_empty() => {
                searched.push(format!("directory `{path}`, which does not exist"));
            }
            Some(_) | None => return Err(missing(path, probe)),
        }
    }
    let place = format!("image `{}`, working directory `{}`", probe.image(), probe.work_dir());
    let searched = searched.into_iter().map(|what| format!("{what} in {place}")).collect();
    selection.finish(units, searched)
}

fn missing(path: &str, probe: &Probe) -> DiscoverError {
    let place = format!("in image `{}` below `{}`", probe.image(), probe.work_dir());
    DiscoverError::Missing { path: path.to_owned(), place }
}

/// Makes a path relative to the working directory when it lies below it; other absolute paths stay as they are.
fn inside(path: &str, work_dir: &str) -> String {
    let normal = normal(path);
    let base = format!("{}/", work_dir.trim_end_matches('/'));
    match normal.strip_prefix(&base) {
        Some(below) if !below.is_empty() => below.to_owned(),
        Some(_) => ".".to_owned(),
        None if format!("{normal}/") == base => ".".to_owned(),
        None => normal,
    }
}

/// Lists the files below a directory, relative to it.
async fn list(probe: &Probe, dir: &str) -> Result<Vec<String>, DiscoverError> {
    let Some(archive) = probe.engine().archive(probe.container(), dir).await? else { return Ok(Vec::new()) };
    let reader = SyncIoBridge::new(StreamReader::new(archive.map_err(io::Error::other).boxed()));
    let listed = tokio::task::spawn_blocking(move || names(reader)).await;
    let failed = |source: io::Error| {
        DiscoverError::Engine(EngineError::Operation {
            operation: format!("list `{dir}` in the image"),
            source: Box::new(source),
        })
    };
    let (names, not_utf8) = listed.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(failed)?;
    match not_utf8 {
        Some(path) => Err(DiscoverError::NotUtf8 { path: Path::new(dir).join(path) }),
        None => Ok(names),
    }
}

type Names = (Vec<String>, Option<std::path::PathBuf>);

fn names(reader: impl io::Read) -> io::Result<Names> {
    let mut names = Vec::new();
    let mut not_utf8 = None;
    for entry in tar::Archive::new(reader).entries()? {
        let entry = entry?;
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_symlink() || kind.is_hard_link()) {
            continue;
        }
        let path = entry.path()?.into_owned();
        // The first component is the directory itself.
        let mut parts = path.components();
        parts.next();
        match parts.as_path().to_str() {
            Some("") => {}
            Some(below) => names.push(below.to_owned()),
            None => not_utf8 = Some(parts.as_path().to_owned()),
        }
    }
    Ok((names, not_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_the_working_directory_become_relative() {
        assert_eq!(inside("/suite/features/a.feature", "/suite"), "features/a.feature");
        assert_eq!(inside("/suite", "/suite"), ".");
        assert_eq!(inside("./features/", "/suite"), "features");
        assert_eq!(inside("/other/a.feature", "/suite"), "/other/a.feature");
        assert_eq!(inside("/a", "/"), "a");
    }
}
