//! Scalar functions written so that the compiler vectorises loops over them.

/// Lanes of the widest vector unit.
const LANES: usize = 16;
/// Accumulators: a vector alone would wait for its own last step.
const WIDE: usize = 4 * LANES;

/// Folds with one accumulator a lane: in order, floats would be folded one by one.
#[inline(always)]
pub(crate) fn fold<T: Copy>(
    values: &[T],
    start: f32,
    map: impl Fn(T) -> f32,
    join: impl Fn(f32, f32) -> f32,
) -> f32 {
    let (blocks, rest) = values.as_chunks::<WIDE>();
    let mut lanes = [start; WIDE];
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = join(*lane, map(value));
        }
    }
    halve(&mut lanes, 2 * LANES, &join);
    halve(&mut lanes, LANES, &join);
    let (blocks, rest) = rest.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = join(*lane, map(value));
        }
    }
    for half in [8, 4, 2, 1] {
        halve(&mut lanes, half, &join);
    }
    rest.iter().fold(lanes[0], |folded, &value| join(folded, map(value)))
}

/// Joins the second `half` of the lanes to the first.
#[inline(always)]
fn halve(lanes: &mut [f32; WIDE], half: usize, join: impl Fn(f32, f32) -> f32) {
    for i in 0..half {
        lanes[i] = join(lanes[i], lanes[i + half]);
    }
}

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
    /// 1.5·2²³: adding it rounds to an integer, which then sits in the low bits.
    const ROUND: f32 = 12_582_912.0;
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
