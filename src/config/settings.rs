//! What the merged options mean, valid by construction.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use super::choice::{Annotations, Color, Discover, EventsTo, FilesFrom, FrameworkName, Output, Source, Verbosity};
use super::container_override::{self, ContainerOverride};
use super::contents::Contents;
use super::coverage::coverage;
use super::env_file;
use super::environment::Environment;
use super::error::{ConfigError, Place};
use super::field::{All, Given};
use super::file::{ConfigFile, shown};
use super::flags::Flags;
use super::options::{Options, named};
use super::origin::Origin;
use super::scalar::{Count, Switch};
use super::secret_entry;
use super::service::ForeignNeed;
use super::setting::Setting;
use super::variable::EnvEntry;
use crate::model::{
    Build, EnvVar, Mount, Network, PlacedFile, Platform, Policy, Privileges, Pull, ResourceLimits, Secret, Service,
    Subnet,
};
use crate::plan::{Isolation, Partition, Split, Strictness};

/// The framework that is a command of the user's own.
pub(super) const COMMAND: &str = "command";

/// Everything that a run can be told.
///
/// Host paths are absolute. Relative ones of a file are taken from the file's directory, all others from the current directory.
/// `files`, `exclude` and `allow_empty` are as they were given, and are relative to the current directory.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project's root, which is the current directory, as an absolute path.
    pub root: PathBuf,
    /// The configuration file that was read.
    pub config_file: Option<PathBuf>,
    /// Test files, directories and globs.
    pub files: Vec<String>,
    /// Where more of them are listed, one a line.
    pub files_from: Option<FilesFrom>,
    /// Globs of files to leave out.
    pub exclude: Vec<String>,
    /// Where test files are looked for.
    pub discover: Discover,
    /// The part of the plan to run.
    pub partition: Option<Partition>,
    /// Globs of units that may end without a test case.
    pub allow_empty: Vec<String>,
    /// The image of the containers.
    pub image: Option<String>,
    /// When it is pulled.
    pub pull: Pull,
    /// The platform that it is for; `None` means the engine's own.
    pub platform: Option<Platform>,
    /// How it is built, if it is.
    pub build: Option<Build>,
    /// Where the containers have the tests from.
    pub source: Source,
    /// Globs of what is copied although it is ignored.
    pub include: Vec<String>,
    /// How many bytes may be copied.
    pub source_limit: u64,
    /// Shell text that prepares the image once.
    pub setup: Option<String>,
    /// Globs of the files that it reads; none means all.
    pub setup_inputs: Vec<String>,
    /// The network that it has.
    pub setup_network: Network,
    /// Whether what it did earlier may be taken.
    pub reuse_setup: bool,
    /// The absolute directory in the container that tests are run in; `None` means the image's own.
    pub work_dir: Option<String>,
    /// Variables for the containers, each name once.
    pub env: Vec<EnvVar>,
    /// The network of the containers.
    pub network: Network,
    /// The user inside the containers.
    pub user: Option<String>,
    /// Compose files with services, of which later ones change earlier ones.
    pub compose: Vec<PathBuf>,
    /// The profiles of the compose files whose services are started, too.
    pub profiles: Vec<String>,
    /// The services of the compose files to start, with those that they need; `None` means all of the profiles.
    pub service_names: Option<Vec<String>>,
    /// The service of the compose files that the tests run in the place of.
    pub shard_service: Option<String>,
    /// The range that the addresses of services are taken from.
    pub subnets: Subnet,
    /// The services that the configuration file describes itself, each after those that it depends on.
    pub services: Vec<Service>,
    /// What those need of a compose file.
    pub foreign_needs: Vec<ForeignNeed>,
    /// The framework's name, one of [`FRAMEWORK_NAMES`](crate::model::FRAMEWORK_NAMES).
    pub framework: String,
    /// The words of the command that each file is run by, at least one.
    pub command: Option<Vec<String>>,
    /// Globs of the reports that the command writes.
    pub reports: Vec<String>,
    /// Whether undefined and pending steps count as failed.
    pub strictness: Strictness,
    /// The words of the command that starts the framework, at least one.
    pub framework_command: Option<Vec<String>>,
    /// Arguments for the framework.
    pub framework_args: Vec<String>,
    /// How many containers run at the same time; `None` means as many as the engine has CPUs.
    pub shards: Option<NonZeroU32>,
    /// What shares a container.
    pub isolation: Isolation,
    /// Whether test files are divided into their parts.
    pub split: Split,
    /// Shell text that must succeed in each container before the framework starts.
    pub before_command: Option<String>,
    /// What a run does about time and failures.
    pub policy: Policy,
    /// What one container may use.
    pub limits: ResourceLimits,
    /// What one container may do beyond the least.
    pub privileges: Privileges,
    /// File systems in memory.
    pub tmpfs: Vec<Mount>,
    /// Addresses of name servers.
    pub dns: Vec<String>,
    /// Lines for `/etc/hosts`, as `NAME:ADDRESS`.
    pub extra_hosts: Vec<String>,
    /// What containers of some units are given otherwise, of which later ones count more.
    pub overrides: Vec<ContainerOverride>,
    /// Whether containers see the engine's socket.
    pub allow_engine_socket: bool,
    /// Where the JUnit report of the run goes.
    pub junit: Option<PathBuf>,
    /// Where the Markdown summary of the run goes.
    pub summary: Option<PathBuf>,
    /// Where the events of the run go while it goes on, besides its own directory.
    pub events: Option<EventsTo>,
    /// Where the trace of the run goes.
    pub trace: Option<PathBuf>,
    /// For which CI system failures are marked in the files.
    pub annotations: Annotations,
    /// Where the HTML report of the run goes, besides its own directory.
    pub html: Option<PathBuf>,
    /// Globs of files that are copied out of the containers.
    pub artifacts: Vec<String>,
    /// Globs of coverage files that are copied out of the containers and merged; empty when no coverage is wanted.
    pub coverage: Vec<String>,
    /// The directory that merged coverage is written into, besides the run's own.
    pub coverage_output: Option<PathBuf>,
    /// Files that are written into the containers.
    pub placed_files: Vec<PlacedFile>,
    /// Minke's own environment, for templates among them and for compose files; empty when there are none of both.
    pub environment: Vec<EnvVar>,
    /// The secrets of the containers, each name once.
    pub secrets: Vec<Secret>,
    /// Where minke keeps what it knows of its runs.
    pub output_dir: PathBuf,
    /// When the output of tests is shown.
    pub output: Output,
    /// How much is told while a run goes on.
    pub verbosity: Verbosity,
    /// When output is coloured.
    pub color: Color,
    provenance: Vec<Setting>,
}

impl Settings {
    /// Reads and merges all sources. `root` is the current directory, as an absolute path.
    pub fn load(flags: &Flags, environment: &Environment, root: &Path) -> Result<Self, ConfigError> {
        let from_flags = flags.options(root)?;
        let from_environment = environment.options(root)?;
        let file =
            match flags.config_file.as_deref().map_or_else(|| environment.config_file(), |path| Ok(Some(path)))? {
                Some(path) => Some(ConfigFile::named(path, root)?),
                None => ConfigFile::search(root)?,
            };
        let contents = file.as_ref().map(ConfigFile::contents).transpose()?;
        let from_file = contents.as_ref().map(Contents::options).transpose()?.unwrap_or_default();
        let of_units = contents.as_ref().map(Contents::overrides).transpose()?.unwrap_or_default();
        let stronger = [&from_environment, &from_flags];
        let overrides =
            of_units.into_iter().map(|(units, options)| container_override::settle(units, options, stronger)).collect();
        let mut options = Options::defaults(root)?.merge(from_file).merge(from_environment).merge(from_flags);
        settle_rivals(&mut options, root)?;
        settle_command(&mut options, root)?;
        let (services, foreign_needs) =
            contents.as_ref().map(|contents| contents.services(environment)).transpose()?.unwrap_or_default();
        let placed_files =
            contents.as_ref().map(|contents| contents.placed_files(environment, root)).transpose()?.unwrap_or_default();
        let mut settings = Self::resolve(options, environment, root, file.as_ref().map(|file| file.path.clone()))?;
        settings.provenance.extend(contents.iter().flat_map(Contents::listed_tables));
        settings.overrides = overrides;
        settings.services = services;
        settings.foreign_needs = foreign_needs;
        if settings.environment.is_empty() && placed_files.iter().any(|file| file.is_template) {
            settings.environment = environment.variables();
        }
        settings.placed_files.splice(..0, placed_files);
        Ok(settings)
    }

    /// Lists every option with its value and the place where it was given, in the order of the help text.
    ///
    /// `env` and `env-file` have a line for each value, or one line if there is none. Values of variables are masked. At the
    /// end come the tables of the file, such as `[[service]]`, with what tells each apart from the others.
    pub fn provenance(&self) -> &[Setting] {
        &self.provenance
    }

    /// Tells whether nobody has given an option a value.
    pub fn is_default(&self, key: &str) -> bool {
        self.provenance.iter().filter(|row| row.key == key).all(|row| row.origin == Origin::Default)
    }

    /// Returns the image, or an error that tells how to give one.
    pub fn required_image(&self) -> Result<&str, ConfigError> {
        required("image", self.image.as_deref())
    }

    /// Returns the image's name: the one that was given, or for an image that is built one made of its directory's name.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] when nothing says what the image is.
    pub fn image_name(&self) -> Result<Cow<'_, str>, ConfigError> {
        match (&self.image, &self.build) {
            (None, Some(build)) => Ok(Cow::Owned(name_of_built(&build.context, None))),
            (Some(_), _) | (None, None) => self.required_image().map(Cow::Borrowed),
        }
    }

    fn resolve(
        options: Options,
        environment: &Environment,
        root: &Path,
        config_file: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let provenance = options.print(root);
        let placed_files: Vec<PlacedFile> =
            options.file.0.iter().map(|given| given.value.clone().read(root)).collect::<Result<_, _>>()?;
        let build = build(&options, environment, root)?;
        let coverage = coverage(&options);
        let secrets = secrets(&options, environment, root)?;
        let has_compose = options.compose.0.is_some();
        let has_templates = placed_files.iter().any(|file| file.is_template);
        Ok(Self {
            root: root.to_owned(),
            config_file,
            provenance,
            environment: if has_templates || has_compose { environment.variables() } else { Vec::new() },
            placed_files,
            secrets,
            policy: policy(&options),
            verbosity: verbosity(&options),
            output: output(&options),
            limits: ResourceLimits {
                memory_bytes: options.memory.value().map(|memory| memory.0),
                cpu_millis: options.cpus.value().map(|cpus| cpus.0),
                pids: options.pids.settled().0.map(NonZeroU32::get),
                shm_bytes: options.shm_size.value().map(|size| size.0),
                ulimits: options.ulimit.values().into_iter().map(|limit| limit.0).collect(),
            },
            privileges: Privileges {
                cap_add: options.cap_add.values().into_iter().map(|name| name.0).collect(),
                cap_drop: options.cap_drop.values().into_iter().map(|name| name.0).collect(),
                devices: options.device.values().into_iter().map(|device| device.0).collect(),
                read_only: options.read_only.settled() == Switch(true),
            },
            tmpfs: options.tmpfs.values().into_iter().map(|entry| entry.0).collect(),
            dns: options.dns.values().into_iter().map(|server| server.0.to_string()).collect(),
            extra_hosts: options.add_host.values().into_iter().map(|host| host.0).collect(),
            allow_engine_socket: options.allow_engine_socket.settled() == Switch(true),
            files: options.files.values(),
            files_from: options.files_from.value(),
            exclude: options.exclude.values(),
            discover: options.discover.settled(),
            partition: options.partition.value(),
            allow_empty: options.allow_empty.values(),
            image: options.image.value(),
            pull: options.pull.settled(),
            platform: options.platform.value(),
            build,
            source: options.source.settled(),
            include: options.include.values(),
            source_limit: options.source_limit.settled().0,
            setup: options.setup.value(),
            setup_inputs: options.setup_inputs.values(),
            setup_network: options.setup_network.settled(),
            reuse_setup: options.no_snapshot.settled() == Switch(false),
            work_dir: options.work_dir.value().map(|path| path.0),
            env: variables(options.env_file, options.env, environment, root)?,
            network: options.network.settled(),
            user: options.user.value().map(|user| user.0),
            compose: options.compose.values(),
            profiles: options.profile.values(),
            service_names: options.services.0.map(|given| given.value),
            shard_service: options.service.value(),
            subnets: options.subnets.settled(),
            overrides: Vec::new(),
            services: Vec::new(),
            foreign_needs: Vec::new(),
            framework: options.framework.settled().0,
            command: options.command.value().map(|command| command.0),
            reports: options.report.values(),
            strictness: match options.no_strict.settled() {
                Switch(true) => Strictness::Lenient,
                Switch(false) => Strictness::Strict,
            },
            framework_command: options.framework_command.value().map(|command| command.0),
            framework_args: options.framework_args.values(),
            shards: options.shards.value(),
            isolation: options.isolation.settled(),
            split: options.split.settled(),
            before_command: options.before_command.value(),
            junit: options.junit.value(),
            summary: options.summary.value(),
            events: options.events.value(),
            trace: options.trace.value(),
            annotations: options.annotations.settled(),
            html: options.html.value(),
            artifacts: options.artifacts.values(),
            coverage,
            coverage_output: options.coverage_output.value(),
            output_dir: options.output_dir.settled(),
            color: options.color.settled(),
        })
    }
}

/// Reads how the image is built.
fn build(options: &Options, environment: &Environment, root: &Path) -> Result<Option<Build>, ConfigError> {
    let Some(context) = options.build.clone().value() else { return Ok(None) };
    let args = variables(All::default(), options.build_arg.clone(), environment, root)?;
    Ok(Some(Build {
        // Taken apart and put together, `DIR/.` is `DIR`.
        context: context.components().collect(),
        dockerfile: options.dockerfile.clone().value(),
        target: options.target.clone().value(),
        args: args.into_iter().map(|arg| (arg.name, arg.value)).collect(),
        no_cache: options.no_cache.clone().settled().0,
    }))
}

/// Makes a name for an image that is built: that of its directory and of the service that it is for, in the letters that an
/// image's name may have.
pub fn name_of_built(context: &Path, service: Option<&str>) -> String {
    let dir = context.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{dir}-{}", service.unwrap_or_default()).to_lowercase();
    let is_letter = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
    let words: Vec<&str> = name.split(|char| !is_letter(char)).filter(|word| !word.is_empty()).collect();
    let name = if words.is_empty() { "project".to_owned() } else { words.join("-") };
    format!("minke-build/{name}:latest")
}

/// Makes sure that at most one of two options that exclude each other is left: the one of the stronger source.
fn settle_rivals(options: &mut Options, root: &Path) -> Result<(), ConfigError> {
    let switched = |given: &&Given<Switch>| given.value == Switch(true);
    let fail_fast = options.fail_fast.0.as_ref().filter(switched).map(|given| &given.place);
    let max_failures = options.max_failures.0.as_ref().map(|given| &given.place);
    let quiet = options.quiet.0.as_ref().filter(switched).map(|given| &given.place);
    let verbose = options.verbose.0.as_ref().filter(|given| given.value != Count(0)).map(|given| &given.place);
    let losers = [weaker(fail_fast, max_failures)?, weaker(quiet, verbose)?];
    losers.into_iter().flatten().try_for_each(|loser| loser.spec.reset(options, root))
}

/// Lets `--command` choose the framework `command`. A framework, or a command of one, that is given besides rivals with it.
fn settle_command(options: &mut Options, root: &Path) -> Result<(), ConfigError> {
    let other = |given: &&Given<FrameworkName>| !["auto", COMMAND].contains(&given.value.0.as_str());
    let framework = options.framework.0.as_ref().filter(other).map(|given| given.place.clone());
    let starts = options.framework_command.0.as_ref().map(|given| given.place.clone());
    for rival in [framework, starts] {
        let command = options.command.0.as_ref().map(|given| &given.place);
        if let Some(loser) = weaker(rival.as_ref(), command)? {
            loser.spec.reset(options, root)?;
        }
    }
    if let (Some(_), Some(framework)) = (&options.command.0, &mut options.framework.0) {
        framework.value = FrameworkName(COMMAND.to_owned());
    }
    Ok(())
}

fn weaker(one: Option<&Place>, other: Option<&Place>) -> Result<Option<Place>, ConfigError> {
    let (Some(one), Some(other)) = (one, other) else { return Ok(None) };
    match one.origin.rank().cmp(&other.origin.rank()) {
        Ordering::Less => Ok(Some(one.clone())),
        Ordering::Greater => Ok(Some(other.clone())),
        Ordering::Equal => Err(ConfigError::Conflict { one: one.clone(), other: other.clone() }),
    }
}

fn policy(options: &Options) -> Policy {
    let max_failures = match options.fail_fast.clone().settled() {
        Switch(true) => Some(NonZeroU32::MIN),
        Switch(false) => options.max_failures.clone().value(),
    };
    Policy {
        unit_timeout: options.timeout.clone().value(),
        run_timeout: options.run_timeout.clone().value(),
        max_failures,
        grace: options.grace.clone().settled(),
    }
}

fn verbosity(options: &Options) -> Verbosity {
    match (options.quiet.clone().settled(), options.verbose.clone().settled()) {
        (Switch(true), _) => Verbosity::Quiet,
        (Switch(false), Count(0)) => Verbosity::Normal,
        (Switch(false), Count(count)) => Verbosity::Verbose(count),
    }
}

/// Who asks for quiet has not asked for the output of tests.
fn output(options: &Options) -> Output {
    options.output.clone().value().unwrap_or(match verbosity(options) {
        Verbosity::Quiet => Output::Never,
        Verbosity::Normal | Verbosity::Verbose(_) => Output::Failed,
    })
}

/// Reads the secrets; of those of one name the last counts.
fn secrets(options: &Options, environment: &Environment, root: &Path) -> Result<Vec<Secret>, ConfigError> {
    let files = options.secret.0.iter().map(|given| (given, false));
    let variables = options.secret_env.0.iter().map(|given| (given, true));
    let mut secrets: Vec<Secret> = Vec::new();
    for (given, in_environment) in files.chain(variables) {
        let secret = secret_entry::read(given, in_environment, environment, root)?;
        secrets.retain(|other| other.name != secret.name);
        secrets.push(secret);
    }
    Ok(secrets)
}

/// Reads the env-files and puts all variables in the order of their sources, within a source those of files first. The last
/// value of a name is kept, and a name without a value is left out if the environment lacks it, as `docker run` does.
fn variables(
    files: All<PathBuf>,
    entries: All<EnvEntry>,
    environment: &Environment,
    root: &Path,
) -> Result<Vec<EnvVar>, ConfigError> {
    let mut ranked: Vec<(u8, EnvEntry)> = Vec::new();
    for Given { value: path, place } in files.0 {
        let read = env_file::read(&path, &shown(&path, root))?;
        ranked.extend(read.into_iter().map(|entry| (place.origin.rank(), entry)));
    }
    ranked.extend(entries.0.into_iter().map(|given| (given.place.origin.rank(), given.value)));
    ranked.sort_by_key(|(rank, _)| *rank);

    let mut variables: Vec<EnvVar> = Vec::new();
    for (_, EnvEntry { name, value }) in ranked {
        let value = match value {
            Some(value) => Some(value),
            None => environment.value(&name)?.map(str::to_owned),
        };
        variables.retain(|variable| variable.name != name);
        variables.extend(value.map(|value| EnvVar { name, value }));
    }
    Ok(variables)
}

pub(super) fn required<'value>(key: &str, value: Option<&'value str>) -> Result<&'value str, ConfigError> {
    value.ok_or_else(|| ConfigError::Missing { spec: named(key) })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::name_of_built;

    #[test]
    fn an_image_that_is_built_always_has_a_name_that_an_image_may_have() {
        for (context, service, name) in [
            ("/src/My Shop", None, "my-shop"),
            ("/src/shop", Some("web_1"), "shop-web-1"),
            ("/", None, "project"),
            ("/src/商店", None, "project"),
            ("/src/__", Some("--"), "project"),
        ] {
            assert_eq!(name_of_built(Path::new(context), service), format!("minke-build/{name}:latest"));
        }
    }
}
