//! The command line: clap types and wiring, one file per subcommand.
//!
//! The only module that names clap. Options are not declared here: `args.rs` makes them from the table in `config`.

mod args;
mod cache;
mod ci;
mod clean;
pub mod config;
mod coverage_output;
mod doctor;
mod error;
mod image_progress;
mod last_words;
mod merge;
mod pager;
mod plan;
mod prepare;
mod record_json;
mod recorded;
mod report;
mod reports;
mod run;
mod samples;
mod services;
mod show;
mod stage;
mod variants;

use std::ffi::OsString;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use args::{
    CacheArgs, CacheCommand, CacheFormatArgs, CleanArgs, ConfigArgs, DialectName, DoctorArgs, FlakyForm, Format,
    FormatArgs, MergeArgs, PlanArgs, PresetArgs, RecordArgs, ReportArgs, RunArgs, ShowArgs,
};
pub use cache::cache;
pub use ci::CiVariables;
pub use clean::clean;
pub use doctor::doctor;
pub use error::CliError;
pub use merge::merge;
pub use plan::plan;
pub use recorded::RecordError;
pub use report::report;
pub use run::run;
pub use show::show;

use crate::config::{ConfigError, Environment, Flags, Settings};
use crate::model::FRAMEWORK_NAMES;

const WIDTH: usize = 100;

const EXIT_CODES: &str = "\
Exit codes:
    0  every unit passed
    1  tests failed
    2  usage or configuration
    3  infrastructure: no engine, no image, or units errored without a test failure
    4  nothing was selected, or every case was skipped
    5  incomplete: units were not run, or a report could not be written
   70  a bug in minke
  130  interrupted (Ctrl-C)
  143  terminated";

const CONFIGURATION: &str = "\
Configuration:
  Every option is also an environment variable and a key of minke.toml, or of [tool.minke] in
  pyproject.toml, in the current directory or above it up to the repository's root. A flag beats
  the environment, the environment beats the file. `minke config` shows what holds, and why.
  Lists in variables are split into words as a shell would; a list replaces one of a weaker
  source, except that --env and --env-file add to it. Relative paths in a file are taken from
  the file's directory, but tests are always selected from the current directory.";

const EXAMPLES: &str = "\
Examples:
  minke cucumber --image my-test-runner --files features/ --concurrency 6
  minke pytest --image my-tests --source mount tests/ -- -x --tb=short
  minke run --image my-tests --framework pytest --shards 4 --junit out.xml \\
      'tests/**/test_*.py' --exclude 'tests/slow/**'";

/// Runs a project's test files in parallel containers and merges their results into one truthful report.
#[derive(Debug, Parser)]
#[command(name = "minke", version, max_term_width = WIDTH, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A subcommand and its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run tests with the framework that `--framework` names
    #[command(after_help = run_help())]
    Run(RunArgs),
    /// Run tests with pytest
    #[command(after_help = run_help())]
    Pytest(PresetArgs),
    /// Run tests with cucumber
    #[command(after_help = run_help())]
    Cucumber(PresetArgs),
    /// Show what would be run, and in which shard
    Plan(PlanArgs),
    /// Merge JUnit reports of any framework into one
    #[command(after_help = merge::HELP)]
    Merge(MergeArgs),
    /// Show every option with its value and where it comes from
    Config(ConfigArgs),
    /// Show a recorded run: what went wrong, with its output and how to repeat it
    Show(ShowArgs),
    /// Write the reports of a recorded run again
    Report(ReportArgs),
    /// List or remove the images that minke has made: copies of projects, and what setups did
    Cache(CacheArgs),
    /// Remove what earlier runs left behind
    Clean(CleanArgs),
    /// Check that tests can be run here
    Doctor(DoctorArgs),
}

impl Cli {
    /// Works out the settings from the command line, the environment and the configuration file.
    ///
    /// `root` is the current directory, as an absolute path.
    pub fn settings(&self, environment: &Environment, root: &Path) -> Result<Settings, ConfigError> {
        Settings::load(&self.command.flags(), environment, root)
    }

    /// Writes this command line without what it selects and without the framework's arguments.
    pub fn rerun(&self) -> Vec<String> {
        const SELECTION: [&str; 5] = ["files", "exclude", "files-from", "partition", "framework-args"];
        let (name, preset) = match &self.command {
            Command::Pytest(_) => ("pytest", true),
            Command::Cucumber(_) => ("cucumber", true),
            Command::Run(_)
            | Command::Plan(_)
            | Command::Merge(_)
            | Command::Config(_)
            | Command::Show(_)
            | Command::Report(_)
            | Command::Cache(_)
            | Command::Clean(_)
            | Command::Doctor(_) => ("run", false),
        };
        let left_out: Vec<&str> = SELECTION.into_iter().chain(preset.then_some("framework")).collect();
        let words = self.command.flags().words_without(&left_out);
        ["minke", name].map(str::to_owned).into_iter().chain(words).collect()
    }
}

impl Command {
    fn flags(&self) -> Flags {
        match self {
            Self::Run(args) => args.flags(),
            Self::Pytest(args) => args.flags("pytest"),
            Self::Cucumber(args) => args.flags("cucumber"),
            Self::Plan(args) => args.run.flags(),
            Self::Config(args) => args.run.flags(),
            Self::Show(args) => args.record.flags(),
            Self::Report(args) => args.record.flags(),
            Self::Merge(_) | Self::Cache(_) | Self::Clean(_) | Self::Doctor(_) => Flags::default(),
        }
    }
}

/// Parses the command line, whose first word is the program's name. Asking for help or the version is an `Err`, too:
/// `clap::Error::exit_code` is then 0.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&command().try_get_matches_from(arguments).map_err(advised)?)
}

/// Adds advice for who forgot `run`: before a framework's name or a path.
fn advised(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let better = match word.as_str() {
        framework if FRAMEWORK_NAMES.contains(&framework) => format!("minke run --framework {framework}"),
        path if path.contains(['/', '.']) => format!("minke run {path}"),
        _ => return error,
    };
    let advice = StyledStr::from(format!("to run tests, write `{better}`"));
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice]));
    error
}

/// Returns the description of the command line, for help texts and completions.
pub fn command() -> clap::Command {
    Cli::command()
}

fn run_help() -> String {
    let names: Vec<&str> = FRAMEWORK_NAMES.iter().copied().filter(|name| *name != "auto").collect();
    let frameworks = format!("Frameworks:\n  {}", names.join(", "));
    [EXAMPLES, &frameworks, CONFIGURATION, EXIT_CODES].join("\n\n")
}
