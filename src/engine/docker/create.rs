//! A container's description in the engine's words. The defaults give a test as little privilege as it needs.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, DeviceMapping, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig, Mount,
    MountTmpfsOptions, MountType, NetworkingConfig, ResourcesUlimits,
};

use crate::engine::{ContainerSpec, PathKind};
use crate::model::{HealthCheck, MountSource, Network, Ulimit};

/// Capabilities of Docker's default set that tests do not need.
const DROPPED_CAPABILITIES: [&str; 6] = ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP", "SYS_CHROOT"];

/// Describes a container for the engine.
pub(super) fn body(spec: &ContainerSpec) -> ContainerCreateBody {
    let container = &spec.container;
    let mut labels = HashMap::from_iter(spec.user_labels.iter().cloned());
    labels.extend(spec.labels.to_map());
    ContainerCreateBody {
        image: Some(spec.image.0.clone()),
        entrypoint: spec.entrypoint.clone(),
        cmd: spec.command.clone(),
        env: Some(environment(spec)),
        user: container.user.clone(),
        working_dir: container.work_dir.clone(),
        hostname: container.hostname.clone(),
        stop_signal: spec.stop_signal.clone(),
        labels: Some(labels),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        healthcheck: spec.health.as_ref().map(health_config),
        host_config: Some(host_config(spec)),
        networking_config: networking(spec),
        ..ContainerCreateBody::default()
    }
}

/// Merges the environment, each name once: what a process makes of a name that is there twice is anybody's guess.
fn environment(spec: &ContainerSpec) -> Vec<String> {
    let own = spec.env.iter().filter_map(|var| var.split_once('='));
    let given = spec.container.env.iter().map(|var| (var.name.as_str(), var.value.as_str()));
    let merged: BTreeMap<&str, &str> = own.chain(given).collect();
    merged.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn health_config(check: &HealthCheck) -> HealthConfig {
    let nanos = |duration: Option<Duration>| duration.and_then(|duration| i64::try_from(duration.as_nanos()).ok());
    HealthConfig {
        test: check.test.clone(),
        interval: nanos(check.interval),
        timeout: nanos(check.timeout),
        retries: check.retries.map(i64::from),
        start_period: nanos(check.start_period),
        ..HealthConfig::default()
    }
}

/// Gives the container its names on a network of a name; other networks know none.
fn networking(spec: &ContainerSpec) -> Option<NetworkingConfig> {
    let Network::Named(network) = &spec.container.network else { return None };
    if spec.aliases.is_empty() {
        return None;
    }
    let endpoint = EndpointSettings { aliases: Some(spec.aliases.clone()), ..EndpointSettings::default() };
    Some(NetworkingConfig { endpoints_config: Some(HashMap::from([(network.clone(), endpoint)])) })
}

fn host_config(spec: &ContainerSpec) -> HostConfig {
    let container = &spec.container;
    let limits = &container.limits;
    let privileges = &container.privileges;
    let network_mode = match &container.network {
        Network::None => "none",
        Network::Bridge => "bridge",
        Network::Named(name) => name,
    };
    let signed = |bytes: Option<u64>| bytes.and_then(|bytes| i64::try_from(bytes).ok());
    let dropped = DROPPED_CAPABILITIES.iter().map(|&name| name.to_owned()).chain(privileges.cap_drop.iter().cloned());
    HostConfig {
        init: spec.init.then_some(true),
        // The output is read from the attached streams; a log driver would only slow them and fill the disk.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        // Not `network_disabled`, which starts faster on old engines: it leaves /etc/hosts empty, so that nothing finds
        // `localhost`.
        network_mode: Some(network_mode.to_owned()),
        memory: signed(limits.memory_bytes),
        memory_swap: signed(limits.memory_bytes),
        nano_cpus: limits.cpu_millis.and_then(|millis| i64::try_from(millis).ok()?.checked_mul(1_000_000)),
        pids_limit: limits.pids.map(i64::from),
        shm_size: signed(limits.shm_bytes),
        ulimits: some(limits.ulimits.iter().map(ulimit).collect()),
        dns: some(container.dns.clone()),
        extra_hosts: some(container.extra_hosts.clone()),
        devices: some(privileges.devices.iter().map(|device| device_mapping(device)).collect()),
        readonly_rootfs: privileges.read_only.then_some(true),
        mounts: Some(container.mounts.iter().map(mount).collect()),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        cap_add: some(privileges.cap_add.clone()),
        cap_drop: some(dropped.filter(|name| !privileges.cap_add.contains(name)).collect()),
        ..HostConfig::default()
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn ulimit(limit: &Ulimit) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(limit.name.clone()), soft: Some(limit.soft), hard: Some(limit.hard) }
}

/// Reads `HOST[:CONTAINER[:PERMISSIONS]]`.
fn device_mapping(device: &str) -> DeviceMapping {
    let mut parts = device.splitn(3, ':');
    let host = parts.next().unwrap_or_default().to_owned();
    let container = parts.next().filter(|path| !path.is_empty()).unwrap_or(&host).to_owned();
    let permissions = parts.next().unwrap_or("rwm").to_owned();
    DeviceMapping {
        path_on_host: Some(host),
        path_in_container: Some(container),
        cgroup_permissions: Some(permissions),
    }
}

fn mount(mount: &crate::model::Mount) -> Mount {
    let (kind, source, tmpfs) = match &mount.source {
        MountSource::Host(path) => (MountType::BIND, Some(path.display().to_string()), None),
        MountSource::Existing(name) => (MountType::VOLUME, Some(name.clone()), None),
        MountSource::Volume(name) => (MountType::VOLUME, name.clone(), None),
        MountSource::Tmpfs { bytes, mode } => {
            let options = MountTmpfsOptions {
                size_bytes: bytes.and_then(|bytes| i64::try_from(bytes).ok()),
                mode: mode.map(i64::from),
                ..MountTmpfsOptions::default()
            };
            (MountType::TMPFS, None, Some(options))
        }
    };
    Mount {
        typ: Some(kind),
        source,
        target: Some(mount.container.clone()),
        read_only: mount.read_only.then_some(true),
        tmpfs_options: tmpfs,
        ..Mount::default()
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
