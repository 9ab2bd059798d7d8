//! `minke doctor`: whether tests can be run here, and what to do where they cannot.

use std::io::{self, Write};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::args::Format;
use super::clean::objects;
use super::error::CliError;
use crate::engine::{DockerClient, DockerEngine, Engine, EngineInfo, sweep};
use crate::model::ExitCode;

/// The version of the JSON that `--format json` writes.
const FORMAT_VERSION: u32 = 1;
/// The engine's API that everything here was tried with.
const KNOWN_API: (u32, u32) = (1, 41);
/// How far the engine's clock may be from ours before timestamps mislead.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);
/// Below how many free bytes runs are likely to fail.
const LITTLE_DISK: u64 = 2 << 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    Warn,
    Fail,
}

struct Check {
    name: &'static str,
    level: Level,
    text: String,
    help: Option<String>,
}

impl Check {
    fn new(name: &'static str, level: Level, text: impl Into<String>) -> Self {
        Self { name, level, text: text.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Checks the engine and the disk, and prints a line for each check.
///
/// # Errors
/// [`CliError::Output`] when standard output is closed. A failed check is the exit code's affair.
pub async fn doctor(
    docker: &DockerClient,
    output_dir: &Path,
    format: Format,
    out: &mut dyn Write,
) -> Result<ExitCode, CliError> {
    let mut checks = match DockerEngine::connect(docker).await {
        Ok(engine) => check_engine(&engine).await,
        Err(error) => {
            let check = Check::new("engine", Level::Fail, error.in_full());
            vec![match error.help() {
                Some(help) => check.help(help),
                None => check,
            }]
        }
    };
    checks.push(check_disk("output disk", output_dir));
    match format {
        Format::Text => write_text(&checks, out)?,
        Format::Json => write_json(&checks, out)?,
    }
    let failed = checks.iter().any(|check| check.level == Level::Fail);
    Ok(if failed { ExitCode::Infrastructure } else { ExitCode::Passed })
}

async fn check_engine(engine: &DockerEngine) -> Vec<Check> {
    let info = match engine.info().await {
        Ok(info) => info,
        Err(error) => return vec![Check::new("engine", Level::Fail, error.in_full())],
    };
    let mut checks = vec![
        Check::new("engine", Level::Ok, format!("answers at {}", info.endpoint)),
        Check::new("version", Level::Ok, info.version.clone()),
        check_api(&info),
        Check::new("processors", Level::Ok, format!("{}, so {0} shards at once by default", info.cpus)),
        Check::new("memory", Level::Ok, format!("{:.1} GiB", info.memory_bytes as f64 / f64::from(1 << 30))),
        Check::new("cgroup", Level::Ok, format!("version {}", info.cgroup_version)),
        check_init(&info),
        check_clock(&info),
        check_leftovers(engine).await,
    ];
    if info.is_local {
        checks.push(check_disk("engine disk", Path::new(&info.data_dir)));
    }
    checks.extend(info.warnings.iter().map(|warning| Check::new("engine", Level::Warn, warning.as_str())));
    checks
}

fn check_api(info: &EngineInfo) -> Check {
    let version = info
        .api_version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    match version {
        Some(version) if version >= KNOWN_API => Check::new("API", Level::Ok, info.api_version.as_str()),
        Some(_) => Check::new("API", Level::Warn, format!("{} is older than 1.41", info.api_version))
            .help("update the engine to Docker 20.10 or newer if runs fail"),
        None => Check::new("API", Level::Warn, format!("`{}` is no version", info.api_version)),
    }
}

fn check_init(info: &EngineInfo) -> Check {
    if info.has_init {
        Check::new("init", Level::Ok, "the engine has its init program")
    } else {
        Check::new("init", Level::Warn, "the engine names no init program, so signals may not reach the tests")
            .help("install the engine's `docker-init` (package `tini` on Debian)")
    }
}

fn check_clock(info: &EngineInfo) -> Check {
    let Some(engine) = info.system_time.as_deref().and_then(|time| time.parse::<Timestamp>().ok()) else {
        return Check::new("clock", Level::Warn, "the engine does not tell its time");
    };
    let ahead = engine.duration_since(Timestamp::now());
    if ahead.abs() <= CLOCK_TOLERANCE {
        Check::new("clock", Level::Ok, "the engine's clock agrees with this machine's")
    } else {
        Check::new("clock", Level::Warn, format!("the engine's clock is {} s off", ahead.as_secs()))
            .help("synchronise both clocks (NTP), or times in reports will mislead")
    }
}

async fn check_leftovers(engine: &DockerEngine) -> Check {
    match sweep(engine, Timestamp::now(), true).await {
        Ok(swept) if swept.removed.is_empty() => Check::new("leftovers", Level::Ok, "none"),
        Ok(swept) => {
            let text = format!("{} of runs that are gone", objects(&swept.removed));
            Check::new("leftovers", Level::Warn, text).help("`minke clean` removes them, and so does the next run")
        }
        Err(error) => Check::new("leftovers", Level::Fail, error.in_full()),
    }
}

fn check_disk(name: &'static str, path: &Path) -> Check {
    let existing = path.ancestors().find(|dir| dir.exists()).unwrap_or(path);
    match rustix::fs::statvfs(existing) {
        Ok(disk) => {
            let free = disk.f_bavail * disk.f_frsize;
            let text = format!("{:.1} GiB free at {}", free as f64 / f64::from(1 << 30), existing.display());
            if free < LITTLE_DISK {
                Check::new(name, Level::Warn, text).help("free some space: output and reports are kept on disk")
            } else {
                Check::new(name, Level::Ok, text)
            }
        }
        Err(error) => Check::new(name, Level::Warn, format!("cannot look at {}: {error}", existing.display())),
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Fail => "fail",
    }
}

fn write_text(checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    for check in checks {
        writeln!(out, "{:<4}  {:<11}  {}", word(check.level), check.name, check.text)?;
        if let Some(help) = &check.help {
            writeln!(out, "{:19}{help}", "")?;
        }
    }
    Ok(())
}

fn write_json(checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    let row = |check: &Check| json!({ "name": check.name, "level": word(check.level), "text": check.text, "help": check.help });
    let document = json!({ "version": FORMAT_VERSION, "checks": checks.iter().map(row).collect::<Vec<_>>() });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
