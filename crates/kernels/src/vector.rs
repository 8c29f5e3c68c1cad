//! Folds of rows, and scalar functions written so that the compiler vectorises loops over them.

use pulp::{Scalar, Simd};

/// Accumulators: a vector alone would wait for its own last step.
const WIDE: usize = 4;

/// How two values become one.
pub(crate) trait Join {
    /// Lane by lane.
    fn join<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s;

    /// All lanes to one value.
    fn reduce<S: Simd>(simd: S, a: S::f32s) -> f32;
}

macro_rules! joins {
    ($($name:ident: $join:ident, $reduce:ident;)*) => {$(
        pub(crate) struct $name;

        impl Join for $name {
            #[inline(always)]
            fn join<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
                simd.$join(a, b)
            }

            #[inline(always)]
            fn reduce<S: Simd>(simd: S, a: S::f32s) -> f32 {
                simd.$reduce(a)
            }
        }
    )*};
}

joins! {
    Max: max_f32s, reduce_max_f32s;
    Add: add_f32s, reduce_sum_f32s;
}

/// How a row is folded to one value.
pub(crate) trait Fold: Copy {
    /// How its values are joined.
    type By: Join;
    /// What the fold of no value is.
    const START: f32;

    /// What of a value is joined.
    #[inline(always)]
    fn map<S: Simd>(self, _: S, x: S::f32s) -> S::f32s {
        x
    }
}

/// The largest value.
#[derive(Clone, Copy)]
pub(crate) struct Largest;
/// The largest absolute value, 0 of none.
#[derive(Clone, Copy)]
pub(crate) struct Magnitude;
/// The sum.
#[derive(Clone, Copy)]
pub(crate) struct Sum;
/// The sum of the squared differences from a value.
#[derive(Clone, Copy)]
pub(crate) struct Squares {
    pub(crate) from: f32,
}

impl Fold for Largest {
    type By = Max;
    const START: f32 = f32::NEG_INFINITY;
}

impl Fold for Magnitude {
    type By = Max;
    const START: f32 = 0.0;

    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        simd.abs_f32s(x)
    }
}

impl Fold for Sum {
    type By = Add;
    const START: f32 = 0.0;
}

impl Fold for Squares {
    type By = Add;
    const START: f32 = 0.0;

    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        let off = simd.sub_f32s(x, simd.splat_f32s(self.from));
        simd.mul_f32s(off, off)
    }
}

/// Folds a row. Said in vectors: left to itself the compiler keeps the accumulators in memory.
#[inline(always)]
pub(crate) fn fold<S: Simd, F: Fold>(simd: S, how: F, values: &[f32]) -> f32 {
    let (vectors, rest) = S::as_simd_f32s(values);
    let (blocks, single) = vectors.as_chunks::<WIDE>();
    let start = simd.splat_f32s(F::START);
    let mut lanes = [start; WIDE];
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = F::By::join(simd, *lane, how.map(simd, x));
        }
    }
    let mut all = lanes.into_iter().fold(start, |all, lane| F::By::join(simd, all, lane));
    for &x in single {
        all = F::By::join(simd, all, how.map(simd, x));
    }
    let folded = F::By::reduce(simd, all);
    rest.iter().fold(folded, |folded, &x| F::By::join(Scalar, folded, how.map(Scalar, x)))
}

/// The smallest value and the largest, of none the infinities that any value replaces.
#[inline(always)]
pub(crate) fn range<S: Simd>(simd: S, values: &[f32]) -> (f32, f32) {
    let (vectors, rest) = S::as_simd_f32s(values);
    let (blocks, single) = vectors.as_chunks::<WIDE>();
    let mut low = [simd.splat_f32s(f32::INFINITY); WIDE];
    let mut high = [simd.splat_f32s(f32::NEG_INFINITY); WIDE];
    let mut join = |lane: usize, x| {
        low[lane] = simd.min_f32s(low[lane], x);
        high[lane] = simd.max_f32s(high[lane], x);
    };
    for block in blocks {
        for (lane, &x) in block.iter().enumerate() {
            join(lane, x);
        }
    }
    for &x in single {
        join(0, x);
    }
    let low = low.into_iter().reduce(|a, b| simd.min_f32s(a, b));
    let high = high.into_iter().reduce(|a, b| simd.max_f32s(a, b));
    let low = low.map_or(f32::INFINITY, |low| simd.reduce_min_f32s(low));
    let high = high.map_or(f32::NEG_INFINITY, |high| simd.reduce_max_f32s(high));
    rest.iter().fold((low, high), |(low, high), &x| (smaller(x, low), larger(x, high)))
}

/// 1.5·2²³: adding it rounds to an integer, which then sits in the low bits.
pub(crate) const ROUND: f32 = 12_582_912.0;

/// The larger one; unlike `f32::max` a single instruction, as no NaN need be looked for.
#[inline(always)]
pub(crate) fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The smaller one.
#[inline(always)]
pub(crate) fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// a·b + c: FUSED in one instruction, which must not be asked of a CPU that has none.
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// eˣ to about 3e-7 relative, 0 far below: 2ⁿ·eʳ with |r| ≤ ln 2 / 2, eʳ by its Taylor series.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// Below it, eˣ is not a normal number.
    const LOWEST: f32 = -87.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = smaller(larger(x, LOWEST), 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let series = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let series = 1.0 / 24.0 + r * (1.0 / 120.0 + r * series);
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * series)));
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127);
    let value = series * f32::from_bits(exponent << 23);
    if x > LOWEST { value } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;
    use pulp::WithSimd;

    struct Folded<'a, F>(F, &'a [f32]);

    impl<F: Fold> WithSimd for Folded<'_, F> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            fold(simd, self.0, self.1)
        }
    }

    struct Range<'a>(&'a [f32]);

    impl WithSimd for Range<'_> {
        type Output = (f32, f32);

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> (f32, f32) {
            range(simd, self.0)
        }
    }

    #[test]
    fn folds_take_every_value_once() {
        for level in Level::available() {
            for count in 0..200 {
                // Small integers: sums are exact in any order.
                let values: Vec<f32> = (0..count).map(|i| (i * 37 % 101 - 50) as f32).collect();
                let each = || values.iter().copied();
                let of = |x: f32| (x - 3.0) * (x - 3.0);
                let largest = each().fold(f32::NEG_INFINITY, f32::max);
                let smallest = each().fold(f32::INFINITY, f32::min);
                let magnitude = each().map(f32::abs).fold(0.0, f32::max);
                let (sum, squares): (f32, f32) = (each().sum(), each().map(of).sum());
                let found = [
                    level.run_with(Folded(Largest, &values)),
                    level.run_with(Folded(Magnitude, &values)),
                    level.run_with(Folded(Sum, &values)),
                    level.run_with(Folded(Squares { from: 3.0 }, &values)),
                ];
                let expected = [largest, magnitude, sum + 0.0, squares + 0.0];
                let bits = |values: [f32; 4]| values.map(f32::to_bits);
                assert_eq!(bits(found), bits(expected), "{count} values, {level}");
                assert_eq!(level.run_with(Range(&values)), (smallest, largest), "{count} {level}");
            }
        }
    }

    #[test]
    fn exp_is_exact_enough() {
        for i in -8699..8700 {
            let x = i as f32 / 100.0;
            let expected = f64::from(x).exp();
            let off = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(off < 3e-7, "exp({x}) off by {off}");
        }
        assert!(exp(-1e4) == 0.0 && exp(-87.0) == 0.0);
    }
}
