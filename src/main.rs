//! The `minke` command.

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::process;

use minke::cli::{self, Command};
use minke::config::{ConfigError, Environment};
use minke::model::ExitCode;

fn main() -> process::ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let root = match std::env::current_dir() {
        Ok(root) => root,
        Err(error) => return end(&error, Some("Change to a directory that exists.".to_owned()), ExitCode::Usage),
    };
    let settings = match cli.settings(&Environment::from_vars(std::env::vars_os()), &root) {
        Ok(settings) => settings,
        Err(error) => return end(&error, ConfigError::help(&error), ExitCode::Usage),
    };
    let mut out = io::stdout().lock();
    let written = match &cli.command {
        Command::Config(args) if args.json => cli::config::write_json(&settings, &mut out),
        Command::Config(_) => cli::config::write_table(&settings, &mut out),
        Command::Run(_)
        | Command::Pytest(_)
        | Command::Cucumber(_)
        | Command::Plan(_)
        | Command::Clean(_)
        | Command::Doctor(_) => Err(io::Error::from(ErrorKind::Unsupported)),
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => ExitCode::Passed.code().into(),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::Passed.code().into(),
        Err(error) => end(&error, None, ExitCode::Bug),
    }
}

/// Tells what went wrong and what to do about it, and returns the process's exit code.
fn end(error: &dyn Error, help: Option<String>, code: ExitCode) -> process::ExitCode {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("caused by: {cause}");
        source = cause.source();
    }
    if let Some(help) = help {
        eprintln!("help: {help}");
    }
    code.code().into()
}
