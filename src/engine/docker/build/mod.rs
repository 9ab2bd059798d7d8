//! Building images: by the engine's own builder, and where that cannot do it by `docker buildx`.

mod buildx;
mod context;
mod dockerfile;
mod output;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::BuildInfo;
use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use futures::StreamExt;

use self::context::{BadContext, Context};
use self::output::Followed;
use super::failure::{server_code, words};
use super::images::inspect;
use super::{DockerEngine, operation};
use crate::engine::{BuildRequest, EngineError, Image, ImageNews};
use crate::model::Pull;

/// The label of an image that minke built; its value is the name that the image was given.
const LABEL: &str = "minke.build";
/// How long the engine may take to receive the context.
const SEND_LIMIT: Duration = Duration::from_secs(3600);

/// Why the engine's own builder did not build an image.
enum Unbuilt {
    /// Only BuildKit can do it; with the builder's words.
    NeedsBuildKit(String),
    Failed(EngineError),
}

/// Builds an image and gives it its name.
pub(super) async fn build(engine: &DockerEngine, request: &BuildRequest) -> Result<Image, EngineError> {
    let name = request.name.as_str();
    let (build, leave_out) = (request.build.clone(), request.leave_out.clone());
    let looked = tokio::task::spawn_blocking(move || Context::look(&build, &leave_out).map(Arc::new)).await;
    let context = looked.map_err(|error| panicked(name, error))?.map_err(|bad| impossible(name, bad))?;
    let bases = dockerfile::base_images(&context.dockerfile_text, &request.build.args);
    if request.pull == Pull::Never {
        for base in &bases {
            if inspect(engine, base, base).await?.is_none() {
                let detail = format!("`--pull never` was given, and image `{name}` is built on it");
                return Err(EngineError::ImageMissing { image: base.clone(), detail });
            }
        }
    }
    engine.observer.tell(name, ImageNews::BuildBegun { context_bytes: Some(context.bytes) });
    let built = match by_engine(engine, request, &context, &bases).await {
        Ok(id) => Ok(id),
        Err(Unbuilt::NeedsBuildKit(why)) => {
            engine.observer.tell(name, ImageNews::BuildBegun { context_bytes: None });
            let label = format!("{LABEL}={name}");
            buildx::Buildx { engine, request, label, why }.build(&context).await.map(|()| None)
        }
        Err(Unbuilt::Failed(error)) => Err(error),
    };
    engine.observer.tell(name, if built.is_ok() { ImageNews::Ready } else { ImageNews::Failed });
    let id = built?;
    let found = inspect(engine, name, id.as_deref().unwrap_or(name)).await?;
    let missing =
        || EngineError::ImageMissing { image: name.to_owned(), detail: "it is not there after the build".into() };
    found.map(|(image, _)| image).ok_or_else(missing)
}

fn impossible(image: &str, bad: BadContext) -> EngineError {
    EngineError::BuildImpossible { image: image.to_owned(), detail: bad.detail, help: bad.help }
}

fn panicked(image: &str, error: tokio::task::JoinError) -> EngineError {
    EngineError::Operation {
        operation: format!("look through the context of image `{image}`"),
        source: Box::new(error),
    }
}

/// Builds by the engine's API, and returns the image's id.
async fn by_engine(
    engine: &DockerEngine,
    request: &BuildRequest,
    context: &Arc<Context>,
    bases: &[String],
) -> Result<Option<String>, Unbuilt> {
    let options = options(request, &context.dockerfile);
    let may_need_buildkit = ["# syntax", "#syntax", "<<"].iter().any(|sign| context.dockerfile_text.contains(sign));
    let credentials = engine.credentials.of_images(bases).await;
    let docker = engine.docker.clone().with_timeout(SEND_LIMIT);
    let (tar, sending) = Arc::clone(context).send();
    let mut stream = Box::pin(docker.build_image(options, Some(credentials), Some(bollard::body_try_stream(tar))));
    let mut followed = Followed::default();
    let mut id = None;
    let failure = loop {
        match stream.next().await {
            Some(Ok(info)) => {
                let text = text_of(&info);
                if !text.is_empty() {
                    followed.feed(&text);
                    engine.observer.tell(&request.name, ImageNews::BuildOutput(&text));
                }
                id = info.aux.and_then(|aux| aux.id).or(id);
            }
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    drop(stream);
    // What could not be read is the cause of whatever the engine says of the rest.
    match sending.await {
        Ok(Ok(())) => {}
        Ok(Err(bad)) => return Err(Unbuilt::Failed(impossible(&request.name, bad))),
        Err(error) => return Err(Unbuilt::Failed(panicked(&request.name, error))),
    }
    match failure {
        None => Ok(id),
        Some(error) => Err(of_build(request, error, followed, may_need_buildkit)),
    }
}

fn options(request: &BuildRequest, dockerfile: &str) -> BuildImageOptions {
    let build = &request.build;
    BuildImageOptions {
        dockerfile: dockerfile.to_owned(),
        t: Some(request.name.clone()),
        target: build.target.clone().unwrap_or_default(),
        platform: request.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
        nocache: build.no_cache,
        pull: (request.pull == Pull::Always).then(|| "1".to_owned()),
        buildargs: Some(HashMap::from_iter(build.args.iter().cloned())),
        labels: Some(HashMap::from([(LABEL.to_owned(), request.name.clone())])),
        rm: true,
        forcerm: true,
        version: BuilderVersion::BuilderV1,
        ..BuildImageOptions::default()
    }
}

/// Returns what a message of the builder says in its log; progress bars say nothing there.
fn text_of(info: &BuildInfo) -> String {
    if let Some(text) = &info.stream {
        return text.clone();
    }
    match (&info.id, &info.status, &info.progress_detail) {
        (_, Some(status), Some(detail)) if detail.total.is_some() || detail.current.is_some() => {
            let _ = status;
            String::new()
        }
        (Some(id), Some(status), _) => format!("{id}: {status}\n"),
        (None, Some(status), _) => format!("{status}\n"),
        (_, None, _) => String::new(),
    }
}

/// Reads why a build failed.
fn of_build(request: &BuildRequest, error: Error, followed: Followed, may_need_buildkit: bool) -> Unbuilt {
    let detail = words(&error);
    let lower = detail.to_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    let needs_buildkit = says(&["requires buildkit", "buildkit is required", "classic builder", "legacy builder"])
        || matches!(server_code(&error), Some(404 | 501)) && followed.failed_step().is_none()
        || may_need_buildkit && says(&["dockerfile parse error", "unknown instruction", "unknown flag"]);
    if needs_buildkit {
        return Unbuilt::NeedsBuildKit(detail);
    }
    let is_answer = server_code(&error).is_some() || matches!(error, Error::DockerStreamError { .. });
    if !is_answer {
        return Unbuilt::Failed(operation(format!("build image `{}`", request.name), error));
    }
    let step = followed.failed_step().map(str::to_owned);
    let output = followed.last_lines();
    Unbuilt::Failed(EngineError::BuildFailed { image: request.name.clone(), step, detail, output })
}
