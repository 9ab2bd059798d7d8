//! What a CI system that runs minke is told by itself: marks in the files, and the summary of its step.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::reports::SUMMARY;
use crate::config::{Annotations, EventsTo, Settings};
use crate::model::RunState;
use crate::report::annotations::{self, AnnotationOptions, Dialect};
use crate::report::markdown::{self, MarkdownOptions};

/// What the environment says of the CI system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CiVariables {
    /// The system whose commands are understood.
    dialect: Option<Dialect>,
    /// The repository's root.
    repository: Option<PathBuf>,
    /// The file that the step's summary is appended to.
    step_summary: Option<PathBuf>,
}

impl CiVariables {
    /// Reads the variables of GitHub Actions and of Azure Pipelines; `variable` looks one up.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_true = |name| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let (dialect, repository) = if is_true("GITHUB_ACTIONS") {
            (Some(Dialect::GitHub), path("GITHUB_WORKSPACE"))
        } else if is_true("TF_BUILD") {
            (Some(Dialect::Azure), path("BUILD_SOURCESDIRECTORY"))
        } else {
            (None, None)
        };
        Self { dialect, repository, step_summary: path("GITHUB_STEP_SUMMARY") }
    }

    /// Writes the marks to standard output, or to standard error when events have the former, and appends the summary to the
    /// step's. Neither is a report that somebody asked for, so what fails is a warning.
    pub(super) fn tell(&self, state: &RunState, settings: &Settings, options: &MarkdownOptions) {
        let dialect = match settings.annotations {
            Annotations::Auto => self.dialect,
            Annotations::GitHub => Some(Dialect::GitHub),
            Annotations::Azure => Some(Dialect::Azure),
            Annotations::Never => None,
        };
        if let Some(dialect) = dialect {
            let marks = self.marks(state, dialect, settings, options);
            // Both systems read their commands from either stream. Nobody is left to be told when this fails.
            let _ = match settings.events {
                Some(EventsTo::Stdout) => io::stderr().write_all(marks.as_bytes()),
                Some(EventsTo::File(_)) | None => io::stdout().write_all(marks.as_bytes()),
            };
        }
        if let Some(path) = &self.step_summary
            && let Err(error) = markdown::append(state, options, path)
        {
            let _ = writeln!(io::stderr(), "warning: {error}");
        }
    }

    /// Returns the marks in the files, in a system's commands.
    pub(super) fn marks(
        &self,
        state: &RunState,
        dialect: Dialect,
        settings: &Settings,
        options: &MarkdownOptions,
    ) -> String {
        let summary = options.run_dir.join(SUMMARY);
        annotations::write(state, &AnnotationOptions { dialect, prefix: self.prefix(&settings.root), summary })
    }

    /// Returns the path from the repository's root to the run's directory; empty when it is not known or not below it.
    fn prefix(&self, root: &Path) -> String {
        let Some(repository) = &self.repository else { return String::new() };
        // One of the two may lead through a link.
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let below = root.strip_prefix(repository).map(Path::to_owned);
        let below = below.or_else(|_| real(root).strip_prefix(real(repository)).map(Path::to_owned));
        below.map(|below| below.display().to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> CiVariables {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        CiVariables::from_variables(find)
    }

    #[test]
    fn a_system_is_known_by_its_own_variable() {
        assert_eq!(of(&[("GITHUB_WORKSPACE", "/r"), ("CI", "true")]), CiVariables::default());
        assert_eq!(of(&[("GITHUB_ACTIONS", "true")]).dialect, Some(Dialect::GitHub));
        assert_eq!(of(&[("TF_BUILD", "True")]).dialect, Some(Dialect::Azure));
        assert_eq!(of(&[("GITHUB_STEP_SUMMARY", "")]).step_summary, None);
    }

    #[test]
    fn a_run_below_the_repository_has_a_prefix() {
        let ci = of(&[("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", "/no/such/repository/")]);
        assert_eq!(ci.prefix(Path::new("/no/such/repository/services/shop")), "services/shop");
        assert_eq!(ci.prefix(Path::new("/no/such/repository")), "");
        assert_eq!(ci.prefix(Path::new("/elsewhere")), "");
        assert_eq!(of(&[]).prefix(Path::new("/elsewhere")), "");
    }

    #[test]
    fn a_prefix_is_found_through_a_link() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(place.path().join("real/shop")).unwrap();
        std::os::unix::fs::symlink("real", place.path().join("link")).unwrap();
        let workspace = place.path().join("link");
        let ci = of(&[("TF_BUILD", "True"), ("BUILD_SOURCESDIRECTORY", workspace.to_str().unwrap())]);
        assert_eq!(ci.prefix(&place.path().join("real/shop")), "shop");
    }
}
