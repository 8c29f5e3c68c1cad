//! A row alone scores as it does in any padded batch.

mod support;

use canto_encoder::{Adaptation, Classifier, Pooling, load_adapted, logits};
use proptest::prelude::*;
use support::{FAMILIES, cpu, distance, folder};

const LONGEST: usize = 38;

fn rows() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(5u32..99, 1..=LONGEST), 1..6)
}

fn score(model: &Classifier, pad: u32, rows: &[Vec<u32>], length: usize) -> Vec<f32> {
    let padded = rows.iter().flat_map(|row| {
        row.iter().copied().chain(std::iter::repeat(pad)).take(length).collect::<Vec<_>>()
    });
    let ids: Vec<u32> = padded.collect();
    let mask: Vec<bool> =
        rows.iter().flat_map(|row| (0..length).map(|token| token < row.len())).collect();
    logits(model, &cpu(), &ids, &mask, rows.len(), length).unwrap()
}

#[test]
fn a_row_alone_equals_the_row_in_a_batch() {
    let pooled = |name, pooling| {
        let adaptation = Adaptation { pooling: Some(pooling), ..Adaptation::default() };
        load_adapted(&folder(name), None, adaptation, &cpu()).unwrap()
    };
    let poolings = [Pooling::First, Pooling::Mean];
    for (name, pooling) in FAMILIES.into_iter().flat_map(|name| poolings.map(|of| (name, of))) {
        let loaded = pooled(name, pooling);
        let (pad, labels) = (loaded.architecture.pad_token_id as u32, loaded.model.labels());
        let config = ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() };
        proptest!(config, |(rows in rows(), padding in 0..=LONGEST)| {
            let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
            let together = score(&loaded.model, pad, &rows, longest.max(padding));
            for (row, together) in rows.iter().zip(together.chunks(labels)) {
                let alone = score(&loaded.model, pad, std::slice::from_ref(row), row.len());
                let off = distance(&alone, together);
                prop_assert!(off <= 1e-5, "{} {:?}: off by {}", name, pooling, off);
            }
        });
    }
}
