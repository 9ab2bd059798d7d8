//! `minke clean`: removes what earlier runs left behind.

use std::io::Write;

use jiff::Timestamp;

use super::error::CliError;
use crate::engine::{DockerClient, DockerEngine, OwnedContainer, sweep};
use crate::model::ExitCode;

/// Removes, or with `dry_run` lists, the containers of runs that are no longer alive.
///
/// # Errors
/// [`CliError::Engine`] when there is no engine, [`CliError::Output`] when standard output is closed.
pub async fn clean(docker: &DockerClient, dry_run: bool, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let engine = DockerEngine::connect(docker).await?;
    let swept = sweep(&engine, Timestamp::now(), dry_run).await?;
    let verb = if dry_run { "would remove" } else { "removed" };
    for container in &swept.removed {
        writeln!(out, "{verb} {}", describe(container))?;
    }
    for container in &swept.kept {
        writeln!(out, "kept {}: its run may still be alive", describe(container))?;
    }
    for (container, error) in &swept.failed {
        writeln!(out, "could not remove {}: {}", describe(container), error.in_full())?;
    }
    if swept.removed.is_empty() && swept.failed.is_empty() {
        writeln!(out, "nothing to remove")?;
    }
    Ok(if swept.failed.is_empty() { ExitCode::Passed } else { ExitCode::Infrastructure })
}

fn describe(container: &OwnedContainer) -> String {
    let id: String = container.id.0.chars().take(12).collect();
    format!("container {id} of run {}", container.labels.run)
}
