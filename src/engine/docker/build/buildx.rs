//! Builds by `docker buildx`, for what only BuildKit can build.

use std::io;
use std::process::Stdio;
use std::sync::Arc;

use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, Command};
use tokio::sync::mpsc;

use super::context::Context;
use super::output::Followed;
use super::{impossible, panicked};
use crate::engine::docker::DockerEngine;
use crate::engine::docker::program::Program;
use crate::engine::{BuildRequest, EngineError, ImageNews, TarStream};
use crate::model::Pull;

/// How many pieces of output wait for being taken.
const PIECES: usize = 16;
/// How much is read at once, in bytes.
const PIECE: usize = 16 << 10;

/// A build by the `docker` client's plugin.
pub(super) struct Buildx<'build> {
    pub(super) engine: &'build DockerEngine,
    pub(super) request: &'build BuildRequest,
    /// The image's label, as `NAME=value`.
    pub(super) label: String,
    /// What the engine itself could not do.
    pub(super) why: String,
}

impl Buildx<'_> {
    /// Builds the image and leaves it in the engine under its name. The context goes in on standard input, so that it is the
    /// same as for the engine's own builder.
    pub(super) async fn build(&self, context: &Arc<Context>) -> Result<(), EngineError> {
        let mut program = Program::start(&mut self.command(&context.dockerfile))
            .map_err(|error| self.impossible(&format!("`docker buildx` cannot be run: {error}")))?;
        let (tar, sending) = Arc::clone(context).send();
        let feeding = feed(program.child.stdin.take(), tar);
        let (pieces, mut incoming) = mpsc::channel(PIECES);
        let (out, err) = (program.child.stdout.take(), program.child.stderr.take());
        let reading = async { tokio::join!(read(out, pieces.clone()), read(err, pieces)) };
        let mut followed = Followed::default();
        let following = async {
            while let Some(piece) = incoming.recv().await {
                followed.feed(&piece);
                self.engine.observer.tell(&self.request.name, ImageNews::BuildOutput(&piece));
            }
        };
        tokio::join!(feeding, async { tokio::join!(reading, following) });
        let ended = program.child.wait().await;
        let ended = ended.map_err(|error| self.impossible(&format!("cannot be waited for: {error}")))?;
        match sending.await {
            Ok(Ok(())) => {}
            Ok(Err(bad)) => return Err(impossible(&self.request.name, bad)),
            Err(error) => return Err(panicked(&self.request.name, error)),
        }
        if ended.success() { Ok(()) } else { Err(self.failed(followed, &ended.to_string())) }
    }

    fn command(&self, dockerfile: &str) -> Command {
        let build = &self.request.build;
        let mut command = Command::new("docker");
        command.args(["buildx", "build", "--load", "--progress", "plain"]);
        command.args(["--tag", &self.request.name, "--label", &self.label, "--file", dockerfile]);
        command.args(build.target.iter().flat_map(|stage| ["--target", stage.as_str()]));
        command.args(self.request.platform.iter().flat_map(|platform| ["--platform".to_owned(), platform.to_string()]));
        // The values are in the environment, where other users do not see them.
        command.args(build.args.iter().flat_map(|(name, _)| ["--build-arg", name.as_str()]));
        command.envs(build.args.iter().cloned());
        command.args(build.no_cache.then_some("--no-cache"));
        command.args((self.request.pull == Pull::Always).then_some("--pull"));
        // The engine has been chosen already.
        command.env("DOCKER_HOST", self.engine.endpoint.to_string()).env_remove("DOCKER_CONTEXT");
        command.arg("-").stdin(Stdio::piped());
        command
    }

    fn impossible(&self, detail: &str) -> EngineError {
        EngineError::BuildImpossible {
            image: self.request.name.clone(),
            detail: format!("it needs BuildKit ({}), and {detail}", self.why),
            help: "install the docker client's plugin `buildx`, or build the image yourself and name it with `--image`"
                .to_owned(),
        }
    }

    fn failed(&self, followed: Followed, ended: &str) -> EngineError {
        let step = followed.failed_step().map(str::to_owned);
        let output = followed.last_lines();
        let is_absent = ["is not a docker command", "unknown command", "unknown flag"];
        if step.is_none() && is_absent.iter().any(|sign| output.contains(sign)) {
            return self.impossible("the docker client has no plugin `buildx`");
        }
        let last = output.lines().rev().find(|line| line.contains("ERROR")).unwrap_or("`docker buildx` failed");
        let detail = format!("{} ({ended})", last.trim());
        EngineError::BuildFailed { image: self.request.name.clone(), step, detail, output }
    }
}

/// Writes the context; a program that has ended says itself why.
async fn feed(stdin: Option<ChildStdin>, mut tar: TarStream) {
    let Some(mut stdin) = stdin else { return };
    while let Some(Ok(piece)) = tar.next().await {
        if stdin.write_all(&piece).await.is_err() {
            return;
        }
    }
}

/// Hands output on in whole lines, so that no character is cut in two.
async fn read(stream: Option<impl AsyncRead + Unpin>, pieces: mpsc::Sender<String>) {
    let Some(mut stream) = stream else { return };
    let mut kept = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let length = match stream.read(&mut piece).await {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        kept.extend_from_slice(&piece[..length]);
        let line_end = kept.iter().rposition(|&byte| byte == b'\n').map(|at| at + 1);
        let end = if length == 0 { kept.len() } else { line_end.unwrap_or(0) };
        if end > 0 {
            let text = String::from_utf8_lossy(&kept[..end]).into_owned();
            kept.drain(..end);
            if pieces.send(text).await.is_err() {
                return;
            }
        }
        if length == 0 {
            return;
        }
    }
}
