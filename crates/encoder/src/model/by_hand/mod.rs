//! Derivatives of the layers without a graph, on the CPU in f32.
//!
//! Burn's graph runs an operation a pass, most of them on one thread, each with a buffer of its own.
//! Here what lies between two matrix products is one parallel pass forth and one back, mostly in
//! place; and of the last layer, where only the first token is read, nothing but that token is
//! computed. Embeddings and head stay in the graph: a gradient goes through them from where it
//! comes to where it goes.

mod heads;
mod layer;
mod norm;
mod products;

use super::classifier::SequenceClassifier;
use super::on_cpu;
use super::precision::Precision;
use crate::{Backend, Device, Pooling};
use burn::CheckpointingStrategy;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Bool, Int, Tensor};

/// Of one parameter, flat.
type Gradient = Tensor<Backend, 1>;

/// Sizes of a batch in a model.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    tokens: usize,
    width: usize,
    heads: usize,
}

/// Seeds of dropout, one after the other, from one that the device drew.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(super::dropout::GOLDEN);
        super::dropout::mix(self.0)
    }
}

/// The loss of a batch and what it says of the weights.
#[derive(Debug)]
pub struct Derivatives {
    /// What the cost was, shape `[1]`, outside any graph.
    pub loss: Tensor<Backend, 1>,
    /// The gradient of each parameter, flat, in the order of the modules; none of what is frozen.
    pub gradients: Vec<Option<Tensor<Backend, 1>>>,
}

impl SequenceClassifier<Backend> {
    /// Token ids and mask (false at padding) [rows, tokens], and a `cost`, shape `[1]`, of the
    /// logits [rows, labels] → the cost and its derivatives by every parameter.
    ///
    /// The model lives on an autodiff device. The same as `forward` and `backward`, but on the CPU
    /// in f32 the layers' derivatives are computed in fewer passes.
    pub fn differentiate(
        &self,
        input_ids: Tensor<Backend, 2, Int>,
        attention_mask: Tensor<Backend, 2, Bool>,
        cost: impl FnOnce(Tensor<Backend, 2>) -> Tensor<Backend, 1>,
    ) -> Derivatives {
        if self.can_by_hand(&input_ids.device()) {
            return self.by_hand(input_ids, attention_mask, cost);
        }
        let loss = cost(self.forward(input_ids, attention_mask));
        let gradients = collected(self, &mut loss.backward());
        Derivatives { loss: loss.inner(), gradients }
    }

    /// Whether all is as the way by hand knows it. Where activations are to be computed a second
    /// time rather than kept, the graph does that.
    fn can_by_hand(&self, device: &Device) -> bool {
        let learns = |param: &Param<Tensor<Backend, 2>>| param.val().is_require_grad();
        let keeps = match device {
            Device::Autodiff(inner) => {
                let strategy = CheckpointingStrategy::None;
                *device == Device::autodiff_checkpointed((**inner).clone(), strategy)
            }
            _ => false,
        };
        keeps
            && on_cpu::is(device, burn::tensor::DType::F32)
            && self.precision == Precision::F32
            && self.relative.is_none()
            && self.layers.iter().all(|layer| learns(&layer.output.weight))
    }

    fn by_hand(
        &self,
        input_ids: Tensor<Backend, 2, Int>,
        attention_mask: Tensor<Backend, 2, Bool>,
        cost: impl FnOnce(Tensor<Backend, 2>) -> Tensor<Backend, 1>,
    ) -> Derivatives {
        let device = input_ids.device();
        let [rows, tokens] = input_ids.dims();
        let mut draws = Draws(super::dropout::seed(&device));
        let keys = on_cpu::read(super::mask::key_bias(attention_mask.clone()), <[f32]>::to_vec);
        let embedded = self.embeddings.forward(input_ids);
        let heads = self.layers.first().map_or(1, |layer| layer.attention.heads);
        let shape = Shape { rows, tokens, width: embedded.dims()[1], heads };
        let last = self.layers.len().saturating_sub(1);
        let first_only = self.pooling == Pooling::First;
        let queries = |layer: usize| if first_only && layer == last { 1 } else { tokens };

        let mut x = embedded.clone().inner();
        let mut kept = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.iter().enumerate() {
            let (y, needed) = layer::forward(layer, x, queries(i), &keys, shape, &mut draws);
            kept.push(needed);
            x = y;
        }

        let read = Tensor::<Backend, 2>::from_inner(x).require_grad();
        let pooled = if first_only && !self.layers.is_empty() {
            read.clone()
        } else {
            self.pool(read.clone(), rows, attention_mask)
        };
        let loss = cost(self.classify(pooled));
        let mut found = loss.backward();
        let of_head = collected(&self.head, &mut found);
        let mut terms: Vec<_> = read.grad_remove(&mut found).into_iter().collect();
        let mut of_layers = Vec::with_capacity(self.layers.len());
        for ((i, layer), needed) in self.layers.iter().enumerate().zip(kept).rev() {
            let (below, gradients) = layer::backward(layer, needed, terms, queries(i), shape);
            terms = below;
            of_layers.push(gradients);
        }

        let mut gradients = match terms.into_iter().reduce(|sum, term| sum + term) {
            Some(gradient) => {
                let through = (embedded * Tensor::from_inner(gradient)).sum();
                collected(&self.embeddings, &mut through.backward())
            }
            None => Vec::new(),
        };
        gradients.extend(of_layers.into_iter().rev().flatten().map(Some));
        gradients.extend(of_head);
        Derivatives { loss: loss.inner(), gradients }
    }
}

/// Every parameter's gradient, flat, in the order of the modules.
fn collected(
    module: &impl Module<Backend>,
    source: &mut <Backend as AutodiffBackend>::Gradients,
) -> Vec<Option<Gradient>> {
    let mut collector = Collector { source, found: Vec::new() };
    module.visit(&mut collector);
    collector.found
}

struct Collector<'a> {
    source: &'a mut <Backend as AutodiffBackend>::Gradients,
    found: Vec<Option<Gradient>>,
}

impl ModuleVisitor<Backend> for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
        let gradient = param.val().grad_remove(self.source);
        self.found.push(gradient.map(|gradient| gradient.flatten(0, D - 1)));
    }
}
