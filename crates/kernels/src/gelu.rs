use crate::level::Level;
use crate::vector::{exp, larger, multiply_add, smaller};

/// x·Φ(x) with Φ to 1e-7: erfc by Abramowitz and Stegun, *Handbook of Mathematical Functions*,
/// 7.1.26.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    let bell = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2 * x.abs());
    let series = -1.453_152_1 + t * 1.061_405_4;
    let series = 0.254_829_6 + t * (-0.284_496_72 + t * (1.421_413_8 + t * series));
    let tail = 0.5 * t * series * bell;
    x * if x >= 0.0 { 1.0 - tail } else { tail }
}

/// The same to 4e-5·(1 + |x|), for what is rounded to bf16 or int8 next: Φ(x) − 1/2 by a
/// polynomial, fitted for the least error of x·Φ(x) in −4 to 4 and constant beyond; a third of
/// the instructions. FUSED is whether the CPU multiplies and adds at once.
#[inline(always)]
pub(crate) fn gelu_near<const FUSED: bool>(x: f32) -> f32 {
    const SERIES: [f32; 8] = [
        0.398_673_4,
        -0.065_887_83,
        0.009_505_392,
        -0.001_006_488_8,
        7.485_482e-5,
        -3.657_115e-6,
        1.041_953_1e-7,
        -1.301_282_3e-9,
    ];
    let within = smaller(larger(x, -4.0), 4.0);
    let square = within * within;
    let step = |sum, &factor: &f32| multiply_add::<FUSED>(sum, square, factor);
    let series = SERIES.iter().rev().skip(1).fold(SERIES[7], step);
    x * multiply_add::<FUSED>(within, series, 0.5)
}

/// y ← gelu(y + bias), element by element.
pub fn bias_gelu(level: Level, y: &mut [f32], bias: &[f32]) {
    level.run(
        #[inline(always)]
        || bias_gelu_inline(y, bias),
    );
}

#[inline(always)]
pub(crate) fn bias_gelu_inline(y: &mut [f32], bias: &[f32]) {
    for (y, &bias) in y.iter_mut().zip(bias) {
        *y = gelu(*y + bias);
    }
}

#[inline(always)]
pub(crate) fn bias_inline(y: &mut [f32], bias: &[f32]) {
    for (y, &bias) in y.iter_mut().zip(bias) {
        *y += bias;
    }
}

#[cfg(test)]
mod tests {
    use super::{gelu, gelu_near};

    #[test]
    fn the_polynomial_is_near() {
        for i in -1500..=1500 {
            let x = i as f32 / 100.0;
            let near = [gelu_near::<false>(x), gelu_near::<true>(x)];
            for near in near {
                let off = (near - gelu(x)).abs();
                assert!(off <= 4e-5 * (1.0 + x.abs()), "gelu({x}) off by {off}");
            }
        }
    }
}
