//! Where layers go back by hand they give what the graph gives, which is compared with the reference
//! elsewhere; and under dropout, which the graph draws otherwise, what the loss does.

mod support;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use canto_encoder::{
    Adaptation, Backend, Classifier, Derivatives, Device, Pooling, load_adapted, named_parameters,
    seed,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use support::{FAMILIES, ReadParam, Reference, bce, collect, cpu, distance, folder};

/// Burn's random state is one for the whole process: tests that draw from it take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn model(name: &str, adaptation: Adaptation) -> Classifier {
    load_adapted(&folder(name), None, adaptation, &Device::autodiff(cpu())).unwrap().model
}

fn differentiated(model: &Classifier, name: &str) -> Derivatives {
    let device = Device::autodiff(cpu());
    let inputs = Reference::read(name).inputs;
    let (ids, mask) = inputs.tensors(&device);
    let targets = inputs.target_tensor(&device);
    model.differentiate(ids, mask, |logits| bce(logits, targets))
}

struct OfGraph(GradientsParams);

impl ReadParam for OfGraph {
    fn read<const D: usize>(&mut self, id: ParamId, _: Tensor<Backend, D>) -> Option<TensorData> {
        self.0.get::<Backend, D>(id).map(Tensor::into_data)
    }
}

#[test]
fn they_equal_those_of_the_graph() {
    let _turn = alone();
    let device = Device::autodiff(cpu());
    for name in FAMILIES {
        for pooling in [Pooling::First, Pooling::Mean] {
            let model = model(name, Adaptation { pooling: Some(pooling), ..Adaptation::default() });
            // MPNet's scores have a bias of their own to learn, which only GPUs' kernels know.
            assert_eq!(model.goes_by_hand(), name != "mpnet", "{name}");
            let inputs = Reference::read(name).inputs;
            let (ids, mask) = inputs.tensors(&device);
            let loss = bce(model.forward(ids, mask), inputs.target_tensor(&device));
            let graph = OfGraph(GradientsParams::from_grads(loss.backward(), &model));
            let expected = collect(&model, graph);

            let found = differentiated(&model, name);
            let off = (found.loss - loss.inner()).abs().into_scalar();
            assert!(off < 1e-6, "{name}, {pooling:?}: loss off by {off}");
            let parameters = named_parameters(&model);
            assert_eq!(parameters.len(), found.gradients.len());
            for (parameter, gradient) in parameters.into_iter().zip(found.gradients) {
                let found: Vec<f32> = gradient.unwrap().into_data().to_vec().unwrap();
                let expected = expected[&parameter.id.val()].to_vec::<f32>().unwrap();
                let off = distance(&found, &expected);
                assert!(off < 2e-6, "{name}, {pooling:?}: {} off by {off}", parameter.name);
            }
        }
    }
}

/// The model moved along its gradients.
struct Along<'a> {
    gradients: &'a [Vec<f32>],
    by: f32,
    index: usize,
}

impl ModuleMapper<Backend> for Along<'_> {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Backend, D>>,
    ) -> Param<Tensor<Backend, D>> {
        let (id, tensor, mapper) = param.consume();
        let shape = tensor.shape();
        let step = TensorData::new(self.gradients[self.index].clone(), shape);
        self.index += 1;
        let device = tensor.device();
        let inner = tensor.inner();
        let step = Tensor::<Backend, D>::from_data(step, &device).inner();
        let moved = Tensor::from_inner(inner + step * self.by).require_grad();
        Param::from_mapped_value(id, moved, mapper)
    }
}

#[test]
fn under_dropout_the_loss_changes_along_them_as_they_say() {
    let _turn = alone();
    let rate = Some(0.2);
    let adaptation = Adaptation {
        hidden_dropout: rate,
        attention_dropout: rate,
        classifier_dropout: rate,
        ..Adaptation::default()
    };
    for pooling in [Pooling::First, Pooling::Mean] {
        let model = model("roberta", Adaptation { pooling: Some(pooling), ..adaptation });
        let drawn = |model: &Classifier, from: u64| {
            seed(&cpu(), from);
            differentiated(model, "roberta")
        };
        let read = |found: Derivatives| -> Vec<Vec<f32>> {
            let flat = found.gradients.into_iter().flatten();
            flat.map(|gradient| gradient.into_data().to_vec().unwrap()).collect()
        };
        let gradients = read(drawn(&model, 3));
        assert_eq!(gradients, read(drawn(&model, 3)), "the seed decides");
        assert_ne!(gradients, read(drawn(&model, 4)));
        let square: f64 = gradients.iter().flatten().map(|&g| f64::from(g) * f64::from(g)).sum();
        let by = (4e-3 / square.sqrt()) as f32;
        let loss = |by: f32| {
            let moved = model.clone().map(&mut Along { gradients: &gradients, by, index: 0 });
            f64::from(drawn(&moved, 3).loss.into_scalar())
        };
        let found = (loss(by) - loss(-by)) / (2.0 * f64::from(by));
        assert!((found / square - 1.0).abs() < 0.01, "{pooling:?}: {found} for {square}");
    }
}
