//! Listing units by a command in a container, for frameworks whose units are not files.

use std::time::Duration;

use futures::StreamExt;
use globset::GlobBuilder;

use super::{DiscoverError, Found, Selection};
use crate::engine::{ContainerId, ContainerSpec, Engine, EngineError, Output};

/// How much a list may say.
const LIST_BYTES: usize = 64 << 20;
/// How much of what else it says is kept for an error.
const TAIL_BYTES: usize = 4 << 10;
/// How long output may still come after the container's end.
const OUTPUT_AFTER_END: Duration = Duration::from_secs(5);

/// Runs the framework's listing in a container of its own and picks the selected units. The container is removed on every
/// path but that of a future that is dropped; then it is the caller's, by the run's label.
///
/// # Errors
/// [`DiscoverError::Listing`] when the command fails or prints no list, [`DiscoverError::Missing`] for a unit that was named
/// and is not listed, and [`DiscoverError::Engine`].
pub async fn in_listing(
    selection: &Selection<'_>,
    engine: &dyn Engine,
    spec: &ContainerSpec,
) -> Result<Found, DiscoverError> {
    let ended = run_to_its_end(engine, spec).await?;
    let failed = |detail: String| DiscoverError::Listing { command: spec.command_line(), detail };
    if ended.code != 0 {
        return Err(failed(format!("it ended with exit code {}\n{}", ended.code, ended.stderr)));
    }
    let mut units =
        selection.framework.listed(&ended.stdout).map_err(|error| failed(format!("{error}\n{}", ended.stderr)))?;
    units.sort_unstable();
    pick(selection, &units)
}

/// What came of a command.
pub(super) struct Ended {
    pub(super) code: i64,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

/// Runs a command in a container of its own, and removes that.
pub(super) async fn run_to_its_end(engine: &dyn Engine, spec: &ContainerSpec) -> Result<Ended, EngineError> {
    let container = engine.create(spec).await?;
    let ended = run(engine, &container).await;
    let removed = engine.remove(&container).await;
    let ended = ended?;
    removed?;
    Ok(ended)
}

async fn run(engine: &dyn Engine, container: &ContainerId) -> Result<Ended, EngineError> {
    let mut output = engine.start(container).await?;
    let mut waiting = engine.wait(container);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut exit = None;
    loop {
        let piece = tokio::select! {
            exited = &mut waiting, if exit.is_none() => {
                exit = Some(exited?);
                continue;
            }
            piece = output.next() => piece,
            () = tokio::time::sleep(OUTPUT_AFTER_END), if exit.is_some() => None,
        };
        match piece {
            Some(Ok(Output::Stdout(bytes))) if stdout.len() + bytes.len() <= LIST_BYTES => {
                stdout.extend_from_slice(&bytes)
            }
            Some(Ok(Output::Stdout(_))) => {
                let source = format!("it prints more than {LIST_BYTES} bytes").into();
                return Err(EngineError::Operation { operation: "list the tests".to_owned(), source });
            }
            Some(Ok(Output::Stderr(bytes))) => {
                stderr.extend_from_slice(&bytes);
                stderr.drain(..stderr.len().saturating_sub(TAIL_BYTES));
            }
            Some(Err(error)) => return Err(error),
            None => break,
        }
    }
    let code = match exit {
        Some(exit) => exit.code,
        None => waiting.await?.code,
    };
    Ok(Ended { code, stdout, stderr: String::from_utf8_lossy(&stderr).trim().to_owned() })
}

/// Picks the listed units that the selection names, by themselves or by a glob, in which `*` stands for anything.
fn pick(selection: &Selection<'_>, listed: &[String]) -> Result<Found, DiscoverError> {
    let matching = |glob: &str, origin| {
        let compiled = GlobBuilder::new(glob).build();
        let matcher =
            compiled.map_err(|source| DiscoverError::Glob { glob: glob.to_owned(), origin, source })?.compile_matcher();
        Ok::<_, DiscoverError>(listed.iter().filter(move |unit| matcher.is_match(unit)).cloned().collect::<Vec<_>>())
    };
    let missing = |name: &str| DiscoverError::Missing {
        path: name.to_owned(),
        place: format!("among the units that {} lists: {}", selection.framework.name(), listed.join(", ")),
    };
    let mut units = Vec::new();
    let mut unmatched = Vec::new();
    for name in selection.named.unwrap_or_default() {
        let is_listed = listed.contains(name) || is_part(selection, listed, name);
        units.push(is_listed.then(|| name.clone()).ok_or_else(|| missing(name))?);
    }
    let everything = ["*".to_owned()];
    let paths = if selection.paths.is_empty() && selection.named.is_none() { &everything } else { selection.paths };
    for path in paths {
        let found = match listed.contains(path) || is_part(selection, listed, path) {
            true => vec![path.clone()],
            false => matching(path, "the paths")?,
        };
        if found.is_empty() && !path.contains(['*', '?', '[', '{']) {
            return Err(missing(path));
        }
        if found.is_empty() {
            unmatched.push(path.clone());
        }
        units.extend(found);
    }
    for glob in selection.exclude {
        let left_out = matching(glob, "--exclude")?;
        units.retain(|unit| !left_out.contains(unit));
    }
    units.sort_unstable();
    units.dedup();
    let searched = vec![format!("the {} units that {} lists", listed.len(), selection.framework.name())];
    Ok(Found { units, searched, unmatched })
}

/// Tells whether a selector is of a part of a unit that is listed.
fn is_part(selection: &Selection<'_>, listed: &[String], selector: &str) -> bool {
    selection.file_of_part(selector).is_some_and(|unit| listed.iter().any(|listed| listed == unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::CargoNextest;

    fn picked(paths: &[&str], exclude: &[&str]) -> Result<Vec<String>, DiscoverError> {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let (paths, exclude) = (owned(paths), owned(exclude));
        let selection = Selection { paths: &paths, named: None, exclude: &exclude, framework: &CargoNextest };
        pick(&selection, &owned(&["a", "a::bin/x", "a::it", "b"])).map(|found| found.units)
    }

    #[test]
    fn units_are_picked_by_name_and_by_glob() {
        assert_eq!(picked(&[], &[]).unwrap(), ["a", "a::bin/x", "a::it", "b"]);
        assert_eq!(picked(&["a"], &[]).unwrap(), ["a"]);
        assert_eq!(picked(&["a*", "a::it"], &["*::it"]).unwrap(), ["a", "a::bin/x"]);
        assert_eq!(picked(&["a::it$tests::one"], &[]).unwrap(), ["a::it$tests::one"]);
        assert!(matches!(picked(&["x$one"], &[]), Err(DiscoverError::Missing { .. })));
        assert!(picked(&["x*"], &[]).unwrap().is_empty());
        assert!(matches!(picked(&["x"], &[]), Err(DiscoverError::Missing { .. })));
    }
}
