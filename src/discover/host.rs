//! Finding units in the project's directory on the host. Ignore files play no part: what is there is there.

use std::path::Path;

use globset::GlobSet;
use walkdir::{DirEntry, WalkDir};

use super::pattern::{compile, is_glob, join, literal_prefix, normal};
use super::{DiscoverError, Found, Selection};

/// Finds the selected units below the project's directory.
///
/// # Errors
/// [`DiscoverError::Missing`] for a named path that does not exist, and the other variants for what cannot be read.
pub fn on_host(selection: &Selection<'_>, project: &Path) -> Result<Found, DiscoverError> {
    let mut units = Vec::new();
    let mut searched = Vec::new();
    let mut unmatched = Vec::new();
    for path in selection.named.unwrap_or_default() {
        let relative = selector_inside(selection, path, project)?;
        let full = project.join(&relative);
        if full.is_file() || is_part(selection, project, &relative) {
            units.push(relative);
        } else if full.exists() {
            return Err(DiscoverError::NotAFile { path: path.to_owned(), place: place(project) });
        } else {
            return Err(missing(path, project));
        }
    }
    let excluded = selection.excluded()?;
    for path in &selection.paths_or_default() {
        let before = units.len();
        let relative = selector_inside(selection, path, project)?;
        let full = project.join(&relative);
        if full.is_file() || is_part(selection, project, &relative) {
            units.push(relative);
        } else if full.is_dir() {
            let framework = selection.framework;
            searched.push(format!("directory `{path}` for the test files of {}", framework.name()));
            let wanted = |path: &str| framework.is_unit(path);
            let skips = |name: &str| framework.skips_directory(name);
            walk(&Walk { project, from: &relative, excluded: &excluded, skips: &skips, wanted: &wanted }, &mut units)?;
        } else if is_glob(&relative) {
            searched.push(format!("glob `{path}`"));
            let matcher = compile(&relative, "the paths")?.compile_matcher();
            let from = literal_prefix(&relative);
            if project.join(&from).is_dir() {
                let wanted = |path: &str| matcher.is_match(path);
                let walked = Walk { project, from: &from, excluded: &excluded, skips: &|_| false, wanted: &wanted };
                walk(&walked, &mut units)?;
            }
        } else if selection.paths.is_empty() {
            searched.push(format!("directory `{path}`, which does not exist"));
        } else {
            return Err(missing(path, project));
        }
        if units.len() == before {
            unmatched.push(path.clone());
        }
    }
    selection.finish(units, searched, unmatched)
}

/// Tells whether a selector is of a part of something that is there.
fn is_part(selection: &Selection<'_>, project: &Path, selector: &str) -> bool {
    selection.file_of_part(selector).is_some_and(|file| project.join(file).exists())
}

fn missing(path: &str, project: &Path) -> DiscoverError {
    DiscoverError::Missing { path: path.to_owned(), place: place(project) }
}

fn place(project: &Path) -> String {
    format!("in `{}`", project.display())
}

/// Makes the path in a selector relative to the project.
fn selector_inside(selection: &Selection<'_>, selector: &str, project: &Path) -> Result<String, DiscoverError> {
    let (path, part) = selection.split(selector);
    Ok(inside(path, project)? + part)
}

fn inside(path: &str, project: &Path) -> Result<String, DiscoverError> {
    let outside = || DiscoverError::Outside { path: path.to_owned(), project: project.display().to_string() };
    let normal = normal(path);
    if !normal.starts_with('/') && !normal.starts_with("..") {
        return Ok(normal);
    }
    let whole = normal_path(&project.join(&normal)).ok_or_else(outside)?;
    match Path::new(&whole).strip_prefix(project).ok().and_then(Path::to_str) {
        Some("") => Ok(".".to_owned()),
        Some(relative) => Ok(relative.to_owned()),
        None => Err(outside()),
    }
}

fn normal_path(path: &Path) -> Option<String> {
    path.to_str().map(normal)
}

/// What is looked for below a directory.
struct Walk<'a> {
    project: &'a Path,
    from: &'a str,
    excluded: &'a GlobSet,
    skips: &'a dyn Fn(&str) -> bool,
    wanted: &'a dyn Fn(&str) -> bool,
}

fn walk(walk: &Walk<'_>, units: &mut Vec<String>) -> Result<(), DiscoverError> {
    let Walk { project, from, excluded, skips, wanted } = walk;
    let root = if *from == "." { project.to_path_buf() } else { project.join(from) };
    let enter = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        // minke's own output is never a test, however broad a glob is.
        entry.depth() == 0 || !entry.file_type().is_dir() || !(skips(&name) || name == ".minke" || name == ".git")
    };
    // What is left out may be unreadable, or have a name that cannot be a unit's.
    let is_excluded = |path: &Path| excluded.is_match(path.strip_prefix(project).unwrap_or(path));
    for entry in WalkDir::new(&root).sort_by_file_name().into_iter().filter_entry(enter) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.path().is_some_and(is_excluded) => continue,
            Err(error) => {
                let path = error.path().unwrap_or(&root).display().to_string();
                return Err(DiscoverError::Read { path, source: error.into() });
            }
        };
        let is_file = entry.file_type().is_file() || (entry.path_is_symlink() && entry.path().is_file());
        if !is_file {
            continue;
        }
        let below = entry.path().strip_prefix(&root).unwrap_or(entry.path());
        match below.to_str() {
            Some(below) => {
                let path = join(from, below);
                if wanted(&path) {
                    units.push(path);
                }
            }
            None if wanted(&join(from, &below.to_string_lossy())) && !is_excluded(entry.path()) => {
                return Err(DiscoverError::NotUtf8 { path: entry.path().to_owned() });
            }
            None => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::framework::Pytest;

    fn project(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    fn find(dir: &Path, paths: &[&str], exclude: &[&str]) -> Result<Found, DiscoverError> {
        let owned = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
        let (paths, exclude) = (owned(paths), owned(exclude));
        on_host(&Selection { paths: &paths, named: None, exclude: &exclude, framework: &Pytest }, dir)
    }

    #[test]
    fn a_directory_means_the_framework_s_own_pattern() {
        let dir =
            project(&["t/test_b.py", "t/a_test.py", "t/helper.py", "t/node_modules/test_x.py", "t/.venv/test_y.py"]);
        assert_eq!(find(dir.path(), &["t"], &[]).unwrap().units, ["t/a_test.py", "t/test_b.py"]);
        assert_eq!(find(dir.path(), &[], &[]).unwrap().units, ["t/a_test.py", "t/test_b.py"]);
    }

    #[test]
    fn globs_files_and_directories_together_give_each_file_once() {
        let dir = project(&["t/test_a.py", "t/slow/test_b.py", "t/odd.py"]);
        let found = find(dir.path(), &["t/**/*.py", "./t/odd.py", "t/"], &["t/slow"]).unwrap();
        assert_eq!(found.units, ["t/odd.py", "t/test_a.py"]);
    }

    #[test]
    fn a_missing_file_is_an_error_and_an_empty_glob_is_not() {
        let dir = project(&["t/test_a.py"]);
        assert!(matches!(find(dir.path(), &["t/test_x.py"], &[]), Err(DiscoverError::Missing { .. })));
        let found = find(dir.path(), &["t/*_spec.py"], &[]).unwrap();
        assert!(found.units.is_empty() && found.searched[0].contains("t/*_spec.py"));
        assert!(matches!(find(dir.path(), &["../x"], &[]), Err(DiscoverError::Outside { .. })));
        let around = format!("../{}/t/test_a.py", dir.path().file_name().unwrap().to_str().unwrap());
        assert_eq!(find(dir.path(), &[&around], &[]).unwrap().units, ["t/test_a.py"]);
    }

    #[test]
    fn what_selects_a_part_is_no_path() {
        let dir = project(&["t/test_a.py"]);
        let found = find(dir.path(), &["./t//test_a.py::test_get[//a/./b/]"], &[]).unwrap();
        assert_eq!(found.units, ["t/test_a.py::test_get[//a/./b/]"]);
    }

    #[test]
    fn ignore_files_play_no_part() {
        let dir = project(&["t/test_a.py"]);
        fs::write(dir.path().join(".gitignore"), "t\n").unwrap();
        assert_eq!(find(dir.path(), &["t"], &[]).unwrap().units, ["t/test_a.py"]);
    }

    #[test]
    fn odd_names_survive() {
        let names =
            ["t/test_a b.py", "t/test_'q\".py", "t/test_$(x).py", "t/test_\n.py", "t/test_é.py", "t/-x_test.py"];
        let dir = project(&names);
        let mut expected: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        expected.sort();
        assert_eq!(find(dir.path(), &["t"], &[]).unwrap().units, expected);
    }

    #[test]
    fn a_file_whose_name_is_a_glob_is_itself() {
        let dir = project(&["t/test_[a].py", "t/test_a.py"]);
        assert_eq!(find(dir.path(), &["t/test_[a].py"], &[]).unwrap().units, ["t/test_[a].py"]);
    }
}
