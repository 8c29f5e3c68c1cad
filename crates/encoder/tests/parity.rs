//! The same numbers as transformers, in every family: values, gradients and ten steps.

mod support;

use burn::module::ParamId;
use burn::optim::{AdamWConfig, GradientsParams, Optimizer};
use burn::tensor::{Tensor, TensorData};
use canto_encoder::{Backend, Device, Precision, load, logits, named_parameters};
use support::{FAMILIES, ReadParam, Reference, bce, collect, cpu, distance, folder, load_cpu};

#[test]
fn logits_equal_the_reference_with_padding() {
    for name in FAMILIES.into_iter().chain(["roberta-f16", "roberta-bf16"]) {
        let reference = Reference::read(name);
        let loaded = load_cpu(name);
        assert!(!loaded.fresh_head, "{name}");
        let inputs = &reference.inputs;
        let (rows, length) = (inputs.rows(), inputs.length());
        let found =
            logits(&loaded.model, &cpu(), &inputs.ids(), &inputs.mask(), rows, length).unwrap();
        let off = distance(&found, reference.values("logits"));
        assert!(off <= 1e-5, "{name}: logits off by {off}");
    }
}

#[test]
fn every_hidden_state_equals_the_reference() {
    for name in FAMILIES {
        let reference = Reference::read(name);
        let loaded = load_cpu(name);
        let (ids, mask) = reference.inputs.tensors(&cpu());
        let states = loaded.model.hidden_states(ids, mask);
        assert_eq!(states.len(), loaded.architecture.layers + 1);
        for (i, state) in states.into_iter().enumerate() {
            let found = state.into_data().to_vec::<f32>().unwrap();
            let off = distance(&found, reference.values(&format!("hidden.{i}")));
            assert!(off <= 1e-5, "{name}: hidden state {i} off by {off}");
        }
    }
}

struct Gradients(GradientsParams);

impl ReadParam for Gradients {
    fn read<const D: usize>(&mut self, id: ParamId, _: Tensor<Backend, D>) -> Option<TensorData> {
        self.0.get::<Backend, D>(id).map(Tensor::into_data)
    }
}

#[test]
fn gradients_of_every_tensor_equal_the_reference() {
    let device = Device::autodiff(cpu());
    for name in FAMILIES {
        let reference = Reference::read(name);
        let model = load(&folder(name), None, &device).unwrap().model;
        let (ids, mask) = reference.inputs.tensors(&device);
        let loss = bce(model.forward(ids, mask), reference.inputs.target_tensor(&device));
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let found = collect(&model, Gradients(gradients));
        let mut compared = 0;
        for parameter in named_parameters(&model) {
            let gradient = in_reference_layout(&parameter.name, &found[&parameter.id.val()]);
            let off =
                distance(&gradient, reference.values(&format!("gradient.{}", parameter.name)));
            assert!(off <= 1e-4, "{name}: gradient of {} off by {off}", parameter.name);
            compared += 1;
        }
        let given = reference.expected.keys().filter(|key| key.starts_with("gradient.")).count();
        assert_eq!(compared, given, "{name}");
    }
}

/// The weights' gradients stay f32, and the values near the reference, as far as the format's own
/// rounding lets them.
#[test]
fn half_precisions_follow_the_reference() {
    let device = Device::autodiff(cpu());
    for (precision, bound) in [(Precision::F16, 1e-2), (Precision::Bf16, 8e-2)] {
        for name in FAMILIES {
            let reference = Reference::read(name);
            let model = load(&folder(name), None, &device).unwrap().model.in_precision(precision);
            let (ids, mask) = reference.inputs.tensors(&device);
            let logits = model.forward(ids, mask);
            let values: Vec<f32> = logits.clone().inner().into_data().to_vec().unwrap();
            let off = relative(&values, reference.values("logits"));
            assert!(off > 1e-6 && off < bound, "{name} in {precision:?}: logits off by {off}");
            let loss = bce(logits, reference.inputs.target_tensor(&device));
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            let found = collect(&model, Gradients(gradients));
            let (mut all, mut expected) = (Vec::new(), Vec::new());
            for parameter in named_parameters(&model) {
                let gradient = in_reference_layout(&parameter.name, &found[&parameter.id.val()]);
                all.extend(gradient);
                expected
                    .extend_from_slice(reference.values(&format!("gradient.{}", parameter.name)));
            }
            let off = relative(&all, &expected);
            assert!(off < 3.0 * bound, "{name} in {precision:?}: gradients off by {off}");
        }
    }
}

/// ‖found − expected‖ / ‖expected‖.
fn relative(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let off: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    let whole: f64 = expected.iter().map(|&x| square(x)).sum();
    (off / whole).sqrt() as f32
}

/// Hugging Face stores the weights of dense layers transposed, tables as they are.
fn in_reference_layout(name: &str, data: &TensorData) -> Vec<f32> {
    let values = data.to_vec::<f32>().unwrap();
    match *data.shape.as_slice() {
        [rows, columns] if !is_table(name) => transpose(&values, rows, columns),
        _ => values,
    }
}

fn is_table(name: &str) -> bool {
    ["word_embeddings", "position_embeddings", "token_type_embeddings", "relative_attention_bias"]
        .iter()
        .any(|table| name.contains(table))
}

fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let element = |i: usize| values[(i % rows) * columns + i / rows];
    (0..values.len()).map(element).collect()
}

#[test]
fn ten_steps_of_adamw_lose_as_the_reference_does() {
    let device = Device::autodiff(cpu());
    for name in FAMILIES {
        let inputs = Reference::read(name).inputs;
        let mut model = load(&folder(name), None, &device).unwrap().model;
        let config = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(inputs.weight_decay);
        let mut optimiser = config.init();
        let mut losses = Vec::new();
        for _ in 0..inputs.losses.len() {
            let (ids, mask) = inputs.tensors(&device);
            let loss = bce(model.forward(ids, mask), inputs.target_tensor(&device));
            losses.push(loss.clone().into_scalar());
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimiser.step(inputs.learning_rate, model, gradients);
        }
        let off = distance(&losses, &inputs.losses);
        assert!(off <= 1e-4, "{name}: losses {losses:?}, expected {:?}", inputs.losses);
        assert!(losses[losses.len() - 1] < losses[0], "{name}: nothing was learned");
    }
}
