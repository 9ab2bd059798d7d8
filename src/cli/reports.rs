//! The files that a run leaves behind, each made of the run's state.

use std::path::{Path, PathBuf};

use crate::config::Settings;
use crate::model::RunState;
use crate::report::html::{self, HtmlOptions};
use crate::report::markdown::{self, MarkdownOptions};
use crate::report::{WriteError, junit, trace};

/// The Markdown summary's name in a run's own directory.
pub(super) const SUMMARY: &str = "summary.md";

/// What a JUnit file is called where reports are listed.
pub(super) const JUNIT: &str = "junit";

/// What an HTML file is called there.
pub(super) const HTML: &str = "html";

/// Where each report is to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReportFiles {
    /// JUnit files.
    pub(super) junit: Vec<PathBuf>,
    /// HTML files.
    pub(super) html: Vec<PathBuf>,
    /// What the HTML files link to.
    pub(super) html_options: HtmlOptions,
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
    /// What each file is, as the summary of a run calls it, and where it is.
    pub(super) files: Vec<(&'static str, PathBuf)>,
    /// Why the others could not be.
    pub(super) errors: Vec<WriteError>,
}

impl ReportFiles {
    /// Returns the reports in a run's own directory, which is told relative to `root`.
    pub(super) fn inside(run_dir: &Path, root: &Path) -> Self {
        Self {
            junit: vec![run_dir.join("junit.xml")],
            html: vec![run_dir.join("report.html")],
            html_options: HtmlOptions {
                run_dir: Some(run_dir.to_owned()),
                project: Some(root.to_owned()),
                ..HtmlOptions::default()
            },
            summaries: vec![run_dir.join(SUMMARY)],
            traces: Vec::new(),
            shown_run_dir: run_dir.strip_prefix(root).unwrap_or(run_dir).to_owned(),
        }
    }

    /// Returns the reports of a run: those in its directory, and those that the settings name.
    pub(super) fn of_run(settings: &Settings, run_dir: &Path) -> Self {
        let mut files = Self::inside(run_dir, &settings.root);
        files.junit.extend(settings.junit.clone());
        files.html.extend(settings.html.clone());
        files.summaries.extend(settings.summary.clone());
        files.traces.extend(settings.trace.clone());
        files
    }

    /// Returns the same with no file to write.
    pub(super) fn without_files(&self) -> Self {
        Self {
            junit: Vec::new(),
            html: Vec::new(),
            html_options: self.html_options.clone(),
            summaries: Vec::new(),
            traces: Vec::new(),
            shown_run_dir: self.shown_run_dir.clone(),
        }
    }

    /// Returns what a summary needs besides the run.
    pub(super) fn markdown(&self) -> MarkdownOptions {
        MarkdownOptions { run_dir: self.shown_run_dir.clone() }
    }
}

impl Written {
    /// Returns the files of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().filter(move |(it, _)| *it == kind).map(|(_, path)| path)
    }

    fn keep(&mut self, kind: &'static str, path: &Path, result: Result<(), WriteError>) {
        match result {
            Ok(()) => self.files.push((kind, path.to_owned())),
            Err(error) => self.errors.push(error),
        }
    }
}

/// Writes the reports of a run. What cannot be written keeps no other from being written.
pub(super) fn write(state: &RunState, files: &ReportFiles) -> Written {
    let junit = junit::WriteOptions { work_dir: state.plan().and_then(|plan| plan.work_dir.clone()) };
    let markdown = files.markdown();
    let mut written = Written::default();
    for path in &files.junit {
        written.keep(JUNIT, path, junit::write_file(state, &junit, path));
    }
    for path in &files.html {
        written.keep(HTML, path, html::write_file(state, &files.html_options, path));
    }
    for path in &files.summaries {
        written.keep("summary", path, markdown::write_file(state, &markdown, path));
    }
    for path in &files.traces {
        written.keep("trace", path, trace::write_file(state, path));
    }
    written
}
