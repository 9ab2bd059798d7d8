//! Recognising the framework of a project, for `--framework auto`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use walkdir::WalkDir;

use super::pattern::{is_glob, join, literal_prefix, normal};
use super::{DiscoverError, Probe, command, image};
use crate::engine::{Image, PathKind};
use crate::framework::{self, Framework, ProjectFiles, Sign, Strength, TELLING_FILES};

/// How much of a telling file is read.
const TELLING_BYTES: u64 = 1 << 20;

/// A framework that a project seems to use, and what shows it.
pub struct Candidate {
    /// The framework.
    pub framework: &'static dyn Framework,
    /// What was seen.
    pub sign: Sign,
}

/// Lists what recognising needs of a project on the host: the files below the selected paths, or all of them.
pub fn project_on_host(paths: &[String], project: &Path) -> ProjectFiles {
    let mut found = Vec::new();
    for from in starting_points(paths) {
        let root = project.join(&from);
        let enter = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || !entry.file_type().is_dir() || !is_passed_over(&entry.file_name().to_string_lossy())
        };
        // What cannot be read shows itself when the units are looked for.
        for entry in WalkDir::new(&root).into_iter().filter_entry(enter).flatten() {
            if !entry.file_type().is_dir()
                && let Some(below) = entry.path().strip_prefix(&root).ok().and_then(Path::to_str)
            {
                found.push(if below.is_empty() { from.clone() } else { join(&from, below) });
            }
        }
    }
    let text = |name: &&'static str| {
        let mut text = String::new();
        File::open(project.join(name)).ok()?.take(TELLING_BYTES).read_to_string(&mut text).ok()?;
        Some(((*name).to_owned(), text))
    };
    ProjectFiles { paths: sorted(found), texts: TELLING_FILES.iter().filter_map(text).collect() }
}

/// Lists the same of a project inside an image.
///
/// # Errors
/// If the engine cannot hand over a directory.
pub async fn project_in_image(paths: &[String], probe: &Probe) -> Result<ProjectFiles, DiscoverError> {
    let mut found = Vec::new();
    for from in starting_points(paths) {
        match probe.look(&from).await? {
            Some((PathKind::Directory, real)) => {
                let listed = image::list(probe, &real).await?;
                let below = listed.iter().filter_map(|path| path.to_str());
                let kept = below.filter(|path| !path.split('/').rev().skip(1).any(is_passed_over));
                found.extend(kept.map(|path| join(&from, path)));
            }
            Some((PathKind::File { .. }, _)) => found.push(from),
            Some(_) | None => {}
        }
    }
    let mut texts = BTreeMap::new();
    for name in TELLING_FILES {
        if let Some((PathKind::File { .. }, real)) = probe.look(name).await? {
            texts.insert((*name).to_owned(), probe.read_text(&real).await?);
        }
    }
    Ok(ProjectFiles { paths: sorted(found), texts })
}

/// Chooses the one framework that a project's files and an image's commands agree on. With no image to look into, or with
/// a command that the user gave, the files decide alone.
///
/// # Errors
/// [`DiscoverError::Unrecognised`], [`DiscoverError::Ambiguous`], and [`DiscoverError::NoCommand`] when the project is
/// certainly of a framework that the image does not have.
pub async fn choose(project: &ProjectFiles, inside: Option<(&Probe, &Image)>) -> Result<Candidate, DiscoverError> {
    let signs = framework::ALL
        .iter()
        .filter_map(|&framework| framework.sign(project).map(|sign| Candidate { framework, sign }));
    let candidates: Vec<Candidate> = signs.collect();
    let Some((probe, image)) = inside else { return strongest(candidates) };
    let is_certain = |candidate: &Candidate| candidate.sign.strength == Strength::Certain;
    let certain: Vec<&'static dyn Framework> =
        candidates.iter().filter(|candidate| is_certain(candidate)).map(|candidate| candidate.framework).collect();
    let mut present = Vec::new();
    for candidate in candidates {
        match command::find_command(probe, image, &[candidate.framework]).await {
            // A pytest that may be there is no reason to take files that are unittest's as well for pytest's.
            Ok(found) if found.is_guess && !is_certain(&candidate) => {}
            Ok(_) => present.push(candidate),
            Err(DiscoverError::NoCommand { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if !certain.is_empty() && !present.iter().any(is_certain) {
        // Says which commands are missing.
        command::find_command(probe, image, &certain).await?;
    }
    strongest(present)
}

fn strongest(candidates: Vec<Candidate>) -> Result<Candidate, DiscoverError> {
    let most = candidates.iter().map(|candidate| candidate.sign.strength).max();
    let mut best: Vec<Candidate> =
        candidates.into_iter().filter(|candidate| Some(candidate.sign.strength) == most).collect();
    match best.len() {
        0 => Err(DiscoverError::Unrecognised),
        1 => Ok(best.remove(0)),
        _ => {
            let named = |it: &Candidate| format!("{} ({})", it.framework.name(), it.sign.reason);
            Err(DiscoverError::Ambiguous { candidates: best.iter().map(named).collect() })
        }
    }
}

/// Returns the files and directories that selected paths begin at.
fn starting_points(paths: &[String]) -> Vec<String> {
    if paths.is_empty() {
        return vec![".".to_owned()];
    }
    paths
        .iter()
        .map(|path| normal(path))
        .map(|path| if is_glob(&path) { literal_prefix(&path) } else { path })
        .collect()
}

/// Tells whether a directory of this name holds other people's files, or none that tell anything.
fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "target" | "venv" | "vendor" | "__pycache__" | "dist")
}

fn sorted(mut paths: Vec<String>) -> Vec<String> {
    paths.sort_unstable();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn chosen(files: &[(&str, &str)]) -> Result<(&'static str, String), DiscoverError> {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let candidate = choose(&project_on_host(&[], dir.path()), None).await?;
        Ok((candidate.framework.name(), candidate.sign.reason))
    }

    #[tokio::test]
    async fn a_configuration_outweighs_files_that_look_alike() {
        let ruby = [("features/a.feature", ""), ("features/step_definitions/a.rb", "")];
        assert_eq!(chosen(&ruby).await.unwrap().0, "cucumber-ruby");
        let script =
            [("features/a.feature", ""), ("package.json", "{\"dependencies\":{\"@cucumber/cucumber\":\"11\"}}")];
        let (name, reason) = chosen(&script).await.unwrap();
        assert_eq!((name, reason.as_str()), ("cucumber-js", "`package.json` has `@cucumber/cucumber`"));
        assert_eq!(chosen(&[("tests/test_a.py", "")]).await.unwrap().0, "pytest");
    }

    #[tokio::test]
    async fn two_frameworks_are_not_guessed_between() {
        let both = [("features/a.feature", ""), ("features/support/env.rb", ""), ("conftest.py", "")];
        let Err(DiscoverError::Ambiguous { candidates }) = chosen(&both).await else { panic!("it guessed") };
        assert_eq!(
            candidates,
            ["pytest (`conftest.py` is there)", "cucumber-ruby (`features/support/env.rb` is there)"]
        );
    }

    #[tokio::test]
    async fn other_people_s_files_tell_nothing() {
        let theirs = [("node_modules/x/test_a.py", ""), (".venv/conftest.py", ""), ("src/main.c", "")];
        assert!(matches!(chosen(&theirs).await, Err(DiscoverError::Unrecognised)));
    }
}
