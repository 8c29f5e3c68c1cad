//! Times the forward pass and the training step of `MiniLM`'s shape (BERT, 6 × 384), or another:
//!
//!     passes [ROWS TOKENS [LAYERS WIDTH HEADS [REPEATS]]]
//!
//! Prints one JSON line, milliseconds, best of the repeats; `reference/passes.py` prints PyTorch's
//! beside it.

use burn::optim::{AdamWConfig, GradientsParams, Optimizer};
use burn::tensor::{Bool, Int, Tensor, TensorData};
use canto_encoder::{Architecture, Backend, Device, DeviceChoice, Family, logits};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Result<Vec<usize>, _> = std::env::args().skip(1).map(|arg| arg.parse()).collect();
    let given = given?;
    let size = |i: usize, default: usize| given.get(i).copied().unwrap_or(default);
    let (rows, tokens, repeats) = (size(0, 16), size(1, 128), size(5, 5));
    let architecture = architecture(size(2, 6), size(3, 384), size(4, 12));
    let device = DeviceChoice::Cpu.open()?.device;
    let ids: Vec<u32> = (0..rows * tokens).map(|i| (i as u32 * 7919) % 30_000 + 5).collect();
    let mask = vec![true; ids.len()];

    let model = architecture.init(&device);
    let forward = best(repeats, || logits(&model, &device, &ids, &mask, rows, tokens).map(drop))?;
    let [backward, step] = train(&architecture, &ids, rows, tokens, repeats);
    let report = serde_json::json!({
        "rows": rows, "tokens": tokens, "layers": architecture.layers,
        "width": architecture.hidden_size, "forward_ms": forward,
        "forward_backward_ms": backward, "adamw_ms": step,
    });
    eprintln!("{report}");
    Ok(())
}

fn architecture(layers: usize, hidden_size: usize, heads: usize) -> Architecture {
    Architecture {
        family: Family::Bert,
        vocab_size: 30_522,
        hidden_size,
        layers,
        heads,
        intermediate_size: 4 * hidden_size,
        max_positions: 512,
        type_vocab_size: 2,
        pad_token_id: 0,
        labels: (0..14).map(|i| format!("label {i}")).collect(),
        ..Architecture::default()
    }
}

fn best<E>(repeats: usize, mut run: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut least = f64::INFINITY;
    for _ in 0..repeats {
        let start = Instant::now();
        run()?;
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(least)
}

/// Forward with dropout and backward; then the optimiser.
fn train(
    architecture: &Architecture,
    ids: &[u32],
    rows: usize,
    tokens: usize,
    repeats: usize,
) -> [f64; 2] {
    let device = Device::autodiff(burn_flex::FlexDevice);
    let mut model = architecture.init(&device);
    let mut optimiser = AdamWConfig::new().init();
    let mut least = [f64::INFINITY; 2];
    for _ in 0..repeats {
        let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        let start = Instant::now();
        let ids =
            Tensor::<Backend, 2, Int>::from_data(TensorData::new(ids, [rows, tokens]), &device);
        let mask = Tensor::<Backend, 2, Bool>::full([rows, tokens], true, &device);
        let loss = model.forward(ids, mask).powi_scalar(2).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let backward = start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        model = optimiser.step(1e-4, model, gradients);
        let step = start.elapsed().as_secs_f64() * 1e3;
        least = [least[0].min(backward), least[1].min(step)];
    }
    least
}
