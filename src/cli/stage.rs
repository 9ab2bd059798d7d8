//! From the user's image to the one that shards start from: the project's files over it, and what a setup makes of it.

use std::path::Path;
use std::sync::Arc;

use indicatif::HumanBytes;

use super::error::CliError;
use super::prepare::{AUTO, labels, open_probe};
use super::services::{beside, lay_under, name_of_built, obtain_image, obtain_images};
use crate::config::{Settings, Source, print_size};
use crate::discover::{DiscoverError, project_on_host};
use crate::engine::{BuildRequest, Engine, EngineError, Image, ImageRequest, SecretDir};
use crate::framework::{self, Framework};
use crate::model::{
    ImageSource, Mount, MountSource, RunId, SECRETS_DIR, Service, Services, ShardTemplate, exports, split_part,
};
use crate::report::Redactor;
use crate::run::{FileContext, ServiceContext, fill_in};
use crate::snapshot::{Place, Setup, SnapshotError, Sources, copy_sources, owner_of, set_up};
use crate::source::{Owner, Rules};

/// Where a project is in the container when neither the user nor the image says so.
const PROJECT_DIR: &str = "/project";
/// Where containers see the engine's socket, if they do.
const ENGINE_SOCKET: &str = "/var/run/docker.sock";
/// How many of the project's test files must be in an image so that the project is taken to be in it.
const SAMPLES: usize = 3;

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
        lay_under(service, &mut template.container);
    }
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
                Source::Auto => !samples(settings, named).is_empty(),
                Source::Copy => true,
                Source::Image | Source::Mount | Source::MountReadOnly => false,
            };
            staged.image = Err(error.into());
            return Ok(staged);
        }
        Err(error) => return Err(error),
    };
    staged.template.services = beside.services;
    staged.settle_engine_socket(settings, &engine.info().await?.endpoint)?;
    let source = settle_source(settings, engine, &staged.template, &image, named, run).await?;
    staged.in_host |= source == Source::Copy;
    if source.is_mount() {
        staged.mount(settings, source);
    }
    if !settings.secrets.is_empty() {
        staged.mount_secrets(settings, engine, &image, run).await?;
    }
    if !settings.placed_files.is_empty() {
        staged.place_files(settings, engine, &image, run).await?;
    }
    staged.image = match staged.made_of(image, settings, engine, source, run).await {
        Err(error) if !matches!(error, CliError::Snapshot(SnapshotError::Setup { .. })) => return Err(error),
        made_or_setup_failed => made_or_setup_failed,
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
            (Some(build), _) => {
                let leave_out = vec![settings.output_dir.clone()];
                engine.build(&BuildRequest { name, build: build.clone(), leave_out, pull, platform }).await?
            }
            (None, Some(service)) if settings.image.is_none() => obtain_image(service, settings, engine).await?,
            (None, _) => engine.image(&ImageRequest { pull, platform, ..ImageRequest::new(name) }).await?,
        };
        obtain_images(&mut services.list, settings, engine).await?;
        Ok(image)
    }

    /// Gives the containers the engine's socket if that is allowed, and refuses every mount that would show it otherwise.
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
        let mut shown = shown.filter(|path| sockets.iter().any(|socket| socket.starts_with(path)));
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
    async fn mount_secrets(
        &mut self,
        settings: &Settings,
        engine: &Arc<dyn Engine>,
        image: &Image,
        run: RunId,
    ) -> Result<(), CliError> {
        let info = engine.info().await?;
        if !info.is_local {
            return Err(CliError::SecretsAfar { endpoint: info.endpoint });
        }
        let place = place(settings, engine, run);
        let owner = owner_of(&place, image, &self.template.image, settings.user.as_deref()).await?;
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
    async fn place_files(
        &mut self,
        settings: &Settings,
        engine: &Arc<dyn Engine>,
        image: &Image,
        run: RunId,
    ) -> Result<(), CliError> {
        let place = place(settings, engine, run);
        let owner = owner_of(&place, image, &self.template.image, settings.user.as_deref()).await?;
        self.template.owner = (owner.uid, owner.gid);
        self.template.files.clone_from(&settings.placed_files);
        self.template.file_env.clone_from(&settings.environment);
        let service = |service: &Service| {
            let context = ServiceContext { host: service.name.clone(), address: "10.0.0.1".to_owned() };
            (service.name.clone(), context)
        };
        let env = settings.environment.iter().chain(&settings.env);
        let context = FileContext {
            env: env.map(|var| (var.name.clone(), var.value.clone())).collect(),
            shard: 1,
            shards: 1,
            run: run.to_string(),
            service: self.template.services.list.iter().map(service).collect(),
        };
        fill_in(&self.template.files, &context).map(drop).map_err(CliError::Template)
    }

    async fn made_of(
        &mut self,
        mut image: Image,
        settings: &Settings,
        engine: &Arc<dyn Engine>,
        source: Source,
        run: RunId,
    ) -> Result<Image, CliError> {
        let copies = source == Source::Copy;
        if copies && self.template.container.work_dir.is_none() {
            let dir = if image.work_dir == "/" { PROJECT_DIR } else { &image.work_dir };
            self.template.container.work_dir = Some(dir.to_owned());
        }
        if !copies && settings.setup.is_none() {
            return Ok(image);
        }
        let name = self.template.image.clone();
        let place = place(settings, engine, run);
        let user = settings.user.as_deref();
        let owner = owner_of(&place, &image, &name, user).await?;
        let of_inputs = !settings.setup_inputs.is_empty();
        if of_inputs {
            image = self.set_up(&place, image, settings, owner).await?;
        }
        if copies {
            image = self.copy(&place, image, settings, owner).await?;
        }
        if !of_inputs {
            image = self.set_up(&place, image, settings, owner).await?;
        }
        Ok(image)
    }

    async fn copy(
        &mut self,
        place: &Place,
        image: Image,
        settings: &Settings,
        owner: Owner,
    ) -> Result<Image, CliError> {
        let dir = self.template.container.work_dir.clone().unwrap_or_else(|| PROJECT_DIR.to_owned());
        let sources = Sources {
            project: &settings.root,
            rules: Rules { include: &settings.include, never: std::slice::from_ref(&settings.output_dir) },
            limit: (settings.source_limit, print_size(settings.source_limit)),
            print_size: |bytes| HumanBytes(bytes).to_string(),
            dir: &dir,
            owner,
            expected: &samples(settings, None),
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
        Ok(found(place, &copied.image.0).await?)
    }

    async fn set_up(
        &mut self,
        place: &Place,
        image: Image,
        settings: &Settings,
        owner: Owner,
    ) -> Result<Image, CliError> {
        let Some(command) = &settings.setup else { return Ok(image) };
        let mut container = self.template.container.clone();
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
        Ok(found(place, &done.image.0).await?)
    }
}

/// Returns the name of the tests' image: the user's own, else that of the service that they run in the place of.
fn image_name(settings: &Settings, shard: Option<&Service>) -> Result<String, CliError> {
    match shard {
        Some(service) if settings.image.is_none() && settings.build.is_none() => Ok(match &service.image {
            ImageSource::Named(name) => name.clone(),
            ImageSource::Built(build) => name_of_built(&service.name, &build.context),
        }),
        Some(_) | None => Ok(settings.image_name()?.into_owned()),
    }
}

fn place(settings: &Settings, engine: &Arc<dyn Engine>, run: RunId) -> Place {
    Place { engine: Arc::clone(engine), dir: settings.output_dir.join("cache"), labels: labels(run) }
}

/// Finds an image that has just been made.
async fn found(place: &Place, id: &str) -> Result<Image, EngineError> {
    let gone = || EngineError::ImageMissing { image: id.to_owned(), detail: "somebody removed it just now".to_owned() };
    place.engine.local_image(id).await?.ok_or_else(gone)
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
    named: Option<&[String]>,
    run: RunId,
) -> Result<Source, CliError> {
    if settings.source != Source::Auto {
        return Ok(settings.source);
    }
    let samples = samples(settings, named);
    if samples.is_empty() {
        return Ok(Source::Image);
    }
    let probe = open_probe(engine, template, image, run).await?;
    let mut missing = Ok(false);
    for sample in &samples {
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

/// Names some test files that the project has on the host: what the user selects, else what a framework takes for one.
fn samples(settings: &Settings, named: Option<&[String]>) -> Vec<String> {
    let selected = settings.files.iter().chain(named.unwrap_or_default()).map(|path| split_part(path).0);
    let on_host: Vec<String> =
        selected.filter(|path| settings.root.join(path).exists()).map(str::to_owned).take(SAMPLES).collect();
    if !on_host.is_empty() || !settings.files.is_empty() {
        return on_host;
    }
    let frameworks: &[&dyn Framework] = match settings.framework.as_str() {
        AUTO => framework::ALL,
        name => framework::named(name),
    };
    let project = project_on_host(&[], &settings.root);
    let tests = project.paths.into_iter().filter(|path| frameworks.iter().any(|framework| framework.is_unit(path)));
    tests.take(SAMPLES).collect()
}

/// Describes what the settings say of a shard's container.
fn template(settings: &Settings, image: &str) -> ShardTemplate {
    let mut template = ShardTemplate::new(image);
    template.before_command.clone_from(&settings.before_command);
    template.artifacts.clone_from(&settings.artifacts);
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
    if settings.privileges.read_only {
        // Not in memory: reports are fetched from there when the container has ended.
        let source = MountSource::Volume(None);
        container.mounts.push(Mount { source, container: "/tmp".to_owned(), read_only: false });
    }
    template
}
