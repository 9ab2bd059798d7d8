//! Some of the project's test files, by which it is seen whether they are where they should be.

use std::path::{Component, Path, PathBuf};

use super::prepare::AUTO;
use crate::config::Settings;
use crate::discover::{Globs, is_glob, project_on_host};
use crate::framework::{self, Framework};
use crate::model::split_part;

/// How many of the project's test files must be in an image so that the project is taken to be in it.
const SAMPLES: usize = 3;

/// Names some test files that the project has on the host, relative to its root: what the user selects, else what a framework
/// takes for one.
pub(super) fn samples(settings: &Settings, named: Option<&[String]>) -> Vec<String> {
    let selected = settings.files.iter().chain(named.unwrap_or_default()).map(|path| split_part(path).0);
    let (there, others): (Vec<&str>, Vec<&str>) = selected.partition(|path| settings.root.join(path).exists());
    let mut selected: Vec<PathBuf> = there.into_iter().filter_map(|path| below(&settings.root, path)).collect();
    let globs: Vec<&str> = others.into_iter().filter(|path| is_glob(path)).collect();
    if selected.len() < SAMPLES && !globs.is_empty() {
        selected.extend(matched(&settings.root, &globs));
    }
    // Who selects the root itself selects whatever is found in it.
    let selects_root = selected.iter().any(|path| path.as_os_str().is_empty());
    let selected = selected.into_iter().filter(|path| !path.as_os_str().is_empty());
    let on_host: Vec<String> = selected.map(|path| path.to_string_lossy().into_owned()).take(SAMPLES).collect();
    if !on_host.is_empty() || !(settings.files.is_empty() || selects_root) {
        return on_host;
    }
    let frameworks: &[&dyn Framework] = match settings.framework.as_str() {
        AUTO => framework::ALL,
        name => framework::named(name),
    };
    let project = project_on_host(&[], &settings.root);
    let tests = project.paths.into_iter().filter(|path| frameworks.iter().any(|framework| framework.is_unit(path)));
    tests.take(SAMPLES).collect()
}

/// Returns the project's files that globs match; a glob that is not valid is told of when units are looked for.
fn matched(root: &Path, globs: &[&str]) -> Vec<PathBuf> {
    let globs: Vec<Globs> = globs.iter().filter_map(|glob| Globs::new(&[(*glob).to_owned()], "FILES").ok()).collect();
    let files = project_on_host(&[], root).paths.into_iter();
    files.filter(|path| globs.iter().any(|glob| glob.match_path(path))).take(SAMPLES).map(PathBuf::from).collect()
}

/// Makes a path relative to the root, without `.` in it; `None` for one that is elsewhere.
fn below(root: &Path, path: &str) -> Option<PathBuf> {
    let whole: PathBuf = root.join(path).components().filter(|part| !matches!(part, Component::CurDir)).collect();
    whole.strip_prefix(root).map(Path::to_owned).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_relative_to_the_root() {
        let root = Path::new("/project");
        for (path, relative) in
            [(".", ""), ("./a.py", "a.py"), ("/project/b/a.py", "b/a.py"), ("b/./a.py", "b/a.py"), ("/project", "")]
        {
            assert_eq!(below(root, path), Some(PathBuf::from(relative)), "{path}");
        }
        assert_eq!(below(root, "/elsewhere/a.py"), None);
    }
}
