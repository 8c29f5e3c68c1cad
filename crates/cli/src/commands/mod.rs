//! One file a command.

mod bench;
mod doctor;
mod eval;
mod predict;
mod prepare;
mod publish;
mod quantize;
mod sample;
mod serve;
mod train;
mod tune;

use crate::args::Command;
use crate::console::Console;

/// Runs one command.
pub(crate) fn run(command: Command, console: &Console) -> anyhow::Result<()> {
    match command {
        Command::Sample(args) => sample::run(&args, console),
        Command::Prepare(args) => prepare::run(&args, console),
        Command::Train(args) => train::run(&args, console),
        Command::Tune(args) => tune::run(&args, console),
        Command::Quantize(args) => quantize::run(&args, console),
        Command::Eval(args) => eval::run(&args, console),
        Command::Predict(args) => predict::run(&args, console),
        Command::Bench(args) => bench::run(&args, console),
        Command::Serve(args) => serve::run(&args, console),
        Command::Publish(args) => publish::run(&args, console),
        Command::Doctor => doctor::run(),
    }
}
