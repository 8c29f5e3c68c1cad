use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use canto_encoder::{Backend, Classifier};

/// One flat gradient a parameter, in the order in which the model is visited.
///
/// The order is fixed by the model's structure, unlike parameter ids, which are drawn anew in
/// every process: sums over all parameters then give the same bits in every run.
#[derive(Clone, Debug, Default)]
pub struct Gradients(pub(crate) Vec<Option<Tensor<Backend, 1>>>);

impl Gradients {
    /// The derivatives of `loss` (shape `[1]`) with respect to the parameters of `model`.
    pub fn of(loss: &Tensor<Backend, 1>, model: &Classifier) -> Self {
        let mut collector = Collector { source: loss.backward(), found: Vec::new() };
        model.visit(&mut collector);
        Self(collector.found)
    }

    /// Adds `other`, parameter by parameter.
    pub fn add(&mut self, other: Gradients) {
        if self.0.is_empty() {
            *self = other;
            return;
        }
        for (sum, term) in self.0.iter_mut().zip(other.0) {
            *sum = match (sum.take(), term) {
                (Some(sum), Some(term)) => Some(sum + term),
                (sum, term) => sum.or(term),
            };
        }
    }

    /// Divides all by `factor`.
    pub fn divide(&mut self, factor: f64) {
        for gradient in self.0.iter_mut().flatten() {
            *gradient = gradient.clone().div_scalar(factor);
        }
    }

    /// L2 norm of each parameter's gradient, shape `[1]`; none for those without.
    pub(crate) fn norms(&self) -> Vec<Tensor<Backend, 1>> {
        let norm = |gradient: &Tensor<Backend, 1>| gradient.clone().square().sum().sqrt();
        self.0.iter().flatten().map(norm).collect()
    }

    /// Global L2 norm, shape `[1]`; `None` where no parameter has a gradient.
    pub fn norm(&self) -> Option<Tensor<Backend, 1>> {
        let squares = self.0.iter().flatten().map(|gradient| gradient.clone().square().sum());
        squares.reduce(|sum, square| sum + square).map(Tensor::sqrt)
    }

    /// Scales all gradients so that their global norm is at most `max`.
    ///
    /// `g · min(1, max / (‖g‖ + 1e-6))`, as PyTorch's `clip_grad_norm_`; computed on the device.
    pub fn clip(&mut self, norm: &Tensor<Backend, 1>, max: f64) {
        let factor = norm.clone().add_scalar(1e-6).recip().mul_scalar(max).clamp_max(1.0);
        for gradient in self.0.iter_mut().flatten() {
            *gradient = gradient.clone() * factor.clone();
        }
    }
}

struct Collector {
    source: <Backend as AutodiffBackend>::Gradients,
    found: Vec<Option<Tensor<Backend, 1>>>,
}

impl ModuleVisitor<Backend> for Collector {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
        let gradient = param.val().grad_remove(&mut self.source);
        self.found.push(gradient.map(|gradient| gradient.flatten(0, D - 1)));
    }
}
