//! Finding units inside an image, from the tar stream of a directory. Nothing of the image is run.

use std::io;
use std::path::{Path, PathBuf};

use globset::GlobSet;

use super::pattern::{compile, is_glob, join, literal_prefix, normal};
use super::{DiscoverError, Found, Probe, Selection};
use crate::engine::{PathKind, read_archive};

/// Finds the selected units in an image, relative to its working directory.
///
/// # Errors
/// As [`super::on_host`], and [`DiscoverError::Engine`].
pub async fn in_image(selection: &Selection<'_>, probe: &Probe) -> Result<Found, DiscoverError> {
    let mut units = Vec::new();
    let mut searched = Vec::new();
    let mut unmatched = Vec::new();
    for path in selection.named.unwrap_or_default() {
        let relative = selector_inside(selection, path, probe.work_dir());
        match probe.look(&relative).await? {
            Some((PathKind::File { .. }, _)) => units.push(relative),
            None if is_part(selection, probe, &relative).await? => units.push(relative),
            Some(_) => return Err(DiscoverError::NotAFile { path: path.to_owned(), place: place(probe) }),
            None => return Err(missing(path, probe)),
        }
    }
    let excluded = selection.excluded()?;
    for path in &selection.paths_or_default() {
        let before = units.len();
        let relative = selector_inside(selection, path, probe.work_dir());
        match probe.look(&relative).await? {
            Some((PathKind::File { .. }, _)) => units.push(relative),
            None if is_part(selection, probe, &relative).await? => units.push(relative),
            Some((PathKind::Directory, real)) => {
                let framework = selection.framework;
                searched.push(format!("directory `{path}` for the test files of {}", framework.name()));
                let wanted = |below: &str| {
                    let is_skipped = below.rsplit('/').skip(1).any(|dir| framework.skips_directory(dir));
                    !is_skipped && framework.is_unit(&join(&relative, below))
                };
                let listed = list(probe, &real).await?;
                units.extend(pick(listed, &relative, &excluded, wanted)?);
            }
            Some(_) | None if is_glob(&relative) => {
                searched.push(format!("glob `{path}`"));
                let matcher = compile(&relative, "the paths")?.compile_matcher();
                let from = literal_prefix(&relative);
                if let Some((PathKind::Directory, real)) = probe.look(&from).await? {
                    let listed = list(probe, &real).await?;
                    units.extend(pick(listed, &from, &excluded, |below| matcher.is_match(join(&from, below)))?);
                }
            }
            Some(_) | None if selection.paths.is_empty() => {
                searched.push(format!("directory `{path}`, which does not exist"));
            }
            Some(_) | None => return Err(missing(path, probe)),
        }
        if units.len() == before {
            unmatched.push(path.clone());
        }
    }
    let place = format!("image `{}`, working directory `{}`", probe.image(), probe.work_dir());
    let searched = searched.into_iter().map(|what| format!("{what} in {place}")).collect();
    selection.finish(units, searched, unmatched)
}

/// Tells whether a selector is of a part of something that is there.
async fn is_part(selection: &Selection<'_>, probe: &Probe, selector: &str) -> Result<bool, DiscoverError> {
    let Some(file) = selection.file_of_part(selector) else { return Ok(false) };
    Ok(probe.look(file).await?.is_some())
}

fn missing(path: &str, probe: &Probe) -> DiscoverError {
    DiscoverError::Missing { path: path.to_owned(), place: place(probe) }
}

fn place(probe: &Probe) -> String {
    format!("in image `{}` below `{}`", probe.image(), probe.work_dir())
}

/// Makes the path in a selector relative to the working directory when it lies below it; other absolute paths stay as they are.
fn selector_inside(selection: &Selection<'_>, selector: &str, work_dir: &str) -> String {
    let (path, part) = selection.split(selector);
    inside(path, work_dir) + part
}

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

/// Picks the wanted files of a directory. A name that cannot be a unit's is an error, unless the file is left out.
fn pick(
    listed: Vec<PathBuf>,
    dir: &str,
    excluded: &GlobSet,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<String>, DiscoverError> {
    let mut units = Vec::new();
    for below in listed {
        match below.to_str() {
            Some(name) if wanted(name) => units.push(join(dir, name)),
            None if wanted(&below.to_string_lossy()) => {
                let path = if dir == "." { below } else { Path::new(dir).join(below) };
                if !excluded.is_match(&path) {
                    return Err(DiscoverError::NotUtf8 { path });
                }
            }
            Some(_) | None => {}
        }
    }
    Ok(units)
}

/// Lists the files below a directory, relative to it.
pub(super) async fn list(probe: &Probe, dir: &str) -> Result<Vec<PathBuf>, DiscoverError> {
    let Some(archive) = probe.engine().archive(probe.container(), dir).await? else { return Ok(Vec::new()) };
    Ok(read_archive(archive, format!("list `{dir}` in the image"), names).await?)
}

fn names(reader: impl io::Read) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
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
        if !parts.as_path().as_os_str().is_empty() {
            names.push(parts.as_path().to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_utf_8_matters_only_where_it_is_wanted() {
        use std::os::unix::ffi::OsStringExt;
        let odd = |name: &[u8]| PathBuf::from(std::ffi::OsString::from_vec(name.to_vec()));
        let listed = vec![odd(b"data\xff.bin"), PathBuf::from("a.feature")];
        let wanted = |name: &str| name.ends_with(".feature");
        assert_eq!(pick(listed, "features", &GlobSet::empty(), wanted).unwrap(), ["features/a.feature"]);
        let picked = pick(vec![odd(b"x\xff.feature")], "features", &GlobSet::empty(), wanted);
        assert!(matches!(picked, Err(DiscoverError::NotUtf8 { .. })));
        let excluded = globset::GlobSetBuilder::new().add(compile("features/*", "").unwrap()).build().unwrap();
        assert!(pick(vec![odd(b"x\xff.feature")], "features", &excluded, wanted).unwrap().is_empty());
    }

    #[test]
    fn paths_below_the_working_directory_become_relative() {
        assert_eq!(inside("/suite/features/a.feature", "/suite"), "features/a.feature");
        assert_eq!(inside("/suite", "/suite"), ".");
        assert_eq!(inside("./features/", "/suite"), "features");
        assert_eq!(inside("/other/a.feature", "/suite"), "/other/a.feature");
        assert_eq!(inside("/a", "/"), "a");
    }
}
