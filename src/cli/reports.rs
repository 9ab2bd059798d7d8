//! The files that a run leaves behind, each made of the run's state.

use std::path::{Path, PathBuf};

use crate::config::Settings;
use crate::model::RunState;
use crate::report::WriteError;
use crate::report::html::{self, HtmlOptions};
use crate::report::junit;

/// Where each report is to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReportFiles {
    /// JUnit files.
    pub(super) junit: Vec<PathBuf>,
    /// HTML files.
    pub(super) html: Vec<PathBuf>,
    /// What the HTML files link to.
    pub(super) html_options: HtmlOptions,
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The JUnit files.
    pub(super) junit: Vec<PathBuf>,
    /// The HTML files.
    pub(super) html: Vec<PathBuf>,
    /// Why the others could not be.
    pub(super) errors: Vec<WriteError>,
}

impl ReportFiles {
    /// Returns the reports in a run's own directory.
    pub(super) fn inside(run_dir: &Path) -> Self {
        Self {
            junit: vec![run_dir.join("junit.xml")],
            html: vec![run_dir.join("report.html")],
            html_options: HtmlOptions { run_dir: Some(run_dir.to_owned()), ..HtmlOptions::default() },
        }
    }

    /// Returns the reports of a run: those in its directory, and those that the settings name.
    pub(super) fn of_run(settings: &Settings, run_dir: &Path) -> Self {
        let mut files = Self::inside(run_dir);
        files.junit.extend(settings.junit.clone());
        files.html.extend(settings.html.clone());
        files.html_options.project = Some(settings.root.clone());
        files
    }
}

/// Writes the reports of a run. What cannot be written keeps no other from being written.
pub(super) fn write(state: &RunState, files: &ReportFiles) -> Written {
    let work_dir = state.plan().and_then(|plan| plan.work_dir.clone());
    let mut written = Written::default();
    for path in &files.junit {
        let result = junit::write_file(state, &junit::WriteOptions { work_dir: work_dir.clone() }, path);
        keep(result, path, &mut written.junit, &mut written.errors);
    }
    for path in &files.html {
        let result = html::write_file(state, &files.html_options, path);
        keep(result, path, &mut written.html, &mut written.errors);
    }
    written
}

fn keep(result: Result<(), WriteError>, path: &Path, written: &mut Vec<PathBuf>, errors: &mut Vec<WriteError>) {
    match result {
        Ok(()) => written.push(path.to_owned()),
        Err(error) => errors.push(error),
    }
}
