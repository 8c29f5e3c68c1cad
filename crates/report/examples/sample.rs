//! Writes a report, and a comparison of two, of invented figures:
//! `cargo run -p canto-report --example sample -- FOLDER`.

#[path = "../tests/invented/mod.rs"]
mod invented;

use canto_report::{Comparison, FORMAT_VERSION, Report, write, write_comparison};
use invented::{Invention, differences, report};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name the folder to write to")?;
    let folder = PathBuf::from(folder);
    let first = report(&Invention::default());
    let second =
        report(&Invention { run: "bolder".to_owned(), skill: 1.12, ..Invention::default() });
    write(&first, &folder)?;
    write_comparison(&compare(first, second), &folder)?;
    Ok(())
}

fn compare(first: Report, second: Report) -> Comparison {
    Comparison {
        format_version: FORMAT_VERSION,
        differences: vec![differences(&first, &second)],
        runs: vec![first, second],
    }
}
