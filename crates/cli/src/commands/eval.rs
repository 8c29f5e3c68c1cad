//! `canto eval`: the test songs, read once.

use crate::args::EvalArgs;
use crate::commands::tune::restored;
use crate::console::Console;
use crate::run_folder::RunFolder;
use crate::songs::{fingerprint, of_split, open_prepared, score};
use canto_bundle::{Bundle, Replacement, Source};
use canto_corpus::Prepared;
use canto_evaluate::{Metrics, Test, metrics, table};
use canto_song::Split;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, Write};

/// What was measured, and on which songs.
#[derive(Serialize, Deserialize)]
struct Measured {
    songs_sha256: String,
    metrics: Metrics,
}

/// Where the bundle's `metrics.json` keeps it.
const KEY: &str = "test";

/// Prints the test metrics, measuring them if that has not been done.
pub(crate) fn run(args: &EvalArgs, console: &Console) -> anyhow::Result<()> {
    let bundle = Bundle::open(&Bundle::locate(&args.run)?)?;
    let folder = match &args.data {
        Some(folder) => folder.clone(),
        None => restored(&bundle, &[])?.data.prepared,
    };
    let prepared = open_prepared(&folder)?;
    if let Some(stored) = stored(&bundle, &prepared).filter(|_| !args.again) {
        tracing::info!("measured before on these songs; `--again` measures anew");
        return print(&stored.metrics, args.json);
    }
    let measured = measure(&bundle, &prepared, args, console)?;
    if bundle.source() == Source::Canto {
        store(&bundle, &measured)?;
    }
    print(&measured.metrics, args.json)
}

/// A result for these songs; `train` and `tune` drop what no longer holds.
fn stored(bundle: &Bundle, prepared: &Prepared) -> Option<Measured> {
    let found = bundle.metrics().get(KEY)?.clone();
    let measured: Measured = serde_json::from_value(found).ok()?;
    (measured.songs_sha256 == fingerprint(prepared)).then_some(measured)
}

fn measure(
    bundle: &Bundle,
    prepared: &Prepared,
    args: &EvalArgs,
    console: &Console,
) -> anyhow::Result<Measured> {
    let songs = of_split(prepared, Split::Test)?;
    let (scores, targets) = score(bundle, args.device.device, &songs, &console.stages())?;
    let test = Test::new(scores, targets)?;
    let metrics = metrics(&test, bundle.thresholds(), bundle.labels())?;
    Ok(Measured { songs_sha256: fingerprint(prepared), metrics })
}

fn store(bundle: &Bundle, measured: &Measured) -> anyhow::Result<()> {
    let mut all = match bundle.metrics() {
        Value::Object(all) => all.clone(),
        _ => serde_json::Map::new(),
    };
    all.insert(KEY.to_owned(), serde_json::to_value(measured)?);
    let replacement = Replacement { metrics: Some(Value::Object(all)), thresholds: None };
    Bundle::replace(bundle.dir(), &replacement)?;
    if let Some(run) = RunFolder::around(bundle.dir()) {
        run.store_metrics("test", measured)?;
    }
    Ok(())
}

fn print(metrics: &Metrics, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(metrics)?)?;
    } else {
        write!(out, "{}", table::text(metrics))?;
    }
    Ok(())
}
