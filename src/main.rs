//! The `minke` command.

use std::error::Error;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;

use minke::cli::{self, CiVariables, Cli, CliError, Command};
use minke::config::{Environment, Settings};
use minke::engine::DockerClient;
use minke::model::ExitCode;

fn main() -> process::ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let ended = catch_unwind(AssertUnwindSafe(|| obey(&cli)));
    let code = match ended {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            let code = error.exit_code();
            if code != ExitCode::Passed {
                tell(&error, error.output(), error.help());
            }
            code
        }
        // The panic itself has been printed.
        Err(_) => ExitCode::Bug,
    };
    code.code().into()
}

fn obey(cli: &Cli) -> Result<ExitCode, CliError> {
    let system = |operation| move |source| CliError::System { operation, source };
    // A merge has no use for settings, so a wrong configuration file is no reason to fail.
    if let Command::Merge(args) = &cli.command {
        return cli::merge(args, &mut io::stdout(), &mut io::stderr());
    }
    let root = std::env::current_dir().map_err(system("find the current directory"))?;
    let settings = cli.settings(&Environment::from_vars(std::env::vars_os()), &root)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(system("start threads"))?;
    let code = runtime.block_on(carry_out(cli, &settings));
    // What may still be going on, such as a pull, is not worth waiting for.
    runtime.shutdown_background();
    code
}

async fn carry_out(cli: &Cli, settings: &Settings) -> Result<ExitCode, CliError> {
    let docker = DockerClient::from_variables(|name| std::env::var(name).ok());
    let ci = CiVariables::from_variables(|name| std::env::var(name).ok());
    let mut out = io::stdout();
    let code = match &cli.command {
        Command::Run(_) | Command::Pytest(_) | Command::Cucumber(_) => {
            cli::run(settings, &docker, &ci, cli.rerun()).await?
        }
        Command::Plan(args) => {
            cli::plan(settings, &docker, args.output.format(), &mut out).await?;
            ExitCode::Passed
        }
        Command::Merge(args) => cli::merge(args, &mut out, &mut io::stderr())?,
        Command::Config(args) => {
            cli::config::write(settings, args.output.format(), &mut out)?;
            ExitCode::Passed
        }
        Command::Show(args) => {
            cli::show(settings, args).await?;
            ExitCode::Passed
        }
        Command::Report(args) => {
            cli::report(settings, &ci, args, &mut out)?;
            ExitCode::Passed
        }
        Command::Cache(args) => cli::cache(&docker, &args.command, &mut out).await?,
        Command::Clean(args) => cli::clean(&docker, args.dry_run, args.output.format(), &mut out).await?,
        Command::Doctor(args) => cli::doctor(&docker, &settings.output_dir, args.output.format(), &mut out).await?,
    };
    out.flush()?;
    Ok(code)
}

/// Tells what went wrong, the last lines of what failed, and what to do about it.
fn tell(error: &dyn Error, output: Option<String>, help: Option<String>) {
    let mut text = format!("error: {error}\n");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("caused by: {cause}\n"));
        source = cause.source();
    }
    if let Some(output) = output {
        text.push_str(&output);
    }
    if let Some(help) = help {
        text.push_str(&format!("help: {help}\n"));
    }
    // Nobody is left to be told when this fails.
    let _ = io::stderr().write_all(text.as_bytes());
}
