//! Times an engine: `speed FOLDER PRECISION [LENGTHS]`, where `LENGTHS` is a file of token
//! counts, one a line; prints milliseconds by shape, and the peak of memory beside its bound, one
//! and a half times the weights and 200 MB. `speed FOLDER PRECISION --serve` is the
//! engine's side of `reference/peers.py`: it reads a line of window lengths and answers with
//! seconds.

use canto_infer::{Engine, EngineConfig};
use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, precision, rest @ ..] = arguments.as_slice() else {
        return Err("usage: speed FOLDER PRECISION [LENGTHS | --serve]".into());
    };
    let start = Instant::now();
    let config = EngineConfig { precision: precision.parse()?, ..EngineConfig::default() };
    let engine = Engine::open(Path::new(folder), &config)?;
    let load = start.elapsed().as_secs_f64() * 1e3;
    eprintln!("{}, loaded in {load:.0} ms", engine.describe());
    match rest {
        [flag] if flag == "--serve" => return serve(&engine),
        [file] => {
            let text = fs_err::read_to_string(file)?;
            let lengths: Vec<usize> = text.lines().filter_map(|line| line.parse().ok()).collect();
            report(&engine, "real lengths", &lengths)?;
        }
        _ => {}
    }
    for (rows, length) in [(1, 128), (1, 512), (8, 128), (8, 512)] {
        let length = length.min(engine.architecture().max_tokens());
        report(&engine, &format!("{rows}×{length}"), &vec![length; rows])?;
    }
    let weights = fs_err::metadata(Path::new(folder).join("model.safetensors"))?.len() >> 20;
    let (peak, bound) = (peak_memory(), weights * 3 / 2 + 200);
    let verdict = if peak <= bound { "within" } else { "OVER" };
    eprintln!(
        "peak memory {peak} MB, {verdict} the bound of {bound} MB for {weights} MB of weights"
    );
    Ok(())
}

/// Milliseconds of several runs, the rate, and where the time went.
fn report(engine: &Engine, name: &str, lengths: &[usize]) -> Result<()> {
    let windows = windows(engine, lengths);
    let windows: Vec<&[u32]> = windows.iter().map(Vec::as_slice).collect();
    engine.logits(&windows)?;
    let (before, processor) = (engine.timings(), processor_time());
    let mut times = Vec::new();
    while times.len() < 3 || times.iter().sum::<Duration>() < Duration::from_secs(3) {
        let start = Instant::now();
        engine.logits(&windows)?;
        times.push(start.elapsed());
    }
    let (all, after) = (times.iter().sum::<Duration>().as_secs_f64(), engine.timings());
    let processor = (processor_time() - processor) / times.len() as f64;
    let share = |before: Duration, after: Duration| {
        100.0 * after.saturating_sub(before).as_secs_f64() / all
    };
    times.sort_unstable();
    let [least, median] = [times[0], times[times.len() / 2]].map(|time| time.as_secs_f64());
    let tokens: usize = lengths.iter().sum();
    eprintln!(
        "{name}: {:.1} ms at least, {:.1} median, {:.1} of processors, {:.0} GFLOP/s, {:.0} tokens/s, {:.0}% in products, {:.0}% in attention",
        least * 1e3,
        median * 1e3,
        processor * 1e3,
        operations(engine, lengths) / least / 1e9,
        tokens as f64 / least,
        share(before.products, after.products),
        share(before.attention, after.attention),
    );
    Ok(())
}

/// Additions and multiplications of the products, all layers whole.
fn operations(engine: &Engine, lengths: &[usize]) -> f64 {
    let architecture = engine.architecture();
    let (width, inner) = (architecture.hidden_size, architecture.intermediate_size);
    let of = |&length: &usize| {
        let weights = 4 * width * width + 2 * width * inner;
        (2 * length * (weights + 2 * length * width)) as f64
    };
    architecture.layers as f64 * lengths.iter().map(of).sum::<f64>()
}

fn windows(engine: &Engine, lengths: &[usize]) -> Vec<Vec<u32>> {
    let vocabulary = engine.architecture().vocab_size;
    let id = |i: usize| (10 + i * 7919 % (vocabulary - 10)) as u32;
    lengths.iter().map(|&length| (0..length).map(id).collect()).collect()
}

fn serve(engine: &Engine) -> Result<()> {
    let mut answers = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let lengths: Vec<usize> = line?.split(' ').filter_map(|word| word.parse().ok()).collect();
        let windows = windows(engine, &lengths);
        let windows: Vec<&[u32]> = windows.iter().map(Vec::as_slice).collect();
        let start = Instant::now();
        engine.logits(&windows)?;
        writeln!(answers, "{}", start.elapsed().as_secs_f64())?;
        answers.flush()?;
    }
    Ok(())
}

/// Seconds that all threads have run, where the system tells: unlike time on the clock it hardly
/// grows with other work on the machine.
fn processor_time() -> f64 {
    /// Of the counters in that file, a second.
    const TICKS: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name before, in brackets, may hold anything.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// In MB, where the system tells.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0) / 1024
}
