//! How much of a batch goes through the model at a time.

use crate::config::{MicroBatchSize, TrainConfig};
use crate::error::Error;
use crate::examples::Examples;
use crate::micro_batch::EffectiveBatch;
use crate::step::Trainer;
use canto_batch::Windows;
use canto_encoder::{Architecture, Device, Precision, attempt, is_cpu, memory};

/// Share of the memory that is left which training may take.
const SHARE: f64 = 0.8;

/// Tokens of one pass, padding included: what the recipe says, or the most that fit on `device`,
/// one of `devices` that share the passes.
pub(crate) fn tokens_per_pass(
    trainer: &Trainer,
    config: &TrainConfig,
    architecture: &Architecture,
    (examples, windows): (&Examples, &Windows),
    (device, devices): (&Device, usize),
) -> Result<usize, Error> {
    let length = windows.config().max_tokens;
    let count = match config.micro_batch {
        MicroBatchSize::Windows(count) => return Ok(count * length),
        MicroBatchSize::Auto => {
            let window = activations(architecture, config, length) * length as f64;
            let most = (config.effective_batch * examples.most_windows()).div_ceil(devices);
            memory(device).map_or(most, |memory| {
                let left = SHARE * memory.free as f64 - state(architecture, config);
                ((left / window) as usize).clamp(1, most)
            })
        }
    };
    // The CPU's memory is lent by the page, so that trying would tell nothing; a GPU's is not.
    let fits =
        |count| if is_cpu(device) { Ok(()) } else { tried(trainer, examples, windows, count) };
    largest(count, fits)
        .map(|count| count * length)
        .map_err(|reason| Error::Memory { tokens: length, reason })
}

/// The largest of `count`, its half, and so on, that `fits`; else why one does not.
fn largest(count: usize, fits: impl Fn(usize) -> Result<(), String>) -> Result<usize, String> {
    let mut count = count;
    loop {
        match fits(count) {
            Ok(()) => return Ok(count),
            Err(_) if count > 1 => count /= 2,
            Err(reason) => return Err(reason),
        }
    }
}

/// One forward and backward pass of the `count` longest windows.
fn tried(
    trainer: &Trainer,
    examples: &Examples,
    windows: &Windows,
    count: usize,
) -> Result<(), String> {
    let lengths = examples.lengths();
    let longest = (0..lengths.len()).max_by_key(|&song| lengths[song]);
    let songs: Vec<usize> = longest.into_iter().cycle().take(count).collect();
    let batch = EffectiveBatch::first_windows(examples, &songs, windows);
    attempt(|| trainer.probe(&batch).map(drop).map_err(|error| error.to_string()))
}

/// Bytes of gradients, moments and averages, of which none is there before the first step.
fn state(architecture: &Architecture, config: &TrainConfig) -> f64 {
    let copies = if config.ema_decay > 0.0 { 5.0 } else { 4.0 };
    4.0 * copies * parameters(architecture)
}

fn parameters(architecture: &Architecture) -> f64 {
    let Architecture { hidden_size, vocab_size, max_positions, .. } = *architecture;
    let tables = hidden_size * (vocab_size + max_positions);
    tables as f64 + architecture.operations_per_token(0) / 2.0
}

/// Bytes that a token of a window of `length` leaves behind for the backward pass.
///
/// Counted over the operations of a layer: values of the model's width, of the feed-forward
/// block's, and of a score a head and key, and how many of them are in f32 where the rest is not.
fn activations(architecture: &Architecture, config: &TrainConfig, length: usize) -> f64 {
    let Architecture { hidden_size, intermediate_size, heads, layers, .. } = *architecture;
    let narrow = if config.precision == Precision::F32 { 4.0 } else { 2.0 };
    let kept = if config.activation_checkpointing { 0.5 } else { 1.0 };
    let width = hidden_size as f64 * (8.0 * narrow + 14.0 * 4.0);
    let inner = intermediate_size as f64 * 6.0 * narrow;
    let scores = (heads * length) as f64 * (1.0 * narrow + 6.0 * 4.0);
    kept * layers as f64 * (width + inner + scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_halved_until_it_fits() {
        let below = |most: usize| {
            move |count| if count <= most { Ok(()) } else { Err("no room".to_owned()) }
        };
        assert_eq!(largest(16, below(100)), Ok(16));
        assert_eq!(largest(16, below(5)), Ok(4));
        assert_eq!(largest(7, below(1)), Ok(1));
        assert_eq!(largest(7, below(0)), Err("no room".to_owned()));
    }

    #[test]
    fn longer_windows_and_wider_formats_take_more() {
        let architecture = Architecture::default();
        let bytes = |precision, length| {
            let config = TrainConfig { precision, ..TrainConfig::default() };
            activations(&architecture, &config, length)
        };
        assert!(bytes(Precision::F32, 512) > bytes(Precision::F32, 128));
        assert!(bytes(Precision::F32, 512) > 1.2 * bytes(Precision::Bf16, 512));
        // roberta-base has 124.6 million parameters.
        assert!((parameters(&architecture) / 124.6e6 - 1.0).abs() < 0.01);
    }
}
