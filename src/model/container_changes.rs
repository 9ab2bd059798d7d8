//! What the containers of some units are given otherwise than those of the others.

use super::{ContainerSettings, Mount, MountSource, Ulimit};

/// Changes of a container's settings. `None` changes nothing; a list takes the place of the whole list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContainerChanges {
    /// The user.
    pub user: Option<String>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Processor time in thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// Number of processes and threads; `Some(None)` means any.
    pub pids: Option<Option<u32>>,
    /// Size of `/dev/shm` in bytes.
    pub shm_bytes: Option<u64>,
    /// Limits of each process.
    pub ulimits: Option<Vec<Ulimit>>,
    /// File systems in memory.
    pub tmpfs: Option<Vec<Mount>>,
    /// Addresses of name servers.
    pub dns: Option<Vec<String>>,
    /// Lines for `/etc/hosts`.
    pub extra_hosts: Option<Vec<String>>,
    /// Capabilities to add.
    pub cap_add: Option<Vec<String>>,
    /// Capabilities to drop.
    pub cap_drop: Option<Vec<String>>,
    /// Devices of the engine's host.
    pub devices: Option<Vec<String>>,
    /// Whether the root file system is read-only.
    pub read_only: Option<bool>,
}

impl ContainerChanges {
    /// Makes the changes.
    pub fn apply(&self, settings: &mut ContainerSettings) {
        let ContainerSettings { user, mounts, dns, extra_hosts, limits, privileges, .. } = settings;
        change(&self.user, |to| *user = Some(to));
        change(&self.memory_bytes, |to| limits.memory_bytes = Some(to));
        change(&self.cpu_millis, |to| limits.cpu_millis = Some(to));
        change(&self.pids, |to| limits.pids = to);
        change(&self.shm_bytes, |to| limits.shm_bytes = Some(to));
        change(&self.ulimits, |to| limits.ulimits = to);
        change(&self.tmpfs, |to| {
            mounts.retain(|mount| !matches!(mount.source, MountSource::Tmpfs { .. }));
            mounts.extend(to);
        });
        change(&self.dns, |to| *dns = to);
        change(&self.extra_hosts, |to| *extra_hosts = to);
        change(&self.cap_add, |to| privileges.cap_add = to);
        change(&self.cap_drop, |to| privileges.cap_drop = to);
        change(&self.devices, |to| privileges.devices = to);
        change(&self.read_only, |to| privileges.read_only = to);
    }
}

fn change<T: Clone>(to: &Option<T>, set: impl FnOnce(T)) {
    if let Some(to) = to {
        set(to.clone());
    }
}
