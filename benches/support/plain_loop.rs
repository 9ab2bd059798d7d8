//! The other side: the same calls in the same order, and nothing else. A container is removed in the background.

use std::fs::{self, File};
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder,
    InspectContainerOptions, RemoveContainerOptionsBuilder, StartContainerOptions, WaitContainerOptionsBuilder,
};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt, stream};
use minke::run::new_run_id;
use tokio::task::JoinHandle;

use super::body::Bodies;
use super::job::{Job, Measured, Side, Spooled};
use super::usage::{peak_memory, processor_time};
use super::{Failure, argv};

/// What is left of a container: its output, and its removal on the way.
struct Ended {
    lived: Result<Spooled, Failure>,
    removal: JoinHandle<Result<(), Error>>,
}

struct Containers<'a> {
    docker: Docker,
    bodies: Bodies,
    job: &'a Job,
}

/// Runs a job with the plain loop, or in waves.
pub(crate) async fn run(job: &Job) -> Result<Measured, Failure> {
    let docker = Docker::connect_with_defaults()?;
    docker.ping().await?;
    let bodies = Bodies::new(&docker, &job.image, new_run_id()).await?;
    let containers = Arc::new(Containers { docker, bodies, job });
    let (processor, begun) = (processor_time()?, Instant::now());
    let at_once = job.at_once as usize;
    let units = job.containers();
    let numbered = units.iter().enumerate();
    let ended = match job.side {
        Side::Waves => in_waves(&containers, &units, at_once).await,
        Side::Loop | Side::Minke => {
            let running = stream::iter(numbered).map(|(number, units)| containers.one(number, units));
            running.buffer_unordered(at_once).collect().await
        }
    };
    let mut outputs = Vec::new();
    for container in ended {
        let Ended { lived, removal } = container?;
        outputs.push(lived?);
        removal.await??;
    }
    let (wall, processor) = (begun.elapsed(), processor_time()? - processor);
    Ok(Measured { wall, processor, peak_memory: peak_memory()?, outputs })
}

async fn in_waves(containers: &Containers<'_>, units: &[Vec<&str>], at_once: usize) -> Vec<Result<Ended, Failure>> {
    let mut ended = Vec::new();
    for (wave, slice) in units.chunks(at_once).enumerate() {
        let places = slice.iter().enumerate();
        ended.extend(join_all(places.map(|(place, units)| containers.one(wave * at_once + place, units))).await);
    }
    ended
}

impl Containers<'_> {
    async fn one(&self, number: usize, units: &[&str]) -> Result<Ended, Failure> {
        let options = CreateContainerOptionsBuilder::default().name(&self.bodies.name(number)).build();
        let body: ContainerCreateBody = self.bodies.body(argv::argv(&self.job.work, units));
        let id = self.docker.create_container(Some(options), body).await?.id;
        let lived = self.live(&id, number, units).await;
        let docker = self.docker.clone();
        let removal = tokio::spawn(async move {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            docker.remove_container(&id, Some(options)).await
        });
        Ok(Ended { lived, removal })
    }

    async fn live(&self, id: &str, number: usize, units: &[&str]) -> Result<Spooled, Failure> {
        let spooled = self.spool(id, number, units).await?;
        let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let exit = self.docker.wait_container(id, Some(options)).try_next().await?;
        let state = self.docker.inspect_container(id, None::<InspectContainerOptions>).await?.state;
        let options = DownloadFromContainerOptionsBuilder::default().path("/tmp/minke").build();
        let archive = self.docker.download_from_container(id, Some(options));
        let bytes: usize = archive.try_fold(0, async |sum, piece| Ok(sum + piece.len())).await?;
        let code = state.and_then(|state| state.exit_code);
        if exit.is_none() || code != Some(0) || bytes == 0 {
            return Err(format!("container {id} did not end well: exit {code:?}, {bytes} bytes of reports").into());
        }
        Ok(spooled)
    }

    async fn spool(&self, id: &str, number: usize, units: &[&str]) -> Result<Spooled, Failure> {
        let dir = self.job.dir.join(number.to_string());
        fs::create_dir(&dir)?;
        let spooled = Spooled::in_directory(&dir, units.first().copied().unwrap_or_default());
        let (mut stdout, mut stderr) = (File::create(&spooled.stdout)?, File::create(&spooled.stderr)?);
        let options = AttachContainerOptionsBuilder::default().stream(true).stdout(true).stderr(true).build();
        let mut output = self.docker.attach_container(id, Some(options)).await?.output;
        self.docker.start_container(id, None::<StartContainerOptions>).await?;
        while let Some(piece) = output.try_next().await? {
            match piece {
                LogOutput::StdOut { message } => stdout.write_all(&message)?,
                LogOutput::StdErr { message } | LogOutput::StdIn { message } => stderr.write_all(&message)?,
                LogOutput::Console { .. } => return Err("a frame of the output was cut off".into()),
            }
        }
        Ok(spooled)
    }
}
