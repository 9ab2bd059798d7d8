//! `minke show`: a recorded run, read again.

use std::io::{self, Write};
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

use super::args::{Format, ShowArgs};
use super::error::CliError;
use super::pager::Pager;
use super::record_json::{run_json, runs_json};
use super::recorded::{RecordError, RecordedRun, unknown_unit};
use crate::config::{Color, Settings};
use crate::model::{RunState, UnitRecord};
use crate::report::terminal::{Colours, RecordOptions, Shown, record_verdict, write_record};

/// The word that names the runs themselves, besides `--list`.
const RUNS: &str = "runs";

/// Shows a recorded run, or the list of all of them, on standard output.
///
/// # Errors
/// [`CliError::Record`] when there is no such run or unit, [`CliError::Output`] when standard output cannot be written.
pub async fn show(settings: &Settings, args: &ShowArgs) -> Result<(), CliError> {
    // Ctrl-C is for the pager, if there is one: it would be left alone with the terminal.
    let _pager_only = if args.is_paged() { signal(SignalKind::interrupt()).ok() } else { None };
    if args.list || args.words == [RUNS] {
        return list(settings, args);
    }
    let (run, words) = chosen(settings, args)?;
    let state = run.state()?;
    let picked = picked(&state, args, words)?;
    match args.output.format() {
        Format::Json => {
            let units: Option<Vec<&UnitRecord>> = picked.units();
            write_json(&run_json(&state, &run.dir, units.as_deref()))?;
        }
        Format::Text => {
            let options = RecordOptions { colours: colours(settings), run_dir: shown_dir(settings, &run) };
            Pager::start(args.is_paged()).show(|out| write_record(out, &state, &picked, &options))?;
        }
    }
    Ok(())
}

/// Takes the first word for a run where it is one, and else for a unit of the newest run.
fn chosen<'args>(settings: &Settings, args: &'args ShowArgs) -> Result<(RecordedRun, Words<'args>), RecordError> {
    let output_dir = &settings.output_dir;
    let Some((first, rest)) = args.words.split_first() else {
        return Ok((RecordedRun::find(output_dir, None)?, Words { words: &[], may_begin_with_run: false }));
    };
    match RecordedRun::find(output_dir, Some(first)) {
        Ok(run) => Ok((run, Words { words: rest, may_begin_with_run: false })),
        // Whatever looks like a file of tests is no run that was meant.
        Err(error @ RecordError::UnknownRun { .. }) if looks_like_id(first) => Err(error),
        Err(RecordError::UnknownRun { .. }) => {
            let run = RecordedRun::find(output_dir, None)?;
            Ok((run, Words { words: &args.words, may_begin_with_run: true }))
        }
        Err(error) => Err(error),
    }
}

/// The words of a command line that name units.
struct Words<'args> {
    words: &'args [String],
    /// Whether the first could have been meant for a run.
    may_begin_with_run: bool,
}

fn looks_like_id(word: &str) -> bool {
    word.len() >= 8 && word.chars().all(|character| character.is_ascii_hexdigit() || character == '-')
}

fn picked<'a>(state: &'a RunState, args: &ShowArgs, words: Words<'_>) -> Result<Shown<'a>, RecordError> {
    let named = named_units(state, words)?;
    let kind = match (args.failed, args.flaky) {
        (false, false) => return Ok(named.map_or(Shown::Problems, Shown::Units)),
        (true, true) => "failed or flaky",
        (true, false) => "failed",
        (false, true) => "flaky",
    };
    let is_wanted = |unit: &&UnitRecord| {
        let is_bad = args.failed && unit.outcome.as_ref().is_some_and(|outcome| outcome.is_bad());
        is_bad || (args.flaky && unit.cases.iter().any(|case| case.is_flaky()))
    };
    let units = named.unwrap_or_else(|| state.units().iter().collect());
    Ok(Shown::Kind { kind, units: units.into_iter().filter(is_wanted).collect() })
}

/// Returns the units that words name, each once; `None` without a word.
fn named_units<'a>(state: &'a RunState, words: Words<'_>) -> Result<Option<Vec<&'a UnitRecord>>, RecordError> {
    let mut units: Vec<&UnitRecord> = Vec::new();
    for (number, word) in words.words.iter().enumerate() {
        let found = units_called(state, word);
        if found.is_empty() {
            return Err(unknown_unit(state, word, number == 0 && words.may_begin_with_run));
        }
        for unit in found {
            if !units.iter().any(|known| known.unit == unit.unit) {
                units.push(unit);
            }
        }
    }
    Ok((!words.words.is_empty()).then_some(units))
}

/// Finds the unit of a path, and else those whose path ends with it.
fn units_called<'a>(state: &'a RunState, word: &str) -> Vec<&'a UnitRecord> {
    let word = word.strip_prefix("./").unwrap_or(word);
    let all = || state.units().iter();
    match all().find(|unit| unit.unit.as_str() == word) {
        Some(unit) => vec![unit],
        None => {
            let end = format!("/{word}");
            all().filter(|unit| unit.unit.as_str().ends_with(&end)).collect()
        }
    }
}

fn list(settings: &Settings, args: &ShowArgs) -> Result<(), CliError> {
    let runs = RecordedRun::all(&settings.output_dir);
    let folded = runs.iter().map(|run| (run, run.state()));
    match args.output.format() {
        Format::Json => write_json(&runs_json(folded))?,
        Format::Text => {
            let colours = colours(settings);
            Pager::start(args.is_paged()).show(|out| {
                if runs.is_empty() {
                    writeln!(out, "no run is recorded in {}", settings.output_dir.display())?;
                }
                folded.into_iter().try_for_each(|(run, state)| write_row(out, run, state, colours))
            })?;
        }
    }
    Ok(())
}

/// Writes a run as two lines: which, and what came of it.
fn write_row(
    out: &mut dyn Write,
    run: &RecordedRun,
    state: Result<RunState, RecordError>,
    colours: Colours,
) -> io::Result<()> {
    let state = match state {
        Ok(state) => state,
        Err(error) => return writeln!(out, "{}\n  {error}", run.name()),
    };
    let begun = state.started_at().map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default();
    let cases = state.case_counts();
    writeln!(out, "{}  {begun}", run.name())?;
    writeln!(out, "  {}; {} of {} cases passed", record_verdict(&state, colours), cases.passed, cases.total())
}

fn write_json(document: &serde_json::Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    out.flush()
}

fn colours(settings: &Settings) -> Colours {
    let coloured = match settings.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => io::IsTerminal::is_terminal(&io::stdout()),
    };
    if coloured { Colours::On } else { Colours::Off }
}

fn shown_dir(settings: &Settings, run: &RecordedRun) -> PathBuf {
    run.dir.strip_prefix(&settings.root).unwrap_or(&run.dir).to_owned()
}
