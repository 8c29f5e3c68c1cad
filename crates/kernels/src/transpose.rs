//! 16 rows of 16 values of 32 bits, turned in registers.

use std::arch::x86_64::{
    __m512i, _mm512_shuffle_i32x4, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

/// Rows, and columns.
pub(crate) const SIDE: usize = 16;

/// The columns of `rows`: in pairs of rows, then of those, within a quarter of each vector, then by
/// whole quarters.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn transpose(rows: &[__m512i; SIDE]) -> [__m512i; SIDE] {
    /// Quarters 0 and 2 of both, and 1 and 3.
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let mut turned = *rows;
    for four in turned.as_chunks_mut::<4>().0 {
        let [a, b, c, d] = *four;
        let (low, high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (low_of, high_of) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        *four = [
            _mm512_unpacklo_epi64(low, low_of),
            _mm512_unpackhi_epi64(low, low_of),
            _mm512_unpacklo_epi64(high, high_of),
            _mm512_unpackhi_epi64(high, high_of),
        ];
    }
    let mut columns = turned;
    for i in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|four| turned[four + i]);
        let even = [_mm512_shuffle_i32x4::<EVEN>(a, b), _mm512_shuffle_i32x4::<EVEN>(c, d)];
        let odd = [_mm512_shuffle_i32x4::<ODD>(a, b), _mm512_shuffle_i32x4::<ODD>(c, d)];
        columns[i] = _mm512_shuffle_i32x4::<EVEN>(even[0], even[1]);
        columns[4 + i] = _mm512_shuffle_i32x4::<EVEN>(odd[0], odd[1]);
        columns[8 + i] = _mm512_shuffle_i32x4::<ODD>(even[0], even[1]);
        columns[12 + i] = _mm512_shuffle_i32x4::<ODD>(odd[0], odd[1]);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::{SIDE, transpose};
    use crate::level::Level;
    use std::arch::x86_64::{_mm512_loadu_si512, _mm512_storeu_si512};

    #[target_feature(enable = "avx512f")]
    fn turned(rows: &[[i32; SIDE]; SIDE]) -> [[i32; SIDE]; SIDE] {
        // SAFETY: each holds a vector.
        #[expect(unsafe_code)]
        let rows = rows.map(|row| unsafe { _mm512_loadu_si512(row.as_ptr().cast()) });
        let columns = transpose(&rows);
        columns.map(|column| {
            let mut values = [0; SIDE];
            // SAFETY: as above.
            #[expect(unsafe_code)]
            unsafe {
                _mm512_storeu_si512(values.as_mut_ptr().cast(), column);
            }
            values
        })
    }

    #[test]
    fn rows_become_columns() {
        if !Level::Avx512.is_available() {
            return;
        }
        let rows = std::array::from_fn(|row| std::array::from_fn(|i| (100 * row + i) as i32));
        let expected = std::array::from_fn(|i| std::array::from_fn(|row| (100 * row + i) as i32));
        // SAFETY: the CPU has AVX-512.
        #[expect(unsafe_code)]
        let found = unsafe { turned(&rows) };
        assert_eq!(found, expected);
    }
}
