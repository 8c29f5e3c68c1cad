use crate::config::TrainConfig;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;
use canto_encoder::{Backend, Classifier};

/// An exponential moving average of the weights (Polyak and Juditsky 1992, with a decay):
///
/// ```text
/// a ← d·a + (1 − d)·θ      d = min(decay, (1 + t) / (10 + t))
/// ```
///
/// The decay is lower in the first steps t, so that the first weights do not linger.
#[derive(Clone, Debug)]
pub struct Average {
    decay: f64,
    /// One flat tensor a parameter, in visiting order.
    pub(crate) values: Vec<Tensor<Backend, 1>>,
}

impl Average {
    /// The average that a recipe asks for, of `model`'s weights so far.
    pub fn new(config: &TrainConfig, model: &Classifier) -> Option<Self> {
        (config.ema_decay > 0.0).then(|| Self { decay: config.ema_decay, values: weights(model) })
    }

    /// Takes in the weights of `model` after optimiser step `step`, counted from 1.
    pub fn add(&mut self, model: &Classifier, step: usize) {
        let warm = (1.0 + step as f64) / (10.0 + step as f64);
        let decay = self.decay.min(warm);
        let old = std::mem::take(&mut self.values).into_iter();
        let sums = old.zip(weights(model));
        self.values = sums.map(|(a, w)| a.mul_scalar(decay) + w.mul_scalar(1.0 - decay)).collect();
    }

    /// `model`, on the plain device, with the average for its weights.
    pub fn of(&self, model: Classifier) -> Classifier {
        model.map(&mut Place { values: self.values.iter().cloned() })
    }
}

fn weights(model: &Classifier) -> Vec<Tensor<Backend, 1>> {
    let mut weights = Weights(Vec::new());
    model.visit(&mut weights);
    weights.0
}

struct Weights(Vec<Tensor<Backend, 1>>);

impl ModuleVisitor<Backend> for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
        self.0.push(param.val().inner().flatten(0, D - 1));
    }
}

struct Place<I> {
    values: I,
}

impl<I: Iterator<Item = Tensor<Backend, 1>>> ModuleMapper<Backend> for Place<I> {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Backend, D>>,
    ) -> Param<Tensor<Backend, D>> {
        let (id, tensor, mapper) = param.consume();
        let shape: [usize; D] = tensor.dims();
        let placed = self.values.next().map_or(tensor, |value| value.reshape(shape));
        Param::from_mapped_value(id, placed, mapper)
    }
}
