//! Pulls and builds before a run: told on standard error, and the output of builds kept in the run's directory.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::config::{Settings, Verbosity};
use crate::engine::{ImageNews, ImageObserver};
use crate::model::RunId;
use crate::report::terminal::Colours;
use crate::report::terminal::clean::clean_line;
use crate::report::{Masking, Redactor};
use crate::run::builds_directory;

/// How often a pull is told of where there is no terminal.
const PULSE: Duration = Duration::from_secs(10);
/// How often a bar moves.
const TICK: Duration = Duration::from_millis(120);
/// A line of a build that is longer is broken, in bytes.
const LONGEST: usize = 8 << 10;
const PULL: &str = "pull";
const BUILD: &str = "build";

/// Tells on standard error how images get on: with a bar on a terminal, else with a line now and then.
#[derive(Debug)]
pub(super) struct ImageProgress {
    manner: Manner,
    /// The output directory and the run that the logs of builds belong to.
    logs: Option<(PathBuf, RunId)>,
    /// The current directory, which paths below it are shown relative to.
    root: PathBuf,
    /// What masks secrets in the output of builds.
    redactor: Option<Arc<Redactor>>,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Silent,
    Lines { all: bool },
    Bars { all: bool },
}

#[derive(Debug, Default)]
struct State {
    images: HashMap<String, Watched>,
    is_hushed: bool,
}

/// An image that is being pulled or built.
#[derive(Debug)]
struct Watched {
    begun: Instant,
    told: Instant,
    bar: Option<ProgressBar>,
    log: Option<(PathBuf, File)>,
    line: String,
    masking: Masking<Arc<Redactor>>,
    what: &'static str,
}

impl ImageProgress {
    /// Tells as the settings want it. The output of builds is kept in the directory of `run`, if there is to be one.
    pub(super) fn new(settings: &Settings, run: Option<RunId>) -> Self {
        let is_terminal = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let manner = match (settings.verbosity, is_terminal) {
            (Verbosity::Quiet, _) => Manner::Silent,
            (Verbosity::Normal, true) => Manner::Bars { all: false },
            (Verbosity::Normal, false) => Manner::Lines { all: false },
            (Verbosity::Verbose(_), true) => Manner::Bars { all: true },
            (Verbosity::Verbose(_), false) => Manner::Lines { all: true },
        };
        let logs = run.map(|run| (settings.output_dir.clone(), run));
        let redactor = Redactor::new(&settings.secrets).map(Arc::new);
        Self { manner, logs, root: settings.root.clone(), redactor, state: Mutex::default() }
    }

    /// Writes nothing to standard error from now on, for it is somebody else's.
    pub(super) fn hush(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_hushed = true;
        state.images.values_mut().filter_map(|image| image.bar.take()).for_each(|bar| bar.finish_and_clear());
    }

    fn begin(&self, what: &'static str, image: &str, state: &mut State, details: &str) {
        let is_build = what == BUILD;
        let log = self.logs.as_ref().filter(|_| is_build).and_then(|(output_dir, run)| {
            let path = builds_directory(output_dir, *run).ok()?.join(format!("{}.log", file_name(image)));
            Some((path.clone(), File::create(path).ok()?))
        });
        let bar = (matches!(self.manner, Manner::Bars { .. }) && !state.is_hushed).then(|| {
            let bar = ProgressBar::new(0).with_style(bar_style(is_build)).with_prefix(format!("{what} {image}"));
            bar.enable_steady_tick(TICK);
            bar
        });
        let now = Instant::now();
        let masking = Masking::new(self.redactor.clone());
        let watched = Watched { begun: now, told: now, bar, log, line: String::new(), masking, what };
        if matches!(self.manner, Manner::Lines { .. }) && !state.is_hushed {
            say(None, &format!("{what}ing {image}{details}"));
        }
        // A second begin is that of another builder, whose log takes the first one's place.
        let earlier = state.images.insert(image.to_owned(), watched);
        earlier.and_then(|earlier| earlier.bar).iter().for_each(ProgressBar::finish_and_clear);
    }

    fn pull_goes_on(&self, watched: &mut Watched, image: &str, is_hushed: bool, text: &str) {
        if matches!(self.manner, Manner::Lines { .. }) && !is_hushed && watched.told.elapsed() >= PULSE {
            watched.told = Instant::now();
            say(None, &format!("pulling {image}: {text}"));
        }
        watched.bar.iter().for_each(|bar| bar.set_message(text.to_owned()));
    }

    fn build_goes_on(&self, watched: &mut Watched, is_hushed: bool, piece: &str) {
        let piece = watched.masking.feed(piece.as_bytes()).into_owned();
        self.take_output(watched, is_hushed, &String::from_utf8_lossy(&piece));
    }

    fn take_output(&self, watched: &mut Watched, is_hushed: bool, piece: &str) {
        if let Some((_, log)) = &mut watched.log {
            // A log that cannot be written is no reason to give a build up.
            let _ = log.write_all(piece.as_bytes());
        }
        for part in piece.split_inclusive('\n') {
            watched.line.push_str(part);
            if !part.ends_with('\n') && watched.line.len() < LONGEST {
                continue;
            }
            let line = std::mem::take(&mut watched.line);
            for line in clean_line(line.trim_end(), Colours::Off).into_iter().filter(|line| !line.trim().is_empty()) {
                let is_told = match self.manner {
                    Manner::Silent => false,
                    Manner::Lines { all } => all || is_step(&line),
                    Manner::Bars { all } => all,
                };
                if is_told && !is_hushed {
                    say(watched.bar.as_ref(), &format!("  {line}"));
                }
                watched.bar.iter().for_each(|bar| bar.set_message(line.clone()));
            }
        }
    }

    fn end(&self, mut watched: Watched, image: &str, is_hushed: bool, is_ready: bool) {
        let rest = watched.masking.end();
        self.take_output(&mut watched, is_hushed, &String::from_utf8_lossy(&rest));
        watched.bar.iter().for_each(ProgressBar::finish_and_clear);
        if is_hushed || self.manner == Manner::Silent {
            return;
        }
        let done = if watched.what == BUILD { "built" } else { "pulled" };
        if is_ready {
            say(None, &format!("{done} {image} in {:.1} s", watched.begun.elapsed().as_secs_f64()));
        } else if let Some((path, _)) = &watched.log {
            let path = path.strip_prefix(&self.root).unwrap_or(path);
            say(None, &format!("the whole output of the build is in {}", path.display()));
        }
    }
}

impl ImageObserver for ImageProgress {
    fn tell(&self, image: &str, news: ImageNews<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { images, is_hushed } = &mut *state;
        let is_hushed = *is_hushed;
        match news {
            ImageNews::PullBegun => self.begin(PULL, image, &mut state, ""),
            ImageNews::BuildBegun { context_bytes: Some(bytes) } => {
                self.begin(BUILD, image, &mut state, &format!(", {} of files", size(bytes)));
            }
            ImageNews::BuildBegun { context_bytes: None } => self.begin(BUILD, image, &mut state, ", with buildx"),
            ImageNews::Pulling { done, total } => {
                let Some(watched) = images.get_mut(image) else { return };
                watched.bar.iter().for_each(|bar| bar.set_length(total));
                watched.bar.iter().for_each(|bar| bar.set_position(done));
                self.pull_goes_on(watched, image, is_hushed, &format!("{} of {}", size(done), size(total)));
            }
            ImageNews::PullWaits(why) => {
                let Some(watched) = images.get_mut(image) else { return };
                self.pull_goes_on(watched, image, is_hushed, why);
            }
            ImageNews::BuildOutput(piece) => {
                let Some(watched) = images.get_mut(image) else { return };
                self.build_goes_on(watched, is_hushed, piece);
            }
            ImageNews::Ready | ImageNews::Failed => {
                let Some(watched) = images.remove(image) else { return };
                self.end(watched, image, is_hushed, news == ImageNews::Ready);
            }
        }
    }
}

/// Writes a line to standard error, above the bar if there is one.
fn say(bar: Option<&ProgressBar>, line: &str) {
    match bar {
        Some(bar) => bar.println(line),
        // Nobody is left to be told when this fails.
        None => drop(writeln!(io::stderr(), "{line}")),
    }
}

fn bar_style(is_build: bool) -> ProgressStyle {
    let template = if is_build { "{spinner} {prefix} {wide_msg}" } else { "{spinner} {prefix} [{bar:24}] {wide_msg}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Tells whether a line begins a step, in the words of the classic builder or of BuildKit.
fn is_step(line: &str) -> bool {
    line.starts_with("Step ") || (line.starts_with('#') && line.contains(" [") && !line.contains("[internal]"))
}

/// Makes a file's name of an image's name.
fn file_name(image: &str) -> String {
    image.chars().map(|char| if char.is_ascii_alphanumeric() || "-.".contains(char) { char } else { '_' }).collect()
}

fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or(format!("{bytes} B"), |(unit, name)| format!("{:.1} {name}", bytes as f64 / unit as f64))
}
