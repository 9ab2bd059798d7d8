//! Long texts are read in a pager, when a person reads them on a terminal.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};

/// The pager when nobody chose one: it ends by itself when the text fits, shows colours, and leaves the text on the screen.
const PAGER: [&str; 2] = ["less", "-FRX"];

/// Where a long text goes: to a pager, or to standard output.
pub(super) struct Pager {
    child: Option<Child>,
    out: io::Stdout,
}

impl Pager {
    /// Starts `$MINKE_PAGER`, else `$PAGER`, else `less`, if standard output is a terminal and `wanted`. One that cannot be
    /// started is done without.
    pub(super) fn start(wanted: bool) -> Self {
        let out = io::stdout();
        let words = if wanted && out.is_terminal() { words() } else { Vec::new() };
        let child = words.split_first().and_then(|(program, arguments)| {
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::piped());
            if env::var_os("LESS").is_none() {
                command.env("LESS", PAGER[1]);
            }
            command.spawn().ok()
        });
        Self { child, out }
    }

    /// Lets `write` write the text, and waits until the reader has left. A reader who left early is no error.
    ///
    /// # Errors
    /// As `write`'s, but for a closed pager.
    pub(super) fn show(mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let Some(mut child) = self.child.take() else {
            write(&mut self.out)?;
            return self.out.flush();
        };
        let written = match child.stdin.take() {
            Some(mut pipe) => write(&mut pipe),
            None => Ok(()),
        };
        let _ = child.wait();
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Returns the pager as words; none when it is set to nothing, or to `cat`.
fn words() -> Vec<String> {
    let chosen = ["MINKE_PAGER", "PAGER"].into_iter().find_map(env::var_os);
    let words = match chosen {
        Some(text) => shell_words::split(&text.to_string_lossy()).unwrap_or_default(),
        None => PAGER.map(str::to_owned).to_vec(),
    };
    if words == ["cat"] { Vec::new() } else { words }
}
