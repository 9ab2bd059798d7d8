//! What the plain loop asks the engine to create: the same as minke does, which is checked against a container of minke's.

use std::collections::HashMap;

use bollard::Docker;
use bollard::models::{ContainerConfig, ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, RemoveContainerOptionsBuilder,
};
use jiff::{SignedDuration, Timestamp};
use minke::engine::{ContainerSpec, Engine, Labels, Owner};
use minke::framework::{Framework, Pytest};
use minke::model::{ContainerSettings, ImageId, RunId};
use minke::run::new_run_id;

use super::{Failure, argv, connect};

/// Makes the bodies of a run's containers.
pub(crate) struct Bodies {
    image: String,
    run: RunId,
    expires: Timestamp,
}

impl Bodies {
    /// Finds the image and prepares bodies for one run.
    pub(crate) async fn new(docker: &Docker, image: &str, run: RunId) -> Result<Self, Failure> {
        Ok(Self {
            image: docker.inspect_image(image).await?.id.unwrap_or_default(),
            run,
            expires: Timestamp::now() + SignedDuration::from_hours(1),
        })
    }

    /// Names a container.
    pub(crate) fn name(&self, number: usize) -> String {
        format!("minke-{}-{number}", self.run)
    }

    /// Describes a container that runs a command.
    pub(crate) fn body(&self, argv: Vec<String>) -> ContainerCreateBody {
        ContainerCreateBody {
            image: Some(self.image.clone()),
            cmd: Some(argv),
            env: Some(environment(self.run)),
            labels: Some(HashMap::from([
                ("minke.run".to_owned(), self.run.to_string()),
                ("minke.owner".to_owned(), Owner::this_process().to_string()),
                ("minke.expires".to_owned(), self.expires.to_string()),
            ])),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(false),
            healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
            host_config: Some(self.host_config()),
            ..ContainerCreateBody::default()
        }
    }

    fn host_config(&self) -> HostConfig {
        let dropped = ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP", "SYS_CHROOT"];
        HostConfig {
            init: Some(true),
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            network_mode: Some("none".to_owned()),
            mounts: Some(Vec::new()),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            cap_drop: Some(dropped.map(str::to_owned).to_vec()),
            ..HostConfig::default()
        }
    }
}

fn environment(run: RunId) -> Vec<String> {
    let run = run.to_string();
    let own = [("MINKE_RUN", run.as_str()), ("MINKE_SHARD", "1"), ("MINKE_SHARDS", "1"), ("TEST_ENV_NUMBER", "1")];
    let all = own.into_iter().chain([("CI", "true")]).chain(Pytest.environment().iter().copied());
    all.map(|(name, value)| format!("{name}={value}")).collect()
}

/// Creates one container as minke does and one as the plain loop does, and compares what the engine made of them.
///
/// Returns a line that says what the engine and the machine are.
pub(crate) async fn check(image: &str) -> Result<String, Failure> {
    let engine = connect().await?;
    let docker = Docker::connect_with_defaults()?;
    let bodies = Bodies::new(&docker, image, new_run_id()).await?;
    let argv = argv::argv("", &["unit"]);
    let labels = Labels { run: bodies.run, owner: Owner::this_process(), expires: bodies.expires };
    let settings = ContainerSettings::default();
    let spec = ContainerSpec {
        env: environment(bodies.run),
        ..ContainerSpec::new(bodies.name(0), ImageId(bodies.image.clone()), image, settings, labels)
            .with_command(argv.clone(), false)
    };
    let minkes = engine.create(&spec).await?.0;
    let options = CreateContainerOptionsBuilder::default().name(&bodies.name(1)).build();
    let plain = docker.create_container(Some(options), bodies.body(argv)).await;
    let compared = match plain {
        Ok(plain) => compare(&docker, &minkes, &plain.id).await,
        Err(error) => Err(error.into()),
    };
    for name in [bodies.name(0), bodies.name(1)] {
        let options = RemoveContainerOptionsBuilder::default().force(true).build();
        docker.remove_container(&name, Some(options)).await?;
    }
    compared?;
    let info = engine.info().await?;
    let (version, cpus, memory) = (info.version, info.cpus, info.memory_bytes >> 30);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Ok(format!("engine {version}, Linux {}, {cpus} cores, {memory} GiB, image {image}", kernel.trim()))
}

async fn compare(docker: &Docker, minkes: &str, plain: &str) -> Result<(), Failure> {
    let (minkes, plain) = (described(docker, minkes).await?, described(docker, plain).await?);
    if minkes == plain {
        return Ok(());
    }
    Err(format!("the two sides create different containers:\nminke {minkes:?}\nloop  {plain:?}").into())
}

async fn described(docker: &Docker, id: &str) -> Result<(ContainerConfig, HostConfig), Failure> {
    let found = docker.inspect_container(id, None::<InspectContainerOptions>).await?;
    let mut config = found.config.unwrap_or_default();
    config.hostname = None;
    // minke sorts the variables; their order means nothing.
    config.env.iter_mut().for_each(|variables| variables.sort());
    Ok((config, found.host_config.unwrap_or_default()))
}
