//! What the benches share: the two sides that run the same containers, each in a process of its own.

mod argv;
mod body;
mod figures;
mod job;
mod minke_side;
mod plain_loop;
mod usage;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use clap::{Args, Parser};
use minke::engine::{DockerClient, DockerEngine, EngineError};

pub(crate) use figures::{median, spread, verdict};
pub(crate) use job::{Grouping, Job, Measured, Side};

/// Any failure of a bench.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// What every bench can be told.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Runs everything small, only to see that it works
    #[arg(long)]
    pub(crate) quick: bool,
    /// Image that the containers are made of; it needs /bin/sh and the usual small tools
    #[arg(long, default_value = "minke-test/base")]
    pub(crate) image: String,
    /// How many times each pair of sides is measured
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// Directory for the containers' output, removed afterwards
    #[arg(long, default_value_os_t = env::temp_dir())]
    dir: PathBuf,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// Reads the arguments and runs a bench, unless this process is one side of a measurement.
pub(crate) fn start<A: Parser>(
    common: impl Fn(&A) -> &Common,
    bench: impl Fn(&A, &Bench) -> Result<bool, Failure>,
) -> ExitCode {
    if job::is_side_process() {
        return ended(job::serve().map(|()| true));
    }
    let arguments = A::parse();
    let common = common(&arguments);
    if !common.bench {
        // `cargo test --all-targets` starts benches too, without this flag.
        eprintln!("this is a bench: run it with `cargo bench`");
        return ExitCode::SUCCESS;
    }
    ended(Bench::prepare(common).and_then(|prepared| bench(&arguments, &prepared)))
}

fn ended(result: Result<bool, Failure>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A bench that is ready to measure.
pub(crate) struct Bench {
    /// Removed, with everything in it, when the bench ends.
    dir: tempfile::TempDir,
    image: String,
}

impl Bench {
    fn prepare(common: &Common) -> Result<Self, Failure> {
        fs::create_dir_all(&common.dir)?;
        let dir = tempfile::Builder::new().prefix("minke-bench-").tempdir_in(&common.dir)?;
        println!("{}", job::runtime()?.block_on(body::check(&common.image))?);
        if common.quick {
            println!("quick: only to see that the bench works; its figures and verdicts mean nothing");
        }
        Ok(Self { dir, image: common.image.clone() })
    }

    /// Makes a job for both sides: `work` is shell text that finds its unit's name in `$unit`.
    pub(crate) fn job(&self, work: &str, units: Vec<String>, grouping: Grouping, at_once: u32) -> Job {
        let (work, image, dir) = (work.to_owned(), self.image.clone(), self.dir.path().to_owned());
        Job { side: Side::Minke, image, work, units, at_once, grouping, dir }
    }
}

/// Connects minke to the engine that the plain loop's client takes too: `DOCKER_HOST`'s, else the default one.
pub(crate) async fn connect() -> Result<DockerEngine, EngineError> {
    DockerEngine::connect(&DockerClient { host: env::var("DOCKER_HOST").ok(), ..DockerClient::default() }).await
}
