//! Times training steps of a model of roberta-base's shape with random weights on random tokens:
//!
//! ```text
//! step --device cpu --precision f32 --rows 8 --length 128 --steps 5 [--checkpointing] [--layers 12]
//! ```
//!
//! One line of JSON: seconds of each step after two that warm up, tokens a second by their median,
//! the share of the device's peak, and bytes of memory in use. `--parity` instead compares logits
//! and gradients with the CPU's in f32.

#![expect(clippy::print_stdout, reason = "the result is its output")]

use canto_batch::{BatchConfig, LyricTokenizer, Tokenized, Windows};
use canto_encoder::{Architecture, DeviceChoice, Precision, memory, peak};
use canto_song::{Genre, GenreSet, Silent};
use canto_train::{
    EffectiveBatch, Examples, Inputs, TrainConfig, Trainer, canary, training_device,
};
use serde_json::json;
use std::error::Error;
use std::str::FromStr;
use std::time::Instant;

/// Steps before the clock counts: kernels are compiled and tuned, memory is taken.
const WARM_UP: usize = 2;

struct Call {
    device: DeviceChoice,
    precision: Precision,
    rows: usize,
    length: usize,
    steps: usize,
    layers: usize,
    checkpointing: bool,
    parity: bool,
}

impl Call {
    fn read(args: &[String]) -> Result<Self, Box<dyn Error>> {
        let value = |name: &str, default: &str| {
            let at = args.iter().position(|arg| arg == name);
            at.and_then(|at| args.get(at + 1)).map_or(default, String::as_str).to_owned()
        };
        let number = |name: &str, default: &str| {
            usize::from_str(&value(name, default)).map_err(|error| format!("{name}: {error}"))
        };
        let flag = |name: &str| args.iter().any(|arg| arg == name);
        let precision = serde_json::from_value(json!(value("--precision", "f32")))?;
        Ok(Self {
            device: value("--device", "auto").parse()?,
            precision,
            rows: number("--rows", "8")?,
            length: number("--length", "128")?,
            steps: number("--steps", "5")?,
            layers: number("--layers", "12")?,
            checkpointing: flag("--checkpointing"),
            parity: flag("--parity"),
        })
    }

    fn config(&self) -> TrainConfig {
        TrainConfig {
            precision: self.precision,
            activation_checkpointing: self.checkpointing,
            ..TrainConfig::default()
        }
    }

    fn architecture(&self) -> Architecture {
        Architecture { layers: self.layers, labels: Genre::names(), ..Architecture::default() }
    }
}

/// Songs of full length whose tokens and genres are drawn by a linear congruential generator
/// (Knuth's constants).
fn examples(call: &Call) -> Examples {
    let mut state = 1u64;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut song = || {
        let window = (0..call.length).map(|_| 5 + draw(50_000) as u32).collect();
        Tokenized { windows: vec![window], tokens: call.length, truncated: false }
    };
    let tokenized: Vec<Tokenized> = (0..call.rows).map(|_| song()).collect();
    let genre = |row: usize| Genre::ALL[row % Genre::ALL.len()];
    let targets = (0..call.rows).map(|row| GenreSet::from_iter([genre(row)])).collect();
    Examples { tokenized, targets, rows: (1..=call.rows as u64).collect() }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let call = Call::read(&args)?;
    let open = call.device.open()?;
    let (device, config, architecture) = (&open.device, call.config(), call.architecture());
    let examples = examples(&call);
    let batch_config = BatchConfig {
        max_tokens: call.length,
        buckets: vec![call.length],
        ..BatchConfig::default()
    };
    let windows = Windows::new(LyricTokenizer::train_bpe(&["la la"], 300)?, batch_config)?;
    let model = architecture.init(&training_device(device, &config));
    if call.parity {
        let folder = tempfile::tempdir()?;
        let inputs = Inputs {
            model,
            architecture: &architecture,
            device,
            others: &[],
            windows: &windows,
            train: &examples,
            validation: &examples,
            folder: folder.path(),
            seed: 1,
            resume: None,
            progress: &Silent,
        };
        let agreement = canary(&inputs, &config)?;
        println!("{}", json!({ "device": open.describe(), "agreement": agreement }));
        return Ok(());
    }
    let mut trainer = Trainer::new(model, device, &config, &examples.targets, 100, 1);
    let songs: Vec<usize> = (0..call.rows).collect();
    let batch = EffectiveBatch::new(&examples, &songs, &windows, call.rows * call.length);
    let mut seconds = Vec::new();
    for step in 0..WARM_UP + call.steps {
        let begun = Instant::now();
        trainer.step(&batch)?.read()?;
        if step >= WARM_UP {
            seconds.push(begun.elapsed().as_secs_f64());
        }
    }
    let mut sorted = seconds.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let tokens = (call.rows * call.length) as f64;
    let operations = 3.0 * tokens * architecture.operations_per_token(call.length);
    println!(
        "{}",
        json!({
            "device": open.describe(),
            "precision": call.precision.name(),
            "rows": call.rows,
            "length": call.length,
            "seconds": seconds,
            "tokens_per_second": tokens / median,
            "mfu": operations / median / peak(device, call.precision)?,
            "memory": memory(device).map(|memory| memory.used),
        })
    );
    Ok(())
}
