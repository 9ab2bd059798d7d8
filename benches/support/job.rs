//! One measurement: what is to be run, by which side, and what it took. Each runs in a process of its own, so that
//! processor time and peak memory are that side's alone.

use std::env;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use super::{Failure, minke_side, plain_loop};

/// Marks the process that is one side of a measurement.
const SIDE_PROCESS: &str = "--side-process";

/// Who runs the containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    /// minke, as a library.
    Minke,
    /// A minimal loop of the client's calls; a free place takes the next unit at once.
    Loop,
    /// The same calls in waves: a slice of the units is started together, and all of it has ended before the next one.
    Waves,
}

/// How units are put into containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Grouping {
    /// One container for each unit.
    UnitEach,
    /// All units in one container.
    AllInOne,
}

/// What a side is to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Who runs it.
    pub(crate) side: Side,
    /// The image.
    pub(crate) image: String,
    /// What each container does after its report is written, as shell text.
    pub(crate) work: String,
    /// The units' names: no slashes and no shell's special characters.
    pub(crate) units: Vec<String>,
    /// How many containers may run at once.
    pub(crate) at_once: u32,
    /// How units are put into containers.
    pub(crate) grouping: Grouping,
    /// Where output goes; removed by the parent.
    pub(crate) dir: PathBuf,
}

/// What a side took.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// From the first call to the last container's removal.
    pub(crate) wall: Duration,
    /// Processor time of the side's process over the same time, in user and kernel mode.
    pub(crate) processor: Duration,
    /// The most memory that the process ever had resident (`VmHWM`), in bytes.
    pub(crate) peak_memory: u64,
    /// The spooled output of each container.
    pub(crate) outputs: Vec<Spooled>,
}

/// The spooled output of one container.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Spooled {
    /// The first unit of the container.
    pub(crate) unit: String,
    /// Standard output.
    pub(crate) stdout: PathBuf,
    /// Standard error.
    pub(crate) stderr: PathBuf,
}

impl Job {
    /// Makes the same job for another side.
    pub(crate) fn by(&self, side: Side) -> Self {
        Self { side, ..self.clone() }
    }

    /// Returns the units of each container.
    pub(crate) fn containers(&self) -> Vec<Vec<&str>> {
        let units = self.units.iter().map(String::as_str);
        match self.grouping {
            Grouping::UnitEach => units.map(|unit| vec![unit]).collect(),
            Grouping::AllInOne => vec![units.collect()],
        }
    }

    /// Runs the job in a process of its own.
    ///
    /// The output stays until the bench ends: ext4 makes new files at several times the price while it still keeps the
    /// inodes of files that were just deleted from being used again.
    pub(crate) fn run(&self) -> Result<Measured, Failure> {
        let dir = tempfile::tempdir_in(&self.dir)?.keep();
        Self { dir, ..self.clone() }.in_own_process()
    }

    fn in_own_process(&self) -> Result<Measured, Failure> {
        let mut side =
            Command::new(env::current_exe()?).arg(SIDE_PROCESS).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut stdin = side.stdin.take().expect("the side's stdin is a pipe");
        stdin.write_all(&serde_json::to_vec(self)?)?;
        drop(stdin);
        let ended = side.wait_with_output()?;
        if !ended.status.success() {
            return Err(format!("the side {:?} failed: {}", self.side, ended.status).into());
        }
        Ok(serde_json::from_slice(&ended.stdout)?)
    }
}

/// Tells whether this process is one side of a measurement.
pub(crate) fn is_side_process() -> bool {
    env::args().nth(1).is_some_and(|argument| argument == SIDE_PROCESS)
}

/// Runs the job that the parent has sent, and sends back what it took.
pub(crate) fn serve() -> Result<(), Failure> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let job: Job = serde_json::from_str(&text)?;
    let measured = runtime()?.block_on(async {
        match job.side {
            Side::Minke => minke_side::run(&job).await,
            Side::Loop | Side::Waves => plain_loop::run(&job).await,
        }
    })?;
    io::stdout().write_all(&serde_json::to_vec(&measured)?)?;
    Ok(())
}

/// Makes the runtime that both sides use.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

impl Spooled {
    /// Names the files of a container in a directory.
    pub(crate) fn in_directory(dir: &Path, unit: &str) -> Self {
        Self { unit: unit.to_owned(), stdout: dir.join("stdout.log"), stderr: dir.join("stderr.log") }
    }
}
