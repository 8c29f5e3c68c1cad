use crate::config::TrainConfig;
use crate::gradients::Gradients;
use crate::layers::rates;
use crate::on_cpu;
use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use canto_encoder::{AdamWStep, Backend, Classifier, Device, Gpu};

/// First and second moment of one parameter's gradients, flat.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    pub(crate) first: Tensor<Backend, 1>,
    pub(crate) second: Tensor<Backend, 1>,
}

/// AdamW (Loshchilov and Hutter, 2019, algorithm 2) with PyTorch's placement of ε.
///
/// ```text
/// θ ← θ · (1 − η·λ)
/// m ← β₁·m + (1 − β₁)·g        v ← β₂·v + (1 − β₂)·g²
/// θ ← θ − η/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε)
/// ```
///
/// λ is 0 for biases and layer norms. Written here rather than taken from Burn because its state
/// is kept by process-local parameter ids, has no groups and cannot be saved by name.
#[derive(Clone, Debug)]
pub struct AdamW {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    /// One a parameter, in the order in which the model is visited.
    weight_decay: Vec<f64>,
    /// Each parameter's share of the learning rate.
    rates: Vec<f64>,
    pub(crate) moments: Vec<Option<Moments>>,
    /// Steps taken.
    pub(crate) time: i32,
}

impl AdamW {
    /// An optimiser for a model whose parameters, in visiting order, are called `names`.
    pub fn new(config: &TrainConfig, names: &[String]) -> Self {
        let decay = |name: &String| if decays(name) { config.weight_decay } else { 0.0 };
        Self {
            beta1: config.beta1,
            beta2: config.beta2,
            epsilon: config.epsilon,
            weight_decay: names.iter().map(decay).collect(),
            rates: rates(names, config.layer_decay),
            moments: vec![None; names.len()],
            time: 0,
        }
    }

    /// One step at learning rate `rate`; parameters without a gradient stay as they are.
    #[must_use]
    pub fn step(&mut self, model: Classifier, gradients: Gradients, rate: f64) -> Classifier {
        self.time += 1;
        let Gradients { values, factor, .. } = gradients;
        let mut update = Update { optimiser: self, gradients: values, factor, rate, index: 0 };
        model.map(&mut update)
    }

    /// The same update in one parallel pass over slices, `factor · gradient` in place of the
    /// gradient.
    fn updated_on_cpu(
        &mut self,
        index: usize,
        parameter: Tensor<Backend, 1>,
        gradient: Tensor<Backend, 1>,
        factor: f32,
        rate: f64,
        device: &Device,
    ) -> Tensor<Backend, 1> {
        let AdamWStep { beta1: [beta1, rest1], beta2: [beta2, rest2], step, kept, root, epsilon } =
            self.at(index, rate);
        let moments = self.moments_of(index, &gradient);
        let work = |p: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32]| {
            for (((p, m), v), &g) in p.iter_mut().zip(m).zip(v).zip(g) {
                let g = factor * g;
                *m = beta1 * *m + rest1 * g;
                *v = beta2 * *v + rest2 * g * g;
                *p = kept * *p - step * *m / (v.sqrt() * root + epsilon);
            }
        };
        let Moments { first, second } = moments;
        let (_, (parameter, (first, second))) = on_cpu::in_place(gradient, device, |g| {
            on_cpu::in_place(parameter, device, |p| {
                on_cpu::in_place(first, device, |m| {
                    on_cpu::in_place(second, device, |v| on_cpu::zip4(p, m, v, g, work)).0
                })
            })
        });
        self.moments[index] = Some(Moments { first, second });
        parameter
    }

    /// The numbers of this step at a parameter.
    fn at(&self, index: usize, rate: f64) -> AdamWStep {
        let rate = rate * self.rates[index];
        AdamWStep {
            beta1: [self.beta1 as f32, (1.0 - self.beta1) as f32],
            beta2: [self.beta2 as f32, (1.0 - self.beta2) as f32],
            step: (rate / (1.0 - self.beta1.powi(self.time))) as f32,
            kept: (1.0 - rate * self.weight_decay[index]) as f32,
            root: (1.0 / (1.0 - self.beta2.powi(self.time)).sqrt()) as f32,
            epsilon: self.epsilon as f32,
        }
    }

    /// The moments of a parameter, taken; zero before its first step.
    fn moments_of(&mut self, index: usize, like: &Tensor<Backend, 1>) -> Moments {
        let none = || Moments { first: like.zeros_like(), second: like.zeros_like() };
        self.moments[index].take().unwrap_or_else(none)
    }

    /// The same update in one kernel.
    fn updated_on_gpu(
        &mut self,
        gpu: Gpu,
        index: usize,
        parameter: Tensor<Backend, 1>,
        gradient: Tensor<Backend, 1>,
        factor: Option<Tensor<Backend, 1>>,
        rate: f64,
    ) -> Tensor<Backend, 1> {
        let step = self.at(index, rate);
        let Moments { first, second } = self.moments_of(index, &gradient);
        let [parameter, first, second] =
            gpu.adamw([parameter, first, second], gradient, factor, step);
        self.moments[index] = Some(Moments { first, second });
        parameter
    }

    fn updated(
        &mut self,
        index: usize,
        parameter: Tensor<Backend, 1>,
        gradient: Tensor<Backend, 1>,
        rate: f64,
    ) -> Tensor<Backend, 1> {
        let rate = rate * self.rates[index];
        let first_term = gradient.clone().mul_scalar(1.0 - self.beta1);
        let second_term = gradient.square().mul_scalar(1.0 - self.beta2);
        let (first, second) = match self.moments[index].take() {
            Some(Moments { first, second }) => (
                first.mul_scalar(self.beta1) + first_term,
                second.mul_scalar(self.beta2) + second_term,
            ),
            None => (first_term, second_term),
        };
        let root = (1.0 - self.beta2.powi(self.time)).sqrt();
        let denominator = second.clone().sqrt().div_scalar(root).add_scalar(self.epsilon);
        let rate_now = rate / (1.0 - self.beta1.powi(self.time));
        let step = (first.clone() / denominator).mul_scalar(rate_now);
        self.moments[index] = Some(Moments { first, second });
        let decay = rate * self.weight_decay[index];
        let kept = if decay == 0.0 { parameter } else { parameter.mul_scalar(1.0 - decay) };
        kept - step
    }
}

/// Biases and layer norms are not decayed: shrinking them does not regularise.
fn decays(name: &str) -> bool {
    !(name.ends_with("bias") || name.to_ascii_lowercase().contains("layernorm"))
}

struct Update<'a> {
    optimiser: &'a mut AdamW,
    gradients: Vec<Option<Tensor<Backend, 1>>>,
    factor: Option<Tensor<Backend, 1>>,
    rate: f64,
    index: usize,
}

impl ModuleMapper<Backend> for Update<'_> {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Backend, D>>,
    ) -> Param<Tensor<Backend, D>> {
        let index = self.index;
        self.index += 1;
        let Some(gradient) = self.gradients.get_mut(index).and_then(Option::take) else {
            return param;
        };
        let (id, tensor, mapper) = param.consume();
        let tracked = tensor.is_require_grad();
        let (shape, device): ([usize; D], _) = (tensor.dims(), tensor.device());
        let flat = tensor.inner().flatten(0, D - 1);
        let updated = if on_cpu::is(&device) {
            let factor = self.factor.clone().map_or(1.0, Tensor::into_scalar);
            self.optimiser.updated_on_cpu(index, flat, gradient, factor, self.rate, &device)
        } else if let Some(gpu) = Gpu::of(&device) {
            let factor = self.factor.clone();
            self.optimiser.updated_on_gpu(gpu, index, flat, gradient, factor, self.rate)
        } else {
            self.optimiser.updated(index, flat, gradient, self.rate)
        };
        let updated = Tensor::from_inner(updated.reshape(shape)).set_require_grad(tracked);
        Param::from_mapped_value(id, updated, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_weights_decay() {
        assert!(decays("roberta.encoder.layer.0.attention.self.query.weight"));
        assert!(decays("roberta.embeddings.word_embeddings.weight"));
        assert!(!decays("roberta.encoder.layer.0.attention.output.LayerNorm.weight"));
        assert!(!decays("classifier.dense.bias"));
        assert!(!decays("mpnet.encoder.layer.0.attention.LayerNorm.weight"));
    }
}
