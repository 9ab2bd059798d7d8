//! Where a case stands in the project, for consumers that annotate files or divide tests by file.

use crate::model::split_part;

/// A file of the project, and a line in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// Relative to the project's root.
    pub(crate) file: String,
    /// The line as the framework's module gives it.
    pub(crate) line: Option<u32>,
}

/// Finds the place of a case of `unit`, a test file or a part of one, whose framework named `file` and `line`.
///
/// A file outside of `work_dir`, the directory in the container that unit paths are relative to, is no file of the
/// project: the unit itself is named instead, and the line, which belongs to another file, is left out.
pub(crate) fn locate(file: Option<&str>, line: Option<u32>, unit: &str, work_dir: Option<&str>) -> Location {
    let unit = split_part(unit).0;
    let of_unit = |line| Location { file: without_dot(unit).to_owned(), line };
    let Some(file) = file.map(str::trim).filter(|file| !file.is_empty()) else { return of_unit(line) };
    let relative = match work_dir {
        Some(work_dir) => inside(file, work_dir).unwrap_or(file),
        None => file,
    };
    let relative = without_dot(relative);
    let is_inside = !relative.is_empty() && !relative.starts_with('/') && relative.split('/').all(|part| part != "..");
    if is_inside {
        return Location { file: relative.to_owned(), line };
    }
    let is_unit = relative.strip_suffix(without_dot(unit)).is_some_and(|before| before.ends_with('/'));
    of_unit(line.filter(|_| is_unit))
}

/// Derives a class name from a unit's path: `tests/a/test_b.py` gives `tests.a.test_b`.
pub(crate) fn class_of(unit: &str) -> String {
    let path = without_dot(unit);
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let stem = name.rsplit_once('.').map(|(stem, _)| stem).filter(|stem| !stem.is_empty()).unwrap_or(name);
    let class = if folder.is_empty() { stem.to_owned() } else { format!("{folder}/{stem}") };
    class.replace('/', ".")
}

fn inside<'a>(file: &'a str, work_dir: &str) -> Option<&'a str> {
    let rest = file.strip_prefix(work_dir.trim_end_matches('/'))?;
    rest.starts_with('/').then(|| rest.trim_start_matches('/'))
}

fn without_dot(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{class_of, locate};

    #[test]
    fn files_are_relative_to_the_project() {
        for (file, work_dir, expected, line) in [
            (None, None, "t/a.py", Some(3)),
            (Some(""), None, "t/a.py", Some(3)),
            (Some("./t/b.py"), None, "t/b.py", Some(3)),
            (Some("/w/t/b.py"), Some("/w"), "t/b.py", Some(3)),
            (Some("/w//t/b.py"), Some("/w/"), "t/b.py", Some(3)),
            (Some("/t/b.py"), Some("/"), "t/b.py", Some(3)),
            (Some("/www/t/b.py"), Some("/w"), "t/a.py", None),
            (Some("/usr/lib/x.py"), Some("/w"), "t/a.py", None),
            (Some("../x.py"), Some("/w"), "t/a.py", None),
            (Some("/w/t/a.py"), None, "t/a.py", Some(3)),
            (Some("/w/at/a.py"), None, "t/a.py", None),
        ] {
            let location = locate(file, Some(3), "t/a.py", work_dir);
            assert_eq!((location.file.as_str(), location.line), (expected, line), "{file:?} in {work_dir:?}");
        }
    }

    #[test]
    fn the_file_of_a_part_is_its_file() {
        for unit in ["t/a.py::B", "./t/a.py"] {
            assert_eq!(locate(None, Some(3), unit, None).file, "t/a.py");
            assert_eq!(locate(Some("/usr/lib/x.py"), Some(3), unit, Some("/w")).file, "t/a.py");
        }
        assert_eq!(locate(None, None, "f/a.feature:12", None).file, "f/a.feature");
    }

    #[test]
    fn a_class_name_is_the_path_with_dots_and_without_extension() {
        assert_eq!(class_of("tests/a/test_b.py"), "tests.a.test_b");
        assert_eq!(class_of("./a.spec.js"), "a.spec");
        assert_eq!(class_of("v1.2/run"), "v1.2.run");
        assert_eq!(class_of(".bats"), ".bats");
    }
}
