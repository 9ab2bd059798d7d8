//! Dealing with a running container: commands in it, how healthy it is, and its end.

use std::time::Duration;

use bollard::Docker;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::{ExecConfig, HealthStatusEnum};
use bollard::query_parameters::{InspectContainerOptions, StopContainerOptionsBuilder};
use futures::StreamExt;

use super::failure::{is_gone_or_stopped, operation};
use crate::engine::{ContainerId, EngineError, ExecResult, Health};

/// How long the engine may take to kill a container after its grace.
const AFTER_GRACE: Duration = Duration::from_secs(60);
/// How much of what a command prints is kept.
const OUTPUT_BYTES: usize = 4096;

/// Runs a command and waits for its end.
pub(super) async fn exec(docker: &Docker, container: &ContainerId, argv: &[String]) -> Result<ExecResult, EngineError> {
    let failed = |error| operation(format!("run `{}` in container {}", argv.join(" "), container.0), error);
    let config = ExecConfig {
        cmd: Some(argv.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    };
    let id = docker.create_exec(&container.0, config).await.map_err(failed)?.id;
    let started = docker.start_exec(&id, None::<StartExecOptions>).await.map_err(failed)?;
    let mut printed = Vec::new();
    if let StartExecResults::Attached { mut output, .. } = started {
        while let Some(piece) = output.next().await {
            printed.extend_from_slice(&piece.map_err(failed)?.into_bytes());
            printed.drain(..printed.len().saturating_sub(OUTPUT_BYTES));
        }
    }
    let code = docker.inspect_exec(&id).await.map_err(failed)?.exit_code.unwrap_or(-1);
    Ok(ExecResult { code, output: String::from_utf8_lossy(&printed).into_owned() })
}

/// Reads the state of the container's health check.
pub(super) async fn health(docker: &Docker, container: &ContainerId) -> Result<Health, EngineError> {
    let inspected = docker.inspect_container(&container.0, None::<InspectContainerOptions>).await;
    let inspected = inspected.map_err(|error| operation(format!("inspect container {}", container.0), error))?;
    let Some(health) = inspected.state.and_then(|state| state.health) else { return Ok(Health::Unchecked) };
    Ok(match health.status {
        Some(HealthStatusEnum::HEALTHY) => Health::Healthy,
        Some(HealthStatusEnum::STARTING) => Health::Starting,
        Some(HealthStatusEnum::UNHEALTHY) => {
            let last = health.log.and_then(|mut log| log.pop()).and_then(|result| result.output);
            Health::Unhealthy { output: last.unwrap_or_default() }
        }
        Some(HealthStatusEnum::EMPTY | HealthStatusEnum::NONE) | None => Health::Unchecked,
    })
}

/// Asks a container to end with its own signal, and kills it after the grace.
pub(super) async fn stop(docker: &Docker, container: &ContainerId, grace: Duration) -> Result<(), EngineError> {
    let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
    let options = StopContainerOptionsBuilder::default().t(seconds).build();
    // The answer comes when the container has ended.
    let docker = docker.clone().with_timeout(grace.saturating_add(AFTER_GRACE));
    match docker.stop_container(&container.0, Some(options)).await {
        Ok(()) => Ok(()),
        Err(error) if is_gone_or_stopped(&error) => Ok(()),
        Err(error) => Err(operation(format!("stop container {}", container.0), error)),
    }
}
