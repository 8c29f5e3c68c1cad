//! GELU with the error function.

use super::lanes::{exp, map_pieces, map_to_pairs, vectorised};
use super::on_cpu;
use crate::Backend;
use burn::tensor::backend::Backend as _;
use burn::tensor::{Tensor, activation};

/// x·Φ(x), [rows, width] → [rows, width].
///
/// On the CPU the values, and in training the slopes, come from one parallel pass; the slopes
/// enter the graph as x·slope + (value − x·slope), whose gradient is the slope and whose value
/// is the value.
pub(crate) fn gelu(x: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
    let device = x.device();
    if !on_cpu::is(&device, x.dtype()) {
        return activation::gelu(x);
    }
    let shape = x.shape();
    if !Backend::ad_enabled(&device) {
        let values = on_cpu::read(x, values);
        return on_cpu::tensor(values, shape, &device);
    }
    let (slopes, rests) = on_cpu::read(x.clone().inner(), slopes_and_rests);
    let slopes = on_cpu::tensor(slopes, shape.clone(), &device);
    x * slopes + on_cpu::tensor(rests, shape, &device)
}

fn values(input: &[f32]) -> Vec<f32> {
    let mut output = vec![0.0; input.len()];
    map_pieces(input, 1, &mut output, |_, input, output| {
        vectorised(
            #[inline(always)]
            || {
                for (y, &x) in output.iter_mut().zip(input) {
                    *y = x * normal(x).0;
                }
            },
        );
    });
    output
}

/// (slope, value − x·slope) of every element.
fn slopes_and_rests(input: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (mut slopes, mut rests) = (vec![0.0; input.len()], vec![0.0; input.len()]);
    map_to_pairs(input, 1, &mut slopes, &mut rests, |_, input, slopes, rests| {
        vectorised(
            #[inline(always)]
            || {
                for ((slope, rest), &x) in slopes.iter_mut().zip(rests).zip(input) {
                    let (below, density) = normal(x);
                    *slope = below + x * density;
                    *rest = x * below - x * *slope;
                }
            },
        );
    });
    (slopes, rests)
}

/// Φ(x) and φ(x) of the standard normal distribution, Φ to 1e-7.
///
/// erfc by Abramowitz and Stegun, 7.1.26; the exponential in it is φ's.
#[inline(always)]
pub(super) fn normal(x: f32) -> (f32, f32) {
    let bell = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2 * x.abs());
    let series = -1.453_152_1 + t * 1.061_405_4;
    let series = 0.254_829_6 + t * (-0.284_496_72 + t * (1.421_413_8 + t * series));
    let tail = 0.5 * t * series * bell;
    let below = if x >= 0.0 { 1.0 - tail } else { tail };
    (below, bell * 0.398_942_3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, DeviceChoice};

    fn cpu() -> Device {
        DeviceChoice::Cpu.open().unwrap().device
    }

    fn points() -> Vec<f32> {
        (-4000..=4000).map(|i| i as f32 / 400.0).collect()
    }

    fn on(device: &Device) -> Tensor<Backend, 2> {
        Tensor::<Backend, 1>::from_floats(points().as_slice(), device).reshape([3, -1])
    }

    fn assert_close<const D: usize>(found: Tensor<Backend, D>, expected: Tensor<Backend, D>) {
        let (found, expected) = (found.into_data(), expected.into_data());
        let (found, expected) = (found.as_slice::<f32>(), expected.as_slice::<f32>());
        for ((x, found), expected) in points().iter().zip(found.unwrap()).zip(expected.unwrap()) {
            assert!((found - expected).abs() < 1e-6, "at {x}: {found}, expected {expected}");
        }
    }

    #[test]
    fn inference_equals_the_exact_one() {
        assert_close(gelu(on(&cpu())), activation::gelu(on(&cpu())));
    }

    #[test]
    fn training_has_the_exact_values_and_slopes() {
        let device = Device::autodiff(cpu());
        let slopes = |f: fn(Tensor<Backend, 2>) -> Tensor<Backend, 2>| {
            let x = on(&device).require_grad();
            let y = f(x.clone());
            let gradients = (y.clone() * 1.5).sum().backward();
            (y.inner(), x.grad(&gradients).unwrap())
        };
        let (found, expected) = (slopes(gelu), slopes(activation::gelu));
        assert_close(found.0, expected.0);
        assert_close(found.1, expected.1);
    }
}
