//! Fresh weights. One test, since the CPU's generator is one for the whole process.

mod support;

use burn::module::ParamId;
use burn::tensor::backend::Backend as _;
use burn::tensor::{Tensor, TensorData};
use canto_encoder::{Architecture, Backend, Classifier, Family, named_parameters};
use std::collections::BTreeMap;
use support::{ReadParam, collect, cpu};

struct Values;

impl ReadParam for Values {
    fn read<const D: usize>(
        &mut self,
        _: ParamId,
        tensor: Tensor<Backend, D>,
    ) -> Option<TensorData> {
        Some(tensor.into_data())
    }
}

fn values(model: &Classifier) -> BTreeMap<String, Vec<f32>> {
    let found = collect(model, Values);
    let named = named_parameters(model).into_iter();
    named.map(|p| (p.name, found[&p.id.val()].to_vec().unwrap())).collect()
}

fn fresh(seed: u64, family: Family) -> BTreeMap<String, Vec<f32>> {
    let architecture = Architecture {
        family,
        vocab_size: 200,
        hidden_size: 48,
        layers: 2,
        heads: 4,
        intermediate_size: 96,
        max_positions: 40,
        labels: vec!["a".into(), "b".into()],
        ..Architecture::default()
    };
    assert_eq!(architecture.problems(), []);
    Backend::seed(&cpu(), seed);
    values(&architecture.init(&cpu()))
}

#[test]
fn one_seed_gives_one_model_drawn_as_transformers_draws() {
    for family in Family::ALL {
        let model = fresh(5, family);
        assert_eq!(model, fresh(5, family));
        assert_ne!(model, fresh(6, family));
        for (name, values) in &model {
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let square =
                values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32;
            if name.ends_with("LayerNorm.weight") {
                assert!(values == &vec![1.0; values.len()], "{name}");
            } else if name.ends_with("bias") && !name.contains("relative") {
                assert!(values.iter().all(|&v| v == 0.0), "{name}");
            } else if values.len() > 1000 {
                assert!((square.sqrt() - 0.02).abs() < 0.002, "{name}: {}", square.sqrt());
            }
        }
        let words = model.iter().find(|(name, _)| name.contains("word_embeddings")).unwrap().1;
        assert!(words[48..96].iter().all(|&v| v == 0.0) && words[0] != 0.0, "padding is row 1");
    }
}
