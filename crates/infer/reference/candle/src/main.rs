//! candle's side of `peers.py`: `candle-peer FOLDER` reads lines of batches, `128 90;512`, and
//! answers each with the seconds that it took and the last batch's logits.
//!
//! RoBERTa is computed by candle's XLM-RoBERTa, which differs in its vocabulary alone.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::xlm_roberta::{Config, XLMRobertaForSequenceClassification};
use serde_json::Value;
use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).ok_or("usage: candle-peer FOLDER")?;
    let folder = Path::new(&folder);
    let (config, labels) = config(folder)?;
    let weights = std::fs::read(folder.join("model.safetensors"))?;
    let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
    let model = XLMRobertaForSequenceClassification::new(labels, &config, weights)?;
    let mut answers = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let lengths = line.split(';').map(|batch| {
            batch.split(' ').map(str::parse).collect::<std::result::Result<Vec<usize>, _>>()
        });
        let batches: Vec<[Tensor; 3]> =
            lengths.map(|lengths| inputs(&lengths?, &config)).collect::<Result<_>>()?;
        let (start, mut logits) = (Instant::now(), None);
        for [ids, mask, types] in &batches {
            logits = Some(model.forward(ids, mask, types)?);
        }
        let seconds = start.elapsed().as_secs_f64();
        let values = logits.ok_or("no batch")?.flatten_all()?.to_vec1::<f32>()?;
        let values: Vec<String> = values.iter().map(f32::to_string).collect();
        writeln!(answers, "{seconds} {}", values.join(" "))?;
        answers.flush()?;
    }
    Ok(())
}

/// The model's `config.json` as candle reads it, and its number of labels.
fn config(folder: &Path) -> Result<(Config, usize)> {
    let mut config: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("config.json"))?)?;
    let labels = config["id2label"].as_object().map_or(2, serde_json::Map::len);
    // transformers no longer writes it; there is no other kind.
    config["position_embedding_type"] = "absolute".into();
    Ok((serde_json::from_value(config)?, labels))
}

/// Ids, mask and token types [rows, longest], of the ids that the engine's example computes.
fn inputs(lengths: &[usize], config: &Config) -> Result<[Tensor; 3]> {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let shape = (lengths.len(), longest);
    let id = |i: usize| (10 + i * 7919 % (config.vocab_size - 10)) as u32;
    let row = |&length: &usize| (0..longest).map(move |i| i < length);
    let real: Vec<bool> = lengths.iter().flat_map(row).collect();
    let ids = real.iter().enumerate();
    let ids = ids.map(|(at, &real)| if real { id(at % longest) } else { config.pad_token_id });
    let ids = Tensor::from_vec(ids.collect::<Vec<u32>>(), shape, &Device::Cpu)?;
    let mask = real.iter().map(|&real| u32::from(real)).collect::<Vec<u32>>();
    let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
    let types = Tensor::zeros(shape, DType::U32, &Device::Cpu)?;
    Ok([ids, mask, types])
}
