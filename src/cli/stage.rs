//! From the user's image to the one that shards start from: the project's files over it, and what a setup makes of it.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use indicatif::HumanBytes;

use super::error::CliError;
use super::prepare::{labels, open_probe};
use super::samples::samples;
use super::services::{beside, build, lay_under, obtain_image, obtain_images, without_effect};
use crate::config::{Settings, Source, name_of_built};
use crate::discover::DiscoverError;
use crate::engine::{Engine, Image, ImageRequest, SecretDir};
use crate::model::{
    ContainerSettings, ImageSource, Mount, MountSource, PlacedFile, RunId, SECRETS_DIR, Service, Services,
    ShardTemplate, Slot, exports,
};
use crate::report::Redactor;
use crate::run::{FileContext, fill_in};
use crate::snapshot::{Place, Setup, Sources, copy_sources, owner_of, set_up};
use crate::source::{Owner, Rules};

/// Where a project is in the container when neither the user nor the image says so.
const PROJECT_DIR: &str = "/project";
/// Where frameworks and their reports need room.
const TMP: &str = "/tmp";
/// What the engine lays over every container's own files.
const OF_THE_ENGINE: &[&str] = &["/proc", "/sys", "/dev", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
/// Where containers see the engine's socket, if they do.
const ENGINE_SOCKET: &str = "/var/run/docker.sock";

/// The image that shards start from, and what all of them have in common.
pub(super) struct Staged {
    /// The image, or why it cannot be used.
    pub(super) image: Result<Image, CliError>,
    pub(super) template: ShardTemplate,
    /// Whether the units are those of the host's files.
    pub(super) in_host: bool,
    /// The secrets' files, which are there for as long as this is.
    pub(super) secrets: Option<SecretDir>,
    pub(super) notes: Vec<String>,
    pub(super) remarks: Vec<String>,
}

/// Finds the user's image and makes the one that shards start from. An image that cannot be had, and a setup that fails, are
/// in the result, because the units may still be known.
pub(super) async fn stage(
    settings: &Settings,
    engine: &Arc<dyn Engine>,
    named: Option<&[String]>,
    run: RunId,
) -> Result<Staged, CliError> {
    let mut beside = beside(settings)?;
    let name = image_name(settings, beside.shard.as_ref())?;
    let name = name.as_str();
    let mut template = template(settings, name);
    if let Some(service) = &beside.shard {
        lay_under(service, settings, &mut template.container);
        template.aliases = std::iter::once(&service.name).chain(&service.aliases).cloned().collect();
        beside.warnings.extend(without_effect(service));
    }
    beside.warnings.extend(settle_tmp(&mut template.container));
    let samples = match settings.source {
        Source::Auto | Source::Copy => samples(settings, named),
        Source::Image | Source::Mount | Source::MountReadOnly => Vec::new(),
    };
    let mut staged = Staged {
        image: Err(DiscoverError::Nowhere { image: name.to_owned() }.into()),
        template,
        in_host: settings.source.is_mount(),
        secrets: None,
        notes: Vec::new(),
        remarks: beside.warnings,
    };
    let image = match staged.obtain(settings, &**engine, beside.shard.as_mut(), &mut beside.services).await {
        Ok(image) => image,
        Err(CliError::Engine(error)) if error.is_image_missing() => {
            staged.in_host |= match settings.source {
                Source::Auto => !samples.is_empty(),
                Source::Copy => true,
                Source::Image | Source::Mount | Source::MountReadOnly => false,
            };
            staged.image = Err(error.into());
            return Ok(staged);
        }
        Err(error) => return Err(error),
    };
    staged.template.digest.clone_from(&image.digest);
    if matches!(settings.source, Source::Auto | Source::Copy) {
        staged.leave_out_project_mounts(settings, &image);
    }
    staged.template.services = beside.services;
    let source = settle_source(settings, engine, &staged.template, &image, &samples, run).await?;
    staged.in_host |= source == Source::Copy;
    if source.is_mount() {
        staged.mount(settings, source);
        if settings.setup.is_some() && settings.setup_inputs.is_empty() {
            let remark = "the setup does not see a mounted project: name what it reads with `--setup-inputs`";
            staged.remarks.push(remark.to_owned());
        }
    }
    staged.settle_engine_socket(settings, &engine.info().await?.endpoint)?;
    let is_made = source == Source::Copy || settings.setup.is_some();
    let place = Place { engine: Arc::clone(engine), dir: settings.output_dir.join("cache"), labels: labels(run) };
    let owner = match is_made || !settings.secrets.is_empty() || !settings.placed_files.is_empty() {
        true => owner_of(&place, &image, name, staged.template.container.user.as_deref()).await?,
        false => Owner::default(),
    };
    if !settings.secrets.is_empty() {
        staged.mount_secrets(settings, &**engine, owner).await?;
    }
    if !settings.placed_files.is_empty() {
        staged.place_files(settings, owner, run)?;
    }
    if !is_made {
        staged.image = Ok(image);
        return Ok(staged);
    }
    staged.image = match staged.made_of(image, settings, &place, source, owner, &samples).await {
        Err(CliError::Snapshot(error)) if error.is_of_setup() => Err(error.into()),
        Err(error) => return Err(error),
        made => made,
    };
    Ok(staged)
}

impl Staged {
    /// Builds or finds the image of the tests and those of the services.
    async fn obtain(
        &self,
        settings: &Settings,
        engine: &dyn Engine,
        shard: Option<&mut Service>,
        services: &mut Services,
    ) -> Result<Image, CliError> {
        let (pull, platform) = (settings.pull, settings.platform.clone());
        let name = self.template.image.clone();
        let image = match (&settings.build, shard) {
            (Some(of), _) => build(name, of, settings, engine, platform).await?,
            (None, Some(service)) if settings.image.is_none() => {
                obtain_image(service, settings, engine, platform).await?
            }
            (None, _) => engine.image(&ImageRequest { pull, platform, ..ImageRequest::new(name) }).await?,
        };
        obtain_images(&mut services.list, settings, engine).await?;
        Ok(image)
    }

    /// Leaves out mounts of the project over the working directory, which compose files often have: they would hide the copy.
    fn leave_out_project_mounts(&mut self, settings: &Settings, image: &Image) {
        let container = &mut self.template.container;
        let dir = container.work_dir.clone().unwrap_or_else(|| image.work_dir.clone());
        let hides = |mount: &mut Mount| match &mount.source {
            MountSource::Host(path) => settings.root.starts_with(path) && Path::new(&dir).starts_with(&mount.container),
            MountSource::Volume(_) | MountSource::Existing(_) | MountSource::Tmpfs { .. } => false,
        };
        let left_out = container.mounts.extract_if(.., hides);
        self.remarks.extend(left_out.map(|mount| {
            let place = mount.container;
            format!("the mount of the project at `{place}` is left out: the tests have a copy, unless `--source mount`")
        }));
    }

    /// Gives the containers the engine's socket if that is allowed, and refuses to show it otherwise.
    fn settle_engine_socket(&mut self, settings: &Settings, endpoint: &str) -> Result<(), CliError> {
        let socket = endpoint.strip_prefix("unix://").map(Path::new);
        if settings.allow_engine_socket {
            let socket = socket.ok_or_else(|| CliError::SocketAfar { endpoint: endpoint.to_owned() })?;
            self.template.container.mounts.push(Mount::host(socket, ENGINE_SOCKET));
            return Ok(());
        }
        let sockets =
            [socket.unwrap_or(Path::new(ENGINE_SOCKET)), Path::new(ENGINE_SOCKET), Path::new("/run/docker.sock")];
        let services = self.template.services.list.iter().map(|service| &service.container);
        let mounts = services.chain([&self.template.container]).flat_map(|container| &container.mounts);
        let shown = mounts.filter_map(|mount| match &mount.source {
            MountSource::Host(path) => Some(path),
            MountSource::Volume(_) | MountSource::Existing(_) | MountSource::Tmpfs { .. } => None,
        });
        // A link may lead there.
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let shows =
            |path: &Path| sockets.iter().any(|socket| socket.starts_with(path) || real(socket).starts_with(real(path)));
        let mut shown = shown.filter(|path| shows(path));
        shown.next().map_or(Ok(()), |path| Err(CliError::SocketMounted { path: path.clone() }))
    }

    fn mount(&mut self, settings: &Settings, source: Source) {
        let dir = settings.work_dir.clone().unwrap_or_else(|| PROJECT_DIR.to_owned());
        let host = MountSource::Host(settings.root.clone());
        let read_only = source == Source::MountReadOnly;
        self.template.container.mounts.push(Mount { source: host, container: dir.clone(), read_only });
        self.template.container.work_dir = Some(dir);
    }

    /// Writes the secrets where containers can mount them.
    async fn mount_secrets(&mut self, settings: &Settings, engine: &dyn Engine, owner: Owner) -> Result<(), CliError> {
        let info = engine.info().await?;
        if !info.is_local {
            return Err(CliError::SecretsAfar { endpoint: info.endpoint });
        }
        let failed = |source| CliError::System { operation: "write the secrets to memory", source };
        let dir = SecretDir::create(&settings.secrets, (owner.uid, owner.gid)).map_err(failed)?;
        let mount = Mount { read_only: true, ..Mount::host(dir.mounted(), SECRETS_DIR) };
        self.template.container.mounts.push(mount);
        self.template.secrets.clone_from(&settings.secrets);
        self.secrets = Some(dir);
        Ok(())
    }

    /// Takes the files that are written into containers. A template that cannot be filled in is found out here, not in each
    /// shard.
    fn place_files(&mut self, settings: &Settings, owner: Owner, run: RunId) -> Result<(), CliError> {
        check_places(&settings.placed_files, &self.template.container)?;
        self.template.owner = (owner.uid, owner.gid);
        self.template.files.clone_from(&settings.placed_files);
        self.template.file_env.clone_from(&settings.environment);
        let names = self.template.services.list.iter().map(|service| service.name.clone());
        let addresses = names.map(|name| (name, "10.0.0.1".to_owned()));
        let context = FileContext::new(&self.template, Slot(1), NonZeroU32::MIN, run, addresses);
        fill_in(&self.template.files, &context).map(drop).map_err(CliError::Template)
    }

    async fn made_of(
        &mut self,
        mut image: Image,
        settings: &Settings,
        place: &Place,
        source: Source,
        owner: Owner,
        samples: &[String],
    ) -> Result<Image, CliError> {
        let copies = source == Source::Copy;
        if copies && self.template.container.work_dir.is_none() {
            let dir = if image.work_dir == "/" { PROJECT_DIR } else { &image.work_dir };
            self.template.container.work_dir = Some(dir.to_owned());
        }
        let of_inputs = !settings.setup_inputs.is_empty();
        if of_inputs {
            image = self.set_up(place, image, settings, owner).await?;
        }
        if copies {
            image = self.copy(place, image, settings, owner, samples).await?;
        }
        if !of_inputs {
            image = self.set_up(place, image, settings, owner).await?;
        }
        Ok(image)
    }

    async fn copy(
        &mut self,
        place: &Place,
        image: Image,
        settings: &Settings,
        owner: Owner,
        samples: &[String],
    ) -> Result<Image, CliError> {
        let dir = self.template.container.work_dir.clone().unwrap_or_else(|| PROJECT_DIR.to_owned());
        let sources = Sources {
            project: &settings.root,
            rules: Rules { include: &settings.include, never: std::slice::from_ref(&settings.output_dir) },
            limit: settings.source_limit,
            dir: &dir,
            owner,
            expected: samples,
        };
        let copied = copy_sources(place, &image, &self.template.image, &sources).await?;
        self.remarks.extend(copied.odd.first().map(|first| left_out(first, copied.odd.len())));
        self.remarks.extend(copied.missing.iter().map(|path| {
            format!("`{path}` is not copied: an ignore file leaves it out, and `--include '{path}'` takes it in")
        }));
        self.notes.push(match copied.sent {
            None => format!("sources: unchanged, {} entries in `{dir}`", copied.entries),
            Some(bytes) => {
                format!("sources: {} sent, {} entries in `{dir}`", HumanBytes(bytes), copied.entries)
            }
        });
        Ok(copied.image)
    }

    async fn set_up(
        &mut self,
        place: &Place,
        image: Image,
        settings: &Settings,
        owner: Owner,
    ) -> Result<Image, CliError> {
        let Some(command) = &settings.setup else { return Ok(image) };
        let mut container = self.template.container.clone().with_own_volumes();
        // What a setup reads is what it depends on, and what it writes is in its image, not on this machine.
        container.mounts.retain(|mount| mount.source != MountSource::Host(settings.root.clone()));
        container.network = settings.setup_network.clone();
        let dir = container.work_dir.clone().unwrap_or_else(|| image.work_dir.clone());
        let globs = settings.setup_inputs.as_slice();
        let exports = exports(&self.template.secrets);
        let setup = Setup {
            command,
            exports: &exports,
            redactor: Redactor::new(&self.template.secrets),
            settings: container,
            inputs: (!globs.is_empty()).then_some((settings.root.as_path(), globs)),
            dir: &dir,
            owner,
            reuse: settings.reuse_setup,
        };
        let done = set_up(place, &image, &self.template.image, &setup).await?;
        let seconds = done.millis as f64 / 1000.0;
        self.notes.push(match done.reused {
            true => format!("setup: taken from a snapshot, which saves {seconds:.1} s"),
            false => format!("setup: done in {seconds:.1} s, and kept for the next runs"),
        });
        Ok(done.image)
    }
}

/// Returns the name of the tests' image: the user's own, else that of the service that they run in the place of.
fn image_name(settings: &Settings, shard: Option<&Service>) -> Result<String, CliError> {
    match shard {
        Some(service) if settings.image.is_none() && settings.build.is_none() => Ok(match &service.image {
            ImageSource::Named(name) => name.clone(),
            ImageSource::Built(build) => name_of_built(&build.context, Some(&service.name)),
        }),
        Some(_) | None => Ok(settings.image_name()?.into_owned()),
    }
}

/// Refuses files that cannot be written, would be written to this machine, or into a file system in memory that is not there
/// yet.
pub(super) fn check_places(files: &[PlacedFile], container: &ContainerSettings) -> Result<(), CliError> {
    if let Some(file) = files.first().filter(|_| container.privileges.read_only) {
        return Err(CliError::FilesReadOnly { path: file.path.clone() });
    }
    for file in files {
        if let Some(place) = OF_THE_ENGINE.iter().find(|place| Path::new(&file.path).starts_with(place)) {
            return Err(CliError::FileInMount { path: file.path.clone(), mount: (*place).to_owned() });
        }
        let is_around = |mount: &&Mount| Path::new(&file.path).starts_with(&mount.container);
        let innermost = container.mounts.iter().filter(is_around).max_by_key(|mount| mount.container.len());
        match innermost.map(|mount| (&mount.source, &mount.container)) {
            Some((MountSource::Host(_) | MountSource::Tmpfs { .. } | MountSource::Existing(_), mount)) => {
                return Err(CliError::FileInMount { path: file.path.clone(), mount: mount.clone() });
            }
            Some((MountSource::Volume(_), _)) | None => {}
        }
    }
    Ok(())
}

fn left_out(first: &Path, count: usize) -> String {
    let others = if count == 1 { String::new() } else { format!(" and {} others", count - 1) };
    format!("`{}`{others} cannot be copied: neither a file, a directory nor a link", first.display())
}

/// Decides what `auto` means: the image has the tests if it has some of the project's test files, or the project has none.
async fn settle_source(
    settings: &Settings,
    engine: &Arc<dyn Engine>,
    template: &ShardTemplate,
    image: &Image,
    samples: &[String],
    run: RunId,
) -> Result<Source, CliError> {
    if settings.source != Source::Auto {
        return Ok(settings.source);
    }
    if samples.is_empty() {
        return Ok(Source::Image);
    }
    let probe = open_probe(engine, template, image, run).await?;
    let mut missing = Ok(false);
    for sample in samples {
        missing = probe.look(sample).await.map(|found| found.is_none());
        if !matches!(missing, Ok(false)) {
            break;
        }
    }
    let closed = probe.close().await;
    let missing = missing?;
    closed?;
    Ok(if missing { Source::Copy } else { Source::Image })
}

/// Describes what the settings say of a shard's container.
fn template(settings: &Settings, image: &str) -> ShardTemplate {
    let mut template = ShardTemplate::new(image);
    template.before_command.clone_from(&settings.before_command);
    template.artifacts.clone_from(&settings.artifacts);
    template.coverage.clone_from(&settings.coverage);
    let container = &mut template.container;
    container.work_dir.clone_from(&settings.work_dir);
    container.env.clone_from(&settings.env);
    container.network = settings.network.clone();
    container.user.clone_from(&settings.user);
    container.limits = settings.limits.clone();
    container.privileges = settings.privileges.clone();
    container.dns.clone_from(&settings.dns);
    container.extra_hosts.clone_from(&settings.extra_hosts);
    container.mounts.clone_from(&settings.tmpfs);
    template
}

/// Makes `/tmp` a volume where it would be in memory or could not be written to, because reports are fetched from there when the
/// container has ended. Returns what a person should know of it.
pub(super) fn settle_tmp(container: &mut ContainerSettings) -> Option<String> {
    let volume = MountSource::Volume(None);
    match container.mounts.iter_mut().find(|mount| Path::new(&mount.container) == Path::new(TMP)) {
        Some(mount) if matches!(mount.source, MountSource::Tmpfs { .. }) => {
            mount.source = volume;
            let why = "because reports are fetched from it when the container has ended";
            return Some(format!("`{TMP}` is a volume and not a tmpfs, {why}"));
        }
        None if container.privileges.read_only => {
            container.mounts.push(Mount { source: volume, container: TMP.to_owned(), read_only: false });
        }
        Some(_) | None => {}
    }
    None
}
