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
mod tuning;
mod watch;

use args::Cli;
use clap::Parser;
use console::Console;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = Console::start(cli.verbose, cli.quiet, cli.command.log_format());
    match commands::run(cli.command, &console) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", failure::message(&error));
            ExitCode::FAILURE
        }
    }
}
