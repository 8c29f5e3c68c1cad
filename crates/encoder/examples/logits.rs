//! Computes logits of a Hugging Face folder, and saves it again: the bridge of
//! `reference/interop.py`.
//!
//!     logits FOLDER BATCH.json LOGITS.json [RESAVED]
//!     logits --fresh ARCHITECTURE.json BATCH.json LOGITS.json RESAVED
//!
//! `BATCH.json` has `input_ids` and `attention_mask`, lists of rows; `ARCHITECTURE.json` is a
//! `config.json` whose weights are drawn.

use burn::tensor::backend::Backend as _;
use canto_encoder::{Architecture, Backend, Classifier, Device, DeviceChoice, load, logits, save};
use serde::Deserialize;
use std::error::Error;
use std::path::Path;

#[derive(Deserialize)]
struct Batch {
    input_ids: Vec<Vec<u32>>,
    attention_mask: Vec<Vec<u8>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&Path> = arguments.iter().map(Path::new).collect();
    let device = DeviceChoice::Cpu.open()?.device;
    match arguments.as_slice() {
        [flag, config, batch, output, resaved] if *flag == Path::new("--fresh") => {
            Backend::seed(&device, 7);
            let text = fs_err::read_to_string(config)?;
            let architecture = Architecture::from_hugging_face(&text, config)?;
            let model = architecture.init(&device);
            score(&model, &device, batch, output)?;
            save(&model, &architecture, resaved)?;
        }
        [folder, batch, output, resaved @ ..] if resaved.len() <= 1 => {
            let loaded = load(folder, None, &device)?;
            score(&loaded.model, &device, batch, output)?;
            for resaved in resaved {
                save(&loaded.model, &loaded.architecture, resaved)?;
            }
        }
        _ => return Err("usage: logits FOLDER BATCH.json LOGITS.json [RESAVED]".into()),
    }
    Ok(())
}

fn score(
    model: &Classifier,
    device: &Device,
    batch: &Path,
    output: &Path,
) -> Result<(), Box<dyn Error>> {
    let batch: Batch = serde_json::from_str(&fs_err::read_to_string(batch)?)?;
    let (rows, length) = (batch.input_ids.len(), batch.input_ids.first().map_or(0, Vec::len));
    let mask: Vec<bool> = batch.attention_mask.concat().into_iter().map(|seen| seen == 1).collect();
    let values = logits(model, device, &batch.input_ids.concat(), &mask, rows, length)?;
    let rows: Vec<&[f32]> = values.chunks(model.labels()).collect();
    fs_err::write(output, serde_json::to_string(&rows)?)?;
    Ok(())
}
