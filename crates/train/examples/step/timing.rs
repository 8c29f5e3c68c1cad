use crate::call::Call;
use crate::songs;
use canto_batch::{BatchConfig, EpochOrder, LyricTokenizer, PaddingWaste, Windows};
use canto_encoder::{Architecture, Device, memory, peak};
use canto_train::{
    EffectiveBatch, Examples, Reading, Stepped, TrainConfig, Trainer, training_device,
};
use serde_json::{Value, json};
use std::error::Error;
use std::time::Instant;

/// Passes over the batches before the clock counts: kernels are compiled and tuned, memory is taken.
const WARM_UP: usize = 2;

/// What is timed: `batches` of `effective` songs, `micro` windows of full length at a time.
struct Work {
    length: usize,
    micro: usize,
    effective: usize,
    batches: usize,
}

impl Work {
    fn new(call: &Call) -> Result<Self, Box<dyn Error>> {
        let rows = call.value("--rows", 8)?;
        Ok(Self {
            length: call.value("--length", 128)?,
            micro: call.value("--micro", rows)?,
            effective: call.value("--effective", rows)?,
            batches: call.value("--batches", 1)?,
        })
    }

    /// Batched as training does it: songs of like length together, padded to few lengths.
    fn batches(
        &self,
        examples: &Examples,
        bucketed: bool,
    ) -> Result<Vec<EffectiveBatch>, Box<dyn Error>> {
        let buckets = if bucketed { Vec::new() } else { vec![self.length] };
        let config = BatchConfig { max_tokens: self.length, buckets, ..BatchConfig::default() };
        // Only its padding is used: the songs are tokenised.
        let windows = Windows::new(LyricTokenizer::train_bpe(&["la la"], 300)?, config)?;
        let order = EpochOrder::new(examples.lengths(), windows.buckets(), self.effective, 1);
        let tokens = self.micro * self.length;
        let batch = |songs: &Vec<usize>| EffectiveBatch::new(examples, songs, &windows, tokens);
        Ok(order.epoch(0).iter().map(batch).collect())
    }
}

/// One line of figures.
pub(crate) fn measured(call: &Call) -> Result<Value, Box<dyn Error>> {
    let (work, config, architecture) = (Work::new(call)?, call.config()?, call.architecture()?);
    let open = call.device()?.open()?;
    let examples = songs::read(call, work.batches * work.effective, work.length)?;
    let batches = work.batches(&examples, call.text("--songs").is_some())?;
    let least = (call.value("--steps", 5)?, call.value("--seconds", 0.0)?);
    let timed = passes(&open.device, &config, &architecture, &examples, &batches, least)?;
    let mut sorted = timed.seconds.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let mut tokens = PaddingWaste::default();
    for batch in &batches {
        let PaddingWaste { real, padded } = batch.tokens();
        tokens.real += real;
        tokens.padded += padded;
    }
    let operations = operations(&examples.lengths(), &architecture) / median;
    let peak = peak(&open.device, config.precision)?;
    Ok(json!({
        "side": "canto",
        "build": call.text("--build"),
        "device": open.describe(),
        "precision": config.precision.name(),
        "layers": architecture.layers,
        "length": work.length,
        "micro": work.micro,
        "effective": work.effective,
        "checkpointing": config.activation_checkpointing,
        "songs": examples.len(),
        "tokens": tokens.real,
        "padding": tokens.share(),
        "warm_up_seconds": timed.warm_up,
        "seconds": timed.seconds,
        "songs_per_second": examples.len() as f64 / median,
        "tokens_per_second": tokens.real as f64 / median,
        "operations_per_second": operations,
        "peak": peak,
        "mfu": operations / peak,
        "memory": timed.memory,
        "loss": timed.last.loss,
    }))
}

struct Timed {
    warm_up: f64,
    /// Of each pass over the batches.
    seconds: Vec<f64>,
    /// The most bytes in use on the device after a pass.
    memory: Option<u64>,
    last: Reading,
}

/// Trains on the batches, over and over, until there were so many passes in so many seconds. The
/// device is waited for at the end of a pass only, as training waits at log lines only.
fn passes(
    device: &Device,
    config: &TrainConfig,
    architecture: &Architecture,
    examples: &Examples,
    batches: &[EffectiveBatch],
    (steps, seconds): (usize, f64),
) -> Result<Timed, Box<dyn Error>> {
    let model = architecture.init(&training_device(device, config));
    let mut trainer = Trainer::new(model, device, config, &examples.targets, 10_000, 1);
    let mut timed = Timed {
        warm_up: 0.0,
        seconds: Vec::new(),
        memory: None,
        last: Reading { loss: f64::NAN, grad_norm: f64::NAN },
    };
    for pass in 0.. {
        let begun = Instant::now();
        let stepped: Vec<_> =
            batches.iter().map(|batch| trainer.step(batch)).collect::<Result<_, _>>()?;
        for reading in Stepped::read_all(&stepped)? {
            timed.last = reading;
        }
        let taken = begun.elapsed().as_secs_f64();
        timed.memory = timed.memory.max(memory(device).map(|memory| memory.used));
        if pass < WARM_UP {
            timed.warm_up += taken;
            continue;
        }
        timed.seconds.push(taken);
        if timed.seconds.len() >= steps && timed.seconds.iter().sum::<f64>() >= seconds {
            break;
        }
    }
    if !timed.last.loss.is_finite() {
        return Err(format!("the loss became {}", timed.last.loss).into());
    }
    Ok(timed)
}

/// Operations of one pass forward and back over the songs, padding not counted.
fn operations(lengths: &[usize], architecture: &Architecture) -> f64 {
    let of_song = |&length: &usize| length as f64 * architecture.operations_per_token(length);
    3.0 * lengths.iter().map(of_song).sum::<f64>()
}
