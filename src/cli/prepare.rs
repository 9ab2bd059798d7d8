//! From settings to a plan: what `minke run` and `minke plan` do alike.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::error::CliError;
use super::stage::{Staged, stage};
use super::variants::settle_variants;
use crate::config::{Discover, FilesFrom, Settings};
use crate::discover::{
    Candidate, DiscoverError, Found, FoundCommand, Probe, Selection, choose, find_command, in_image, in_listing,
    mark_units, on_host, project_in_image, project_on_host, settings_on_host, split_by_listing, split_in_image,
    split_on_host,
};
use crate::engine::{ContainerSpec, Engine, EngineError, Image, Labels, Owner, SecretDir};
use crate::framework::{self, Framework, ProjectFiles};
use crate::model::{ImageId, RunId, ShardTemplate, exports, split_part};
use crate::plan::{FrameworkCall, Plan, PlanInput, Split, plan};

/// The name of the framework that is recognised.
pub(super) const AUTO: &str = "auto";
/// How long a container that is only looked into may stay, should minke be killed.
const PROBE_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// A plan, and what it was made with.
pub(super) struct Prepared {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) plan: Plan,
    /// The secrets' files, which are there for as long as this is.
    pub(super) secrets: Option<SecretDir>,
    /// What minke decided by itself.
    pub(super) notes: Vec<String>,
    /// What a person should know before the run.
    pub(super) remarks: Vec<String>,
    /// Why no unit can run, although the units are known.
    pub(super) unusable_image: Option<CliError>,
}

/// Finds the units and the framework's command, and makes the plan.
pub(super) async fn prepare(settings: &Settings, engine: Arc<dyn Engine>, run: RunId) -> Result<Prepared, CliError> {
    settings.check_command()?;
    settings.check_unused()?;
    let named = listed_files(settings)?;
    let Staged { image, template, in_host, secrets, mut notes, mut remarks } =
        stage(settings, &engine, named.as_deref(), run).await?;
    let in_host = match settings.discover {
        Discover::Host => true,
        Discover::Image => false,
        Discover::Auto => in_host,
    };
    let image = match image {
        Err(error) if !in_host => return Err(error),
        image => image,
    };
    let (frameworks, note) = settle_framework(settings, in_host, &engine, &template, image.as_ref().ok(), run).await?;
    notes.extend(note);
    let selection = |framework| Selection {
        paths: &settings.files,
        named: named.as_deref(),
        exclude: &settings.exclude,
        framework,
    };
    let by_name = *frameworks.first().expect("the settings accept known frameworks only");
    if by_name.default_path().is_none() && settings.files.is_empty() && named.is_none() {
        return Err(DiscoverError::NoPaths { framework: by_name.name() }.into());
    }
    let own_call = |argv: Vec<String>| FrameworkCall::new(by_name.name(), argv, settings.framework_args.clone());
    let is_listed = by_name.listing(&own_call(Vec::new())).is_some();
    let on_host = (in_host && !is_listed).then(|| on_host(&selection(by_name), &settings.root)).transpose()?;
    let on_host = on_host.map(|found| match settings.split {
        Split::Never => found,
        Split::All => split_on_host(found, by_name, &settings.root),
    });
    let image = match (image, &on_host) {
        (Ok(image), _) => image,
        // The units are known, so the report can name each of them.
        (Err(error), Some(found)) => {
            return unusable(settings, found.clone(), by_name, template, secrets, engine, error).await;
        }
        (Err(error), None) => return Err(error),
    };
    let (found, command) = if is_listed {
        let command = command_inside(settings, &engine, &template, &image, frameworks, run).await?;
        let listing = by_name.listing(&own_call(command.argv.clone())).unwrap_or_default();
        let spec = listing_container(&template, &image, listing, by_name, run);
        (in_listing(&selection(by_name), &*engine, &spec).await?, command)
    } else if let (Some(found), Some(command)) = (&on_host, given_command(settings, frameworks)) {
        (found.clone(), command)
    } else {
        let probe = open_probe(&engine, &template, &image, run).await?;
        let looked = look_inside(settings, &probe, &image, frameworks, on_host.clone(), &selection).await;
        let closed = probe.close().await;
        match (looked, on_host) {
            // The units are known, so the report can name each of them.
            (Err(CliError::Discover(error @ DiscoverError::NoCommand { .. })), Some(found)) => {
                return unusable(settings, found, by_name, template, secrets, engine, error.into()).await;
            }
            (looked, _) => {
                let looked = looked?;
                closed?;
                looked
            }
        }
    };
    let found = match settings.split {
        Split::Never => found,
        Split::All => {
            let framework = command.framework;
            let call = FrameworkCall::new(framework.name(), command.argv.clone(), settings.framework_args.clone());
            let spec = |argv| listing_container(&template, &image, argv, framework, run);
            split_by_listing(found, framework, &call, &*engine, spec).await?
        }
    };
    remarks.extend(remark_on_mount(settings, &*engine).await?);
    remarks.extend(remarks_on_units(settings, in_host, &found, command.framework));
    let (plan, of_variants) = make_plan(settings, found, command, template, Some(image.id), &*engine).await?;
    remarks.extend(of_variants);
    Ok(Prepared { engine, plan, secrets, notes, remarks, unusable_image: None })
}

/// Returns the frameworks that may be meant: those that the user named, or the one that `auto` recognises, with the reason.
async fn settle_framework(
    settings: &Settings,
    in_host: bool,
    engine: &Arc<dyn Engine>,
    template: &ShardTemplate,
    image: Option<&Image>,
    run: RunId,
) -> Result<(&'static [&'static dyn Framework], Option<String>), CliError> {
    if settings.framework != AUTO {
        return Ok((framework::named(&settings.framework), None));
    }
    let candidate = match image {
        Some(image) => {
            let probe = open_probe(engine, template, image, run).await?;
            let recognised = recognise(settings, in_host, &probe, image).await;
            let closed = probe.close().await;
            let recognised = recognised?;
            closed?;
            recognised
        }
        None => choose(&project_on_host(&settings.files, &settings.root), None).await?,
    };
    let name = candidate.framework.name();
    Ok((framework::named(name), Some(format!("framework {name}, because {}", candidate.sign.reason))))
}

async fn recognise(
    settings: &Settings,
    in_host: bool,
    probe: &Probe,
    image: &Image,
) -> Result<Candidate, DiscoverError> {
    let project = match in_host {
        true => project_on_host(&settings.files, &settings.root),
        // The whole file system has tests of many a library in it.
        false if settings.files.is_empty() && probe.work_dir() == "/" => {
            return Err(DiscoverError::Nowhere {
                image: settings.image_name().map(Cow::into_owned).unwrap_or_default(),
            });
        }
        false => project_in_image(&settings.files, probe).await?,
    };
    // A command that the user names needs not be looked for.
    let inside = settings.framework_command.is_none().then_some((probe, image));
    choose(&project, inside).await
}

/// Makes the plan of a run that cannot begin: its report names every unit that the image keeps from running.
async fn unusable(
    settings: &Settings,
    found: Found,
    framework: &'static dyn Framework,
    template: ShardTemplate,
    secrets: Option<SecretDir>,
    engine: Arc<dyn Engine>,
    error: CliError,
) -> Result<Prepared, CliError> {
    let usual = framework.commands().first().map(|candidate| candidate.argv).unwrap_or_default();
    let argv = usual.iter().map(|&word| word.to_owned()).collect();
    let command = given_command(settings, &[framework]).unwrap_or(FoundCommand { framework, argv, is_guess: false });
    let (plan, _) = make_plan(settings, found, command, template, None, &*engine).await?;
    Ok(Prepared { engine, plan, secrets, notes: Vec::new(), remarks: Vec::new(), unusable_image: Some(error) })
}

/// Finds the framework's command without looking for its tests.
async fn command_inside(
    settings: &Settings,
    engine: &Arc<dyn Engine>,
    template: &ShardTemplate,
    image: &Image,
    frameworks: &'static [&'static dyn Framework],
    run: RunId,
) -> Result<FoundCommand, CliError> {
    if let Some(command) = given_command(settings, frameworks) {
        return Ok(command);
    }
    let probe = open_probe(engine, template, image, run).await?;
    let found = find_command(&probe, image, frameworks).await;
    let closed = probe.close().await;
    let found = found?;
    closed?;
    Ok(found)
}

/// Describes the container that lists units: what a shard would be, with another command.
fn listing_container(
    template: &ShardTemplate,
    image: &Image,
    listing: Vec<String>,
    framework: &'static dyn Framework,
    run: RunId,
) -> ContainerSpec {
    let exports = exports(&template.secrets);
    let needed = (!exports.is_empty()).then_some("true");
    let before = template.before_command.as_deref().or(needed).map(|before| {
        let script = format!("{exports}/bin/sh -c \"$1\" >&2 || exit; shift; exec \"$@\"");
        ["/bin/sh", "-c", &script, "minke", before].map(str::to_owned)
    });
    let own = framework.environment().iter().map(|(name, value)| format!("{name}={value}"));
    let argv = before.into_iter().flatten().chain(listing).collect();
    ContainerSpec {
        env: own.chain(["CI=true".to_owned()]).collect(),
        ..looking_container(template, image, run, "listing").with_command(argv, true)
    }
}

async fn look_inside<'a>(
    settings: &Settings,
    probe: &Probe,
    image: &Image,
    frameworks: &'static [&'static dyn Framework],
    on_host: Option<Found>,
    selection: &impl Fn(&'static dyn Framework) -> Selection<'a>,
) -> Result<(Found, FoundCommand), CliError> {
    let command = match given_command(settings, frameworks) {
        Some(command) => command,
        None => find_command(probe, image, frameworks).await?,
    };
    let found = match on_host {
        Some(found) => found,
        None => {
            let found = in_image(&selection(command.framework), probe).await?;
            match settings.split {
                Split::Never => found,
                Split::All => split_in_image(found, command.framework, probe).await?,
            }
        }
    };
    Ok((found, command))
}

/// Takes `--command` as it is, and `--framework-command` for the framework of the family whose own command it looks like.
fn given_command(settings: &Settings, frameworks: &[&'static dyn Framework]) -> Option<FoundCommand> {
    let argv = settings.command.clone().or_else(|| settings.framework_command.clone())?;
    let text = argv.join(" ");
    let alike = frameworks.iter().find(|framework| text.contains(framework.name()));
    let framework = *alike.or(frameworks.first())?;
    Some(FoundCommand { framework, argv, is_guess: false })
}

pub(super) async fn open_probe(
    engine: &Arc<dyn Engine>,
    template: &ShardTemplate,
    image: &Image,
    run: RunId,
) -> Result<Probe, EngineError> {
    let spec = looking_container(template, image, run, "probe").never_started(true);
    let work_dir = template.container.work_dir.as_deref().unwrap_or(&image.work_dir);
    Probe::open(Arc::clone(engine), &spec, work_dir).await
}

/// Describes a container that only finds out what there is.
fn looking_container(template: &ShardTemplate, image: &Image, run: RunId, what: &str) -> ContainerSpec {
    let name = format!("minke-{run}-{what}");
    let settings = template.container.clone().with_own_volumes();
    ContainerSpec::new(name, image.id.clone(), &template.image, settings, labels(run))
}

/// Says whose the containers are that a run needs before it begins.
pub(super) fn labels(run: RunId) -> Labels {
    let expires = Timestamp::now().saturating_add(PROBE_LIFETIME).unwrap_or(Timestamp::MAX);
    Labels { run, owner: Owner::this_process(), expires }
}

async fn make_plan(
    settings: &Settings,
    found: Found,
    command: FoundCommand,
    mut template: ShardTemplate,
    image_id: Option<ImageId>,
    engine: &dyn Engine,
) -> Result<(Plan, Vec<String>), CliError> {
    let framework = command.framework;
    let mut units = mark_units(found.units, framework, &settings.allow_empty)?;
    let remarks = settle_variants(settings, &mut units, &mut template)?;
    let shards = match settings.shards {
        Some(shards) => shards,
        None => std::num::NonZeroU32::new(engine.info().await?.cpus).unwrap_or(std::num::NonZeroU32::MIN),
    };
    let before = units.len();
    let plan = plan(PlanInput {
        units,
        partition: settings.partition,
        shards,
        isolation: settings.isolation,
        units_per_invocation: framework.units_per_invocation(),
        framework: FrameworkCall {
            strictness: settings.strictness,
            reports: settings.reports.clone(),
            ..FrameworkCall::new(framework.name(), command.argv, settings.framework_args.clone())
        },
        template,
        image_id,
        policy: settings.policy.clone(),
    });
    if plan.units().is_empty() {
        let mut searched = found.searched;
        if let Some(partition) = settings.partition.filter(|_| before > 0) {
            searched.push(format!("part {partition} of {before} units"));
        }
        return Err(CliError::NothingSelected { searched: searched.join("; ") });
    }
    Ok((plan, remarks))
}

async fn remark_on_mount(settings: &Settings, engine: &dyn Engine) -> Result<Option<String>, EngineError> {
    let info = engine.info().await?;
    let far_mount = settings.source.is_mount() && !info.is_local;
    Ok(far_mount.then(|| {
        format!(
            "`--source mount` mounts `{}` of the engine's own machine, and the engine is at {}",
            settings.root.display(),
            info.endpoint
        )
    }))
}

/// Says where the units may not be those that a person expects.
fn remarks_on_units(settings: &Settings, in_host: bool, found: &Found, framework: &dyn Framework) -> Vec<String> {
    let mut remarks = Vec::new();
    let has_directory = settings.files.iter().any(|path| settings.root.join(path).is_dir());
    let patterns_decide = has_directory || (settings.files.is_empty() && settings.files_from.is_none());
    if in_host && patterns_decide {
        remarks.extend(
            framework.remark(&ProjectFiles { texts: settings_on_host(&settings.root), ..ProjectFiles::default() }),
        );
    }
    if settings.split == Split::All && !found.units.iter().any(|unit| split_part(unit).1.is_some()) {
        let name = framework.name();
        let why = match framework.takes_parts() {
            true => format!("{name} lists no parts of them that can be run alone"),
            false => format!("minke cannot list the parts of {name}'s files"),
        };
        remarks.push(format!("`--split all` divides no file here: {why}"));
    }
    let idle = settings.framework_args.iter().filter(|arg| framework.passes_without_running().contains(&arg.as_str()));
    let name = framework.name();
    remarks.extend(idle.map(|arg| format!("with `{arg}` {name} runs no test, and says that all of them passed")));
    remarks.extend(found.unmatched.iter().map(|path| format!("`{path}` gives no test file")));
    remarks
}

/// Reads `--files-from`: a path in each line, or, where the list has NUL bytes, between them.
fn listed_files(settings: &Settings) -> Result<Option<Vec<String>>, CliError> {
    let Some(from) = &settings.files_from else { return Ok(None) };
    let (path, read) = match from {
        FilesFrom::Stdin => {
            let mut text = String::new();
            (PathBuf::from("-"), io::stdin().read_to_string(&mut text).map(|_| text))
        }
        FilesFrom::File(path) => (path.clone(), fs::read_to_string(path)),
    };
    let text = read.map_err(|source| CliError::FilesFrom { path, source })?;
    let separator = if text.contains('\0') { '\0' } else { '\n' };
    let lines = text.split(separator).map(|line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Some(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()))
}
