//! What tests print, shown beside what a run tells: in blocks when something has ended, or line by line.
//!
//! It is read from the files to which the run spools it, by the threads of the terminal. So nothing has to be handed over
//! while a container runs: a terminal that is slow falls behind in a file, and neither the run nor its memory notices.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::{EventKind, OutputFile, OutputStream, ShardId, UnitId, UnitOutcome};

use super::clean::clean_name;
use super::fit::{PAGE_WIDTH, shorten_end};
use super::follow::Follower;
use super::lines::Lines;
use super::log::{each_line, last_lines_of};
use super::palette::{Colours, Palette, paint};

/// How many of its last lines are shown of the output of what failed.
const LAST_LINES: usize = 30;
/// How many of the log of a service beside it.
const LAST_SERVICE_LINES: usize = 10;
/// What the name of a service's log begins with.
const SERVICE: &str = "service ";

/// When the output of tests is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputMode {
    /// It is in its files only.
    Never,
    /// The end of it, of units that failed or are errored.
    Failed,
    /// Line by line as it comes, each with its shard.
    Prefixed,
    /// All of it, of one unit after the other.
    Grouped,
}

/// Where the output of a run is, and when it is shown.
#[derive(Debug, Clone)]
pub struct OutputOptions {
    /// When it is shown.
    pub mode: OutputMode,
    /// The run's directory, in which it is spooled.
    pub run_dir: PathBuf,
    /// The run's directory as the user should see it.
    pub shown_dir: PathBuf,
}

/// Shows output when an event calls for it.
pub(crate) struct Output {
    options: OutputOptions,
    colours: Colours,
    palette: Palette,
    to: Arc<dyn Lines>,
    shards: HashMap<ShardId, Ended>,
    follower: Option<Follower>,
}

/// A shard whose output may still have to be shown.
struct Ended {
    units: Vec<UnitId>,
    /// Each with what it is.
    files: Vec<(String, OutputFile)>,
    is_shown: bool,
}

impl Output {
    pub(crate) fn new(options: OutputOptions, colours: Colours, to: Arc<dyn Lines>) -> Self {
        let is_prefixed = options.mode == OutputMode::Prefixed;
        let follower = is_prefixed.then(|| Follower::start(options.run_dir.clone(), colours, Arc::clone(&to)));
        Self { options, colours, palette: Palette::new(colours), to, shards: HashMap::new(), follower }
    }

    /// Does what has to stand before the words of an event.
    pub(crate) fn before(&mut self, event: &EventKind) -> io::Result<()> {
        match (event, &self.follower) {
            (EventKind::ShardEnded { shard, .. }, Some(follower)) => follower.finish(*shard),
            _ => Ok(()),
        }
    }

    /// Does what has to stand behind the words of an event.
    pub(crate) fn after(&mut self, event: &EventKind) -> io::Result<()> {
        match (self.options.mode, event) {
            (OutputMode::Never, _) => Ok(()),
            (OutputMode::Prefixed, EventKind::ShardStarted { shard, .. }) => {
                if let Some(follower) = &self.follower {
                    follower.follow(*shard);
                }
                Ok(())
            }
            (OutputMode::Prefixed, _) => Ok(()),
            (OutputMode::Failed | OutputMode::Grouped, EventKind::ShardStarted { shard, units, .. }) => {
                self.shards.insert(*shard, Ended { units: units.clone(), files: Vec::new(), is_shown: false });
                Ok(())
            }
            (OutputMode::Failed | OutputMode::Grouped, EventKind::ShardKept { shard, kept }) => {
                if let Some(ended) = self.shards.get_mut(shard) {
                    let logs = kept.services.iter();
                    ended.files.extend(logs.map(|it| (format!("{SERVICE}{}", clean_name(&it.name)), it.log.clone())));
                }
                Ok(())
            }
            (mode, EventKind::ShardEnded { shard, stdout, stderr, .. }) => {
                let Some(ended) = self.shards.get_mut(shard) else { return Ok(()) };
                let streams = [stdout, stderr].into_iter().cloned().zip(OutputStream::BOTH);
                ended.files.splice(..0, streams.map(|(file, stream)| (stream.name().to_owned(), file)));
                // Output is not divided among the units of a shard: what belongs to which of them is not known.
                let is_shared = ended.units.len() > 1;
                if mode == OutputMode::Grouped && is_shared { self.show(*shard, None) } else { Ok(()) }
            }
            (OutputMode::Grouped, EventKind::UnitEnded { shard: Some(shard), outcome, .. }) => {
                self.show(*shard, Some(outcome.word()))
            }
            (OutputMode::Grouped, EventKind::UnitRequeued { shard, .. }) => self.show(*shard, Some("is run again")),
            (OutputMode::Failed, EventKind::UnitEnded { shard: Some(shard), outcome, .. }) => match outcome {
                UnitOutcome::Failed | UnitOutcome::Errored(_) => self.show(*shard, Some(outcome.word())),
                UnitOutcome::Passed | UnitOutcome::NotRun => Ok(()),
            },
            (OutputMode::Failed | OutputMode::Grouped, _) => Ok(()),
        }
    }

    /// Ends what goes on beside the events.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.follower.take().map_or(Ok(()), Follower::close)
    }

    /// Shows the output of a shard once: a shard that several units shared is shown with the first that calls for it.
    fn show(&mut self, shard: ShardId, what: Option<&str>) -> io::Result<()> {
        let Some(ended) = self.shards.get_mut(&shard) else { return Ok(()) };
        if std::mem::replace(&mut ended.is_shown, true) {
            return Ok(());
        }
        let written: Vec<_> = ended.files.iter().filter(|(_, file)| file.bytes > 0).cloned().collect();
        let who = who(shard, &ended.units, what);
        for (name, file) in written {
            self.show_log(&who, &file, &name)?;
        }
        Ok(())
    }

    fn show_log(&self, who: &str, file: &OutputFile, name: &str) -> io::Result<()> {
        let path = self.options.run_dir.join(&file.path);
        match self.options.mode {
            OutputMode::Grouped => {
                let mut heading = Some(self.heading(who, name, ""));
                each_line(&path, self.colours, &mut |lines| {
                    let lines: Vec<String> = heading.take().into_iter().chain(self.barred(lines)).collect();
                    self.to.print(&lines)
                })
            }
            OutputMode::Failed => {
                // A log that a test removed is missed where its shard is looked into, not here.
                let most = if name.starts_with(SERVICE) { LAST_SERVICE_LINES } else { LAST_LINES };
                let Ok(end) = last_lines_of(&path, self.colours, most) else { return Ok(()) };
                let is_cut = end.is_cut;
                let mut lines = vec![self.heading(who, name, if is_cut { ", its last lines" } else { "" })];
                lines.extend(self.barred(end.lines));
                if is_cut {
                    let whole = self.options.shown_dir.join(&file.path);
                    lines.push(format!("{:>6} {}", "log", clean_name(&whole.display().to_string())));
                }
                self.to.print(&lines)
            }
            OutputMode::Never | OutputMode::Prefixed => Ok(()),
        }
    }

    fn heading(&self, who: &str, name: &str, how_much: &str) -> String {
        let end = format!(": {name}{how_much}");
        let who = shorten_end(who, PAGE_WIDTH - "OUTPUT ".len() - end.len());
        format!("{} {who}{end}", paint(self.palette.heading, "OUTPUT"))
    }

    fn barred(&self, lines: Vec<String>) -> impl Iterator<Item = String> {
        let bar = paint(self.palette.faint, "|");
        lines.into_iter().map(move |line| match line.as_str() {
            "" => format!("  {bar}"),
            line => format!("  {bar} {line}"),
        })
    }
}

/// Says whose output it is: a unit's, or that of all units that shared a shard.
fn who(shard: ShardId, units: &[UnitId], what: Option<&str>) -> String {
    let names = || units.iter().take(3).map(|unit| clean_name(unit.as_str())).collect::<Vec<_>>().join(", ");
    match (units, what) {
        ([unit], Some(what)) => format!("{} ({what})", clean_name(unit.as_str())),
        ([unit], None) => clean_name(unit.as_str()),
        _ => format!("of all {} units of shard {shard} ({}{})", units.len(), names(), more(units.len())),
    }
}

fn more(count: usize) -> &'static str {
    if count > 3 { ", ..." } else { "" }
}

/// Returns the logs of a shard that still runs, standard output first.
pub(super) fn logs_of(run_dir: &Path, shard: ShardId) -> [PathBuf; 2] {
    OutputStream::BOTH.map(|stream| run_dir.join(OutputFile::path_of(shard, stream)))
}
