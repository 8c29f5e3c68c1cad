//! Derivatives of the layers without a graph, on the CPU in f32 and on GPUs.
//!
//! Burn's graph runs an operation a pass, on the CPU most of them on one thread, each with a buffer
//! of its own. Here what lies between two matrix products is one parallel pass forth and one back,
//! mostly in place, or one kernel; and of the last layer, where only the first token is read, nothing
//! but that token is computed. Embeddings and head stay in the graph: a gradient goes through them
//! from where it comes to where it goes.

mod heads;
mod layer;
mod norm;
#[cfg(feature = "gpu")]
mod on_gpu;
mod products;
mod stack;

use super::classifier::SequenceClassifier;
use super::embeddings::Embeddings;
use super::on_cpu;
use super::precision::Precision;
use super::relative::spread;
use crate::{Backend, Device, Gpu};
use burn::CheckpointingStrategy;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Bool, Int, Tensor};
use stack::Stack;

type Matrix = Tensor<Backend, 2>;

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
        let device = self.device();
        if self.can_by_hand(&device) {
            return self.by_hand(input_ids, attention_mask, cost, &device);
        }
        let loss = cost(self.forward(input_ids, attention_mask));
        let gradients = collected(self, &mut loss.backward());
        Derivatives { loss: loss.inner(), gradients }
    }

    /// Whether [`differentiate`](Self::differentiate) goes back through the layers by hand.
    pub fn goes_by_hand(&self) -> bool {
        self.can_by_hand(&self.device())
    }

    /// Whether all is as the way by hand knows it. Where activations are to be computed a second
    /// time rather than kept, the graph does that.
    fn can_by_hand(&self, device: &Device) -> bool {
        let learns = |param: &Param<Tensor<Backend, 2>>| param.val().is_require_grad();
        let Device::Autodiff(inner) = device else {
            return false;
        };
        let keeps = CheckpointingStrategy::None;
        let here = match &**inner {
            inner if Gpu::of(inner).is_some() => !self.layers.is_empty(),
            _ => {
                on_cpu::is(device, burn::tensor::DType::F32)
                    && self.precision == Precision::F32
                    && self.relative.is_none()
            }
        };
        here && *device == Device::autodiff_checkpointed((**inner).clone(), keeps)
            && self.layers.iter().all(|layer| learns(&layer.output.weight))
    }

    fn by_hand(
        &self,
        input_ids: Tensor<Backend, 2, Int>,
        attention_mask: Tensor<Backend, 2, Bool>,
        cost: impl FnOnce(Tensor<Backend, 2>) -> Tensor<Backend, 1>,
        device: &Device,
    ) -> Derivatives {
        let [rows, tokens] = input_ids.dims();
        let distances = self.relative.as_ref().map(|relative| relative.by_distance(tokens));
        let biases = distances.clone().map(|each| spread(each.inner(), tokens));
        let mut stack = Stack::new(self, attention_mask.clone(), biases, device);
        let below = Embedded::new(&self.embeddings, input_ids, device);
        let last = stack.forward(below.values());

        let read = Tensor::<Backend, 2>::from_inner(last).require_grad();
        let pooled = self.pool(read.clone(), rows, attention_mask);
        let loss = cost(self.classify(pooled));
        let mut found = loss.backward();
        let of_head = collected(&self.head, &mut found);
        let above = read.grad_remove(&mut found).unwrap_or_else(|| read.inner().zeros_like());
        let found = stack.backward(above);

        let mut gradients = match found.terms.into_iter().reduce(|sum, term| sum + term) {
            Some(gradient) => below.gradients(&self.embeddings, gradient),
            None => Vec::new(),
        };
        if let (Some(relative), Some(distances)) = (&self.relative, distances) {
            let gradient = found.of_distances.unwrap_or_else(|| distances.clone().inner() * 0.0);
            let through = (distances * Tensor::from_inner(gradient)).sum();
            gradients.extend(collected(relative, &mut through.backward()));
        }
        gradients.extend(found.of_layers.into_iter().map(Some));
        gradients.extend(of_head);
        Derivatives { loss: loss.inner(), gradients }
    }
}

/// The embeddings of a batch, [rows·tokens, width], and what their gradients take.
struct Embedded {
    values: Matrix,
    #[cfg(feature = "gpu")]
    looked_up: Option<LookedUp>,
}

/// Where a GPU adds up the gradients of the tables' rows.
#[cfg(feature = "gpu")]
struct LookedUp {
    gpu: Gpu,
    /// What words say, which starts the graph.
    words: Tensor<Backend, 3>,
    /// The rows that were read of the words' table and of the positions'.
    rows: [Tensor<Backend, 2, Int>; 2],
}

impl Embedded {
    #[cfg_attr(not(feature = "gpu"), allow(unused_variables))]
    fn new(
        embeddings: &Embeddings<Backend>,
        input_ids: Tensor<Backend, 2, Int>,
        device: &Device,
    ) -> Self {
        #[cfg(feature = "gpu")]
        if let Some(gpu) = Gpu::of(device) {
            let rows = embeddings.read_from(input_ids);
            let [words, positions] = [0, 1].map(|i| {
                let table = embeddings.tables()[i].clone().inner();
                Tensor::from_inner(burn::tensor::module::embedding(table, rows[i].clone()))
            });
            let words = words.require_grad();
            let values = embeddings.finish(words.clone(), positions);
            return Self { values, looked_up: Some(LookedUp { gpu, words, rows }) };
        }
        Self {
            values: embeddings.forward(input_ids),
            #[cfg(feature = "gpu")]
            looked_up: None,
        }
    }

    /// Outside the graph.
    fn values(&self) -> Matrix {
        self.values.clone().inner()
    }

    /// The gradient of the values → of each parameter.
    fn gradients(
        self,
        embeddings: &Embeddings<Backend>,
        gradient: Matrix,
    ) -> Vec<Option<Gradient>> {
        let mut through = (self.values * Tensor::from_inner(gradient)).sum().backward();
        let of_all = collected(embeddings, &mut through);
        #[cfg(feature = "gpu")]
        if let Some(LookedUp { gpu, words, rows }) = self.looked_up
            && let Some(gradient) = words.grad_remove(&mut through)
        {
            let mut of_all = of_all;
            let gradient = gradient.flatten::<2>(0, 1);
            for ((of_table, table), ids) in of_all.iter_mut().zip(embeddings.tables()).zip(rows) {
                let ids = ids.flatten::<1>(0, 1);
                *of_table = Some(gpu.scatter(gradient.clone(), ids, table.dims()[0]));
            }
            return of_all;
        }
        of_all
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
