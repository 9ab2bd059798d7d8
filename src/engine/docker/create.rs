//! A container's description in the engine's words. The defaults give a test as little privilege as it needs.

use std::collections::BTreeMap;

use bollard::models::{ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType};

use crate::engine::{ContainerSpec, PathKind};
use crate::model::Network;

/// Capabilities of Docker's default set that tests do not need.
const DROPPED_CAPABILITIES: [&str; 6] = ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP", "SYS_CHROOT"];

/// Describes a container for the engine.
pub(super) fn body(spec: &ContainerSpec) -> ContainerCreateBody {
    let template = &spec.template;
    let mut argv = spec.argv.clone();
    let entrypoint = spec.replaces_entrypoint.then(|| argv.drain(..1).collect());
    ContainerCreateBody {
        image: Some(spec.image.0.clone()),
        entrypoint,
        cmd: Some(argv),
        env: Some(environment(spec)),
        user: template.user.clone(),
        working_dir: template.work_dir.clone(),
        labels: Some(spec.labels.to_map()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        host_config: Some(host_config(spec)),
        ..ContainerCreateBody::default()
    }
}

/// Merges the environment, each name once: what a process makes of a name that is there twice is anybody's guess.
fn environment(spec: &ContainerSpec) -> Vec<String> {
    let own = spec.env.iter().filter_map(|var| var.split_once('='));
    let given = spec.template.env.iter().map(|var| (var.name.as_str(), var.value.as_str()));
    let merged: BTreeMap<&str, &str> = own.chain(given).collect();
    merged.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn host_config(spec: &ContainerSpec) -> HostConfig {
    let template = &spec.template;
    let limits = &template.limits;
    let network_mode = match &template.network {
        Network::None => "none",
        Network::Bridge => "bridge",
        Network::Named(name) => name,
    };
    let memory = limits.memory_bytes.and_then(|bytes| i64::try_from(bytes).ok());
    let mounts = template.mounts.iter().map(|mount| Mount {
        typ: Some(MountType::BIND),
        source: Some(mount.host.display().to_string()),
        target: Some(mount.container.clone()),
        ..Mount::default()
    });
    HostConfig {
        init: Some(true),
        // The output is read from the attached streams; a log driver would only slow them and fill the disk.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        // Not `network_disabled`, which starts faster on old engines: it leaves /etc/hosts empty, so that nothing finds
        // `localhost`.
        network_mode: Some(network_mode.to_owned()),
        memory,
        memory_swap: memory,
        nano_cpus: limits.cpu_millis.and_then(|millis| i64::try_from(millis).ok()?.checked_mul(1_000_000)),
        pids_limit: limits.pids.map(i64::from),
        mounts: Some(mounts.collect()),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        cap_drop: Some(DROPPED_CAPABILITIES.map(str::to_owned).to_vec()),
        ..HostConfig::default()
    }
}

/// Reads the mode of Go's `os.FileMode` (its bits are Go's own, <https://pkg.go.dev/io/fs#FileMode>).
pub(super) fn path_kind(mode: u32, link_target: String) -> PathKind {
    const DIRECTORY: u32 = 1 << 31;
    const LINK: u32 = 1 << 27;
    const SPECIAL: u32 = 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19;
    if mode & DIRECTORY != 0 {
        PathKind::Directory
    } else if mode & LINK != 0 {
        PathKind::Link { target: link_target }
    } else if mode & SPECIAL != 0 {
        PathKind::Other
    } else {
        PathKind::File { executable: mode & 0o111 != 0 }
    }
}
