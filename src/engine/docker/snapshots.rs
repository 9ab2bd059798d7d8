//! Files into containers, and images out of them.

use std::collections::HashMap;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::models::ContainerConfig;
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder, UploadToContainerOptionsBuilder,
};

use super::failure::{is_gone, operation};
use crate::engine::{CachedImage, CommitSpec, ContainerId, EngineError, TarStream};
use crate::model::ImageId;
use std::time::Duration;

/// How long the engine may take to make an image of a container.
const COMMIT_LIMIT: Duration = Duration::from_secs(900);

/// Unpacks a tar stream below a directory of a container.
pub(super) async fn put(
    docker: &Docker,
    container: &ContainerId,
    dir: &str,
    tar: TarStream,
) -> Result<(), EngineError> {
    let options = UploadToContainerOptionsBuilder::default().path(dir).build();
    // The answer comes when all is unpacked.
    let docker = docker.clone().with_timeout(COMMIT_LIMIT);
    let sent = docker.upload_to_container(&container.0, Some(options), bollard::body_try_stream(tar)).await;
    sent.map_err(|error| operation(format!("put files into `{dir}` of container {}", container.0), error))
}

/// Makes an image of a container.
pub(super) async fn commit(
    docker: &Docker,
    container: &ContainerId,
    spec: &CommitSpec,
) -> Result<ImageId, EngineError> {
    let options = CommitContainerOptionsBuilder::default()
        .container(&container.0)
        .repo(&spec.repository)
        .tag(&spec.tag)
        .pause(false)
        .build();
    let config = ContainerConfig {
        entrypoint: Some(spec.entrypoint.clone()),
        user: (!spec.user.is_empty()).then(|| spec.user.clone()),
        env: Some(spec.emptied_env.iter().map(|name| format!("{name}=")).collect()),
        labels: Some(HashMap::from_iter(spec.labels.iter().cloned())),
        ..ContainerConfig::default()
    };
    let docker = docker.clone().with_timeout(COMMIT_LIMIT);
    let made = docker.commit_container(options, config).await;
    let what = || format!("make image `{}:{}` of container {}", spec.repository, spec.tag, container.0);
    made.map(|made| ImageId(made.id)).map_err(|error| operation(what(), error))
}

/// Lists the images with a label.
pub(super) async fn with_label(docker: &Docker, label: &str) -> Result<Vec<CachedImage>, EngineError> {
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let found = docker.list_images(Some(options)).await.map_err(|error| operation("list images", error))?;
    let cached = found.into_iter().map(|image| CachedImage {
        id: ImageId(image.id),
        names: image.repo_tags,
        labels: image.labels.into_iter().collect(),
        bytes: u64::try_from(image.size).unwrap_or(0),
        created: image.created,
    });
    Ok(cached.collect())
}

/// Removes an image or one of its names.
pub(super) async fn remove(docker: &Docker, image: &str) -> Result<(), EngineError> {
    let options = RemoveImageOptionsBuilder::default().build();
    match docker.remove_image(image, Some(options), None::<DockerCredentials>).await {
        Ok(_) => Ok(()),
        Err(error) if is_gone(&error) => Ok(()),
        Err(error) => Err(operation(format!("remove image `{image}`"), error)),
    }
}
