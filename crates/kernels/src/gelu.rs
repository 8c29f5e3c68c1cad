use crate::level::Level;
use crate::vector::exp;

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
