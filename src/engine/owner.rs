//! Which process a container belongs to, and whether that process still lives.

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::str::FromStr;

/// One process on one machine, told apart from every other that ever had its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Host name, boot id and process namespace: where the number means what it says.
    scope: String,
    /// The process id.
    pid: u32,
    /// When the process started, in clock ticks since boot (field 22 of `/proc/PID/stat`, proc(5)).
    started: u64,
}

impl Owner {
    /// Describes this process.
    pub fn this_process() -> Self {
        let pid = std::process::id();
        Self { scope: scope(), pid, started: start_time(pid).unwrap_or(0) }
    }

    /// Tells whether the process is gone for certain. A process of another machine is never known to be gone, nor is one of
    /// a system that does not tell when processes started.
    pub fn is_dead(&self) -> bool {
        self.started != 0 && self.scope == scope() && start_time(self.pid) != Some(self.started)
    }

    /// Tells whether the process runs for certain, on this machine.
    pub fn is_alive(&self) -> bool {
        self.scope == scope() && start_time(self.pid) == Some(self.started)
    }

    /// Tells whether the owner is this process.
    pub fn is_this_process(&self) -> bool {
        self.pid == std::process::id() && !self.is_dead() && self.scope == scope()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.scope, self.pid, self.started)
    }
}

impl FromStr for Owner {
    type Err = Option<Infallible>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.rsplitn(3, '/');
        let started = parts.next().and_then(|part| part.parse().ok()).ok_or(None)?;
        let pid = parts.next().and_then(|part| part.parse().ok()).ok_or(None)?;
        let scope = parts.next().ok_or(None)?.to_owned();
        Ok(Self { scope, pid, started })
    }
}

fn scope() -> String {
    let host = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned());
    format!("{}/{}/{}", host.replace('/', "_"), boot.trim(), namespace.unwrap_or_default())
}

fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may hold anything; the fields after it are plain.
    let after_command = stat.rsplit_once(')')?.1;
    after_command.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_reads_back() {
        let owner = Owner::this_process();
        assert!(!owner.is_dead());
        assert!(owner.is_alive());
        assert!(owner.is_this_process());
        assert_eq!(owner.to_string().parse::<Owner>().unwrap(), owner);
    }

    #[test]
    fn another_process_with_the_same_number_is_not_the_owner() {
        let owner = Owner { started: 1, ..Owner::this_process() };
        assert!(owner.is_dead());
    }

    #[test]
    fn a_process_of_another_machine_is_never_known_to_be_gone() {
        let owner = Owner { scope: "elsewhere/boot/ns".into(), pid: 1, started: 1 };
        assert!(!owner.is_dead());
        assert!(!owner.is_this_process());
    }
}
