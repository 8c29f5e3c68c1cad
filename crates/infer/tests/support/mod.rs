//! The encoder's reference models.

// Each test binary uses its part.
#![allow(dead_code)]

use safetensors::SafeTensors;
use std::path::{Path, PathBuf};

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/reference").join(name)
}

/// The logits that transformers computes.
pub(crate) fn reference(name: &str) -> Vec<f32> {
    let bytes = fs_err::read(folder(name).join("expected.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let values = file.tensor("logits").unwrap().data().as_chunks().0;
    values.iter().map(|&value| f32::from_le_bytes(value)).collect()
}

/// The rows of a reference without their padding.
pub(crate) struct Inputs(Vec<Vec<u32>>);

impl Inputs {
    /// The half precision models share RoBERTa's inputs.
    pub(crate) fn read(name: &str) -> Self {
        let name = if name.starts_with("roberta") { "roberta" } else { name };
        let text = fs_err::read_to_string(folder(name).join("inputs.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let numbers =
            |key: &str| -> Vec<Vec<u32>> { serde_json::from_value(json[key].clone()).unwrap() };
        let real = |(ids, mask): (Vec<u32>, Vec<u32>)| {
            ids.into_iter().zip(mask).filter(|&(_, seen)| seen == 1).map(|(id, _)| id).collect()
        };
        Self(numbers("input_ids").into_iter().zip(numbers("attention_mask")).map(real).collect())
    }

    pub(crate) fn windows(&self) -> Vec<&[u32]> {
        self.0.iter().map(Vec::as_slice).collect()
    }
}

/// Differences at most `tolerance` of the largest value, or of 1.
pub(crate) fn assert_close(name: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let scale = expected.iter().fold(1.0, |scale: f32, x| scale.max(x.abs()));
    let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off <= tolerance * scale, "{name}: off by {off} of {scale}");
}
