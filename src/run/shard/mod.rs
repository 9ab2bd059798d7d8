//! One shard's task: create, attach, start, stream, wait, collect, remove. It decides nothing.

mod files;
mod services;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::engine::{ContainerId, ContainerSpec, Engine, EngineError, Image, Labels, Output, lacks_shell};
use crate::framework::Framework;
use crate::model::{
    Cause, ContainerExit, FindingKind, Kept, MountSource, Network, ShardId, Slot, StopReason, Unit, UnitResult, exports,
};
use crate::plan::Plan;
use crate::report::Redactor;
use crate::run::collect::{BEFORE_COMMAND_FILE, Collected, MINKE_DIR};
use crate::run::coverage::{self, COVERAGE_DIR};
use crate::run::services::{Lease, ServicePool};
use crate::run::spool::Spool;
use crate::run::watch::LineStarts;
use crate::schedule::{Evidence, ExitMeaning, Input, LaunchFailure, ShardReport, Signal, judge};

/// How long nothing may arrive after the container's end before its output is taken to have ended.
const OUTPUT_AFTER_END: Duration = Duration::from_secs(5);
/// How long a container may take to end after SIGKILL.
const END_AFTER_KILL: Duration = Duration::from_secs(30);
/// How long the engine may take to hand over the reports.
const COLLECT_LIMIT: Duration = Duration::from_secs(120);
/// How long the engine may take to remove a container.
const REMOVE_LIMIT: Duration = Duration::from_secs(60);
/// The same when the engine is believed to be gone.
const REMOVE_LIMIT_LOST: Duration = Duration::from_secs(2);
/// The directory of a shard's directory that its artifacts are in.
const ARTIFACTS_DIR: &str = "artifacts";

/// What all shard tasks of a run share.
pub(super) struct Shared {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) plan: Plan,
    pub(super) framework: &'static dyn Framework,
    pub(super) image: Image,
    pub(super) labels: Labels,
    pub(super) inputs: mpsc::Sender<Input>,
    /// What masks secrets in all that is kept; `None` when there are none.
    pub(super) redactor: Option<Arc<Redactor>>,
    /// What runs beside the shards; `None` when nothing does.
    pub(super) services: Option<ServicePool>,
    /// Cancelled when the engine is gone: nothing is waited for any more.
    pub(super) engine_lost: CancellationToken,
}

impl Shared {
    /// Tells whether the image or the user sets a variable; a locale may be set under several names.
    fn is_set(&self, name: &str) -> bool {
        let names: &[&str] = if name == "LC_ALL" { &["LC_ALL", "LC_CTYPE", "LANG"] } else { &[name] };
        let by_image = self.image.env.iter().filter_map(|var| var.split('=').next());
        let by_user = self.plan.template().container.env.iter().map(|var| var.name.as_str());
        by_image.chain(by_user).any(|set| names.contains(&set))
    }

    /// Returns what the image's entry point has before the framework's own command, which would else stand there twice:
    /// of `python3 -m pytest`, `python3 -m`. `None` when the entry point does not name the framework.
    fn entrypoint_before_framework(&self) -> Option<&[String]> {
        let base = |word: &str| word.rsplit('/').next().map(str::to_owned);
        let command = base(self.plan.framework().command.first()?);
        let at = self.image.entrypoint.iter().position(|word| base(word) == command)?;
        Some(&self.image.entrypoint[..at])
    }
}

/// A signal on its way to a shard's container.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) signal: Signal,
    pub(super) why: StopReason,
}

/// One shard's task.
pub(super) struct ShardTask {
    pub(super) shared: Arc<Shared>,
    pub(super) shard: ShardId,
    pub(super) slot: Slot,
    pub(super) units: Vec<Unit>,
    pub(super) dir: PathBuf,
    pub(super) control: mpsc::Receiver<Control>,
}

/// What a shard's life has shown so far.
#[derive(Default)]
struct Life {
    exit: Option<ContainerExit>,
    collected: Collected,
    kept: Kept,
    failure: Option<LaunchFailure>,
    stop: Option<StopReason>,
    seen: Option<usize>,
    started: Option<Instant>,
    ended: Option<Instant>,
}

impl ShardTask {
    /// Runs the shard, tells the driver of its end, and removes its container.
    pub(super) async fn run(mut self) {
        let container: Mutex<Option<ContainerId>> = Mutex::new(None);
        let mut life = Life::default();
        let mut spool = match Spool::create(&self.dir, self.shard, self.shared.redactor.as_ref()) {
            Ok(spool) => Some(spool),
            Err(error) => {
                self.output_lost(&error).await;
                None
            }
        };
        let lost = self.shared.engine_lost.clone();
        let mut lease = None;
        let lived = tokio::select! {
            lived = self.live(&mut life, spool.as_mut(), &container, &mut lease) => lived,
            () = lost.cancelled() => Err(EngineError::OutputLost),
        };
        if let Err(error) = lived {
            life.failure.get_or_insert_with(|| launch_failure(&error));
        }
        if let Some(Err(error)) = spool.as_mut().map(Spool::end) {
            self.output_lost(&error).await;
        }
        let oom_killed = life.exit.as_ref().is_some_and(|exit| exit.oom_killed);
        let mut report = self.report(life, spool);
        report.kept.services = lease.as_ref().map(|lease| self.service_logs(lease)).unwrap_or_default();
        if oom_killed && is_all_well(&report) {
            let text = "the kernel killed a process of it for lack of memory, and yet its report is complete";
            self.tell(Input::Warn(format!("shard {}: {text}", self.shard))).await;
        }
        let lease = self.give_back(lease, &report).await;
        let ended = Input::ShardEnded { shard: self.shard, report: Box::new(report) };
        // The receiver lives until every task has ended.
        let _ = self.shared.inputs.send(ended).await;
        let container = container.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(container) = container {
            self.remove(&container).await;
        }
        if let Some(lease) = lease {
            self.remove_services(&lease).await;
        }
    }

    async fn live(
        &mut self,
        life: &mut Life,
        spool: Option<&mut Spool>,
        container: &Mutex<Option<ContainerId>>,
        lease: &mut Option<Lease>,
    ) -> Result<(), EngineError> {
        let shared = Arc::clone(&self.shared);
        let engine = &*shared.engine;
        if !self.has_services(life, lease).await {
            return Ok(());
        }
        let mut spec = self.spec();
        if let Some(network) = lease.as_ref().and_then(Lease::network) {
            spec.container.network = Network::Named(network);
            spec.aliases.clone_from(&shared.plan.template().aliases);
        }
        for mount in &mut spec.container.mounts {
            if let MountSource::Volume(Some(name)) = &mount.source {
                // One that no service has is the container's alone, and goes with it.
                mount.source = MountSource::Volume(lease.as_ref().and_then(|lease| lease.volume(name)));
            }
        }
        let id = engine.create(&spec).await?;
        *container.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(id.clone());
        if let Ok(control) = self.control.try_recv() {
            life.stop = Some(control.why);
            return Ok(());
        }
        if let Some(lease) = lease {
            lease.connect(engine, &id).await?;
        }
        if let Err(detail) = self.place_files(&id, lease.as_ref()).await? {
            life.failure = Some(LaunchFailure { cause: Cause::Image, detail });
            return Ok(());
        }
        let output = engine.start(&id).await?;
        life.started = Some(Instant::now());
        self.tell(Input::ShardReady { shard: self.shard, container: id.0.clone() }).await;
        let streamed = self.stream(life, spool, &id, output).await;
        life.ended = Some(Instant::now());
        streamed?;
        let collecting = self.collect(&id);
        life.collected = timeout(COLLECT_LIMIT, collecting).await.unwrap_or_else(|_| {
            Err(EngineError::TimedOut { operation: "hand over the reports".into(), seconds: COLLECT_LIMIT.as_secs() })
        })?;
        let artifacts = &shared.plan.template().artifacts;
        life.kept.artifacts = self.keep(&id, ARTIFACTS_DIR, artifacts, false, &mut life.collected.remarks).await;
        // Coverage that an image, or a mounted project, had before is none of this run.
        let globs = coverage::globs(&shared);
        life.kept.coverage = self.keep(&id, COVERAGE_DIR, &globs, true, &mut life.collected.remarks).await;
        for remark in std::mem::take(&mut life.collected.remarks) {
            self.tell(Input::Warn(format!("shard {}: {remark}", self.shard))).await;
        }
        if spec.container.limits.memory_bytes.is_some() {
            // Docker hears of a lack of memory by another way than of the end, and at times later.
            if let (Some(exit), Ok(again)) = (&mut life.exit, engine.wait(&id).await) {
                exit.oom_killed |= again.oom_killed;
            }
        }
        Ok(())
    }

    /// Spools output until the container has ended and its output too.
    async fn stream(
        &mut self,
        life: &mut Life,
        mut spool: Option<&mut Spool>,
        id: &ContainerId,
        mut output: futures::stream::BoxStream<'static, Result<Output, EngineError>>,
    ) -> Result<(), EngineError> {
        let shared = Arc::clone(&self.shared);
        let mut waiting = shared.engine.wait(id);
        let mut lines = LineStarts::default();
        let mut output_open = true;
        let mut give_up: Option<Instant> = None;
        // A signal is on its way while output is still read: an engine whose client reads nothing may not answer.
        let mut signals = FuturesUnordered::new();
        while life.exit.is_none() || output_open {
            tokio::select! {
                piece = output.next(), if output_open => match piece {
                    Some(Ok(piece)) => {
                        if life.exit.is_some() {
                            give_up = Some(Instant::now() + OUTPUT_AFTER_END);
                        }
                        self.watch(life, &mut lines, &piece).await;
                        if let Some(Err(error)) = spool.as_mut().map(|spool| spool.write(&piece)) {
                            self.output_lost(&error).await;
                            spool = None;
                        }
                    }
                    Some(Err(error)) => {
                        output_open = false;
                        self.warn_of_lost_output(&error).await;
                    }
                    None => output_open = false,
                },
                exit = &mut waiting, if life.exit.is_none() => {
                    life.exit = Some(exit?);
                    give_up = Some(Instant::now() + OUTPUT_AFTER_END);
                }
                Some(control) = self.control.recv() => {
                    if control.signal == Signal::Kill && life.exit.is_none() {
                        give_up = Some(Instant::now() + END_AFTER_KILL);
                    }
                    life.stop = Some(control.why);
                    let signal = match control.signal {
                        Signal::Interrupt if !shared.framework.heeds_interrupt() => Signal::Terminate,
                        signal => signal,
                    };
                    signals.push(shared.engine.signal(id, signal));
                }
                Some(sent) = signals.next(), if !signals.is_empty() => sent?,
                () = sleep_until(give_up.unwrap_or_else(Instant::now)), if give_up.is_some() => {
                    if life.exit.is_none() {
                        let seconds = END_AFTER_KILL.as_secs();
                        return Err(EngineError::TimedOut { operation: "end a killed container".into(), seconds });
                    }
                    self.warn_of_lost_output(&EngineError::OutputLost).await;
                    output_open = false;
                }
            }
        }
        Ok(())
    }

    async fn watch(&mut self, life: &mut Life, lines: &mut LineStarts, piece: &Output) {
        let Output::Stdout(bytes) = piece else { return };
        if self.units.len() == 1 {
            return;
        }
        let mut newly_seen = None;
        lines.feed(bytes, |line| {
            let place = self.shared.framework.seen(line, &self.units);
            newly_seen = place.or(newly_seen);
            place.is_some()
        });
        if newly_seen.is_some() && newly_seen != life.seen {
            life.seen = newly_seen;
            if let Some(place) = newly_seen {
                self.tell(Input::UnitSeen { shard: self.shard, place }).await;
            }
        }
    }

    /// Judges what is known and makes the shard's report.
    fn report(&self, mut life: Life, spool: Option<Spool>) -> ShardReport {
        let framework = self.shared.framework;
        let output_tail = spool.as_ref().map(Spool::tail).unwrap_or_default();
        let (stdout, stderr) = spool.as_ref().map(Spool::files).unwrap_or_default();
        let code = life.exit.as_ref().map(|exit| exit.code);
        let failure = life.failure.take().or_else(|| self.failure_inside(&life, &output_tail));
        let reports = std::mem::take(&mut life.collected.reports);
        let mut division = framework.divide(&self.units, reports);
        if let (Some(code), [unit], None) = (code, self.units.as_slice(), &life.stop)
            && let Some(mut case) = framework.case_of_exit(self.shared.plan.framework(), unit.id.as_str(), code)
            && let Some(cases) = division.by_unit.first_mut()
            // A report that holds cases says more than the code does.
            && cases.is_empty()
        {
            if let Some(finding) = case.findings.first_mut().filter(|finding| finding.kind == FindingKind::Failure) {
                finding.text.clone_from(&output_tail);
            }
            cases.push(case);
        }
        if life.stop.is_some() {
            division.leave_out_stopped(|case| framework.is_stopped(case));
        }
        let evidence = Evidence {
            units: &self.units,
            division,
            meaning: code.map_or(ExitMeaning::Unfinished, |code| framework.exit_meaning(code, life.stop.is_some())),
            exit_hint: code.and_then(|code| framework.exit_hint(code)),
            exit: life.exit.clone(),
            launch_failure: failure,
            stop: life.stop.clone(),
            always_reports: framework.always_reports(),
            started: life.started.is_some(),
            // A unit that has the container for itself needs not be seen.
            seen: if self.units.len() == 1 { Some(0) } else { life.seen },
            output_tail,
        };
        let wall = match (life.started, life.ended) {
            (Some(started), Some(ended)) => ended - started,
            (Some(started), None) => started.elapsed(),
            (None, _) => Duration::ZERO,
        };
        ShardReport { exit: life.exit, wall, stdout, stderr, kept: life.kept, result: judge(evidence) }
    }

    /// Recognises a before-command that failed, and a framework that is not in the image.
    fn failure_inside(&self, life: &Life, output_tail: &str) -> Option<LaunchFailure> {
        if let Some(code) = life.collected.before_command {
            let detail = format!("the before-command failed with exit code {code}");
            return Some(LaunchFailure { cause: Cause::BeforeCommand, detail });
        }
        if life.stop.is_some() && life.exit.is_none() {
            return None;
        }
        let exit = life.exit.as_ref()?;
        let code = exit.code;
        let said_by_init = output_tail.contains("[FATAL tini") || output_tail.contains("exec: ");
        let command = self.shared.plan.framework().command.join(" ");
        let image = &self.shared.plan.template().image;
        if lacks_shell(exit, output_tail)
            && let Some(needs_shell) = self.shell_for()
        {
            let detail = format!("image `{image}` has no /bin/sh, which `{needs_shell}` needs");
            return Some(LaunchFailure { cause: Cause::Image, detail });
        }
        let no_module = output_tail.contains("No module named pytest") && command.contains("-m pytest");
        let missing = matches!(code, 126 | 127) && said_by_init && life.collected.reports.is_empty();
        (missing || (no_module && code == 1)).then(|| LaunchFailure {
            cause: Cause::Image,
            detail: format!(
                "image `{image}` cannot run `{command}` (exit code {code}): {}",
                self.shared.framework.missing_help()
            ),
        })
    }

    /// Returns the option by which something happens in a shell before the framework starts.
    fn shell_for(&self) -> Option<&'static str> {
        let template = self.shared.plan.template();
        let of_secrets = !exports(&template.secrets).is_empty();
        template.before_command.as_ref().map(|_| "--before-command").or(of_secrets.then_some("--secret-env"))
    }

    fn spec(&self) -> ContainerSpec {
        let shared = &self.shared;
        let paths: Vec<&str> = self.units.iter().map(|unit| unit.id.as_str()).collect();
        let entrypoint = shared.entrypoint_before_framework();
        let mut call = shared.plan.framework().clone();
        // In the command, not before the argv, which may begin with a shell.
        call.command.splice(..0, entrypoint.unwrap_or_default().iter().cloned());
        let argv = shared.framework.argv(&call, &paths);
        let template = shared.plan.template();
        let own = [
            ("MINKE_RUN", shared.labels.run.to_string()),
            ("MINKE_SHARD", self.slot.to_string()),
            ("MINKE_SHARDS", shared.plan.shards().to_string()),
            ("TEST_ENV_NUMBER", self.slot.to_string()),
            ("CI", "true".to_owned()),
        ];
        let framework = shared.framework.environment().iter().filter(|(name, _)| !shared.is_set(name));
        let framework = framework.map(|(name, value)| (*name, (*value).to_owned()));
        let data = coverage::data_variable(shared);
        let argv = after_preparation(&exports(&template.secrets), template.before_command.as_deref(), argv);
        let name = format!("minke-{}-{}", shared.labels.run, self.shard);
        let settings = template.container_of(&self.units[0]).clone();
        let spec = ContainerSpec::new(name, shared.image.id.clone(), &template.image, settings, shared.labels.clone());
        ContainerSpec {
            env: own.into_iter().chain(data).chain(framework).map(|(name, value)| format!("{name}={value}")).collect(),
            ..spec.with_command(argv, entrypoint.is_some())
        }
    }

    async fn remove(&self, container: &ContainerId) {
        let limit = if self.shared.engine_lost.is_cancelled() { REMOVE_LIMIT_LOST } else { REMOVE_LIMIT };
        let detail = match timeout(limit, self.shared.engine.remove(container)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.in_full(),
            Err(_) => format!("the engine did not do it within {} s", limit.as_secs()),
        };
        let text =
            format!("container {} of shard {} is left behind: {detail}; run `minke clean`", container.0, self.shard);
        self.tell(Input::Warn(text)).await;
    }

    async fn output_lost(&self, error: &std::io::Error) {
        let detail = format!("`{}`: {error}", self.dir.display());
        self.tell(Input::Cancel(crate::model::CancelReason::OutputLost { detail })).await;
    }

    async fn warn_of_lost_output(&self, error: &EngineError) {
        let text = format!("the log of shard {} may be incomplete: {}", self.shard, error.in_full());
        self.tell(Input::Warn(text)).await;
    }

    async fn tell(&self, input: Input) {
        // The receiver lives until every task has ended.
        let _ = self.shared.inputs.send(input).await;
    }
}

/// Tells whether nothing but tests' own answers came of a shard.
fn is_all_well(report: &ShardReport) -> bool {
    let proven = |unit: &UnitResult| matches!(unit, UnitResult::Proven { trouble: None, .. });
    report.result.problem.is_none() && report.result.units.iter().all(proven)
}

/// Puts what has to happen first before the framework's command in one container: `exports`, shell text that makes variables
/// of secrets, and the user's command. Both commands reach the shell as arguments, so nothing in them is read by the outer
/// shell.
fn after_preparation(exports: &str, before: Option<&str>, argv: Vec<String>) -> Vec<String> {
    let script = match before {
        None if exports.is_empty() => return argv,
        None => format!("{exports}shift; exec \"$@\""),
        Some(_) => format!(
            "{exports}/bin/sh -c \"$1\" || {{ code=$?; mkdir -p {MINKE_DIR}; echo $code > {MINKE_DIR}/{BEFORE_COMMAND_FILE}; \
             exit $code; }}; shift; exec \"$@\""
        ),
    };
    let shell = ["/bin/sh", "-c", &script, "minke", before.unwrap_or_default()].map(str::to_owned);
    shell.into_iter().chain(argv).collect()
}

fn launch_failure(error: &EngineError) -> LaunchFailure {
    let cause = if error.is_image_fault() { Cause::Image } else { Cause::Engine };
    let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
    LaunchFailure { cause, detail: format!("{}{help}", error.in_full()) }
}
