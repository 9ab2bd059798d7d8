//! What was selected: paths, directories and globs, and what is left out again.

use std::collections::HashSet;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::DiscoverError;
use crate::framework::Framework;
use crate::model::{Unit, split_part};

/// What the user selected, relative to the project's directory.
pub struct Selection<'a> {
    /// Files, directories and globs; empty means the framework's own default.
    pub paths: &'a [String],
    /// Files that are taken as they are named, never as globs (`--files-from`); `None` when there is no such list.
    pub named: Option<&'a [String]>,
    /// Globs of what is left out.
    pub exclude: &'a [String],
    /// The framework, which knows its files in a directory by their names.
    pub framework: &'a dyn Framework,
}

/// What a selection found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The units' paths, sorted, each once.
    pub units: Vec<String>,
    /// What was searched, for a person, when nothing was found.
    pub searched: Vec<String>,
    /// The selected paths that gave no unit.
    pub unmatched: Vec<String>,
}

impl Selection<'_> {
    /// Returns the paths to look at: the given ones, or the framework's default.
    pub(super) fn paths_or_default(&self) -> Vec<String> {
        if self.paths.is_empty() && self.named.is_none() {
            self.framework.default_path().map(str::to_owned).into_iter().collect()
        } else {
            self.paths.to_vec()
        }
    }

    /// Returns the file that a selector is of, when it selects a part and the framework takes parts.
    pub(super) fn file_of_part<'p>(&self, selector: &'p str) -> Option<&'p str> {
        let (file, part) = split_part(selector);
        part.filter(|_| self.framework.takes_parts()).map(|_| file)
    }

    /// Splits a selector into its path and what selects a part of the file, which is no path and stays as it is.
    pub(super) fn split<'p>(&self, selector: &'p str) -> (&'p str, &'p str) {
        selector.split_at(self.file_of_part(selector).unwrap_or(selector).len())
    }

    /// Compiles the globs of what is left out. A glob also leaves out everything below what it matches.
    pub(super) fn excluded(&self) -> Result<GlobSet, DiscoverError> {
        let mut set = GlobSetBuilder::new();
        for glob in self.exclude {
            let glob = normal(glob);
            let trimmed = glob.trim_end_matches('/');
            set.add(compile(trimmed, "--exclude")?);
            set.add(compile(&format!("{trimmed}/**"), "--exclude")?);
        }
        set.build().map_err(|source| DiscoverError::Glob { glob: self.exclude.join(", "), origin: "--exclude", source })
    }

    /// Sorts what was found, drops what is left out and what is there twice.
    pub(super) fn finish(
        &self,
        units: Vec<String>,
        mut searched: Vec<String>,
        unmatched: Vec<String>,
    ) -> Result<Found, DiscoverError> {
        let excluded = self.excluded()?;
        let before = units.len();
        let mut units: Vec<String> = units.iter().map(|file| self.framework.unit_of(file)).collect();
        units.retain(|unit| !excluded.is_match(unit));
        if self.named.is_some_and(<[String]>::is_empty) {
            searched.push("the list of `--files-from`, which is empty".to_owned());
        }
        if before > 0 && units.is_empty() {
            searched.push(format!("`--exclude` leaves out all {before} files"));
        }
        units.sort_by(|one, other| part_order(one).cmp(&part_order(other)));
        units.dedup();
        // Of a file and a part of it, the file has all.
        let files: HashSet<String> = units.iter().cloned().collect();
        units.retain(|unit| self.file_of_part(unit).is_none_or(|file| !files.contains(file)));
        Ok(Found { units, searched, unmatched })
    }
}

/// Orders units by their files, and parts of a file by their lines, which are numbers, or by their text.
fn part_order(unit: &str) -> (&str, Option<u64>, &str) {
    let (file, part) = split_part(unit);
    (file, part.and_then(|part| part.split(':').next()?.parse().ok()), unit)
}

/// Makes units of paths: with the names of their reports, and marked where `--allow-empty` matches.
///
/// # Errors
/// [`DiscoverError::Glob`] for a glob of `--allow-empty` that cannot be read.
pub fn mark_units(
    paths: Vec<String>,
    framework: &dyn Framework,
    allow_empty: &[String],
) -> Result<Vec<Unit>, DiscoverError> {
    let may_be_empty = Globs::new(allow_empty, "--allow-empty")?;
    let unit = |path: String| Unit {
        report_key: framework.report_key(&path),
        alone: framework.stands_alone(&path),
        may_be_empty: may_be_empty.match_path(&path),
        ..Unit::new(path)
    };
    Ok(paths.into_iter().map(unit).collect())
}

/// Globs of paths, of which one has to match.
pub struct Globs(GlobSet);

impl Globs {
    /// Compiles globs; `origin` says where they were given.
    ///
    /// # Errors
    /// [`DiscoverError::Glob`] names the first that is none.
    pub fn new(globs: &[String], origin: &'static str) -> Result<Self, DiscoverError> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(compile(&normal(glob), origin)?);
        }
        let failed = |source| DiscoverError::Glob { glob: globs.join(", "), origin, source };
        set.build().map(Self).map_err(failed)
    }

    /// Tells whether a glob matches a path, or is the path.
    pub fn match_path(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// Compiles one glob in which `*` does not cross `/`.
pub(super) fn compile(glob: &str, origin: &'static str) -> Result<Glob, DiscoverError> {
    GlobBuilder::new(glob)
        .literal_separator(true)
        .empty_alternates(true)
        .build()
        .map_err(|source| DiscoverError::Glob { glob: glob.to_owned(), origin, source })
}

/// Tells whether a path has a character that means something in a glob.
pub(crate) fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// Returns the part of a glob before its first component with a special character; `.` when there is none.
pub(super) fn literal_prefix(glob: &str) -> String {
    let literal: Vec<&str> = glob.split('/').take_while(|part| !is_glob(part)).collect();
    if literal.is_empty() { ".".to_owned() } else { literal.join("/") }
}

/// Writes a path without `.` components, doubled slashes and a slash at the end, and without a `..` that follows a name;
/// `.` for the directory itself.
pub(super) fn normal(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match parts.last() {
            Some(&last) if part == ".." && last != ".." => drop(parts.pop()),
            Some(_) | None => parts.push(part),
        }
    }
    match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Puts a directory before a name, unless the directory is the project's own.
pub(super) fn join(dir: &str, name: &str) -> String {
    match dir {
        "." => name.to_owned(),
        "/" => format!("/{name}"),
        _ => format!("{dir}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_in_one_way() {
        for (path, expected) in [
            ("./a//b/", "a/b"),
            (".", "."),
            ("./", "."),
            ("/x/./y", "/x/y"),
            ("a/**/b.py", "a/**/b.py"),
            ("../a", "../a"),
            ("a/../b/x.py", "b/x.py"),
            ("a/../..", ".."),
        ] {
            assert_eq!(normal(path), expected);
        }
    }

    #[test]
    fn a_star_stays_within_a_directory() {
        let matcher = compile("features/*.feature", "paths").unwrap().compile_matcher();
        assert!(matcher.is_match("features/a.feature"));
        assert!(!matcher.is_match("features/sub/a.feature"));
        let deep = compile("tests/**/test_*.py", "paths").unwrap().compile_matcher();
        assert!(deep.is_match("tests/test_a.py") && deep.is_match("tests/x/y/test_b.py"));
    }

    #[test]
    fn a_glob_is_searched_from_its_plain_beginning() {
        assert_eq!(literal_prefix("tests/unit/**/test_*.py"), "tests/unit");
        assert_eq!(literal_prefix("**/x.py"), ".");
    }

    #[test]
    fn a_bad_glob_is_named() {
        let error = compile("tests/[", "--exclude").unwrap_err();
        assert!(error.to_string().contains("tests/[") && error.to_string().contains("--exclude"));
    }
}
