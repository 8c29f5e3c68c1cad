//! `canto bench`: how fast a model is here and now.

use crate::args::BenchArgs;
use crate::console::Console;
use crate::songs::open_device;
use crate::speed_report::{Load, SpeedReport};
use anyhow::Context;
use canto_bundle::Bundle;
use canto_infer::EngineConfig;
use canto_predict::{Predictor, SpeedConfig};
use canto_sample::SampleConfig;
use canto_song::Progress;
use std::io::{self, Write};
use std::time::Instant;

/// Measures and prints.
pub(crate) fn run(args: &BenchArgs, console: &Console) -> anyhow::Result<()> {
    let stages = console.stages();
    if let Some(threads) = args.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        pool.build_global().with_context(|| format!("cannot start {threads} threads"))?;
    }
    // What the Hub sends comes before the clock starts.
    let fetched = canto_hub::open_model(&args.model, &stages)?.bundle;
    let open = open_device(args.device.device)?;
    let config = EngineConfig {
        precision: args.precision,
        threads: args.threads.map(usize::from),
        ..EngineConfig::default()
    };
    let begun = Instant::now();
    let bundle = Bundle::open(fetched.dir())?;
    let verified = begun.elapsed();
    let predictor = Predictor::open_with(bundle, &open.device, &config)?;
    let load = Load::new(verified, begun.elapsed());
    let lyrics = lyrics(&predictor, args, &stages)?;
    let lyrics: Vec<&str> = lyrics.iter().map(String::as_str).collect();
    let config =
        SpeedConfig { time: args.seconds, largest_batch: args.largest_batch.get() as usize };
    let speed = predictor.speed(&lyrics, &config, &stages)?;
    let report = SpeedReport::new(args, &open, &predictor, load, speed)?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        out.write_all(report.table().as_bytes())?;
    }
    Ok(())
}

/// The user's, or invented ones.
fn lyrics(
    predictor: &Predictor,
    args: &BenchArgs,
    progress: &dyn Progress,
) -> anyhow::Result<Vec<String>> {
    let songs = args.songs.get();
    if let Some(input) = &args.input {
        return Ok(predictor.read_lyrics(input, args.column.as_deref(), songs, progress)?);
    }
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let path = folder.path().join("songs.csv");
    let config = SampleConfig { songs: songs.into(), ..SampleConfig::default() };
    canto_sample::write(&config, &path, progress)?;
    Ok(predictor.read_lyrics(&path, Some(canto_sample::LYRICS_COLUMN), songs, progress)?)
}
