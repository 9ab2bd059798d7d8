//! Finding a framework's command in an image.

use futures::future::try_join_all;

use super::{DiscoverError, Probe};
use crate::engine::{EngineError, Image, PathKind};
use crate::framework::{CommandCandidate, Framework, Need};

/// Where a program is looked for when an image sets no `PATH` (Docker's own default).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A framework and its command in an image.
pub struct FoundCommand {
    /// The framework.
    pub framework: &'static dyn Framework,
    /// Its command as argv.
    pub argv: Vec<String>,
    /// Whether something that it needs could not be looked for.
    pub is_guess: bool,
}

/// Finds the first command of the given frameworks that the image has.
///
/// # Errors
/// [`DiscoverError::NoCommand`] when it has none.
pub async fn find_command(
    probe: &Probe,
    image: &Image,
    frameworks: &[&'static dyn Framework],
) -> Result<FoundCommand, DiscoverError> {
    let path = image.env.iter().find_map(|var| var.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH);
    let dirs: Vec<&str> = path.split(':').filter(|dir| dir.starts_with('/')).collect();
    let mut tried = Vec::new();
    for &framework in frameworks {
        for candidate in framework.commands() {
            if is_there(probe, &dirs, candidate).await? {
                return Ok(FoundCommand {
                    framework,
                    argv: candidate.argv.iter().map(|&word| word.to_owned()).collect(),
                    is_guess: candidate.needs.iter().any(|need| matches!(need, Need::Unseen(_))),
                });
            }
            tried.push(format!("`{}`", candidate.argv.join(" ")));
        }
    }
    let names: Vec<&str> = frameworks.iter().map(|framework| framework.name()).collect();
    Err(DiscoverError::NoCommand {
        image: probe.image().to_owned(),
        framework: names.join(" or "),
        tried: tried.join(", "),
    })
}

async fn is_there(probe: &Probe, dirs: &[&str], candidate: &CommandCandidate) -> Result<bool, EngineError> {
    for need in candidate.needs {
        let met = match need {
            Need::OnPath(program) => {
                let looks = dirs.iter().map(|dir| async move { probe.look(&format!("{dir}/{program}")).await });
                let found = try_join_all(looks).await?;
                found.into_iter().flatten().any(|(kind, _)| matches!(kind, PathKind::File { executable: true }))
            }
            Need::InWorkDir(path) => probe.look(path).await?.is_some(),
            Need::Unseen(_) => true,
        };
        if !met {
            return Ok(false);
        }
    }
    Ok(true)
}
