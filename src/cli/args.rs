//! The arguments of each subcommand. Those that are options come from the table in `config`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, Subcommand, ValueEnum};

use super::reports::ReportFiles;
use crate::config::{CONFIG_VARIABLE, FlagStyle, Flags, OPTIONS, OptionSpec, Shape, parse_duration};
use crate::report::annotations;

const CONFIG_ID: &str = "config";
const PATHS_ID: &str = "paths";
const FRAMEWORK: &str = "framework";
const RECORD_OPTIONS: [&str; 2] = ["output-dir", "color"];

/// The arguments of `minke run`: every option.
#[derive(Debug)]
pub struct RunArgs {
    flags: Flags,
}

/// The arguments of `minke pytest` and `minke cucumber`: every option but `--framework`.
#[derive(Debug)]
pub struct PresetArgs {
    flags: Flags,
}

/// In which form a listing is written to standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document with a `version`.
    Json,
}

/// The arguments of every subcommand that lists something.
#[derive(Debug, Clone, Copy, Args)]
pub struct FormatArgs {
    /// Write a text for people, or JSON with a `version` for programs [default: text]
    #[arg(long, value_name = "text|json", hide_possible_values = true)]
    format: Option<Format>,
    /// The same as `--format json`
    #[arg(long, hide = true, conflicts_with = "format")]
    json: bool,
}

/// The arguments of `minke plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The form of what is written.
    #[command(flatten)]
    pub output: FormatArgs,
    /// The arguments that the run would have.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The arguments of `minke config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The form of what is written.
    #[command(flatten)]
    pub output: FormatArgs,
    /// The arguments that the run would have.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The arguments of `minke cache`.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What is done with the images of minke's own making.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// List them, the newest first
    List(CacheFormatArgs),
    /// Remove those that no container uses, all or old ones
    Prune(CachePruneArgs),
}

/// The arguments of `minke cache prune`.
#[derive(Debug, Args)]
pub struct CachePruneArgs {
    /// Remove only what was made longer ago than this, such as `7d`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub older_than: Option<Duration>,
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The form of what is written.
    #[command(flatten)]
    pub output: FormatArgs,
}

/// How `minke cache` writes.
#[derive(Debug, Args)]
pub struct CacheFormatArgs {
    /// How the output is written.
    #[command(flatten)]
    pub output: FormatArgs,
}

/// The arguments of `minke clean`.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The form of what is written.
    #[command(flatten)]
    pub output: FormatArgs,
}

/// The arguments of `minke doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The form of what is written.
    #[command(flatten)]
    pub output: FormatArgs,
}

impl FormatArgs {
    /// Returns the form that was asked for, text if none was.
    pub fn format(self) -> Format {
        if self.json { Format::Json } else { self.format.unwrap_or_default() }
    }
}

/// The options of commands that look at recorded runs: where they are, and how they are shown.
#[derive(Debug)]
pub struct RecordArgs {
    flags: Flags,
}

/// The arguments of `minke show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The run, and units of it: a run is `last`, an id or the beginning or end of one, a run's directory or its
    /// `events.jsonl`; a unit is its path or the end of it. Without a run it is the newest, without a unit all that went
    /// wrong
    #[arg(value_name = "RUN|UNIT")]
    pub words: Vec<String>,
    /// Show the units that failed, were errored or not run
    #[arg(long, conflicts_with = "list")]
    pub failed: bool,
    /// Show the units with cases that passed only when they were run again
    #[arg(long, conflicts_with = "list")]
    pub flaky: bool,
    /// List the recorded runs, the newest first
    #[arg(long, conflicts_with = "words")]
    pub list: bool,
    /// The form of what is written.
    #[command(flatten)]
    pub output: FormatArgs,
    /// Write to standard output, also when it is a terminal; else `$MINKE_PAGER`, `$PAGER` or `less` shows the text
    #[arg(long)]
    pub no_pager: bool,
    /// Where the runs are.
    #[command(flatten)]
    pub record: RecordArgs,
}

/// The arguments of `minke report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The run: `last`, an id or the beginning or end of one, a run's directory or its `events.jsonl` [default: the newest]
    pub run: Option<String>,
    /// Write the JUnit report to this file; with a file named, nothing is written into the run's directory
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write the HTML report to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the Markdown summary to this file
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Write the trace to this file
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Write the marks in the files that a CI system reads to standard output
    #[arg(long, value_name = "github|azure", hide_possible_values = true)]
    pub annotations: Option<CiSystem>,
    /// Where the runs are.
    #[command(flatten)]
    pub record: RecordArgs,
}

impl ShowArgs {
    /// Tells whether a pager may be used.
    pub(super) fn is_paged(&self) -> bool {
        !self.no_pager && self.output.format() == Format::Text
    }
}

impl ReportArgs {
    /// Returns the files that were named, if any, in the place of the run's `own`. Only flags count: what a configuration
    /// file says is for new runs.
    pub(super) fn files(&self, own: &ReportFiles, root: &Path) -> Option<ReportFiles> {
        let absolute = |path: &Option<PathBuf>| path.iter().map(|path| root.join(path)).collect();
        let named = ReportFiles {
            junit: absolute(&self.junit),
            html: absolute(&self.html),
            summaries: absolute(&self.summary),
            traces: absolute(&self.trace),
            ..own.without_files()
        };
        (named != own.without_files() || self.annotations.is_some()).then_some(named)
    }
}

impl RecordArgs {
    pub(super) fn flags(&self) -> Flags {
        self.flags.clone()
    }
}

impl Args for RecordArgs {
    fn augment_args(command: Command) -> Command {
        augment(command, record_options())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RecordArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { flags: flags(matches, record_options()) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn record_options() -> impl Iterator<Item = &'static OptionSpec> {
    OPTIONS.iter().filter(|spec| RECORD_OPTIONS.contains(&spec.key))
}

/// The arguments of `minke merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Reports, `-` for one on standard input, and directories that are searched for `*.xml`
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// File to write, `-` for standard output; it appears whole or not at all
    #[arg(short, long, value_name = "FILE", required_unless_present = "split")]
    pub output: Option<PathBuf>,
    /// Directory for a file `TEST-<suite>.xml` of each suite, none of 30 MB or more; those of an earlier merge there go
    #[arg(long, value_name = "DIR")]
    pub split: Option<PathBuf>,
    /// What becomes of a case that several reports ran
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub flaky: FlakyForm,
    /// Whose habits the output follows
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    pub dialect: DialectName,
    /// Directory to remove from the beginning of `file` attributes and of suites named by paths
    #[arg(long, value_name = "P")]
    pub strip_prefix: Option<String>,
    /// Keep suites of one name apart, by putting the report's name before theirs
    #[arg(long)]
    pub suite_prefix: bool,
}

/// What becomes of a case that several reports ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FlakyForm {
    /// One testcase: passed in the end with `flakyFailure`s, or failed with `rerunFailure`s
    #[default]
    Surefire,
    /// A testcase for each attempt
    Repeat,
    /// The last attempt alone
    Last,
}

/// Whose habits a merged report follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    /// Everything that is known
    #[default]
    Plain,
    /// Valid by the schemas of Surefire 3.0 and of Jenkins' xUnit plugin; FILE is one suite, whose cases have their own as `group`
    Surefire,
    /// A class for each case and no name twice, as GitLab shows no suites; texts of at most 64 KiB
    Gitlab,
    /// As plain; says when Azure Pipelines would not find FILE
    Azure,
}

/// A CI system whose commands mark failures in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CiSystem {
    /// GitHub Actions.
    #[value(name = "github")]
    GitHub,
    /// Azure Pipelines.
    Azure,
}

impl From<CiSystem> for annotations::Dialect {
    fn from(system: CiSystem) -> Self {
        match system {
            CiSystem::GitHub => Self::GitHub,
            CiSystem::Azure => Self::Azure,
        }
    }
}

impl RunArgs {
    pub(super) fn flags(&self) -> Flags {
        self.flags.clone()
    }
}

impl PresetArgs {
    /// Returns the flags as if `--framework` had been given.
    pub(super) fn flags(&self, framework: &str) -> Flags {
        let mut flags = self.flags.clone();
        for spec in OPTIONS.iter().filter(|spec| spec.key == FRAMEWORK) {
            flags.push(spec, vec![framework.to_owned()]);
        }
        flags
    }
}

impl Args for RunArgs {
    fn augment_args(command: Command) -> Command {
        augment(command, OPTIONS.iter())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RunArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { flags: flags(matches, OPTIONS.iter()) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for PresetArgs {
    fn augment_args(command: Command) -> Command {
        augment(command, preset_options())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PresetArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { flags: flags(matches, preset_options()) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|fault| fault.must)
}

fn preset_options() -> impl Iterator<Item = &'static OptionSpec> {
    OPTIONS.iter().filter(|spec| spec.key != FRAMEWORK)
}

fn augment(command: Command, options: impl Iterator<Item = &'static OptionSpec>) -> Command {
    let config = Arg::new(CONFIG_ID)
        .long(CONFIG_ID)
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help(format!("Configuration file to read instead of the one that is found [env:{CONFIG_VARIABLE}]"));
    command.args(options.flat_map(arguments)).arg(config)
}

/// Makes the arguments of one option: one, or two if it can also be given without a flag.
fn arguments(spec: &'static OptionSpec) -> Vec<Arg> {
    match spec.style {
        FlagStyle::Long => vec![flag(spec)],
        FlagStyle::LongOrPositional => vec![
            flag(spec),
            Arg::new(PATHS_ID).value_name(spec.value).num_args(0..).help("The same as `--files`, without the flag"),
        ],
        FlagStyle::Trailing => {
            vec![Arg::new(spec.key).value_name(spec.value).num_args(0..).last(true).help(help(spec))]
        }
    }
}

fn flag(spec: &'static OptionSpec) -> Arg {
    let arg = Arg::new(spec.key)
        .long(spec.key)
        .short(spec.short)
        .visible_alias(spec.alias)
        .value_name(spec.value)
        .help_heading(spec.section.title())
        .help(help(spec));
    match spec.shape {
        Shape::One => match spec.bare {
            Some(bare) => arg.action(ArgAction::Set).num_args(0..=1).default_missing_value(bare),
            None => arg.action(ArgAction::Set),
        },
        Shape::Switch => arg.action(ArgAction::Set).num_args(0..=1).require_equals(true).default_missing_value("true"),
        Shape::Count => arg.action(ArgAction::Count),
        Shape::Many | Shape::All => arg.action(ArgAction::Append),
    }
}

fn help(spec: &OptionSpec) -> String {
    let default = match spec.shape {
        Shape::One => spec.default.or(spec.otherwise).map_or(String::new(), |default| format!(" [default: {default}]")),
        Shape::Switch | Shape::Count | Shape::Many | Shape::All => String::new(),
    };
    format!("{}{default} [env:{}]", spec.help().trim_end_matches('.'), spec.env)
}

fn flags(matches: &ArgMatches, options: impl Iterator<Item = &'static OptionSpec>) -> Flags {
    let mut flags = Flags::default();
    if let Some(path) = matches.get_one::<PathBuf>(CONFIG_ID) {
        flags.set_config_file(path.clone());
    }
    for spec in options {
        let values = match spec.shape {
            Shape::Count => match matches.get_count(spec.key) {
                0 => Vec::new(),
                count => vec![count.to_string()],
            },
            Shape::One | Shape::Switch | Shape::Many | Shape::All => values(matches, spec),
        };
        if !values.is_empty() {
            flags.push(spec, values);
        }
    }
    flags
}

fn values(matches: &ArgMatches, spec: &OptionSpec) -> Vec<String> {
    let bare = match spec.style {
        FlagStyle::LongOrPositional => matches.get_many::<String>(PATHS_ID),
        FlagStyle::Long | FlagStyle::Trailing => None,
    };
    let flagged = matches.get_many::<String>(spec.key);
    bare.into_iter().flatten().chain(flagged.into_iter().flatten()).cloned().collect()
}
