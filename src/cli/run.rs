//! `minke run`, `minke pytest` and `minke cucumber`.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::ci::CiVariables;
use super::clean::objects;
use super::coverage_output;
use super::error::CliError;
use super::image_progress::ImageProgress;
use super::last_words::write_last;
use super::prepare::{AUTO, Prepared, prepare};
use super::reports::{self, HTML, JUNIT, ReportFiles};
use crate::config::{Color, EventsTo, Output, Settings, Verbosity};
use crate::engine::{DockerClient, DockerEngine, Engine, SecretDir, remove_run, sweep};
use crate::model::{CancelReason, ExitCode, Network, RunId, RunState, UnitOutcome};
use crate::report::EventStream;
use crate::report::terminal::{self, Colours, Live, OutputMode, OutputOptions, Plain, SummaryOptions, Watch, summary};
use crate::run::{Cancel, RunDirectory, Sinks, cancel_on_signals, new_run_id};

/// How long a cancelled run may go on preparing.
const PREPARE_AFTER_CANCEL: Duration = Duration::from_secs(3);

/// Runs the selected tests, reports live on standard error, writes the reports and returns the exit code.
///
/// `rerun` is the command line of this run without its paths, for the hint that runs just the failures again; `ci` is where
/// the CI system that runs minke, if one does, wants to be told.
///
/// # Errors
/// Whatever kept the run from beginning. Once it has begun, what goes wrong is in its reports.
pub async fn run(
    settings: &Settings,
    docker: &DockerClient,
    ci: &CiVariables,
    rerun: Vec<String>,
) -> Result<ExitCode, CliError> {
    let handler = |source| CliError::System { operation: "listen to signals", source };
    let cancel = Cancel::new();
    let signals = cancel_on_signals(cancel.clone()).map_err(handler)?;
    let coverage_output = settings.coverage_output.as_deref();
    let reports = [&settings.junit, &settings.html, &settings.summary, &settings.trace].into_iter().flatten().cloned();
    for report in reports.chain(coverage_output.into_iter().flat_map(coverage_output::files)) {
        forget_old_report(&report);
    }
    let events = events_sink(settings, &cancel).await?;
    let run = new_run_id();
    let prepared = prepare_unless_cancelled(settings, docker, run, &cancel).await?;
    let directory = RunDirectory::create(&settings.output_dir, run)?;
    let style = Style::of(settings);
    tell_remarks(&prepared, &style);
    SecretDir::sweep();
    sweep_leftovers(&*prepared.engine, &style).await;
    if let Some(error) = prepared.unusable_image {
        tell_output(&error);
        cancel.request(CancelReason::ImageUnusable { detail: error.in_one_line() });
    }
    let (sinks, watch) = style.sinks(settings, &directory);
    let sinks = match events {
        Some(events) => sinks.with(events),
        None => sinks,
    };
    let command_line = whole_plan(settings, with_framework(settings, &prepared.plan.framework().name, rerun));
    let plan = prepared.plan.asked_for_by(command_line.clone());
    let state = crate::run::run(plan, prepared.engine, sinks, cancel).await?;
    drop(prepared.secrets);
    signals.abort();
    let mut last_words = String::new();
    let mut code = ExitCode::of(&state);
    if !directory.events().exists() {
        code = code.and(ExitCode::Incomplete);
        let gone = shown(settings, directory.path());
        last_words += &format!("error: `{}` was removed during the run, and its logs with it\n", gone.display());
    }
    let files = ReportFiles::of_run(settings, directory.path());
    let written = reports::write(&state, &files);
    for error in written.errors.iter().chain(&coverage_output::copy(&state, directory.path(), coverage_output)) {
        code = code.and(ExitCode::Incomplete);
        last_words += &format!("error: {error}\n");
    }
    let failed_list = directory.path().join("failed.txt");
    write_failed_list(&state, &failed_list);
    let options = SummaryOptions {
        colours: style.colours,
        verbosity: style.verbosity,
        run_dir: shown(settings, directory.path()),
        junit: written.of_kind(JUNIT).map(|path| shown(settings, path)).collect(),
        html: written.of_kind(HTML).map(|path| shown(settings, path)).collect(),
        coverage: coverage_output::places(&state, directory.path(), coverage_output)
            .iter()
            .map(|dir| shown(settings, dir))
            .collect(),
        rerun: command_line,
        framework_args: settings.framework_args.clone(),
        failed_list: shown(settings, &failed_list),
        network_is_none: settings.network == Network::None,
    };
    last_words += &format!("\n{}", summary(&state, code, &options));
    write_last(&watch, last_words).await;
    ci.tell(&state, settings, &files.markdown());
    Ok(code)
}

/// Opens what the events of the run are sent to besides its own directory. A named pipe opens when somebody reads it, so the
/// run can be cancelled meanwhile.
async fn events_sink(settings: &Settings, cancel: &Cancel) -> Result<Option<EventStream>, CliError> {
    let path = match &settings.events {
        None => return Ok(None),
        Some(EventsTo::Stdout) => return Ok(Some(EventStream::new(io::stdout()))),
        Some(EventsTo::File(path)) => path.clone(),
    };
    tokio::select! {
        opened = tokio::task::spawn_blocking(move || EventStream::create(&path)) => {
            let opened = opened.map_err(|error| CliError::System { operation: "open the events", source: error.into() })?;
            Ok(Some(opened?))
        }
        reason = cancel.requested() => Err(CliError::Cancelled(reason)),
    }
}

/// Prepares the run. When it is cancelled meanwhile, what is nearly ready is waited for, so that the report can name every
/// unit; what is not is given up, and its container removed.
async fn prepare_unless_cancelled(
    settings: &Settings,
    docker: &DockerClient,
    run: RunId,
    cancel: &Cancel,
) -> Result<Prepared, CliError> {
    let progress = Arc::new(ImageProgress::new(settings, Some(run)));
    let engine: Arc<dyn Engine> = tokio::select! {
        engine = DockerEngine::connect(docker) => Arc::new(engine?.observed_by(progress.clone())),
        reason = cancel.requested() => return Err(CliError::Cancelled(reason)),
    };
    let mut preparing = pin!(prepare(settings, Arc::clone(&engine), run));
    let reason = tokio::select! {
        prepared = &mut preparing => {
            progress.hush();
            return prepared;
        }
        reason = cancel.requested() => reason,
    };
    progress.hush();
    if let Ok(prepared) = timeout(PREPARE_AFTER_CANCEL, preparing).await {
        return prepared;
    }
    // The engine may be the reason why it took so long.
    let _ = timeout(PREPARE_AFTER_CANCEL, remove_run(&*engine, run)).await;
    Err(CliError::Cancelled(reason))
}

/// How a run is told on the terminal.
struct Style {
    colours: Colours,
    verbosity: terminal::Verbosity,
    live: bool,
}

impl Style {
    fn of(settings: &Settings) -> Self {
        let is_terminal = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let coloured = match settings.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal,
        };
        let verbosity = match settings.verbosity {
            Verbosity::Quiet => terminal::Verbosity::Quiet,
            Verbosity::Normal => terminal::Verbosity::Normal,
            Verbosity::Verbose(_) => terminal::Verbosity::Verbose,
        };
        Self { colours: if coloured { Colours::On } else { Colours::Off }, verbosity, live: is_terminal }
    }

    /// Makes the sinks of a run, and what tells whether standard error gets on.
    fn sinks(&self, settings: &Settings, directory: &RunDirectory) -> (Sinks, Watch) {
        let output = OutputOptions {
            mode: match settings.output {
                Output::Never => OutputMode::Never,
                Output::Failed => OutputMode::Failed,
                Output::Prefixed => OutputMode::Prefixed,
                Output::Grouped => OutputMode::Grouped,
            },
            run_dir: directory.path().to_owned(),
            shown_dir: shown(settings, directory.path()),
        };
        let sinks = Sinks::new(directory.clone());
        if self.live {
            let live = Live::stderr(self.colours, self.verbosity).with_output(output);
            let watch = live.watch();
            (sinks.with(live), watch)
        } else {
            let plain = Plain::new(Box::new(io::stderr()), self.colours, self.verbosity).with_output(output);
            let watch = plain.watch();
            (sinks.with(plain), watch)
        }
    }
}

/// Names the framework that was recognised, because fewer files may show less of it.
fn with_framework(settings: &Settings, name: &str, mut rerun: Vec<String>) -> Vec<String> {
    if settings.framework != AUTO {
        return rerun;
    }
    if let Some(at) = rerun.windows(2).position(|words| words == ["--framework", AUTO]) {
        rerun.drain(at..at + 2);
    }
    rerun.extend(["--framework".to_owned(), name.to_owned()]);
    rerun
}

/// Lifts a partition that another source than the command line sets, for a failed file is in one part only.
fn whole_plan(settings: &Settings, mut rerun: Vec<String>) -> Vec<String> {
    if settings.partition.is_some() {
        rerun.extend(["--partition".to_owned(), "1/1".to_owned()]);
    }
    rerun
}

/// Removes the report of an earlier run, so that nobody takes it for this one's, however this one ends.
fn forget_old_report(path: &Path) {
    if path.is_file() {
        // If it cannot be removed it cannot be replaced either, and that is told when the report is written.
        let _ = fs::remove_file(path);
    }
}

fn tell_remarks(prepared: &Prepared, style: &Style) {
    if style.verbosity != terminal::Verbosity::Quiet {
        for note in &prepared.notes {
            let _ = writeln!(io::stderr(), "{note}");
        }
        for remark in &prepared.remarks {
            let _ = writeln!(io::stderr(), "warning: {remark}");
        }
    }
}

/// Shows the last lines of what kept the image from being there; the report has the cause alone.
fn tell_output(error: &CliError) {
    if let Some(output) = error.output() {
        let _ = io::stderr().write_all(output.as_bytes());
    }
}

async fn sweep_leftovers(engine: &dyn Engine, style: &Style) {
    let told = match sweep(engine, Timestamp::now(), false).await {
        Ok(swept) if swept.removed.is_empty() && swept.failed.is_empty() => return,
        Ok(swept) if swept.failed.is_empty() => {
            format!("removed {} that earlier runs left behind", objects(&swept.removed))
        }
        Ok(swept) => format!(
            "warning: {} of earlier runs cannot be removed",
            objects(swept.failed.iter().map(|(object, _)| object))
        ),
        Err(error) => format!("warning: cannot look for containers of earlier runs: {}", error.in_full()),
    };
    if style.verbosity != terminal::Verbosity::Quiet {
        let _ = writeln!(io::stderr(), "{told}");
    }
}

/// Writes the paths of the failed and errored units in the form that `--files-from` reads.
fn write_failed_list(state: &RunState, path: &Path) {
    let bad = state.units().iter().filter(|unit| match unit.outcome() {
        UnitOutcome::Failed | UnitOutcome::Errored(_) => true,
        UnitOutcome::Passed | UnitOutcome::NotRun => false,
    });
    let paths: Vec<&str> = bad.map(|unit| unit.unit.as_str()).collect();
    let end = if paths.iter().any(|path| path.contains('\n')) { '\0' } else { '\n' };
    let text: String = paths.iter().flat_map(|path| [*path, if end == '\0' { "\0" } else { "\n" }]).collect();
    // A test that sees this directory may have left a link there. The list is a convenience; the report has the same units.
    let _ = fs::remove_file(path);
    let _ = fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
}

/// Shortens a path below the current directory.
fn shown(settings: &Settings, path: &Path) -> PathBuf {
    path.strip_prefix(&settings.root).unwrap_or(path).to_owned()
}
