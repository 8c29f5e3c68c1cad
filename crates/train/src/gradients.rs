use crate::on_cpu;
use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use canto_encoder::{Backend, Classifier, Device, Gpu};

/// One flat gradient a parameter, in the order in which the model is visited.
///
/// The order is fixed by the model's structure, unlike parameter ids, which are drawn anew in
/// every process: sums over all parameters then give the same bits in every run.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    pub(crate) values: Vec<Option<Tensor<Backend, 1>>>,
    /// On the CPU and on GPUs with kernels of our own, what they are still to be multiplied by, shape
    /// `[1]`: the optimiser does it in its pass.
    pub(crate) factor: Option<Tensor<Backend, 1>>,
    /// The autodiff device they come from.
    device: Option<Device>,
}

impl Gradients {
    /// One a parameter, flat, in the order in which the model is visited, from a model on `device`.
    pub(crate) fn new(values: Vec<Option<Tensor<Backend, 1>>>, device: &Device) -> Self {
        Self { values, factor: None, device: Some(device.clone()) }
    }

    /// The derivatives of `loss` (shape `[1]`) with respect to the parameters of `model`.
    pub fn of(loss: &Tensor<Backend, 1>, model: &Classifier) -> Self {
        let mut collector = Collector { source: loss.backward(), found: Vec::new() };
        model.visit(&mut collector);
        Self::new(collector.found, &loss.device())
    }

    /// Adds `other`, parameter by parameter.
    pub fn add(&mut self, other: Gradients) {
        if self.values.is_empty() {
            *self = other;
            return;
        }
        for (sum, term) in self.values.iter_mut().zip(other.values) {
            *sum = match (sum.take(), term) {
                (Some(sum), Some(term)) => Some(sum + term),
                (sum, term) => sum.or(term),
            };
        }
    }

    /// The same on the plain device `to`, to be added to those of the autodiff device `source`.
    pub(crate) fn moved(self, to: &Device, source: &Device) -> Self {
        let there = |gradient: Tensor<Backend, 1>| gradient.to_device(to);
        let values = self.values.into_iter().map(|gradient| gradient.map(there)).collect();
        Self { factor: self.factor, ..Self::new(values, source) }
    }

    /// Divides all by `factor`.
    pub fn divide(&mut self, factor: f64) {
        for slot in &mut self.values {
            *slot = slot.take().map(|gradient| gradient.div_scalar(factor));
        }
    }

    /// L2 norm of each parameter's gradient, shape `[1]`; none for those without.
    pub(crate) fn norms(&self) -> Vec<Tensor<Backend, 1>> {
        let norm = |gradient: &Tensor<Backend, 1>| gradient.clone().square().sum().sqrt();
        self.values.iter().flatten().map(norm).collect()
    }

    /// Global L2 norm, shape `[1]`; `None` where no parameter has a gradient.
    pub fn norm(&mut self) -> Option<Tensor<Backend, 1>> {
        self.values.iter().flatten().next()?;
        if let Some(device) = self.device.as_ref().filter(|device| on_cpu::is(device)) {
            let squares = self.values.iter_mut().map(|slot| sum_of_squares(slot, device));
            let norm = squares.sum::<f64>().sqrt() as f32;
            return Some(Tensor::<Backend, 1>::from_floats([norm], device).inner());
        }
        if let Some(gpu) = self.device.as_ref().and_then(Gpu::of) {
            return gpu.norm(self.values.iter().flatten().cloned());
        }
        let squares = self.values.iter().flatten().map(|gradient| gradient.clone().square().sum());
        squares.reduce(|sum, square| sum + square).map(Tensor::sqrt)
    }

    /// Scales all gradients so that their global norm is at most `max`.
    ///
    /// `g · min(1, max / (‖g‖ + 1e-6))`, as PyTorch's `clip_grad_norm_`; computed on the device.
    pub fn clip(&mut self, norm: &Tensor<Backend, 1>, max: f64) {
        let factor = norm.clone().add_scalar(1e-6).recip().mul_scalar(max).clamp_max(1.0);
        let device = factor.device();
        if on_cpu::is(&device) || Gpu::of(&device).is_some() {
            self.factor = Some(factor);
        } else {
            for slot in &mut self.values {
                *slot = slot.take().map(|gradient| gradient * factor.clone());
            }
        }
    }
}

fn sum_of_squares(slot: &mut Option<Tensor<Backend, 1>>, device: &Device) -> f64 {
    let Some(gradient) = slot.take() else {
        return 0.0;
    };
    let (gradient, sum) =
        on_cpu::in_place(gradient, device, |values| on_cpu::sum_of_squares(values));
    *slot = Some(gradient);
    sum
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
