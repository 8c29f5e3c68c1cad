//! The `canto` command: arguments → validated configuration → built objects.
//!
//! Owns the command line, the run configuration, logging, progress bars and the order in which
//! the other crates are called. Refuses to know tensor maths. Data goes to stdout, everything
//! else to stderr; exit status 1 is a failure, 2 a wrong command line.

mod args;
mod commands;
mod config;
mod console;
mod failure;
mod learning;
mod log_line;
mod machine;
mod progress;
mod report;
mod run_folder;
mod served;
mod songs;
mod speed_report;
mod traces;
mod tuning;
mod watch;

use args::{Cli, Command};
use clap::Parser;
use console::Console;
use std::process::ExitCode;
use traces::Traces;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", failure::message(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let traces = match &cli.command {
        Command::Serve(args) => Traces::open(args.otlp_endpoint.as_deref())?,
        _ => None,
    };
    let format = cli.command.log_format();
    let console = Console::start(cli.verbose, cli.quiet, format, traces.as_ref());
    if let Some(traces) = &traces {
        tracing::info!("requests are traced to {}", traces.endpoint());
    }
    let done = commands::run(cli.command, &console);
    if let Some(traces) = traces {
        traces.end();
    }
    done
}
