//! Gradients of tables on a Vulkan device, which may be a software one, against plain sums.
#![cfg(feature = "vulkan")]

mod support;

use burn_backend::DType;
use canto_gpu::{diagonals, scatter};
use support::{Gpu, Numbers, download, made, upload};

fn upload_ids(ids: &[i32]) -> Gpu {
    made(ids.iter().flat_map(|id| id.to_le_bytes()).collect(), [ids.len()], DType::I32)
}

fn assert_near(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*found) - expected).abs() < 1e-4, "{i}: {found}, expected {expected}");
    }
}

#[test]
fn rows_that_were_looked_up_get_the_sum_of_their_gradients() {
    // More rows than classes, fewer, one; widths with vectors of four and without.
    for (rows, width, count) in [(300, 96, 70), (5, 48, 40), (1, 7, 9), (129, 260, 1)] {
        let mut numbers = Numbers(rows as u64);
        let gradient = numbers.many(count * width, 1.0);
        let ids: Vec<i32> =
            (0..count).map(|_| (numbers.next().abs() * rows as f32) as i32 % rows as i32).collect();
        let mut expected = vec![0.0f64; rows * width];
        for (id, gradient) in ids.iter().zip(gradient.chunks(width)) {
            for (sum, term) in expected[*id as usize * width..].iter_mut().zip(gradient) {
                *sum += f64::from(*term);
            }
        }
        let table = scatter(&upload(&gradient, [count, width]), &upload_ids(&ids), rows);
        assert_near(&download(&table), &expected);
    }
}

#[test]
fn scores_of_the_same_distance_are_summed() {
    for (songs, heads, tokens) in [(3, 2, 24), (2, 3, 130), (1, 1, 1), (4, 2, 65)] {
        let scores = Numbers(tokens as u64).many(songs * heads * tokens * tokens, 1.0);
        let distances = 2 * tokens - 1;
        let mut expected = vec![0.0f64; heads * distances];
        for (matrix, scores) in scores.chunks(tokens * tokens).enumerate() {
            for (at, score) in scores.iter().enumerate() {
                let distance = at % tokens + tokens - 1 - at / tokens;
                expected[matrix % heads * distances + distance] += f64::from(*score);
            }
        }
        let found = diagonals(&upload(&scores, [songs, heads, tokens, tokens]));
        assert_near(&download(&found), &expected);
    }
}
