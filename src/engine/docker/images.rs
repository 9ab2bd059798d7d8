//! Finding images and pulling them, once for all who ask at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures::StreamExt;
use tokio::sync::OnceCell;

use super::DockerEngine;
use super::failure::{is_gone, operation, words};
use crate::engine::error::OTHER_PLATFORM;
use crate::engine::reference::Reference;
use crate::engine::{EngineError, Image, ImageNews, ImageRequest};
use crate::model::{ImageId, Platform, Pull};

/// How long the engine may take over a pull that makes no progress.
const PULL_SILENCE: Duration = Duration::from_secs(120);

/// What registries and engines write when it is the credentials that are wrong or missing.
const REFUSALS: [&str; 7] = [
    "unauthorized",
    "authentication required",
    "no basic auth credentials",
    "access denied",
    "is denied",
    ": denied: ",
    "403 forbidden",
];

type Key = (String, Option<Platform>, Pull);
type Answer = OnceCell<Result<Image, EngineError>>;

/// The requests that are being answered. Who asks for the same meanwhile waits for the same answer; afterwards it is
/// forgotten, because a name may come to mean another image.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<HashMap<Key, Weak<Answer>>>);

impl Asked {
    fn answer(&self, request: &ImageRequest) -> Arc<Answer> {
        let key = (request.reference.clone(), request.platform.clone(), request.pull);
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, answer| answer.strong_count() > 0);
        if let Some(answer) = asked.get(&key).and_then(Weak::upgrade) {
            return answer;
        }
        let answer = Arc::new(Answer::new());
        asked.insert(key, Arc::downgrade(&answer));
        answer
    }
}

/// Finds an image, and pulls it if the request says so.
pub(super) async fn find(engine: &DockerEngine, request: &ImageRequest) -> Result<Image, EngineError> {
    if let Some(id) = &request.settled {
        let gone = || missing(&request.reference, format!("its content {id} was removed meanwhile"));
        return inspect(engine, &request.reference, id.0.as_str()).await?.map(|(image, _)| image).ok_or_else(gone);
    }
    let answer = engine.asked.answer(request);
    match answer.get_or_init(|| find_alone(engine, request)).await {
        Ok(image) => Ok(image.clone()),
        Err(error) => Err(error.told_again()),
    }
}

async fn find_alone(engine: &DockerEngine, request: &ImageRequest) -> Result<Image, EngineError> {
    let name = request.reference.as_str();
    let here = inspect(engine, name, name).await?;
    let why_not = match here {
        Some((image, platform)) if is_wanted(request, &platform) => match request.pull {
            Pull::Missing | Pull::Never => return Ok(image),
            Pull::Always => String::new(),
        },
        Some((_, platform)) => format!("{OTHER_PLATFORM}{platform}, and "),
        None => String::new(),
    };
    if request.pull == Pull::Never {
        return Err(missing(name, format!("{why_not}`--pull never` was given")));
    }
    engine.observer.tell(name, ImageNews::PullBegun);
    let pulled = pull(engine, request).await;
    engine.observer.tell(name, if pulled.is_ok() { ImageNews::Ready } else { ImageNews::Failed });
    pulled.map_err(|error| match error {
        EngineError::ImageMissing { image, detail } => missing(&image, format!("{why_not}{detail}")),
        error => error,
    })?;
    match inspect(engine, name, name).await? {
        Some((image, platform)) if is_wanted(request, &platform) => Ok(image),
        Some((_, platform)) => Err(missing(name, format!("the registry has it for {platform}"))),
        None => Err(missing(name, "it is not there after the pull".to_owned())),
    }
}

fn is_wanted(request: &ImageRequest, platform: &Platform) -> bool {
    request.platform.as_ref().is_none_or(|wanted| wanted.admits(platform))
}

fn missing(image: &str, detail: String) -> EngineError {
    EngineError::ImageMissing { image: image.to_owned(), detail }
}

/// Looks at an image by its name or id; `name` decides which of its digests is told.
pub(super) async fn inspect(
    engine: &DockerEngine,
    name: &str,
    name_or_id: &str,
) -> Result<Option<(Image, Platform)>, EngineError> {
    match engine.docker.inspect_image(name_or_id).await {
        Ok(found) => Ok(Some(read(name, found))),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(operation(format!("inspect image `{name}`"), error)),
    }
}

/// Finds an image that the engine has.
pub(super) async fn local(engine: &DockerEngine, reference: &str) -> Result<Option<Image>, EngineError> {
    Ok(inspect(engine, reference, reference).await?.map(|(image, _)| image))
}

fn read(name: &str, found: ImageInspect) -> (Image, Platform) {
    let text = |text: Option<String>| text.unwrap_or_default();
    let platform = Platform::new(&text(found.os), &text(found.architecture), &text(found.variant));
    let config = found.config.unwrap_or_default();
    let work_dir = config.working_dir.filter(|dir| !dir.is_empty()).unwrap_or_else(|| "/".to_owned());
    let reference = Reference::of(name);
    let mut digests = found.repo_digests.unwrap_or_default();
    // Of another name, a digest is still true of the content.
    digests.sort_by_key(|digest| !reference.owns_digest(digest));
    let image = Image {
        id: ImageId(text(found.id)),
        digest: digests.into_iter().next(),
        work_dir,
        env: config.env.unwrap_or_default(),
        entrypoint: config.entrypoint.unwrap_or_default(),
        user: text(config.user),
        volumes: config.volumes.unwrap_or_default(),
        labels: config.labels.unwrap_or_default().into_iter().collect(),
    };
    (image, platform)
}

async fn pull(engine: &DockerEngine, request: &ImageRequest) -> Result<(), EngineError> {
    let reference = Reference::of(&request.reference);
    let name = if reference.is_bare() { format!("{}:latest", request.reference) } else { request.reference.clone() };
    let platform = request.platform.as_ref().map(ToString::to_string).unwrap_or_default();
    let found = engine.credentials.of_image(&reference).await;
    let options = CreateImageOptionsBuilder::default().from_image(&name).platform(&platform).build();
    let mut stream = Box::pin(engine.docker.create_image(Some(options), None, found.credentials));
    let mut layers = Layers::default();
    loop {
        match tokio::time::timeout(PULL_SILENCE, stream.next()).await {
            Ok(Some(Ok(info))) => {
                if let Some(news) = layers.take(&info) {
                    engine.observer.tell(&request.reference, news);
                }
            }
            Ok(Some(Err(error))) => return Err(of_pull(&request.reference, &reference, &found.origin, error)),
            Ok(None) => return Ok(()),
            Err(_) => {
                let (operation, seconds) = (format!("pull image `{}`", request.reference), PULL_SILENCE.as_secs());
                return Err(EngineError::TimedOut { operation, seconds });
            }
        }
    }
}

/// Reads why an image could not be pulled.
fn of_pull(image: &str, reference: &Reference<'_>, credentials: &str, error: Error) -> EngineError {
    let is_refusal = |text: &str| REFUSALS.iter().any(|sign| text.to_lowercase().contains(sign));
    match error {
        Error::DockerResponseServerError { .. } | Error::DockerStreamError { .. } => {
            let detail = words(&error);
            if !is_refusal(&detail) {
                return missing(image, detail);
            }
            EngineError::ImageRefused {
                image: image.to_owned(),
                registry: reference.registry.to_owned(),
                detail,
                credentials: credentials.to_owned(),
            }
        }
        error => operation(format!("pull image `{image}`"), error),
    }
}

/// How much of each layer has been transferred.
#[derive(Debug, Default)]
struct Layers(HashMap<String, (u64, u64)>);

impl Layers {
    fn take<'news>(&mut self, info: &'news CreateImageInfo) -> Option<ImageNews<'news>> {
        let status = info.status.as_deref()?;
        if status.starts_with("Retrying") {
            return Some(ImageNews::PullWaits(status));
        }
        let detail = info.progress_detail.as_ref().filter(|_| status == "Downloading");
        let bytes = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        let layer = info.id.clone()?;
        match detail {
            Some(detail) => {
                let (done, total) = (bytes(detail.current), bytes(detail.total));
                self.0.insert(layer, (done, total.max(done)));
            }
            None if matches!(status, "Download complete" | "Pull complete") => {
                let layer = self.0.get_mut(&layer)?;
                layer.0 = layer.1;
            }
            None => return None,
        }
        let (done, total) = self.0.values().fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
        Some(ImageNews::Pulling { done, total })
    }
}
