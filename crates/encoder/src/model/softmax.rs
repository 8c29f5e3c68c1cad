//! Softmax over the keys that are to be seen.

use super::lanes::{exp, fold, map_pieces, map_to_pairs, vectorised};
use super::on_cpu::{self, constant};
use crate::Backend;
use burn::tensor::backend::Backend as _;
use burn::tensor::{Tensor, activation};

/// softmax(`scores` + `bias`) over the last axis: [rows, heads, tokens, tokens] and an additive
/// bias of the keys, [rows, 1, 1, tokens], outside any graph.
///
/// On the CPU the probabilities p come from one parallel pass. In training they enter the graph
/// as p·(s − Σ p·s) + rest with p and the rest constant: its gradient is softmax's, p·(g − Σ p·g),
/// in a third of the passes, and its value is p.
pub(crate) fn masked_softmax(
    scores: Tensor<Backend, 4>,
    bias: Tensor<Backend, 4>,
) -> Tensor<Backend, 4> {
    let device = scores.device();
    if !on_cpu::is(&device, scores.dtype()) {
        return activation::softmax(scores + constant(bias, &device), 3);
    }
    let shape = scores.shape();
    let rows = Rows { tokens: shape[3], scores: shape[1] * shape[2] * shape[3] };
    on_cpu::read(bias, |bias| {
        if !Backend::ad_enabled(&device) {
            let values = on_cpu::read(scores, |scores| rows.probabilities(scores, bias));
            return on_cpu::tensor(values, shape, &device);
        }
        let (p, rest) = on_cpu::read(scores.clone().inner(), |scores| {
            rows.probabilities_and_rests(scores, bias)
        });
        let p = on_cpu::tensor::<4>(p, shape.clone(), &device);
        let mean = (scores.clone() * p.clone()).sum_dim(3);
        (scores - mean) * p + on_cpu::tensor(rest, shape, &device)
    })
}

/// How scores lie in memory.
#[derive(Clone, Copy)]
struct Rows {
    /// Scores a query.
    tokens: usize,
    /// Scores a row of the batch.
    scores: usize,
}

impl Rows {
    fn probabilities(self, scores: &[f32], bias: &[f32]) -> Vec<f32> {
        let mut p = vec![0.0; scores.len()];
        map_pieces(scores, self.tokens, &mut p, |start, scores, p| {
            vectorised(
                #[inline(always)]
                || {
                    let queries = scores.chunks(self.tokens).zip(p.chunks_mut(self.tokens));
                    for (i, (scores, p)) in queries.enumerate() {
                        softmax(scores, self.bias(bias, start + i * self.tokens), p);
                    }
                },
            );
        });
        p
    }

    /// Probabilities p, and p − p·(s − Σ p·s).
    fn probabilities_and_rests(self, scores: &[f32], bias: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (mut p, mut rest) = (vec![0.0; scores.len()], vec![0.0; scores.len()]);
        map_to_pairs(scores, self.tokens, &mut p, &mut rest, |start, scores, p, rest| {
            vectorised(
                #[inline(always)]
                || {
                    let outputs = p.chunks_mut(self.tokens).zip(rest.chunks_mut(self.tokens));
                    let queries = scores.chunks(self.tokens).zip(outputs);
                    for (i, (scores, (p, rest))) in queries.enumerate() {
                        softmax(scores, self.bias(bias, start + i * self.tokens), p);
                        rests(scores, p, rest);
                    }
                },
            );
        });
        (p, rest)
    }

    /// The bias of the keys for the query whose scores begin at `start`.
    #[inline(always)]
    fn bias(self, bias: &[f32], start: usize) -> &[f32] {
        let row = start / self.scores;
        &bias[row * self.tokens..(row + 1) * self.tokens]
    }
}

#[inline(always)]
fn softmax(scores: &[f32], bias: &[f32], p: &mut [f32]) {
    for ((p, &score), &bias) in p.iter_mut().zip(scores).zip(bias) {
        *p = score + bias;
    }
    normalised(p);
}

/// The softmax of a row, in its place.
#[inline(always)]
pub(super) fn normalised(p: &mut [f32]) {
    let largest = fold(p, f32::NEG_INFINITY, |a, b| if a > b { a } else { b });
    for p in p.iter_mut() {
        *p = exp(*p - largest);
    }
    let scale = 1.0 / fold(p, 0.0, |a, b| a + b);
    for p in p.iter_mut() {
        *p *= scale;
    }
}

#[inline(always)]
fn rests(scores: &[f32], p: &[f32], rest: &mut [f32]) {
    for ((rest, &score), &p) in rest.iter_mut().zip(scores).zip(p) {
        *rest = score * p;
    }
    let mean = fold(rest, 0.0, |a, b| a + b);
    for ((rest, &score), &p) in rest.iter_mut().zip(scores).zip(p) {
        *rest = p - (score - mean) * p;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, DeviceChoice};
    use burn::tensor::Distribution;

    const SHAPE: [usize; 4] = [3, 2, 21, 21];

    fn cpu() -> Device {
        DeviceChoice::Cpu.open().unwrap().device
    }

    /// The last five keys of the second row are not to be seen.
    fn bias() -> Tensor<Backend, 4> {
        let mut values = vec![0.0; 3 * 21];
        values[37..42].fill(-1e4);
        on_cpu::tensor(values, [3, 1, 1, 21], &cpu())
    }

    fn plain(scores: Tensor<Backend, 4>, bias: Tensor<Backend, 4>) -> Tensor<Backend, 4> {
        let device = scores.device();
        activation::softmax(scores + constant(bias, &device), 3)
    }

    fn assert_close(found: Tensor<Backend, 4>, expected: Tensor<Backend, 4>) {
        let off = (found - expected).abs().max().into_scalar();
        assert!(off < 4e-6, "off by {off}");
    }

    #[test]
    fn inference_equals_the_plain_one() {
        let scores = Tensor::random(SHAPE, Distribution::Normal(0.0, 4.0), &cpu());
        let found = masked_softmax(scores.clone(), bias());
        assert_close(found.clone(), plain(scores, bias()));
        let unseen: f32 = found.slice([1..2, 0..2, 0..21, 16..21]).max().into_scalar();
        assert!(unseen == 0.0);
    }

    #[test]
    fn training_has_the_plain_values_and_gradients() {
        let device = Device::autodiff(cpu());
        let start = Tensor::<Backend, 4>::random(SHAPE, Distribution::Normal(0.0, 4.0), &cpu());
        let weights = Tensor::<Backend, 4>::random(SHAPE, Distribution::Normal(0.0, 1.0), &device);
        let gradient = |f: fn(Tensor<Backend, 4>, Tensor<Backend, 4>) -> Tensor<Backend, 4>| {
            let scores = Tensor::from_inner(start.clone()).require_grad();
            let p = f(scores.clone(), bias());
            let gradients = (p.clone() * weights.clone()).sum().backward();
            (p.inner(), scores.grad(&gradients).unwrap())
        };
        let (found, expected) = (gradient(masked_softmax), gradient(plain));
        assert_close(found.0, expected.0);
        assert_close(found.1, expected.1);
    }
}
