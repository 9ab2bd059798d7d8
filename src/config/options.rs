//! The table of all options.
//!
//! To add one, add a row here, a field to [`Settings`](super::Settings) and the line that fills it. The row's name gives the
//! file's key and the flag (`run_timeout`: `run-timeout`, `--run-timeout`) and the variable (`MINKE_RUN_TIMEOUT`); its doc
//! comment is the help text.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::choice::{Annotations, Color, Discover, EventsTo, FilesFrom, FrameworkName, Output, Source};
use super::container::{Capability, Device, HostEntry, NameServer, TmpfsEntry, UlimitEntry};
use super::error::ConfigError;
use super::field::{All, Field, Many, One};
use super::file_to_place::FileToPlace;
use super::scalar::{Argv, ContainerPath, Count, PidsLimit, Switch, User};
use super::secret_entry::SecretEntry;
use super::setting::Setting;
use super::size::{Bytes, CpuMillis};
use super::spec::{FlagStyle, OptionSpec, Section};
use super::variable::EnvEntry;
use crate::model::{Network, Platform, Pull, Subnet};
use crate::plan::{Isolation, Partition, Split};

/// Spells the name of a field with another separator, in capitals if asked, after a prefix.
const fn spell<const N: usize>(prefix: &str, name: &str, capitals: bool) -> [u8; N] {
    let (prefix, name) = (prefix.as_bytes(), name.as_bytes());
    let mut spelled = [0; N];
    let mut at = 0;
    while at < N {
        spelled[at] = match at {
            _ if at < prefix.len() => prefix[at],
            _ if capitals => name[at - prefix.len()].to_ascii_uppercase(),
            _ if name[at - prefix.len()] == b'_' => b'-',
            _ => name[at - prefix.len()],
        };
        at += 1;
    }
    spelled
}

macro_rules! spelled {
    ($prefix:literal, $name:ident, $capitals:literal) => {{
        const BYTES: [u8; $prefix.len() + stringify!($name).len()] = spell($prefix, stringify!($name), $capitals);
        match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("names of fields are ASCII"),
        }
    }};
}

macro_rules! options {
    ($($section:ident {
        $( $(#[doc = $doc:literal])+ $name:ident: $field:ty, $value:literal $(.$method:ident($($argument:expr)?))*; )+
    })+) => {
        /// The options of one source, or of several merged ones, each with the place where it was given.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Options {
            $($( $(#[doc = $doc])+ pub(crate) $name: $field, )+)+
        }

        impl Options {
            /// Lays the options of a stronger source over these.
            pub(crate) fn merge(self, stronger: Self) -> Self {
                Self { $($( $name: self.$name.merge(stronger.$name), )+)+ }
            }
        }

        /// Lists all options in the order of the help text.
        pub static OPTIONS: &[OptionSpec] = &[$($(
            OptionSpec {
                key: spelled!("", $name, false),
                env: spelled!("MINKE_", $name, true),
                section: Section::$section,
                value: $value,
                shape: <$field as Field>::SHAPE,
                style: FlagStyle::Long,
                alias: None,
                short: None,
                bare: None,
                default: None,
                otherwise: None,
                choices: <$field as Field>::CHOICES,
                kinds: <$field as Field>::KINDS,
                takes_table: false,
                help: concat!($($doc),+),
                clear: |options| options.$name = <$field>::default(),
                read: |options, raw, place, base| {
                    options.$name = Field::read(raw, place, base)?;
                    Ok(())
                },
                print: |options, spec, root| options.$name.print(spec, root),
            }
            $(.$method($($argument)?))*,
        )+)+];
    };
}

options! {
    Selection {
        /// Test file, directory or glob, relative to the current directory; the flag and the bare argument mean the
        /// same, and quoted globs are expanded by minke.
        files: Many<String>, "PATH" .style(FlagStyle::LongOrPositional);
        /// Leave out the files that match; may be repeated.
        exclude: Many<String>, "GLOB";
        /// Read the list of files from a file, one a line, or from standard input with `-`.
        files_from: One<FilesFrom>, "FILE|-";
        /// Look for test files on this machine or inside the image; `auto` looks where the tests come from.
        discover: One<Discover>, "auto|host|image" .default("auto");
        /// Run only part i of n, to spread a run over n CI machines.
        partition: One<Partition>, "I/N";
        /// Accept that a unit matching this ends without a test case; may be repeated.
        allow_empty: Many<String>, "GLOB";
    }
    Image {
        /// Image that the containers are started from.
        image: One<String>, "IMAGE";
        /// When the image is pulled; `always` asks the registry once in every run what the name means now.
        pull: One<Pull>, "missing|always|never" .default("missing");
        /// Platform of the image, where its name stands for several.
        platform: One<Platform>, "OS/ARCH[/VARIANT]" .otherwise("the engine's own");
        /// Build the image from this directory first; `--image` then names the result, and the flag alone means the
        /// current directory.
        build: One<PathBuf>, "CONTEXT" .bare(".");
        /// Dockerfile to build with.
        dockerfile: One<PathBuf>, "FILE" .otherwise("Dockerfile in the context");
        /// Stage of the Dockerfile to build.
        target: One<String>, "STAGE" .otherwise("the last one");
        /// Build argument; without a value it is taken from the environment. May be repeated and adds to those of the
        /// file.
        build_arg: All<EnvEntry>, "NAME[=VALUE]" .takes_table();
        /// Run every step of the Dockerfile again.
        no_cache: One<Switch>, "true|false" .default("false");
        /// Where the tests come from: a copy of the current directory in every container, the image itself, or the current
        /// directory mounted; `auto` takes the image if it has them, else a copy.
        source: One<Source>, "auto|copy|image|mount|mount-ro" .default("auto");
        /// Copy these too, although `.gitignore`, `.dockerignore` or `.minkeignore` leaves them out; may be repeated.
        include: Many<String>, "GLOB";
        /// How much may be copied; more is taken for a mistake.
        source_limit: One<Bytes>, "SIZE" .default("2g");
        /// Shell text that prepares the image once; what it did is kept, and every container starts from it.
        setup: One<String>, "TEXT";
        /// Files that the setup reads; it runs again only when they change, and sees no others. May be repeated.
        setup_inputs: Many<String>, "GLOB" .otherwise("all files");
        /// Network of the setup.
        setup_network: One<Network>, "none|bridge|NAME" .default("bridge");
        /// Run the setup again, although what it did is there.
        no_snapshot: One<Switch>, "true|false" .default("false");
        /// Directory in the container that tests are run in, as an absolute path.
        work_dir: One<ContainerPath>, "PATH" .otherwise("the image's own, /project for a mounted source");
        /// File that is written into each container before it starts; may be repeated. A FROM that ends in `.j2` is a
        /// template, which is filled in for each container.
        file: All<FileToPlace>, "FROM:TO[:MODE]";
        /// Variable for the containers; without a value it is taken from the environment. May be repeated and adds to
        /// those of the file.
        env: All<EnvEntry>, "NAME[=VALUE]" .takes_table();
        /// File of NAME=VALUE lines as `docker run --env-file` reads it; may be repeated.
        env_file: All<PathBuf>, "FILE";
        /// Secret that containers have as the file /run/secrets/NAME: a variable of minke's environment, or a file. It is
        /// masked in all that minke shows and keeps. May be repeated.
        secret: All<SecretEntry>, "NAME[=FILE]";
        /// The same, and also as an environment variable, of which the engine knows nothing; needs `/bin/sh` in the image.
        secret_env: All<SecretEntry>, "NAME[=FILE]";
        /// Network of the containers; a name stands for a network that exists already.
        network: One<Network>, "none|bridge|NAME" .default("none");
        /// User inside the containers.
        user: One<User>, "USER[:GROUP]" .otherwise("the image's own");
    }
    Services {
        /// Compose file with services that the tests need; later ones change earlier ones. May be repeated.
        compose: Many<PathBuf>, "FILE" .short('f');
        /// Start the services of this profile of the compose files, too; may be repeated.
        profile: Many<String>, "NAME";
        /// Start this service of the compose files, and those that it needs, and no others; may be repeated.
        services: Many<String>, "NAME" .otherwise("all of the profiles");
        /// Run the tests in place of this service of the compose files: with its image, build, variables and volumes.
        service: One<String>, "NAME";
        /// Range of addresses that the networks of services take theirs from.
        subnets: One<Subnet>, "ADDRESS/BITS" .default("10.213.0.0/16");
    }
    Running {
        /// Test framework; `auto` looks at the project's files and at the image, says what it takes, and asks when it
        /// could be two.
        framework: One<FrameworkName>, "NAME" .default("auto");
        /// Run each file by this command, in which `{unit}` stands for the file, which else comes last; exit code 0 is
        /// passed, 77 skipped.
        command: One<Argv>, "COMMAND";
        /// JUnit or TAP reports that `--command` writes, relative to the working directory; `{unit}` stands for the file.
        /// May be repeated.
        report: Many<String>, "GLOB";
        /// Let undefined and pending steps be skips instead of failures.
        no_strict: One<Switch>, "true|false" .default("false");
        /// Command that starts the framework, split into words as a shell would.
        framework_command: One<Argv>, "COMMAND" .otherwise("the framework's own");
        /// How many containers run at the same time.
        shards: One<NonZeroU32>, "N" .alias("concurrency") .otherwise("the engine's number of CPUs");
        /// One container for all files of a shard, or a fresh one for each file.
        isolation: One<Isolation>, "shard|file" .default("shard");
        /// Make every scenario, or every test where the framework can select one, a unit of its own.
        split: One<Split>, "never|all" .default("never");
        /// Shell text that must succeed in each container before the framework starts.
        before_command: One<String>, "TEXT";
        /// Arguments for the framework, passed on as they are.
        framework_args: Many<String>, "FRAMEWORK_ARGS" .style(FlagStyle::Trailing);
    }
    Limits {
        /// How long one unit may run, such as `90s` or `1h 30m`; a bare number is seconds.
        timeout: One<Duration>, "DURATION" .otherwise("no limit");
        /// How long the whole run may take.
        run_timeout: One<Duration>, "DURATION" .otherwise("no limit");
        /// How long a container has to end once it is told to, before it is killed: SIGINT at once, SIGTERM after three quarters of it.
        grace: One<Duration>, "DURATION" .default("10s");
        /// Start nothing new after the first failure; the same as `--max-failures 1`.
        fail_fast: One<Switch>, "true|false" .default("false");
        /// Start nothing new after this many failed or errored units.
        max_failures: One<NonZeroU32>, "N" .otherwise("no limit");
        /// Memory of a container, such as `512m` or `2g`; no swap on top.
        memory: One<Bytes>, "SIZE" .otherwise("no limit");
        /// Processor cores of a container, such as `1.5`.
        cpus: One<CpuMillis>, "NUMBER" .otherwise("no limit");
        /// Processes and threads of a container; high enough for a browser, low enough to stop a fork bomb.
        pids: One<PidsLimit>, "N|none" .default("2048");
        /// Size of /dev/shm in a container, such as `1g`; browsers want more than the usual.
        shm_size: One<Bytes>, "SIZE" .otherwise("the engine's own, often 64m");
        /// File system in memory at this path of a container; may be repeated.
        tmpfs: Many<TmpfsEntry>, "PATH[:size=SIZE,mode=MODE]";
        /// Limit of each process of a container; may be repeated.
        ulimit: Many<UlimitEntry>, "NAME=SOFT[:HARD]";
        /// Let containers write to /tmp, volumes and mounts only.
        read_only: One<Switch>, "true|false" .default("false");
        /// Name server of the containers; may be repeated.
        dns: Many<NameServer>, "ADDRESS" .otherwise("the engine's own");
        /// Line for /etc/hosts of the containers; may be repeated.
        add_host: Many<HostEntry>, "NAME:ADDRESS";
        /// Device of the engine's machine that containers see; may be repeated.
        device: Many<Device>, "HOST[:CONTAINER[:rwm]]";
        /// Capability that containers have besides the few of the default; may be repeated.
        cap_add: Many<Capability>, "NAME";
        /// Capability of the default that containers lack; may be repeated.
        cap_drop: Many<Capability>, "NAME";
        /// Let containers see the engine's socket, which makes their tests masters of the engine's machine.
        allow_engine_socket: One<Switch>, "true|false" .default("false");
    }
    Output {
        /// Write one JUnit report of the whole run to this file.
        junit: One<PathBuf>, "FILE";
        /// Write a Markdown summary of the run to this file.
        summary: One<PathBuf>, "FILE";
        /// Write every event to this file while the run goes on, one JSON object a line, or to standard output with `-`.
        events: One<EventsTo>, "FILE|-";
        /// Write a trace of the run to this file, for Perfetto and the trace viewer of Chrome.
        trace: One<PathBuf>, "FILE";
        /// Mark failures in the files on GitHub or Azure Pipelines; `auto` does so where one of them runs minke.
        annotations: One<Annotations>, "auto|github|azure|never" .default("auto");
        /// Write one HTML report of the whole run to this file; the run's directory has one in any case.
        html: One<PathBuf>, "FILE";
        /// Keep the files of each container that match, when it has ended, however its tests did; may be repeated.
        artifacts: Many<String>, "GLOB";
        /// Keep the coverage of each container and merge it: coverage.py's data, and files of lcov's and Cobertura's. Either
        /// of the next two asks for it, too.
        coverage: One<Switch>, "true|false" .otherwise("on with the next two");
        /// Coverage files of a container, besides coverage.py's data; may be repeated. The usual places are `lcov.info`,
        /// `coverage.xml`, `cobertura.xml` and such files below `coverage/`.
        coverage_files: Many<String>, "GLOB" .otherwise("the usual places");
        /// Write the merged coverage into this directory, too.
        coverage_output: One<PathBuf>, "DIR";
        /// Directory for what minke keeps of its runs.
        output_dir: One<PathBuf>, "PATH" .default(".minke");
        /// Show what tests print, on standard error: never, the end of it for what failed, line by line as it comes with
        /// the shard, or whole unit by unit. All of it is in the run's directory anyway.
        output: One<Output>, "never|failed|prefixed|grouped" .otherwise("failed; never if quiet");
        /// Show failures and the summary only.
        quiet: One<Switch>, "true|false" .short('q') .default("false");
        /// Show more; may be repeated.
        verbose: One<Count>, "N" .short('v') .default("0");
        /// When to use colours; a non-empty NO_COLOR means never.
        color: One<Color>, "auto|always|never" .default("auto");
    }
}

impl Options {
    /// Returns the options that hold when no source gives any.
    pub(crate) fn defaults(root: &Path) -> Result<Self, ConfigError> {
        let mut options = Self::default();
        for spec in OPTIONS {
            spec.reset(&mut options, root)?;
        }
        Ok(options)
    }

    /// Lists every option with its value and the place where it was given.
    pub(crate) fn print(&self, root: &Path) -> Vec<Setting> {
        OPTIONS.iter().flat_map(|spec| (spec.print)(self, spec, root)).collect()
    }
}

/// Returns the option of a key that the code itself names.
pub(super) fn named(key: &str) -> &'static OptionSpec {
    find(key).expect("the table has every key that is asked for")
}

/// Finds an option by its key.
pub(crate) fn find(key: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|spec| spec.key == key)
}
