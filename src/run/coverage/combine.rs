//! Combining coverage.py's data with coverage.py itself, in a container of the run's own image: only the version that wrote a
//! database is sure to read it, and its configuration and the sources are there.
//!
//! The container has no network, no secrets, and mounts that it can only read. What comes out is hostile input.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;

use super::DATA_VARIABLE;
use super::script::{NO_TOOL, NOT_COMBINED, script};
use super::transfer::{Combined, DIR, Left, data_path, pack, unpack};
use crate::engine::{ContainerId, ContainerSpec, EngineError, Output, read_archive, remove_run};
use crate::model::{ContainerSettings, EnvVar, Mount, MountSource, Network, Privileges, SECRETS_DIR};
use crate::report::replace;
use crate::run::Cancel;
use crate::run::shard::Shared;

/// How long coverage.py may take.
const LIMIT: Duration = Duration::from_secs(600);
/// How long the engine may take to create or to remove the container.
const ENGINE_LIMIT: Duration = Duration::from_secs(60);
/// How much of coverage.py's output is kept.
const LOG_BYTES: usize = 256 << 10;
/// The name of the output in the directory of the merged files.
const LOG: &str = "coverage-py.log";

/// Combines data, each with its path here and what sentences call it. The output of coverage.py goes to `target`.
pub(super) async fn combine(shared: &Shared, data: &[(PathBuf, String)], target: &Path, cancel: &Cancel) -> Combined {
    let kept = "the data of each container are kept in `shards/N/coverage`";
    let failed = |why: String| Combined { problems: vec![format!("{why}; {kept}")], ..Combined::default() };
    if shared.engine_lost.is_cancelled() {
        return failed("coverage.py's data are not combined, because the engine is gone".to_owned());
    }
    let container = match timeout(ENGINE_LIMIT, shared.engine.create(&spec(shared))).await {
        Ok(Ok(container)) => container,
        Ok(Err(error)) => return failed(format!("no container to combine coverage.py's data in: {}", error.in_full())),
        Err(_) => {
            // It may come to be all the same; what is left then is the next sweep's.
            let _ = timeout(ENGINE_LIMIT, remove_run(&*shared.engine, shared.labels.run)).await;
            let seconds = ENGINE_LIMIT.as_secs();
            return failed(format!("the engine made no container to combine coverage.py's data in within {seconds} s"));
        }
    };
    let mut requests = cancel.subscribe();
    let mut log = Vec::new();
    let result = {
        let mut running = pin!(timeout(LIMIT, run(shared, &container, data, &mut log)));
        tokio::select! {
            result = &mut running => result.unwrap_or(Err(EngineError::TimedOut {
                operation: "combine coverage.py's data".to_owned(),
                seconds: LIMIT.as_secs(),
            })),
            _ = requests.changed() => Err(EngineError::Operation {
                operation: "combine coverage.py's data".to_owned(),
                source: "interrupted".into(),
            }),
        }
    };
    let removed = timeout(ENGINE_LIMIT, shared.engine.remove(&container)).await;
    let log = shared.redactor.as_ref().map_or_else(|| log.clone(), |redactor| redactor.bytes(&log));
    let text = String::from_utf8_lossy(&log).into_owned();
    let mut combined = match result {
        Ok((code, left)) => judge(shared, code, left, data, &text, kept),
        Err(error) => failed(format!("coverage.py's data are not combined: {}", error.in_full())),
    };
    if !matches!(removed, Ok(Ok(()))) {
        combined.problems.push(format!("container {} may be left behind; run `minke clean`", container.0));
    }
    if let Err(error) = replace("output of coverage.py", &target.join(LOG), &log) {
        combined.problems.push(error.to_string());
    }
    combined
}

/// Tells what is wrong with what came out of the container.
fn judge(shared: &Shared, code: i64, left: Left, data: &[(PathBuf, String)], log: &str, kept: &str) -> Combined {
    let image = &shared.plan.template().image;
    let said = log.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing");
    let why = match code {
        0 => None,
        NO_TOOL => Some(format!("image `{image}` has no coverage.py to combine its data with")),
        126 | 127 => Some(format!("image `{image}` has no /bin/sh, which combining coverage.py's data needs")),
        NOT_COMBINED => Some(format!("coverage.py cannot combine its data: {said}")),
        code => Some(format!("coverage.py ended with exit code {code}: {said}")),
    };
    if let Some(why) = why {
        return Combined { problems: vec![format!("{why}; {kept}")], ..Combined::default() };
    }
    let mut combined = left.combined;
    for number in left.data {
        let name = data.get(number).map_or("a file", |(_, name)| name);
        // coverage.py warns of each by the path that it has there.
        let mark = format!("{}': ", data_path(number));
        let why = log.lines().find_map(|line| line.split_once(&mark)).map_or("see its output", |(_, why)| why.trim());
        combined.problems.push(format!("`{name}` is left out: coverage.py cannot read it: {why}"));
    }
    if combined.data.is_none() {
        combined.problems.push(format!("coverage.py wrote no combined data: {said}; {kept}"));
    } else if combined.xml.is_none() {
        let ignore = "`ignore_errors = true` below `[report]` of its configuration passes over such sources";
        combined.problems.push(format!("coverage.py cannot report on its combined data: {said}; {ignore}"));
    }
    combined
}

/// Describes the container: the tests' own, with less.
fn spec(shared: &Shared) -> ContainerSpec {
    let template = shared.plan.template();
    let mut settings = ContainerSettings {
        network: Network::None,
        hostname: None,
        dns: Vec::new(),
        extra_hosts: Vec::new(),
        mounts: template.container.mounts.iter().filter_map(read_only).collect(),
        // Its root file system is written to: nothing of it is kept.
        privileges: Privileges { cap_drop: template.container.privileges.cap_drop.clone(), ..Privileges::default() },
        ..template.container.clone()
    };
    // Combining is not to be measured.
    settings.env.retain(|var| !["COVERAGE_PROCESS_START", DATA_VARIABLE].contains(&var.name.as_str()));
    settings.env.push(EnvVar { name: DATA_VARIABLE.to_owned(), value: format!("{DIR}/out/.coverage") });
    let name = format!("minke-{}-coverage", shared.labels.run);
    let argv = ["/bin/sh", "-c", &script(&shared.plan.framework().command)].map(str::to_owned).to_vec();
    ContainerSpec::new(name, shared.image.id.clone(), &template.image, settings, shared.labels.clone())
        .with_command(argv, true)
}

/// Returns a mount of sources as one that can only be read; others are not needed.
fn read_only(mount: &Mount) -> Option<Mount> {
    let is_source = matches!(mount.source, MountSource::Host(_) | MountSource::Existing(_));
    (is_source && !mount.container.starts_with(SECRETS_DIR)).then(|| Mount { read_only: true, ..mount.clone() })
}

/// Puts the data in, runs coverage.py and takes out what it made.
async fn run(
    shared: &Shared,
    container: &ContainerId,
    data: &[(PathBuf, String)],
    log: &mut Vec<u8>,
) -> Result<(i64, Left), EngineError> {
    let engine = &*shared.engine;
    let failed = |operation: &str, source: io::Error| EngineError::Operation {
        operation: operation.to_owned(),
        source: Box::new(source),
    };
    let paths: Vec<PathBuf> = data.iter().map(|(path, _)| path.clone()).collect();
    let packed = tokio::task::spawn_blocking(move || pack(&paths)).await;
    let packed = packed.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    engine.put(container, "/", packed.map_err(|error| failed("pack coverage.py's data", error))?).await?;
    let mut output = engine.start(container).await?;
    while let Some(piece) = output.next().await {
        let (Output::Stdout(bytes) | Output::Stderr(bytes)) = piece?;
        log.extend_from_slice(&bytes);
        log.drain(..log.len().saturating_sub(LOG_BYTES));
    }
    let exit = engine.wait(container).await?;
    let Some(archive) = engine.archive(container, DIR).await? else { return Ok((exit.code, Left::default())) };
    Ok((exit.code, read_archive(archive, "read what coverage.py made".to_owned(), unpack).await?))
}
