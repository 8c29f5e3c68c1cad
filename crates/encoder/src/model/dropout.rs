//! Dropout whose draws are made in parallel.

use super::on_cpu;
use crate::Backend;
use burn::tensor::backend::Backend as _;
use burn::tensor::{Distribution, Tensor};
use rayon::prelude::*;

/// Elements that share a stream of draws.
const CHUNK: usize = 1 << 14;

/// Zeroes elements with probability `rate` and scales the others by 1 / (1 − rate); only on an
/// autodiff device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dropout {
    rate: f64,
}

impl Dropout {
    pub(crate) fn new(rate: f64) -> Self {
        Self { rate }
    }

    /// Any shape, kept.
    pub(crate) fn forward<const D: usize>(self, x: Tensor<Backend, D>) -> Tensor<Backend, D> {
        let device = x.device();
        if self.rate == 0.0 || !Backend::ad_enabled(&device) {
            return x;
        }
        if on_cpu::is(&device, x.dtype()) {
            let factors = self.factors(x.shape().num_elements(), seed(&device));
            return x.clone() * on_cpu::tensor(factors, x.shape(), &device);
        }
        let kept = x.random_like(Distribution::Bernoulli(1.0 - self.rate));
        x * (kept * (1.0 / (1.0 - self.rate)))
    }

    /// The probability.
    #[cfg(feature = "gpu")]
    pub(super) fn rate(self) -> f64 {
        self.rate
    }

    /// What kept elements are multiplied by.
    pub(super) fn factor(self) -> f32 {
        (1.0 / (1.0 - self.rate)) as f32
    }

    /// The factors of so many elements; none where nothing is dropped, and then no seed is taken.
    pub(super) fn drawn(self, elements: usize, seed: impl FnOnce() -> u64) -> Option<Vec<f32>> {
        (self.rate > 0.0).then(|| self.factors(elements, seed()))
    }

    /// Fills `chunk` with factors.
    pub(super) fn draw(self, chunk: &mut [f32], seed: u64) {
        if self.rate == 0.0 {
            chunk.fill(1.0);
        } else {
            self.fill(chunk, mix(seed));
        }
    }

    /// 0 or 1 / (1 − rate) for each element, by chunks, so that the draws do not depend on the
    /// number of threads.
    fn factors(self, elements: usize, seed: u64) -> Vec<f32> {
        let mut factors = vec![0.0; elements];
        factors.par_chunks_mut(CHUNK).enumerate().for_each(|(i, chunk)| {
            self.fill(chunk, mix(seed.wrapping_add(i as u64)));
        });
        factors
    }

    /// Four draws of 16 bits from each state.
    fn fill(self, chunk: &mut [f32], mut state: u64) {
        let dropped = (self.rate * 65_536.0).round() as u64;
        let kept = self.factor();
        for four in chunk.chunks_mut(4) {
            state = state.wrapping_add(GOLDEN);
            let bits = mix(state);
            for (lane, factor) in four.iter_mut().enumerate() {
                let draw = (bits >> (16 * lane)) & 0xffff;
                *factor = if draw < dropped { 0.0 } else { kept };
            }
        }
    }
}

/// 2⁶⁴ / golden ratio: the step of `SplitMix64`.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
pub(super) fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// A seed drawn from the device's own generator, so that `Backend::seed` fixes it.
pub(super) fn seed(device: &crate::Device) -> u64 {
    let drawn: Tensor<Backend, 1> = Tensor::random([2], Distribution::Uniform(0.0, 1.0), device);
    let words = on_cpu::read(drawn.inner(), |values| {
        values.iter().fold(0u64, |words, value| (words << 32) | u64::from(value.to_bits()))
    });
    mix(words.wrapping_mul(GOLDEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, DeviceChoice};

    fn drop_ones(rate: f64) -> Vec<f32> {
        let device = Device::autodiff(DeviceChoice::Cpu.open().unwrap().device);
        let ones = Tensor::<Backend, 2>::ones([300, 500], &device);
        Dropout::new(rate).forward(ones).into_data().to_vec().unwrap()
    }

    #[test]
    fn drops_at_the_rate_and_keeps_the_mean() {
        let values = drop_ones(0.1);
        let dropped = values.iter().filter(|&&value| value == 0.0).count() as f64;
        assert!((dropped / values.len() as f64 - 0.1).abs() < 0.005);
        assert!(values.iter().all(|&value| value == 0.0 || (value - 1.0 / 0.9).abs() < 1e-6));
        assert_ne!(values, drop_ones(0.1));
    }

    #[test]
    fn neighbours_are_independent() {
        let values = Dropout::new(0.5).factors(200_000, 3);
        for gap in [1, 2, 3, 4, 5, CHUNK] {
            let pairs = values.iter().zip(&values[gap..]);
            let equal = pairs.clone().filter(|(a, b)| (**a == 0.0) == (**b == 0.0)).count() as f64;
            let share = equal / pairs.count() as f64;
            assert!((share - 0.5).abs() < 0.01, "gap {gap}: {share}");
        }
    }

    #[test]
    fn inference_keeps_everything() {
        let device = DeviceChoice::Cpu.open().unwrap().device;
        let ones = Tensor::<Backend, 2>::ones([3, 5], &device);
        let values: Vec<f32> = Dropout::new(0.9).forward(ones).into_data().to_vec().unwrap();
        assert_eq!(values, [1.0; 15]);
    }
}
