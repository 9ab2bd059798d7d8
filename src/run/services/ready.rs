//! Finding out whether a service is ready.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use regex::bytes::Regex;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::log::ServiceLog;
use crate::engine::{ContainerId, Engine, EngineError, Health};
use crate::model::{Readiness, ReadinessProbe, Service};

/// How long to wait before looking again, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(5);
/// How long the engine's own check may leave it open whether a container is healthy.
const HEALTH_LIMIT: Duration = Duration::from_secs(600);

/// A service that is looked at.
pub(super) struct Looked<'a> {
    pub(super) engine: &'a Arc<dyn Engine>,
    pub(super) service: &'a Service,
    pub(super) container: &'a ContainerId,
    pub(super) network: &'a str,
    pub(super) log: &'a ServiceLog,
}

impl Looked<'_> {
    /// Waits until the engine's check and all probes of the service say that it is ready.
    ///
    /// # Errors
    /// What it lacks, as a sentence without its subject.
    pub(super) async fn wait(&self) -> Result<(), String> {
        self.healthy().await?;
        for readiness in &self.service.ready {
            self.probe(readiness).await?;
        }
        Ok(())
    }

    async fn healthy(&self) -> Result<(), String> {
        let begun = Instant::now();
        let mut pause = Pause::default();
        loop {
            match self.engine.health(self.container).await.map_err(|error| error.in_full())? {
                Health::Unchecked | Health::Healthy => return Ok(()),
                Health::Unhealthy { output } => {
                    return Err(format!("its health check failed: {}", output.trim()));
                }
                Health::Starting if begun.elapsed() > HEALTH_LIMIT => {
                    return Err(format!("its health check had no result within {} s", HEALTH_LIMIT.as_secs()));
                }
                Health::Starting => pause.wait().await,
            }
        }
    }

    async fn probe(&self, readiness: &Readiness) -> Result<(), String> {
        let mut last = String::new();
        let waiting = async {
            match &readiness.probe {
                ReadinessProbe::Log { pattern, count } => self.wait_for_log(pattern, *count, &mut last).await,
                ReadinessProbe::Tcp { .. } | ReadinessProbe::Http { .. } | ReadinessProbe::Exec { .. } => {
                    let mut pause = Pause::default();
                    loop {
                        let looked = timeout(LOOK_LIMIT, self.look(&readiness.probe)).await;
                        match looked.unwrap_or_else(|_| Err("no answer".to_owned())) {
                            Ok(()) => return Ok(()),
                            Err(why) => last = why,
                        }
                        pause.wait().await;
                    }
                }
            }
        };
        let waited = timeout(readiness.timeout, waiting).await;
        waited.unwrap_or_else(|_| {
            let seconds = readiness.timeout.as_secs_f64();
            let why = if last.is_empty() { String::new() } else { format!(": {last}") };
            Err(format!("it was not ready within {seconds} s ({}){why}", name(&readiness.probe)))
        })
    }

    async fn look(&self, probe: &ReadinessProbe) -> Result<(), String> {
        match probe {
            ReadinessProbe::Tcp { port } => self.connect(*port).await.map(drop),
            ReadinessProbe::Http { port, path, host, status } => {
                let host = host.as_deref().unwrap_or(&self.service.name);
                let answered = get(self.connect(*port).await?, path, host).await?;
                let right = status.map_or((200..400).contains(&answered), |status| status == answered);
                if right { Ok(()) } else { Err(format!("it answered with status {answered}")) }
            }
            ReadinessProbe::Exec { command } => {
                let done = self.engine.exec(self.container, command).await.map_err(|error| error.in_full())?;
                match done.code {
                    0 => Ok(()),
                    code => Err(format!("`{}` ended with {code}: {}", command.join(" "), done.output.trim())),
                }
            }
            ReadinessProbe::Log { .. } => Ok(()),
        }
    }

    async fn connect(&self, port: u16) -> Result<TcpStream, String> {
        let address = self.address().await.map_err(|error| error.in_full())?;
        let address = address.ok_or("it has no address on its network")?;
        TcpStream::connect(SocketAddr::new(address, port)).await.map_err(|error| format!("port {port}: {error}"))
    }

    async fn address(&self) -> Result<Option<IpAddr>, EngineError> {
        self.engine.address(self.container, self.network).await
    }

    async fn wait_for_log(&self, pattern: &str, count: u32, last: &mut String) -> Result<(), String> {
        let regex = Regex::new(pattern).map_err(|error| format!("its pattern is no regular expression: {error}"))?;
        let mut written = self.log.written();
        loop {
            written.borrow_and_update();
            let bytes = self.log.read_from(0).map_err(|error| format!("its log cannot be read: {error}"))?;
            let lines = bytes.split(|byte| *byte == b'\n');
            let found = lines.filter(|line| regex.is_match(line)).count();
            if found >= usize::try_from(count).unwrap_or(usize::MAX) {
                return Ok(());
            }
            *last = format!("{found} of {count} lines that match `{pattern}`");
            if written.changed().await.is_err() {
                return Err(last.clone());
            }
        }
    }
}

/// Names a probe for people.
fn name(probe: &ReadinessProbe) -> String {
    match probe {
        ReadinessProbe::Tcp { port } => format!("tcp {port}"),
        ReadinessProbe::Http { port, path, .. } => format!("http {port}{path}"),
        ReadinessProbe::Log { .. } => "log".to_owned(),
        ReadinessProbe::Exec { .. } => "exec".to_owned(),
    }
}

/// Asks for a page and returns the status of the answer.
async fn get(stream: TcpStream, path: &str, host: &str) -> Result<u16, String> {
    let failed = |error: hyper::Error| format!("it does not speak HTTP: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let request = Request::get(path).header("Host", host).header("Connection", "close").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| format!("`{path}` is no path: {error}"))?;
    let driven = tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    driven.abort();
    Ok(answer.map_err(failed)?.status().as_u16())
}

/// Waits longer from time to time.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(PAUSE.0)
    }
}

impl Pause {
    async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(PAUSE.1);
    }
}
