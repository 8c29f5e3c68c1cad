//! Layers forth and back by the kernels of a GPU, which may be a software one, beside the CPU.
#![cfg(feature = "wgpu")]

mod support;

use burn::CheckpointingStrategy;
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use canto_encoder::{
    AdamWStep, Adaptation, Backend, Classifier, Device, DeviceChoice, Gpu, Pooling, load_adapted,
    named_parameters, save,
};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};
use support::{FAMILIES, Reference, bce, cpu, distance, folder};
use tempfile::TempDir;

const STEP: AdamWStep = AdamWStep {
    beta1: [0.9, 0.1],
    beta2: [0.99, 0.01],
    step: 0.1,
    kept: 0.5,
    root: 1.0,
    epsilon: 1e-8,
};

fn gpu() -> Device {
    DeviceChoice::Wgpu.open().unwrap().device
}

/// The same weights on every device: a head for another pooling is drawn anew.
fn model(name: &str, pooling: Pooling, device: &Device) -> Classifier {
    static DRAWN: OnceLock<Mutex<HashMap<(String, bool), TempDir>>> = OnceLock::new();
    let mut drawn = DRAWN.get_or_init(Mutex::default).lock().unwrap();
    let folder = drawn.entry((name.to_owned(), pooling == Pooling::Mean)).or_insert_with(|| {
        let adaptation = Adaptation { pooling: Some(pooling), ..Adaptation::default() };
        let loaded = load_adapted(&folder(name), None, adaptation, &cpu()).unwrap();
        let aside = TempDir::new().unwrap();
        save(&loaded.model, &loaded.architecture, aside.path()).unwrap();
        aside
    });
    let device = Device::autodiff(device.clone());
    load_adapted(folder.path(), None, Adaptation::WITHOUT_DROPOUT, &device).unwrap().model
}

fn values(tensor: Tensor<Backend, 1>) -> Vec<f32> {
    tensor.into_data().to_vec().unwrap()
}

/// The loss, and the gradient of every parameter.
fn differentiated(name: &str, pooling: Pooling, device: &Device) -> (f32, Vec<Vec<f32>>) {
    let model = model(name, pooling, device);
    let place = Device::autodiff(device.clone());
    let inputs = Reference::read(name).inputs;
    let (ids, mask) = inputs.tensors(&place);
    let targets = inputs.target_tensor(&place);
    assert!(model.goes_by_hand() || *device == cpu());
    let found = model.differentiate(ids, mask, |logits| bce(logits, targets));
    (found.loss.into_scalar(), found.gradients.into_iter().map(|g| values(g.unwrap())).collect())
}

#[test]
fn gradients_equal_the_cpus() {
    for name in FAMILIES {
        for pooling in [Pooling::First, Pooling::Mean] {
            let (loss, expected) = differentiated(name, pooling, &cpu());
            let (found_loss, found) = differentiated(name, pooling, &gpu());
            assert!((found_loss - loss).abs() < 1e-4, "{name}, {pooling:?}: {found_loss}, {loss}");
            let parameters = named_parameters(&model(name, pooling, &cpu()));
            assert_eq!(parameters.len(), found.len());
            for ((parameter, found), expected) in parameters.iter().zip(&found).zip(&expected) {
                let off = distance(found, expected);
                assert!(off < 2e-4, "{name}, {pooling:?}: {} off by {off}", parameter.name);
            }
        }
    }
}

#[test]
fn inference_equals_the_cpus() {
    for name in FAMILIES {
        for pooling in [Pooling::First, Pooling::Mean] {
            let logits = |device: &Device| -> Vec<f32> {
                let (ids, mask) = Reference::read(name).inputs.tensors(device);
                let plain = model(name, pooling, device).valid();
                let logits = plain.forward(ids, mask);
                values(logits.flatten(0, 1))
            };
            let (found, expected) = (logits(&gpu()), logits(&cpu()));
            let off = distance(&found, &expected);
            assert!(off < 1e-4, "{name}, {pooling:?}: {found:?}, expected {expected:?}");
        }
    }
}

#[test]
fn a_step_leaves_a_parameter_on_its_device() {
    for keeps in [CheckpointingStrategy::None, CheckpointingStrategy::Balanced] {
        let device = Device::autodiff_checkpointed(gpu(), keeps);
        let held = Tensor::<Backend, 1>::from_floats([1.0, 2.0], &device);
        let plain = held.clone().inner();
        let step = AdamWStep { kept: 1.0, ..STEP };
        let zeros = || plain.clone().zeros_like();
        let tensors = [plain.clone(), zeros(), zeros()];
        let [parameter, ..] = Gpu::of(&gpu()).unwrap().adamw(tensors, plain.clone(), None, step);
        assert_eq!(Tensor::<Backend, 1>::from_inner(parameter).device(), held.device());
    }
}

#[test]
fn an_optimisers_step_and_the_norm_are_the_formulas() {
    let device = gpu();
    let kind = Gpu::of(&device).unwrap();
    let tensor = |values: &[f32]| Tensor::<Backend, 1>::from_floats(values, &device);
    let held = tensor(&[1.0, -2.0, 3.0]);
    let tensors = [held.clone(), tensor(&[0.0; 3]), tensor(&[0.0; 3])];
    let gradient = tensor(&[2.0, 0.0, -4.0]);
    let [parameter, first, second] =
        kind.adamw(tensors, gradient.clone(), Some(tensor(&[0.5])), STEP);
    // m = 0.1·g/2 and √v = 0.1·|g/2|, so that a step is 0.1 towards −g.
    assert!(distance(&values(parameter), &[0.4, -1.0, 1.6]) < 1e-6);
    assert!(distance(&values(first), &[0.1, 0.0, -0.2]) < 1e-6);
    assert!(distance(&values(second), &[0.01, 0.0, 0.04]) < 1e-6);
    assert_eq!(values(held), [1.0, -2.0, 3.0], "what another holds stays as it is");
    let norm = kind.norm([gradient, tensor(&[1.0; 5])].into_iter()).unwrap();
    assert!((values(norm)[0] - 5.0).abs() < 1e-6);
}
