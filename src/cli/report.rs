//! `minke report`: the reports of a recorded run, made again of its events and its spooled output.

use std::io::{self, Write};
use std::path::Path;

use super::args::ReportArgs;
use super::ci::CiVariables;
use super::error::CliError;
use super::recorded::RecordedRun;
use super::reports::{self, ReportFiles};
use crate::config::Settings;

/// Writes the reports of a recorded run: all of them into the run's own directory, or, when files or marks are asked for,
/// just those.
///
/// # Errors
/// [`CliError::Record`] when there is no such run, [`CliError::Report`] when a report cannot be written.
pub fn report(settings: &Settings, ci: &CiVariables, args: &ReportArgs, out: &mut dyn Write) -> Result<(), CliError> {
    let run = RecordedRun::find(&settings.output_dir, args.run.as_deref())?;
    let state = run.state()?;
    if state.ended_at().is_none() {
        let text =
            "the record has no end: the run still goes on, or minke was killed; units without an end are not run";
        let _ = writeln!(io::stderr(), "warning: {text}");
    }
    let own = ReportFiles::inside(&run.dir, &settings.root);
    let files = args.files(&own, &settings.root).unwrap_or(own);
    let written = reports::write(&state, &files);
    if let Some(system) = args.annotations {
        // Whatever else stood there could be taken for a mark.
        out.write_all(ci.marks(&state, system.into(), settings, &files.markdown()).as_bytes())?;
    } else {
        for (kind, path) in written.files {
            writeln!(out, "{kind}: {}", shown(settings, &path).display())?;
        }
    }
    let mut errors = written.errors.into_iter();
    let Some(first) = errors.next() else { return Ok(()) };
    for error in errors {
        let _ = writeln!(io::stderr(), "error: {error}");
    }
    Err(first.into())
}

fn shown<'a>(settings: &Settings, path: &'a Path) -> &'a Path {
    path.strip_prefix(&settings.root).unwrap_or(path)
}
