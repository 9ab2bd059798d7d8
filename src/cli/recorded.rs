//! Finding a recorded run by what a person calls it.

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::config::nearest;
use crate::model::{RunId, RunState};
use crate::report::{EventLogError, read_events};

/// The words for the newest run.
const NEWEST: [&str; 2] = ["last", "latest"];
/// The shortest part of an id that is taken for one, in characters.
const SHORTEST_PART: usize = 4;
/// How many candidates an error names.
const CANDIDATES: usize = 3;

/// A run that left its events behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordedRun {
    /// Its directory.
    pub(super) dir: PathBuf,
    /// The file of its events.
    pub(super) events: PathBuf,
}

/// Why there is no run to show.
#[derive(Debug, Error)]
pub enum RecordError {
    /// Nothing has been recorded yet.
    #[error("no run is recorded in `{}`", dir.display())]
    Nothing {
        /// The output directory.
        dir: PathBuf,
    },
    /// No run is called that.
    #[error("`{word}` is no recorded run: neither an id in `{}`, a part of one, nor a path", dir.display())]
    UnknownRun {
        /// What was given.
        word: String,
        /// The output directory.
        dir: PathBuf,
        /// Ids that are like it, or the newest ones.
        near: Vec<String>,
    },
    /// Several runs are called that.
    #[error("`{word}` is a part of the ids of {} runs", ids.len())]
    Ambiguous {
        /// What was given.
        word: String,
        /// Their ids, the newest first.
        ids: Vec<String>,
    },
    /// The run has no such unit.
    #[error("`{word}` is no unit of run {run}{}", if *may_be_run { ", and no recorded run" } else { "" })]
    UnknownUnit {
        /// What was given.
        word: String,
        /// The run.
        run: String,
        /// Whether it stood where a run may stand.
        may_be_run: bool,
        /// Units that are like it.
        near: Vec<String>,
    },
    /// The record begins with something else than the run's begin, or has nothing.
    #[error("`{}` has no begin of a run: nothing is known of it", path.display())]
    Empty {
        /// The file of events.
        path: PathBuf,
    },
    /// The record cannot be read.
    #[error(transparent)]
    Events(#[from] EventLogError),
}

impl RecordError {
    /// Returns what to do next.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Nothing { .. } => Some("run tests first, or name another place with `--output-dir`".to_owned()),
            Self::UnknownRun { near, .. } if near.is_empty() => {
                Some("`minke show --list` lists the recorded runs".to_owned())
            }
            Self::UnknownRun { near, .. } => {
                Some(format!("did you mean {}? `minke show --list` lists all", quoted(near)))
            }
            Self::Ambiguous { ids, .. } => {
                let first = &ids[..ids.len().min(CANDIDATES)];
                let others = if ids.len() > first.len() { " or another one" } else { "" };
                Some(format!("give more of the id: {}{others}", quoted(first)))
            }
            Self::UnknownUnit { near, run, .. } if near.is_empty() => {
                Some(format!("`minke show {run} --format json` names every unit"))
            }
            Self::UnknownUnit { near, .. } => Some(format!("did you mean {}?", quoted(near))),
            Self::Empty { .. } => Some("the run was killed before it began; show another one".to_owned()),
            Self::Events(_) => Some("name a run's directory or its `events.jsonl`".to_owned()),
        }
    }
}

impl RecordedRun {
    /// Finds the run that a word stands for: `last`, an id or the beginning or end of one, a run's directory, or its file
    /// of events. Without a word it is the newest.
    pub(super) fn find(output_dir: &Path, word: Option<&str>) -> Result<Self, RecordError> {
        let nothing = || RecordError::Nothing { dir: output_dir.to_owned() };
        let Some(word) = word.filter(|word| !NEWEST.contains(word)) else {
            return Self::all(output_dir).into_iter().next().ok_or_else(nothing);
        };
        if let Some(run) = Self::at(Path::new(word)) {
            return Ok(run);
        }
        let mut alike: Vec<Self> = Self::all(output_dir).into_iter().filter(|run| run.is_called(word)).collect();
        match alike.len() {
            1 => Ok(alike.remove(0)),
            0 => Err(Self::unknown(output_dir, word)),
            _ => Err(RecordError::Ambiguous { word: word.to_owned(), ids: alike.iter().map(Self::name).collect() }),
        }
    }

    /// Returns every recorded run of an output directory, the newest first: their ids sort by time.
    pub(super) fn all(output_dir: &Path) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(output_dir.join("runs")) else { return Vec::new() };
        let mut runs: Vec<(RunId, Self)> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let id = path.file_name()?.to_str()?.parse().ok()?;
                Some((id, Self::at(&path)?))
            })
            .collect();
        runs.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        runs.into_iter().map(|(_, run)| run).collect()
    }

    /// Folds the run's events.
    pub(super) fn state(&self) -> Result<RunState, RecordError> {
        let state = RunState::of(&read_events(&self.events)?);
        if state.plan().is_none() { Err(RecordError::Empty { path: self.events.clone() }) } else { Ok(state) }
    }

    /// The directory's name, which is the run's id.
    pub(super) fn name(&self) -> String {
        self.dir.file_name().unwrap_or(self.dir.as_os_str()).to_string_lossy().into_owned()
    }

    /// Takes a path for a run: its directory, or its file of events.
    fn at(path: &Path) -> Option<Self> {
        let events = path.join("events.jsonl");
        if events.is_file() {
            return Some(Self { dir: path.to_owned(), events });
        }
        let is_events = path.extension().is_some_and(|extension| extension == "jsonl") && path.is_file();
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        is_events.then(|| Self { dir: dir.to_owned(), events: path.to_owned() })
    }

    fn is_called(&self, word: &str) -> bool {
        let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
        let (id, word) = (plain(&self.name()), plain(word));
        word.len() >= SHORTEST_PART && (id.starts_with(&word) || id.ends_with(&word))
    }

    fn unknown(output_dir: &Path, word: &str) -> RecordError {
        let ids: Vec<String> = Self::all(output_dir).iter().map(Self::name).collect();
        let mut near = nearest(word, ids.iter().map(String::as_str), CANDIDATES);
        if near.is_empty() {
            near = ids.iter().map(String::as_str).take(1).collect();
        }
        let near = near.into_iter().map(str::to_owned).collect();
        RecordError::UnknownRun { word: word.to_owned(), dir: output_dir.to_owned(), near }
    }
}

/// Makes the error of a word that names no unit.
pub(super) fn unknown_unit(state: &RunState, word: &str, may_be_run: bool) -> RecordError {
    let ids = || state.units().iter().map(|unit| unit.unit.as_str());
    let mut near = nearest(word, ids(), CANDIDATES);
    if near.is_empty() {
        // Somebody may know the file's name and not where it is.
        let file = |path: &'_ str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let names: Vec<String> = ids().map(file).collect();
        let alike = nearest(&file(word), names.iter().map(String::as_str), CANDIDATES);
        near = ids().filter(|id| alike.iter().any(|name| id.ends_with(name))).take(CANDIDATES).collect();
    }
    RecordError::UnknownUnit {
        word: word.to_owned(),
        run: state.run().map(|run| run.to_string()).unwrap_or_default(),
        may_be_run,
        near: near.into_iter().map(str::to_owned).collect(),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 3] = [
        "01a1fcc1-3763-750a-b6e2-fb0d60072144",
        "01a1fcc1-9999-750a-b6e2-fb0d60072155",
        "01a2fcc1-3763-750a-b6e2-000000007777",
    ];

    fn recorded() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for id in IDS.iter().chain(&["not-a-run"]) {
            let run = dir.path().join("runs").join(id);
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join("events.jsonl"), "").unwrap();
        }
        // A run that was killed before it wrote anything.
        fs::create_dir_all(dir.path().join("runs/01a3fcc1-0000-7000-8000-000000000000")).unwrap();
        dir
    }

    fn found(dir: &tempfile::TempDir, word: Option<&str>) -> String {
        RecordedRun::find(dir.path(), word).unwrap().name()
    }

    #[test]
    fn a_run_has_many_names() {
        let dir = recorded();
        for word in [None, Some("last"), Some("latest"), Some("01a2"), Some("01A2FCC13763"), Some("7777"), Some(IDS[2])]
        {
            assert_eq!(found(&dir, word), IDS[2], "{word:?}");
        }
        assert_eq!(found(&dir, Some("2144")), IDS[0]);
        let path = dir.path().join("runs").join(IDS[1]);
        assert_eq!(found(&dir, path.to_str()), IDS[1]);
        assert_eq!(found(&dir, path.join("events.jsonl").to_str()), IDS[1]);
    }

    #[test]
    fn a_name_of_several_runs_is_refused_with_their_ids() {
        let error = RecordedRun::find(recorded().path(), Some("01a1fcc1")).unwrap_err();
        assert_eq!(error.to_string(), "`01a1fcc1` is a part of the ids of 2 runs");
        let help = error.help().unwrap();
        assert!(help.contains(IDS[0]) && help.contains(IDS[1]) && !help.contains(IDS[2]), "{help}");
    }

    #[test]
    fn a_name_of_no_run_is_refused_with_one_that_is_like_it() {
        let dir = recorded();
        for (word, near) in [("01a1fcc1-3763-750a-b6e2-fb0d60072145", IDS[0]), ("xyz", IDS[2])] {
            let error = RecordedRun::find(dir.path(), Some(word)).unwrap_err();
            assert!(error.help().unwrap().contains(near), "{word}: {:?}", error.help());
        }
        let nothing = RecordedRun::find(&dir.path().join("elsewhere"), None).unwrap_err();
        assert!(matches!(nothing, RecordError::Nothing { .. }));
    }
}
