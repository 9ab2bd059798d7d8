//! Programs that the engine's client is helped by: each in a process group of its own, which ends with it.

use std::io;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// A running program. When it is dropped, whatever it has started is killed.
pub(super) struct Program {
    pub(super) child: Child,
    group: Option<Pid>,
}

impl Program {
    /// Starts a program; Ctrl-C at the terminal does not reach it.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true).spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        Ok(Self { child, group })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // While the first process has not been waited for, the number cannot have become another group's.
        if self.child.id().is_some()
            && let Some(group) = self.group
        {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
