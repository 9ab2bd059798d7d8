//! What containers may use and do, as the flags of `docker run` take it.

use std::net::IpAddr;
use std::path::Path;

use super::scalar::Scalar;
use crate::model::{Mount, MountSource, Ulimit};
use crate::notation::{Fault, closest, parse_mode, parse_size, print_size};

/// The capabilities of Linux, without `CAP_` (capabilities(7)).
const CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// The limits that Docker knows (docker/go-units).
const ULIMITS: [&str; 16] = [
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// A capability, without `CAP_`, or `ALL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capability(pub(crate) String);

/// `NAME=SOFT[:HARD]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UlimitEntry(pub(crate) Ulimit);

/// `PATH[:size=SIZE][,mode=MODE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TmpfsEntry(pub(crate) Mount);

/// `NAME:ADDRESS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostEntry(pub(crate) String);

/// The address of a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameServer(pub(crate) IpAddr);

/// `HOST[:CONTAINER[:PERMISSIONS]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device(pub(crate) String);

impl Scalar for Capability {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let capitals = text.to_ascii_uppercase();
        let name = capitals.strip_prefix("CAP_").unwrap_or(&capitals);
        if name == "ALL" || CAPABILITIES.contains(&name) {
            return Ok(Self(name.to_owned()));
        }
        let meant =
            closest(name, CAPABILITIES.into_iter()).map(|name| format!("Did you mean `{name}`? ")).unwrap_or_default();
        Err(Fault::new("must be a capability")
            .help(format!("{meant}capabilities(7) lists them, such as `SYS_PTRACE`.")))
    }

    fn print(&self, _root: &Path) -> String {
        self.0.clone()
    }
}

impl Scalar for UlimitEntry {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let advice = "Write NAME=SOFT or NAME=SOFT:HARD, such as `nofile=1024:4096`; -1 means no limit.";
        let wrong = || Fault::new("must be a limit and a number").help(advice);
        let (name, limits) = text.split_once('=').ok_or_else(wrong)?;
        if !ULIMITS.contains(&name) {
            return Err(Fault::new(format!("must begin with one of {}", ULIMITS.join(", "))).help(advice));
        }
        let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
        let number = |text: &str| text.parse::<i64>().ok().filter(|limit| *limit >= -1).ok_or_else(wrong);
        let (soft, hard) = (number(soft)?, number(hard)?);
        if hard != -1 && (soft > hard || soft == -1) {
            return Err(Fault::new("must have a soft limit that is not above the hard one").help(advice));
        }
        Ok(Self(Ulimit { name: name.to_owned(), soft, hard }))
    }

    fn print(&self, _root: &Path) -> String {
        format!("{}={}:{}", self.0.name, self.0.soft, self.0.hard)
    }
}

impl Scalar for TmpfsEntry {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let advice = "Write PATH or PATH:size=SIZE,mode=MODE, such as `/var/cache:size=64m,mode=1777`.";
        let (path, options) = text.split_once(':').map_or((text, ""), |(path, options)| (path, options));
        if !path.starts_with('/') {
            return Err(Fault::new("must be an absolute path in the container").help(advice));
        }
        let (mut bytes, mut mode) = (None, None);
        for option in options.split(',').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("size", size)) => bytes = Some(parse_size(size)?),
                Some(("mode", octal)) => {
                    let fault = || Fault::new("must have a mode of octal digits").help(advice);
                    mode = Some(parse_mode(octal).ok_or_else(fault)?);
                }
                _ => {
                    return Err(Fault::new("must have no options but size and mode").help(advice));
                }
            }
        }
        let source = MountSource::Tmpfs { bytes, mode };
        Ok(Self(Mount { source, container: path.to_owned(), read_only: false }))
    }

    fn print(&self, _root: &Path) -> String {
        let mut options = Vec::new();
        if let MountSource::Tmpfs { bytes, mode } = &self.0.source {
            options.extend(bytes.map(|bytes| format!("size={}", print_size(bytes))));
            options.extend(mode.map(|mode| format!("mode={mode:o}")));
        }
        let options = options.join(",");
        if options.is_empty() { self.0.container.clone() } else { format!("{}:{options}", self.0.container) }
    }
}

impl Scalar for HostEntry {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let is_address = |address: &str| address == "host-gateway" || address.parse::<IpAddr>().is_ok();
        match text.split_once(':') {
            Some((name, address)) if !name.is_empty() && is_address(address) => Ok(Self(text.to_owned())),
            _ => Err(Fault::new("must be NAME:ADDRESS").help("Such as `api.test:10.0.0.7`, or `host:host-gateway`.")),
        }
    }

    fn print(&self, _root: &Path) -> String {
        self.0.clone()
    }
}

impl Scalar for NameServer {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        text.parse()
            .map(Self)
            .map_err(|_| Fault::new("must be the address of a name server").help("Such as `1.1.1.1`."))
    }

    fn print(&self, _root: &Path) -> String {
        self.0.to_string()
    }
}

impl Scalar for Device {
    fn parse(text: &str, _base: &Path) -> Result<Self, Fault> {
        let parts: Vec<&str> = text.split(':').collect();
        let permissions =
            parts.get(2).is_none_or(|given| !given.is_empty() && given.chars().all(|char| "rwm".contains(char)));
        if parts.len() <= 3 && parts.iter().take(2).all(|path| path.starts_with('/')) && permissions {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new("must be a device").help("Such as `/dev/fuse` or `/dev/sda:/dev/xvda:r`."))
    }

    fn print(&self, _root: &Path) -> String {
        self.0.clone()
    }
}
