use crate::level::Level;
use crate::vector::{exp, larger, multiply_add, smaller};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m512, _mm512_fmadd_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_set1_ps,
};

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

/// The same to 1.2e-4·(1 + |x|), for what is rounded to bf16 or int8 next: Φ(x) − 1/2 by a
/// polynomial in −3.5 to 3.5, constant beyond, of which x·Φ(x) is nearest by that measure; a
/// third of the instructions. FUSED is whether the CPU multiplies and adds at once.
#[inline(always)]
pub(crate) fn gelu_near<const FUSED: bool>(x: f32) -> f32 {
    let within = smaller(larger(x, -FAR), FAR);
    let square = within * within;
    let step = |sum, &factor: &f32| multiply_add::<FUSED>(sum, square, factor);
    let series = SERIES.iter().rev().skip(1).fold(SERIES[5], step);
    x * multiply_add::<FUSED>(within, series, 0.5)
}

/// The same of 16 values.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
pub(crate) fn gelu_near_vector(x: __m512) -> __m512 {
    let within = _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(-FAR)), _mm512_set1_ps(FAR));
    let square = _mm512_mul_ps(within, within);
    let mut series = _mm512_set1_ps(SERIES[5]);
    for &factor in SERIES[..5].iter().rev() {
        series = _mm512_fmadd_ps(series, square, _mm512_set1_ps(factor));
    }
    _mm512_mul_ps(x, _mm512_fmadd_ps(within, series, _mm512_set1_ps(0.5)))
}

/// Beyond it the polynomial is constant.
const FAR: f32 = 3.5;
/// Of x, x³, x⁵ and so on.
const SERIES: [f32; 6] =
    [0.397_823_54, -0.064_211_42, 0.008_474_405, -0.000_721_506, 3.466_344_4e-5, -7.045_659e-7];

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

    /// What the vectors' form makes of 16 values.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
    fn by_vector(x: [f32; 16]) -> [f32; 16] {
        use std::arch::x86_64::{_mm512_loadu_ps, _mm512_storeu_ps};
        let mut y = [0.0; 16];
        // SAFETY: both hold 16 values.
        #[expect(unsafe_code)]
        unsafe {
            _mm512_storeu_ps(y.as_mut_ptr(), super::gelu_near_vector(_mm512_loadu_ps(x.as_ptr())));
        }
        y
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn vectors_hold_the_same() {
        if !crate::level::Level::Avx512.is_available() {
            return;
        }
        for i in -100..100 {
            let x = std::array::from_fn(|lane| i as f32 / 10.0 + lane as f32 / 160.0);
            // SAFETY: the CPU has AVX-512.
            #[expect(unsafe_code)]
            let found = unsafe { by_vector(x) };
            assert_eq!(found.map(f32::to_bits), x.map(|x| gelu_near::<true>(x).to_bits()));
        }
    }

    #[test]
    fn the_polynomial_is_near() {
        for i in -1500..=1500 {
            let x = i as f32 / 100.0;
            let near = [gelu_near::<false>(x), gelu_near::<true>(x)];
            for near in near {
                let off = (near - gelu(x)).abs();
                assert!(off <= 1.2e-4 * (1.0 + x.abs()), "gelu({x}) off by {off}");
            }
        }
    }
}
