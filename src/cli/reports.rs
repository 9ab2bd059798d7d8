//! The files that a run leaves behind, each made of the run's state.

use std::path::{Path, PathBuf};

use crate::config::Settings;
use crate::model::RunState;
use crate::report::markdown::{self, MarkdownOptions};
use crate::report::{WriteError, junit, trace};

/// The Markdown summary's name in a run's own directory.
pub(super) const SUMMARY: &str = "summary.md";

/// Where each report is to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReportFiles {
    /// JUnit files.
    pub(super) junit: Vec<PathBuf>,
    /// Markdown summaries.
    pub(super) summaries: Vec<PathBuf>,
    /// Traces.
    pub(super) traces: Vec<PathBuf>,
    /// The run's directory as summaries are to name it.
    pub(super) shown_run_dir: PathBuf,
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The JUnit files.
    pub(super) junit: Vec<PathBuf>,
    /// Why the others could not be.
    pub(super) errors: Vec<WriteError>,
}

impl ReportFiles {
    /// Returns the reports in a run's own directory.
    pub(super) fn inside(run_dir: &Path) -> Self {
        Self {
            junit: vec![run_dir.join("junit.xml")],
            summaries: vec![run_dir.join(SUMMARY)],
            traces: Vec::new(),
            shown_run_dir: run_dir.to_owned(),
        }
    }

    /// Returns the reports of a run: those in its directory, and those that the settings name.
    pub(super) fn of_run(settings: &Settings, run_dir: &Path) -> Self {
        let mut files = Self::inside(run_dir);
        files.junit.extend(settings.junit.clone());
        files.summaries.extend(settings.summary.clone());
        files.traces.extend(settings.trace.clone());
        files.shown_run_dir = run_dir.strip_prefix(&settings.root).unwrap_or(run_dir).to_owned();
        files
    }

    /// Returns what a summary needs besides the run.
    pub(super) fn markdown(&self) -> MarkdownOptions {
        MarkdownOptions { run_dir: self.shown_run_dir.clone() }
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
    let markdown = files.markdown();
    let summaries = files.summaries.iter().map(|path| markdown::write_file(state, &markdown, path));
    let traces = files.traces.iter().map(|path| trace::write_file(state, path));
    written.errors.extend(summaries.chain(traces).filter_map(Result::err));
    written
}

fn keep(result: Result<(), WriteError>, path: &Path, written: &mut Vec<PathBuf>, errors: &mut Vec<WriteError>) {
    match result {
        Ok(()) => written.push(path.to_owned()),
        Err(error) => errors.push(error),
    }
}
