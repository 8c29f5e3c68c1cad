//! What `canto bench` says: one report, as JSON or as a table.

use crate::args::BenchArgs;
use crate::machine::{cpu, cpu_features};
use crate::progress::grouped;
use anyhow::Context;
use canto_encoder::{OpenDevice, weights_path};
use canto_predict::{Predictor, Rate, Speed};
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// Everything that was measured, and on what. As JSON, fields are named as here.
#[derive(Serialize)]
pub(crate) struct SpeedReport {
    /// Version of canto.
    version: &'static str,
    model: Model,
    machine: Machine,
    /// The songs, in words.
    input: String,
    load: Load,
    #[serde(flatten)]
    speed: Speed,
}

#[derive(Serialize)]
struct Model {
    path: String,
    family: &'static str,
    layers: usize,
    hidden_size: usize,
    max_tokens: usize,
    weights_bytes: u64,
}

#[derive(Serialize)]
struct Machine {
    /// Null where the system does not tell.
    cpu: Option<String>,
    features: String,
    device: String,
    /// Of the products with weights.
    number_format: String,
    /// Null where another device than the CPU computes.
    vector_unit: Option<String>,
    threads: usize,
}

/// How long the model took to open, with its files in the system's memory already.
#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "JSON shall name the unit")]
pub(crate) struct Load {
    /// All of it.
    seconds: f64,
    /// Reading all files and comparing them with the manifest.
    verify_seconds: f64,
    /// Laying out the weights.
    weights_seconds: f64,
}

impl Load {
    /// From the time until the files were verified, and until all was done.
    pub(crate) fn new(verified: Duration, done: Duration) -> Self {
        let seconds = |time: Duration| time.as_secs_f64();
        Self {
            seconds: seconds(done),
            verify_seconds: seconds(verified),
            weights_seconds: seconds(done.saturating_sub(verified)),
        }
    }
}

impl SpeedReport {
    pub(crate) fn new(
        args: &BenchArgs,
        open: &OpenDevice,
        predictor: &Predictor,
        load: Load,
        speed: Speed,
    ) -> anyhow::Result<Self> {
        let input = match &args.input {
            Some(path) => format!("of {}", path.display()),
            None => "invented".to_owned(),
        };
        let version = env!("CARGO_PKG_VERSION");
        let machine = Machine::new(open, predictor);
        Ok(Self { version, model: Model::new(args, predictor)?, machine, input, load, speed })
    }

    /// The same for people.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for (name, fact) in self.facts() {
            let _ = writeln!(text, "{name:<10} {fact}");
        }
        text.push_str(
            "\n              songs/s   tokens/s     p50 ms     p95 ms     p99 ms   calls\n",
        );
        for rate in &self.speed.batches {
            if rate.batch < self.speed.saturated.batch {
                text.push_str(&row(&format!("batch {}", rate.batch), rate));
            }
        }
        let saturated = &self.speed.saturated;
        text.push_str(&row(&format!("batch {} *", saturated.batch), saturated));
        text.push_str("* saturates: no other batch is more than 5% faster\n\n");
        for (name, fact) in self.shares() {
            let _ = writeln!(text, "{name:<10} {fact}");
        }
        text
    }

    fn facts(&self) -> [(&'static str, String); 6] {
        let Self { model, machine, speed, load, .. } = self;
        let Model { path, family, layers, hidden_size, .. } = model;
        let songs = speed.songs;
        let skipped = match songs.skipped {
            0 => String::new(),
            skipped => format!(", {} more without lyrics", grouped(skipped as u64)),
        };
        [
            ("model", format!("{path} ({family}, {layers} layers, {hidden_size} wide)")),
            ("machine", machine.described()),
            ("computing", machine.computing()),
            (
                "songs",
                format!(
                    "{} {}{skipped}; {:.0} tokens read of each, in {:.1} windows",
                    grouped(songs.count as u64),
                    self.input,
                    songs.tokens_per_song,
                    songs.windows_per_song
                ),
            ),
            (
                "opened in",
                format!(
                    "{:.2} s: files verified {:.2} s, weights laid out {:.2} s",
                    load.seconds, load.verify_seconds, load.weights_seconds
                ),
            ),
            (
                "memory",
                format!(
                    "{} at most; the weights file has {}",
                    speed.memory_bytes.map_or_else(|| "unknown".to_owned(), megabytes),
                    megabytes(model.weights_bytes)
                ),
            ),
        ]
    }

    fn shares(&self) -> Vec<(&'static str, String)> {
        let Speed { stages, peak_operations_per_second: peak, .. } = &self.speed;
        let percent = |share: f64| format!("{:.1}%", 100.0 * share);
        let mut shares = vec![
            (
                "peak",
                format!(
                    "{:.0} GOP/s in a product alone; {} of it over all, {} in the encoder",
                    peak / 1e9,
                    percent(self.speed.share_of_peak),
                    percent(self.speed.encoder_share_of_peak)
                ),
            ),
            (
                "time",
                format!(
                    "cleaning {}, tokenising {}, encoder {}, words {}, language {}",
                    percent(stages.cleaning),
                    percent(stages.tokenising),
                    percent(stages.encoder),
                    percent(stages.words),
                    percent(stages.language)
                ),
            ),
        ];
        if let (Some(products), Some(attention)) =
            (stages.products_in_encoder, stages.attention_in_encoder)
        {
            let (products, attention) = (percent(products), percent(attention));
            shares.push(("encoder", format!("products {products}, attention {attention}")));
        }
        shares
    }
}

impl Model {
    fn new(args: &BenchArgs, predictor: &Predictor) -> anyhow::Result<Self> {
        let bundle = predictor.bundle();
        let architecture = bundle.architecture();
        let weights = weights_path(bundle.dir())?;
        let file = fs_err::metadata(&weights).context("cannot read the size of the weights")?;
        Ok(Self {
            path: args.model.display().to_string(),
            family: architecture.family.model_type(),
            layers: architecture.layers,
            hidden_size: architecture.hidden_size,
            max_tokens: bundle.windows().config().max_tokens,
            weights_bytes: file.len(),
        })
    }
}

impl Machine {
    fn new(open: &OpenDevice, predictor: &Predictor) -> Self {
        let engine = predictor.engine().map(canto_infer::Engine::describe);
        Self {
            cpu: cpu(),
            features: cpu_features(),
            device: engine.map_or_else(|| open.describe(), |_| "cpu".to_owned()),
            number_format: engine.map_or("f32".to_owned(), |engine| engine.precision.to_string()),
            vector_unit: engine.map(|engine| engine.level.to_string()),
            threads: engine.map_or_else(rayon::current_num_threads, |engine| engine.threads),
        }
    }

    fn described(&self) -> String {
        let cpu = self.cpu.as_deref().unwrap_or("unknown CPU");
        format!("{cpu}; {}", self.features)
    }

    fn computing(&self) -> String {
        let Self { device, number_format, threads, .. } = self;
        match &self.vector_unit {
            Some(unit) => format!("{number_format} products, {unit}, {threads} threads"),
            None => format!("{number_format} on {device}"),
        }
    }
}

fn row(name: &str, rate: &Rate) -> String {
    let Rate { songs_per_second, tokens_per_second, latency, calls, .. } = rate;
    let [p50, p95, p99] =
        [latency.p50_ms, latency.p95_ms, latency.p99_ms].map(|time| format!("{time:>11.1}"));
    let tokens = grouped(*tokens_per_second as u64);
    format!("{name:<12}{songs_per_second:>9.1}{tokens:>11}{p50}{p95}{p99}{calls:>8}\n")
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
