//! Ten steps lose as PyTorch's do, on the tiny models that `crates/encoder/reference` holds.

use burn::tensor::{Bool, Int, Tensor, TensorData};
use canto_encoder::{Backend, Device, DeviceChoice, load, named_parameters};
use canto_train::{AdamW, Gradients, Loss, TrainConfig, training_device};
use serde::Deserialize;
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
struct Inputs {
    input_ids: Vec<Vec<i64>>,
    attention_mask: Vec<Vec<u8>>,
    targets: Vec<Vec<f32>>,
    learning_rate: f64,
    weight_decay: f64,
    losses: Vec<f32>,
}

impl Inputs {
    fn ids(&self, device: &Device) -> Tensor<Backend, 2, Int> {
        let shape = [self.input_ids.len(), self.input_ids[0].len()];
        Tensor::from_data(TensorData::new(self.input_ids.concat(), shape), device)
    }

    fn mask(&self, device: &Device) -> Tensor<Backend, 2, Bool> {
        let shape = [self.attention_mask.len(), self.attention_mask[0].len()];
        let mask: Vec<bool> = self.attention_mask.concat().iter().map(|&flag| flag == 1).collect();
        Tensor::from_data(TensorData::new(mask, shape), device)
    }

    fn targets(&self, device: &Device) -> Tensor<Backend, 2> {
        let shape = [self.targets.len(), self.targets[0].len()];
        Tensor::from_data(TensorData::new(self.targets.concat(), shape), device)
    }
}

#[test]
fn ten_steps_lose_as_pytorch_does() {
    let device =
        training_device(&DeviceChoice::Cpu.open().unwrap().device, &TrainConfig::default());
    for family in ["roberta", "bert", "mpnet"] {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/reference").join(family);
        let inputs = fs::read_to_string(folder.join("inputs.json")).unwrap();
        let inputs: Inputs = serde_json::from_str(&inputs).unwrap();
        let mut model = load(&folder, None, &device).unwrap().model;
        let config = TrainConfig { weight_decay: inputs.weight_decay, ..TrainConfig::default() };
        // PyTorch decayed every parameter there: names that are neither bias nor norm do it here.
        let names = vec!["weight".to_owned(); named_parameters(&model).len()];
        let mut optimiser = AdamW::new(&config, &names);
        for (step, expected) in inputs.losses.iter().enumerate() {
            let logits = model.forward(inputs.ids(&device), inputs.mask(&device));
            let loss = Loss::Bce.of_rows(logits, inputs.targets(&device), None).mean();
            let found: f32 = loss.clone().into_scalar();
            assert!((found - expected).abs() <= 1e-4, "{family}, step {step}: {found}, {expected}");
            let gradients = Gradients::of(&loss, &model);
            model = optimiser.step(model, gradients, inputs.learning_rate);
        }
    }
}
