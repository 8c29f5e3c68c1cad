//! Weights in groups of four bytes a column, as the instructions take them that multiply and add
//! four int8 or two values of 16 bits at once.

use crate::lasting::Lasting;
use pulp::bytemuck::Zeroable;
use rayon::prelude::*;

/// Columns of a panel: two vectors of AVX-512.
pub(crate) const PANEL: usize = 32;

/// A few inputs' weights in a panel: four bytes a column, the first input lowest.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Group(pub(crate) [u32; PANEL]);

// SAFETY: integers may be 0.
#[expect(unsafe_code)]
unsafe impl Zeroable for Group {}

/// `weights` [outputs, inputs] as [panel][group][column], `each` inputs a group, which `pack`
/// joins; it is given fewer where the inputs end. What is past the last output is 0.
pub(crate) fn grouped<T: Sync>(
    weights: &[T],
    inputs: usize,
    outputs: usize,
    each: usize,
    pack: impl Fn(&[T]) -> u32 + Sync,
) -> Lasting<Group> {
    let depth = inputs.div_ceil(each);
    let mut panels = Lasting::<Group>::zeroed(outputs.div_ceil(PANEL) * depth);
    let sources = weights.par_chunks((PANEL * inputs).max(1));
    panels.par_chunks_mut(depth.max(1)).zip(sources).for_each(|(panel, weights)| {
        for (column, weights) in weights.chunks_exact(inputs).enumerate() {
            for (group, weights) in panel.iter_mut().zip(weights.chunks(each)) {
                group.0[column] = pack(weights);
            }
        }
    });
    panels
}

/// A panel of `depth` groups and the one after it, which is empty after the last.
pub(crate) fn two_panels(groups: &[Group], panel: usize, depth: usize) -> (&[Group], &[Group]) {
    let (this, after) = groups[panel * depth..].split_at(depth);
    (this, after.get(..depth).unwrap_or_default())
}

/// Four int8, those that are missing 0.
#[inline]
pub(crate) fn four(weights: &[i8]) -> u32 {
    let mut bytes = [0; 4];
    for (byte, &weight) in bytes.iter_mut().zip(weights) {
        *byte = weight as u8;
    }
    u32::from_le_bytes(bytes)
}

/// Two values of 16 bits, a missing one 0.
#[inline]
pub(crate) fn two(weights: &[u16]) -> u32 {
    let low = weights.first().copied().unwrap_or_default();
    let high = weights.get(1).copied().unwrap_or_default();
    u32::from(low) | u32::from(high) << 16
}

/// Cuts `rows` into as few parts of at most `most` as there can be, all nearly as high: a last
/// part of few rows would keep the multipliers waiting for their sums. Gives (first, rows).
pub(crate) fn parts(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most);
    // Parts are cut in the innermost loops: one division for all of them.
    let (low, higher) = (rows / count.max(1), rows % count.max(1));
    (0..count).map(move |part| (part * low + part.min(higher), low + usize::from(part < higher)))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_cover_all_rows_evenly() {
        for rows in 0..200 {
            let parts: Vec<_> = parts(rows, 12).collect();
            assert_eq!(parts.len(), rows.div_ceil(12));
            let mut next = 0;
            for &(start, rows) in &parts {
                assert!(start == next && (1..=12).contains(&rows));
                next = start + rows;
            }
            assert_eq!(next, rows);
            let heights = parts.iter().map(|&(_, rows)| rows);
            let (low, high) = (heights.clone().min(), heights.max());
            assert!(high.unwrap_or(0) - low.unwrap_or(0) <= 1);
        }
    }
}
