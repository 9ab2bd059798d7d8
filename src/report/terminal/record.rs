//! A recorded run as a person reads it later: its verdict and counts, then the units that were asked for.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::model::{
    Case, CaseOutcome, ExitCode, Finding, OutputFile, OutputStream, RunState, ShardRecord, UnitOutcome, UnitRecord,
};

use super::case_text::{body, counts, headline, label, number};
use super::clean::{clean, clean_name};
use super::fit::{PAGE_WIDTH, wrap};
use super::log::{each_line, last_lines_of};
use super::narrator::Verbosity;
use super::palette::{Colours, Palette, paint};
use super::span::phrase;
use super::summary::{Page, SummaryOptions, again, is_failed_or_errored, problems, totals, verdict};

/// Last lines that are shown of a log that is not shown whole.
const LINES: usize = 20;

/// What is needed besides the run's state.
#[derive(Debug, Clone)]
pub struct RecordOptions {
    /// Whether the text is coloured.
    pub colours: Colours,
    /// The run's directory as the user should see it.
    pub run_dir: PathBuf,
}

/// Which units are shown, and how.
#[derive(Debug, Clone)]
pub enum Shown<'a> {
    /// Everything that went wrong; the list of units when nothing did.
    Problems,
    /// These units, each at length and with its whole log where it has one of its own.
    Units(Vec<&'a UnitRecord>),
    /// These units, each with the end of its log; `kind` says in a word what they have in common.
    Kind {
        /// Such as `failed`.
        kind: &'static str,
        /// The units.
        units: Vec<&'a UnitRecord>,
    },
}

/// Writes what is known of a recorded run.
///
/// # Errors
/// As the writer's. A log that cannot be read is said so in its place.
pub fn write_record(
    out: &mut dyn Write,
    state: &RunState,
    shown: &Shown<'_>,
    options: &RecordOptions,
) -> io::Result<()> {
    let page = Page::new(options.colours);
    let mut record = Record { out, page, state, options };
    record.add_head();
    record.flush()?;
    match shown {
        Shown::Problems => record.add_problems(),
        Shown::Units(units) => units.iter().try_for_each(|unit| record.add_unit(unit, Extent::Whole)),
        Shown::Kind { kind, units } if units.is_empty() => {
            record.page.blank();
            record.page.line(&format!("no unit is {kind}"));
            Ok(())
        }
        Shown::Kind { units, .. } => units.iter().try_for_each(|unit| record.add_unit(unit, Extent::End)),
    }?;
    record.flush()
}

/// Returns a run's verdict in a line, coloured or not; of one without an end that it has none.
pub fn record_verdict(state: &RunState, colours: Colours) -> String {
    let palette = Palette::new(colours);
    if state.ended_at().is_some() {
        return verdict::verdict(&palette, state, ExitCode::of(state), PAGE_WIDTH);
    }
    let counts = state.unit_counts();
    let done = counts.total() - counts.not_run;
    let word = paint(palette.warning, "UNFINISHED");
    format!("{word}: {done} of {} came to their end", number(counts.total(), "unit"))
}

impl<'a> Shown<'a> {
    /// Returns the units that were asked for; `None` when nothing was said.
    pub fn units(&self) -> Option<Vec<&'a UnitRecord>> {
        match self {
            Self::Problems => None,
            Self::Units(units) | Self::Kind { units, .. } => Some(units.clone()),
        }
    }
}

/// How much of a log is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    End,
}

struct Record<'a> {
    out: &'a mut dyn Write,
    page: Page,
    state: &'a RunState,
    options: &'a RecordOptions,
}

impl<'a> Record<'a> {
    fn flush(&mut self) -> io::Result<()> {
        self.page.write_to(self.out)
    }

    fn add_head(&mut self) {
        if let Some(run) = self.state.run() {
            self.page.line(&format!("run:   {run}"));
        }
        if let Some(plan) = self.state.plan() {
            let begun = self.state.started_at().map(|at| format!(", begun {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")));
            let what = format!("{} in {}{}", plan.framework, plan.image, begun.unwrap_or_default());
            for line in wrap(&clean_name(&what), PAGE_WIDTH - 7) {
                self.page.line(&format!("       {line}"));
            }
        }
        let dir = clean_name(&self.options.run_dir.display().to_string());
        self.page.line(&format!("files: {dir}"));
        totals::add_numbers(&mut self.page, self.state);
        self.page.blank();
        self.page.line(&record_verdict(self.state, self.options.colours));
        if self.state.ended_at().is_none() {
            self.page.line("The record has no end: the run still goes on, or minke was killed.");
            self.add_still_running();
        }
    }

    /// Adds where the shards were that have no end.
    fn add_still_running(&mut self) {
        for shard in self.state.shards().filter(|shard| shard.ended_at.is_none()) {
            let unit = shard.current.as_ref().map(|(unit, _)| unit).or(shard.units.first());
            let unit = unit.map(|unit| clean_name(unit.as_str())).unwrap_or_default();
            let of = number(shard.units.len(), "unit");
            self.page.line(&format!("  shard {} of {of} has no end; last seen at {unit}", shard.shard));
            for stream in OutputStream::BOTH {
                let path = self.options.run_dir.join(OutputFile::path_of(shard.shard, stream));
                if path.metadata().is_ok_and(|found| found.len() > 0) {
                    self.page.line(&format!("  log: {}", clean_name(&path.display().to_string())));
                }
            }
        }
    }

    fn add_problems(&mut self) -> io::Result<()> {
        let state = self.state;
        let mut is_quiet = true;
        for unit in state.units().iter().filter(|unit| is_failed_or_errored(unit)) {
            is_quiet = false;
            self.add_unit(unit, Extent::End)?;
        }
        let options = SummaryOptions {
            colours: self.options.colours,
            verbosity: Verbosity::Normal,
            run_dir: self.options.run_dir.clone(),
            junit: Vec::new(),
            html: Vec::new(),
            coverage: Vec::new(),
            rerun: Vec::new(),
            framework_args: Vec::new(),
            failed_list: PathBuf::new(),
            network_is_none: false,
        };
        problems::add_not_run(&mut self.page, state);
        problems::add_shards(&mut self.page, state, &options);
        problems::add_warnings(&mut self.page, state);
        let not_run = state.unit_counts().not_run > 0;
        if is_quiet && !not_run && state.unresolved_shards().next().is_none() {
            self.add_list();
        }
        self.flush()
    }

    /// Adds a line for each unit.
    fn add_list(&mut self) {
        self.page.heading("units");
        for unit in self.state.units() {
            let text = format!("  {:>10}  {}", phrase(unit.duration), self.unit_line(unit));
            self.page.line(&text);
        }
    }

    fn unit_line(&self, unit: &UnitRecord) -> String {
        let palette = &self.page.palette;
        let name = clean_name(unit.unit.as_str());
        match unit.outcome() {
            UnitOutcome::Passed => format!("{} {name} ({})", paint(palette.good, "PASS"), counts(&unit.cases)),
            UnitOutcome::Failed => format!("{} {name} ({})", paint(palette.bad, "FAIL"), counts(&unit.cases)),
            UnitOutcome::Errored(cause) if unit.cases.is_empty() => {
                format!("{} {name} ({cause})", paint(palette.bad, "ERROR"))
            }
            UnitOutcome::Errored(cause) => {
                format!("{} {name} ({cause}; {})", paint(palette.bad, "ERROR"), counts(&unit.cases))
            }
            UnitOutcome::NotRun => format!("{} {name}", paint(palette.warning, "NOTRUN")),
        }
    }

    fn add_unit(&mut self, unit: &UnitRecord, extent: Extent) -> io::Result<()> {
        self.page.blank();
        let line = self.unit_line(unit);
        self.page.line(&line);
        let shard = unit.shard.and_then(|shard| self.state.shard(shard));
        self.add_facts(unit, shard);
        for case in &unit.cases {
            let is_wanted = match case.outcome() {
                CaseOutcome::Failed | CaseOutcome::Errored => true,
                CaseOutcome::Passed | CaseOutcome::Skipped => extent == Extent::Whole || case.is_flaky(),
            };
            if is_wanted {
                self.add_case(case);
            }
        }
        if let Some(trouble) = &unit.trouble {
            self.add_wrapped(&trouble.detail);
        }
        self.flush()?;
        if let Some(shard) = shard {
            self.add_logs(shard, extent)?;
        }
        self.add_command(unit);
        self.flush()
    }

    fn add_facts(&mut self, unit: &UnitRecord, shard: Option<&ShardRecord>) {
        let mut facts = Vec::new();
        match shard {
            Some(shard) if shard.units.len() == 1 => facts.push(format!("alone in shard {}", shard.shard)),
            Some(shard) => facts.push(format!("one of {} units in shard {}", shard.units.len(), shard.shard)),
            None => facts.push("in no shard".to_owned()),
        }
        if unit.attempt.0 > 1 {
            facts.push(format!("attempt {}", unit.attempt));
        }
        if unit.outcome() != UnitOutcome::NotRun {
            facts.push(phrase(unit.duration));
        }
        self.page.line(&format!("  {}", facts.join(", ")));
        for (shard, why) in &unit.requeued {
            self.add_wrapped(&format!("run again alone after shard {shard}: {}; {}", why.cause, why.detail));
        }
    }

    fn add_case(&mut self, case: &Case) {
        let palette = self.page.palette;
        let (style, word) = match case.outcome() {
            CaseOutcome::Passed if case.is_flaky() => (palette.warning, "flaky"),
            CaseOutcome::Passed => (palette.good, "passed"),
            CaseOutcome::Skipped => (palette.warning, "skipped"),
            CaseOutcome::Failed => (palette.bad, "failed"),
            CaseOutcome::Errored => (palette.bad, "errored"),
        };
        let place = match (&case.file, case.line) {
            (Some(file), Some(line)) => format!(" ({}:{line})", clean_name(file)),
            (Some(_) | None, _) => String::new(),
        };
        self.page.line(&format!("  {} {}{place}", paint(style, word), label(case)));
        for finding in &case.findings {
            self.add_finding(finding, "");
        }
        for finding in &case.earlier {
            self.add_finding(finding, "earlier: ");
        }
        if case.outcome().is_bad() || case.is_flaky() {
            for (name, text) in [("stdout", &case.system_out), ("stderr", &case.system_err)] {
                if let Some(text) = text.as_ref().filter(|text| !text.trim().is_empty()) {
                    self.page.line(&format!("    {name} of the case:"));
                    self.add_text(text, "    ");
                }
            }
        }
    }

    fn add_finding(&mut self, finding: &Finding, before: &str) {
        self.page.line(&format!("    {before}{}", headline(finding)));
        self.add_text(body(finding), "    ");
    }

    /// Adds a text that a test wrote behind a bar, without blank lines at its ends.
    fn add_text(&mut self, text: &str, indent: &str) {
        let bar = paint(self.page.palette.faint, "|");
        for line in clean(text).trim_matches('\n').lines().filter(|_| !text.trim().is_empty()) {
            self.page.line(&format!("{indent}{bar} {line}"));
        }
    }

    fn add_wrapped(&mut self, text: &str) {
        for line in wrap(&clean(text), PAGE_WIDTH - 2) {
            self.page.line(&format!("  {line}"));
        }
    }

    /// Adds the logs that are the unit's own; of a shard of several units only the ends, and a word on it.
    fn add_logs(&mut self, shard: &ShardRecord, extent: Extent) -> io::Result<()> {
        let is_own = shard.units.len() == 1;
        let written = |file: &&OutputFile| !file.path.is_empty() && file.bytes > 0;
        for file in [&shard.stdout, &shard.stderr].into_iter().filter(written) {
            let path = self.options.run_dir.join(&file.path);
            self.page.line(&format!("  log: {}", clean_name(&path.display().to_string())));
            if !is_own {
                self.page.line(&format!("    (of all {} units of the shard)", shard.units.len()));
            }
            self.flush()?;
            let shown = match extent {
                Extent::Whole if is_own => self.add_whole_log(&path),
                Extent::Whole | Extent::End => self.add_end_of_log(&path),
            };
            match shown {
                Ok(()) => {}
                Err(Fault::Log(error)) => self.page.line(&format!("    it cannot be read: {error}")),
                Err(Fault::Out(error)) => return Err(error),
            }
        }
        Ok(())
    }

    fn add_whole_log(&mut self, path: &Path) -> Result<(), Fault> {
        let bar = paint(self.page.palette.faint, "|");
        let mut failed = None;
        let read = each_line(path, self.options.colours, &mut |lines| {
            let text: String = lines.iter().map(|line| format!("  {bar} {line}\n")).collect();
            self.out.write_all(text.as_bytes()).map_err(|error| {
                let kind = error.kind();
                failed = Some(error);
                kind.into()
            })
        });
        match failed {
            Some(error) => Err(Fault::Out(error)),
            None => read.map_err(Fault::Log),
        }
    }

    fn add_end_of_log(&mut self, path: &Path) -> Result<(), Fault> {
        let end = last_lines_of(path, self.options.colours, LINES).map_err(Fault::Log)?;
        let bar = paint(self.page.palette.faint, "|");
        if end.is_cut {
            self.page.line(&format!("  {bar} ... the last lines:"));
        }
        for line in end.lines {
            self.page.line(&format!("  {bar} {line}"));
        }
        Ok(())
    }

    fn add_command(&mut self, unit: &UnitRecord) {
        let Some(plan) = self.state.plan() else { return };
        let lines = again(&plan.command_line, &plan.framework_args, &[&unit.unit], None);
        if !lines.is_empty() {
            self.page.line("  to repeat it:");
        }
        for line in lines {
            self.page.line(&line);
        }
    }
}

/// Whose fault it is that a log is not shown.
enum Fault {
    Log(io::Error),
    Out(io::Error),
}
