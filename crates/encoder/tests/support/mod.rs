//! The reference models of `reference/`, read back.

// Each test binary uses its part.
#![allow(dead_code)]

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, Int, Tensor, TensorData};
use canto_encoder::{Backend, Classifier, Device, DeviceChoice, Loaded, load};
use safetensors::SafeTensors;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) const FAMILIES: [&str; 5] = ["roberta", "xlm-roberta", "camembert", "bert", "mpnet"];

#[derive(Deserialize)]
pub(crate) struct Inputs {
    pub(crate) input_ids: Vec<Vec<u32>>,
    pub(crate) attention_mask: Vec<Vec<u8>>,
    pub(crate) targets: Vec<Vec<f32>>,
    pub(crate) learning_rate: f64,
    pub(crate) weight_decay: f32,
    pub(crate) losses: Vec<f32>,
}

pub(crate) struct Reference {
    pub(crate) inputs: Inputs,
    /// Shape and values by name.
    pub(crate) expected: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference").join(name)
}

pub(crate) fn cpu() -> Device {
    DeviceChoice::Cpu.open().unwrap().device
}

pub(crate) fn load_cpu(name: &str) -> Loaded {
    load(&folder(name), None, &cpu()).unwrap()
}

pub(crate) fn tensors(path: &Path) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let value = |chunk: &[u8]| f32::from_le_bytes(chunk.try_into().unwrap());
    let tensors = file.tensors().into_iter();
    let read = tensors.map(|(name, view)| {
        let values = view.data().chunks_exact(4).map(value).collect();
        (name, (view.shape().to_vec(), values))
    });
    read.collect()
}

impl Reference {
    pub(crate) fn read(name: &str) -> Self {
        Self {
            inputs: Inputs::read(name),
            expected: tensors(&folder(name).join("expected.safetensors")),
        }
    }

    pub(crate) fn values(&self, name: &str) -> &[f32] {
        &self.expected[name].1
    }
}

impl Inputs {
    /// The half precision models share RoBERTa's inputs.
    pub(crate) fn read(name: &str) -> Self {
        let name = if name.starts_with("roberta") { "roberta" } else { name };
        serde_json::from_str(&std::fs::read_to_string(folder(name).join("inputs.json")).unwrap())
            .unwrap()
    }

    pub(crate) fn rows(&self) -> usize {
        self.input_ids.len()
    }

    pub(crate) fn length(&self) -> usize {
        self.input_ids[0].len()
    }

    pub(crate) fn ids(&self) -> Vec<u32> {
        self.input_ids.concat()
    }

    pub(crate) fn mask(&self) -> Vec<bool> {
        self.attention_mask.concat().into_iter().map(|seen| seen == 1).collect()
    }

    pub(crate) fn tensors(
        &self,
        device: &Device,
    ) -> (Tensor<Backend, 2, Int>, Tensor<Backend, 2, Bool>) {
        let shape = [self.rows(), self.length()];
        let ids: Vec<i32> = self.ids().into_iter().map(|id| id as i32).collect();
        let ids = Tensor::from_data(TensorData::new(ids, shape), device);
        (ids, Tensor::from_data(TensorData::new(self.mask(), shape), device))
    }

    pub(crate) fn target_tensor(&self, device: &Device) -> Tensor<Backend, 2> {
        let shape = [self.rows(), self.targets[0].len()];
        Tensor::from_data(TensorData::new(self.targets.concat(), shape), device)
    }
}

/// Mean binary cross-entropy with logits.
pub(crate) fn bce(logits: Tensor<Backend, 2>, targets: Tensor<Backend, 2>) -> Tensor<Backend, 1> {
    let positive = logits.clone().clamp_min(0.0) - logits.clone() * targets;
    (positive + (logits.abs().neg().exp() + 1.0).log()).mean()
}

/// Largest difference.
pub(crate) fn distance(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Collects one tensor a parameter.
pub(crate) struct Collect<F> {
    pub(crate) read: F,
    pub(crate) found: BTreeMap<u64, TensorData>,
}

pub(crate) trait ReadParam {
    fn read<const D: usize>(
        &mut self,
        id: ParamId,
        tensor: Tensor<Backend, D>,
    ) -> Option<TensorData>;
}

impl<F: ReadParam> ModuleVisitor<Backend> for Collect<F> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
        if let Some(data) = self.read.read(param.id, param.val()) {
            self.found.insert(param.id.val(), data);
        }
    }
}

pub(crate) fn collect(model: &Classifier, read: impl ReadParam) -> BTreeMap<u64, TensorData> {
    let mut collect = Collect { read, found: BTreeMap::new() };
    model.visit(&mut collect);
    collect.found
}
