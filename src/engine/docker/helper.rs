//! Credential helpers: programs that keep credentials (<https://github.com/docker/docker-credential-helpers>).

use std::io;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::program::Program;

/// How long a helper may take; some ask a service on the network.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
/// How much a helper may print, in bytes.
const MOST_BYTES: u64 = 1 << 20;
/// What a helper says when it has nothing, by its protocol.
const NOTHING: &str = "credentials not found";

/// What a helper knows of a registry.
#[derive(Deserialize)]
pub(super) struct Kept {
    #[serde(rename = "Username", default)]
    pub(super) username: String,
    #[serde(rename = "Secret", default)]
    pub(super) secret: String,
}

/// Asks `docker-credential-NAME` for the credentials of a registry; `None` when it has none.
///
/// # Errors
/// What is wrong with the helper, as the end of a sentence. What it printed is left out: it may be a secret.
pub(super) async fn ask(name: &str, registry: &str, limit: Duration) -> Result<Option<Kept>, String> {
    if name.is_empty() || name.contains('/') {
        return Err("is no name of a program".to_owned());
    }
    ask_program(&program_name(name), registry, limit).await
}

/// The same of a program by its path.
pub(super) async fn ask_program(path: &str, registry: &str, limit: Duration) -> Result<Option<Kept>, String> {
    let started = Program::start(Command::new(path).arg("get").stdin(Stdio::piped()));
    let mut program = started.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "is not installed".to_owned(),
        _ => error.to_string(),
    })?;
    let (code, printed) = timeout(limit, converse(&mut program, registry))
        .await
        .map_err(|_| format!("did not answer within {} s", limit.as_secs_f64()))?
        .map_err(|error| format!("cannot be talked to: {error}"))?;
    match code {
        Some(0) => {
            serde_json::from_slice(&printed).map(Some).map_err(|_| "answers in no form that is known".to_owned())
        }
        _ if String::from_utf8_lossy(&printed).contains(NOTHING) => Ok(None),
        Some(code) => Err(format!("ended with exit code {code}; `echo {registry} | {path} get` shows why")),
        None => Err("was killed".to_owned()),
    }
}

pub(super) fn program_name(name: &str) -> String {
    format!("docker-credential-{name}")
}

async fn converse(program: &mut Program, registry: &str) -> io::Result<(Option<i32>, Vec<u8>)> {
    let (mut stdin, stdout) = (program.child.stdin.take(), program.child.stdout.take());
    let mut stderr = program.child.stderr.take();
    let ask = async move {
        if let Some(stdin) = &mut stdin {
            // A helper that reads nothing says so in its answer.
            let _ = stdin.write_all(registry.as_bytes()).await;
        }
    };
    let listen = async {
        let mut printed = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MOST_BYTES).read_to_end(&mut printed).await?;
        }
        io::Result::Ok(printed)
    };
    let ignore = async {
        if let Some(stderr) = &mut stderr {
            let _ = tokio::io::copy(stderr, &mut tokio::io::sink()).await;
        }
    };
    let ((), printed, ()) = tokio::join!(ask, listen, ignore);
    let printed = printed?;
    Ok((program.child.wait().await?.code(), printed))
}
