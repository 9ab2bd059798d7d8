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
use crate::model::split_part;
use crate::plan::FrameworkCall;

/// How much of a telling file is read.
const TELLING_BYTES: u64 = 1 << 20;

/// A framework that a project seems to use, and what shows it.
pub struct Candidate {
    /// The framework.
    pub framework: &'static dyn Framework,
    /// What was seen.
    pub sign: Sign,
}

/// Lists what recognising needs of a project on the host: all its files, and which of them are selected.
pub fn project_on_host(paths: &[String], project: &Path) -> ProjectFiles {
    let enter = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_type().is_dir() || !is_passed_over(&entry.file_name().to_string_lossy())
    };
    // What cannot be read shows itself when the units are looked for.
    let files = WalkDir::new(project).into_iter().filter_entry(enter).flatten().filter(|it| !it.file_type().is_dir());
    let below = |entry: walkdir::DirEntry| Some(entry.path().strip_prefix(project).ok()?.to_str()?.to_owned());
    known(files.filter_map(below).collect(), paths, settings_on_host(project))
}

/// Reads those of the [`TELLING_FILES`] that a project on the host has.
pub fn settings_on_host(project: &Path) -> BTreeMap<String, String> {
    let text = |name: &&'static str| {
        let mut text = String::new();
        File::open(project.join(name)).ok()?.take(TELLING_BYTES).read_to_string(&mut text).ok()?;
        Some(((*name).to_owned(), text))
    };
    TELLING_FILES.iter().filter_map(text).collect()
}

/// Lists the same of a project inside an image; where the whole file system would be the project, what is selected is all.
///
/// # Errors
/// If the engine cannot hand over a directory.
pub async fn project_in_image(paths: &[String], probe: &Probe) -> Result<ProjectFiles, DiscoverError> {
    let whole = [".".to_owned()];
    let mut found = Vec::new();
    for from in if probe.work_dir() == "/" { starting_points(paths) } else { starting_points(&whole) } {
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
    Ok(known(found, paths, texts))
}

fn known(mut paths: Vec<String>, selection: &[String], texts: BTreeMap<String, String>) -> ProjectFiles {
    paths.sort_unstable();
    paths.dedup();
    let points = starting_points(selection);
    let is_selected = |path: &String| {
        points.iter().any(|from| {
            from == "." || path.strip_prefix(from.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    ProjectFiles { selected: paths.iter().filter(|path| is_selected(path)).cloned().collect(), paths, texts }
}

/// Chooses the one framework that a project's files and an image's commands agree on. With no image to look into, or with
/// a command that the user gave, the files decide alone.
///
/// # Errors
/// [`DiscoverError::Unrecognised`], [`DiscoverError::Ambiguous`], and [`DiscoverError::NoCommand`] when the project is
/// of a framework that the image does not have.
pub async fn choose(project: &ProjectFiles, inside: Option<(&Probe, &Image)>) -> Result<Candidate, DiscoverError> {
    let candidates = candidates(project);
    let Some((probe, image)) = inside else { return strongest(candidates, project) };
    let is_certain = |candidate: &Candidate| candidate.sign.strength == Strength::Certain;
    let certain: Vec<&'static dyn Framework> =
        candidates.iter().filter(|candidate| is_certain(candidate)).map(|candidate| candidate.framework).collect();
    let likely: Vec<&'static dyn Framework> = candidates.iter().map(|candidate| candidate.framework).collect();
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
    if present.is_empty() && !likely.is_empty() {
        command::find_command(probe, image, &likely).await?;
    }
    strongest(present, project)
}

/// Returns the frameworks of which there is a sign, and a unit among what is selected; when nothing that is selected looks
/// like a unit, those that are certain.
fn candidates(project: &ProjectFiles) -> Vec<Candidate> {
    let sign = |&framework: &&'static dyn Framework| framework.sign(project).map(|sign| Candidate { framework, sign });
    let signs: Vec<Candidate> = framework::ALL.iter().filter_map(sign).collect();
    let (with_units, without): (Vec<_>, Vec<_>) = signs.into_iter().partition(|it| has_units(it.framework, project));
    if with_units.is_empty() {
        return without.into_iter().filter(|it| it.sign.strength == Strength::Certain).collect();
    }
    with_units
}

fn has_units(framework: &dyn Framework, project: &ProjectFiles) -> bool {
    let call = FrameworkCall::new(framework.name(), Vec::new(), Vec::new());
    framework.listing(&call).is_some() || project.selected.iter().any(|path| framework.is_unit(path))
}

/// Returns the candidate with the strongest sign, unless another one is as strong, or usually runs selected files that this
/// one would leave out.
fn strongest(candidates: Vec<Candidate>, project: &ProjectFiles) -> Result<Candidate, DiscoverError> {
    let Some(most) = candidates.iter().map(|candidate| candidate.sign.strength).max() else {
        return Err(DiscoverError::Unrecognised);
    };
    let (mut best, others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|it| it.sign.strength == most);
    let first = best[0].framework;
    let would_be_left_out = |it: &Candidate| {
        let is_more = |path: &String| it.framework.is_unit(path) && !first.is_unit(path);
        it.sign.strength >= Strength::Usual && project.selected.iter().any(is_more)
    };
    best.extend(others.into_iter().filter(would_be_left_out));
    if best.len() == 1 {
        return Ok(best.remove(0));
    }
    let named = |it: &Candidate| format!("{} ({})", it.framework.name(), it.sign.reason);
    Err(DiscoverError::Ambiguous { candidates: best.iter().map(named).collect() })
}

/// Returns the files and directories that selected paths begin at.
fn starting_points(paths: &[String]) -> Vec<String> {
    if paths.is_empty() {
        return vec![".".to_owned()];
    }
    paths
        .iter()
        .map(|path| normal(split_part(path).0))
        .map(|path| if is_glob(&path) { literal_prefix(&path) } else { path })
        .collect()
}

/// Tells whether a directory of this name holds other people's files, or none that tell anything.
fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "target" | "venv" | "vendor" | "__pycache__" | "dist")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn chosen(files: &[(&str, &str)]) -> Result<(&'static str, String), DiscoverError> {
        chosen_of(files, &[]).await
    }

    async fn chosen_of(files: &[(&str, &str)], paths: &[&str]) -> Result<(&'static str, String), DiscoverError> {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        let candidate = choose(&project_on_host(&paths, dir.path()), None).await?;
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
        let both =
            [("features/a.feature", ""), ("features/support/env.rb", ""), ("conftest.py", ""), ("test_a.py", "")];
        let Err(DiscoverError::Ambiguous { candidates }) = chosen(&both).await else { panic!("it guessed") };
        assert_eq!(
            candidates,
            ["pytest (`conftest.py` is there)", "cucumber-ruby (`features/support/env.rb` is there)"]
        );
    }

    #[tokio::test]
    async fn a_suite_that_would_be_left_out_is_asked_about() {
        let both = [("features/a.feature", ""), ("features/steps/a.py", ""), ("tests/test_a.py", "")];
        assert!(matches!(chosen(&both).await, Err(DiscoverError::Ambiguous { .. })));
        assert_eq!(chosen_of(&both, &["features"]).await.unwrap().0, "behave");
        assert_eq!(chosen_of(&both, &["tests/test_a.py::test_x"]).await.unwrap().0, "pytest");
        // Files that a framework could run, and that are usually another's, are no second suite.
        let bdd = [("conftest.py", ""), ("test_a.py", ""), ("features/a.feature", "")];
        assert_eq!(chosen(&bdd).await.unwrap().0, "pytest");
    }

    #[tokio::test]
    async fn a_part_of_a_file_is_recognised_by_the_whole_project() {
        let ruby = [("features/a.feature", ""), ("features/step_definitions/a.rb", "")];
        assert_eq!(chosen_of(&ruby, &["features/a.feature:12"]).await.unwrap().0, "cucumber-ruby");
        let odd = [("pytest.ini", ""), ("checks/all.py", "")];
        assert_eq!(chosen_of(&odd, &["checks/all.py"]).await.unwrap().0, "pytest");
    }

    #[tokio::test]
    async fn other_people_s_files_tell_nothing() {
        let theirs = [("node_modules/x/test_a.py", ""), (".venv/conftest.py", ""), ("src/main.c", "")];
        assert!(matches!(chosen(&theirs).await, Err(DiscoverError::Unrecognised)));
    }
}
