//! A layer on a Vulkan device, which may be a software one, against the same in f64 and against
//! differences of its own values.
#![cfg(feature = "vulkan")]

mod support;

use burn_backend::DType;
use canto_gpu::{Draws, LayerWeights, Sizes, Stream, backward, forward};
use cubecl::wgpu::WgpuRuntime;
use support::{Gpu, Numbers, download, upload};

const ROWS: usize = 3;
const TOKENS: usize = 24;
const HEADS: usize = 2;
const WIDTH: usize = 48;
const INNER: usize = 80;

/// Everything that goes into a layer, flat: eight pairs of weights, then the input.
#[derive(Clone)]
struct Case {
    weights: Vec<Vec<f32>>,
    x: Vec<f32>,
    distances: Vec<f32>,
    dropout: f64,
    /// Whether the first token of a row alone asks; then distances have no say.
    first_only: bool,
}

const SHAPES: [[usize; 2]; 16] = [
    [WIDTH, WIDTH],
    [1, WIDTH],
    [WIDTH, WIDTH],
    [1, WIDTH],
    [WIDTH, WIDTH],
    [1, WIDTH],
    [WIDTH, WIDTH],
    [1, WIDTH],
    [1, WIDTH],
    [1, WIDTH],
    [WIDTH, INNER],
    [1, INNER],
    [INNER, WIDTH],
    [1, WIDTH],
    [1, WIDTH],
    [1, WIDTH],
];

impl Case {
    fn new(seed: u64, dropout: f64) -> Self {
        let mut numbers = Numbers(seed);
        let weights = SHAPES.iter().enumerate().map(|(i, [a, b])| {
            let mut values = numbers.many(a * b, 0.3);
            if i == 8 || i == 14 {
                values.iter_mut().for_each(|x| *x += 1.0);
            }
            values
        });
        let weights = weights.collect();
        let x = numbers.many(ROWS * TOKENS * WIDTH, 1.0);
        Self {
            weights,
            x,
            distances: numbers.many(HEADS * TOKENS * TOKENS, 0.5),
            dropout,
            first_only: false,
        }
    }

    fn uploaded(&self) -> LayerWeights<WgpuRuntime> {
        let pair = |i: usize| {
            [i, i + 1].map(|i| match SHAPES[i] {
                [1, n] => upload(&self.weights[i], [n]),
                shape => upload(&self.weights[i], shape),
            })
        };
        LayerWeights {
            query: pair(0),
            key: pair(2),
            value: pair(4),
            attended: pair(6),
            attention_norm: pair(8),
            inner: pair(10),
            outer: pair(12),
            norm: pair(14),
        }
    }

    /// Rows of the output.
    fn asking(&self) -> usize {
        if self.first_only { ROWS } else { ROWS * TOKENS }
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            rows: ROWS,
            tokens: TOKENS,
            heads: HEADS,
            format: DType::F32,
            attention_dropout: self.dropout,
            hidden_dropout: self.dropout,
            epsilon: 1e-5,
        }
    }
}

/// The last five keys of the second row are not to be seen.
fn keys() -> Vec<f32> {
    let mut keys = vec![0.0; ROWS * TOKENS];
    keys[2 * TOKENS - 5..2 * TOKENS].fill(-1e4);
    keys
}

struct Ran {
    y: Vec<f32>,
    /// Of the input, then of the weights.
    gradients: Vec<Vec<f32>>,
    of_scores: Vec<f32>,
}

fn run(case: &Case, above: &[f32]) -> Ran {
    let weights = case.uploaded();
    let x = Stream::new(upload(&case.x, [ROWS * TOKENS, WIDTH]), DType::F32);
    let keys = upload(&keys(), [ROWS, TOKENS]);
    let distances = upload(&case.distances, [HEADS, TOKENS, TOKENS]);
    let mut draws = Draws::new(upload(&[0.3, 0.7], [2]));
    let distances = (!case.first_only).then_some(&distances);
    let (y, kept) =
        forward(&weights, &x, &keys, distances, case.sizes(), case.first_only, &mut draws);
    let above = upload(above, [case.asking(), WIDTH]);
    let found = backward(&weights, &kept, (&above, None), case.sizes());
    let (below, more) = found.input;
    let input = download(&below).iter().zip(download(&more)).map(|(a, b)| a + b).collect();
    let mut all = vec![input];
    all.extend(found.weights.iter().map(download));
    Ran { y: download(&y.wide), gradients: all, of_scores: download(&found.scores) }
}

fn dense(x: &[f64], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let (inputs, outputs) = (weight.len() / bias.len(), bias.len());
    x.chunks(inputs)
        .flat_map(|x| {
            (0..outputs).map(move |o| {
                let sum: f64 =
                    x.iter().enumerate().map(|(i, x)| x * f64::from(weight[i * outputs + o])).sum();
                sum + f64::from(bias[o])
            })
        })
        .collect()
}

fn normed(x: &[f64], gamma: &[f32], beta: &[f32]) -> Vec<f64> {
    x.chunks(WIDTH)
        .flat_map(|x| {
            let mean = x.iter().sum::<f64>() / WIDTH as f64;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / WIDTH as f64;
            let slope = 1.0 / (variance + 1e-5).sqrt();
            x.iter()
                .enumerate()
                .map(move |(i, x)| (x - mean) * slope * f64::from(gamma[i]) + f64::from(beta[i]))
        })
        .collect()
}

/// Φ by a series, to 1e-12 where |x| < 6.
fn below(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / 2.0 * (2 * n - 1) as f64 / ((2 * n + 1) as f64 * n as f64);
        sum += term;
    }
    0.5 + sum / (2.0 * std::f64::consts::PI).sqrt()
}

/// The same without dropout, in f64 and as slowly as it is written down.
fn plain(case: &Case) -> Vec<f64> {
    let w = |i: usize| case.weights[i].as_slice();
    let x: Vec<f64> = case.x.iter().map(|x| f64::from(*x)).collect();
    let (q, k, v) = (dense(&x, w(0), w(1)), dense(&x, w(2), w(3)), dense(&x, w(4), w(5)));
    let (size, keys) = (WIDTH / HEADS, keys());
    let mut mixed = vec![0.0; x.len()];
    for (row, head) in (0..ROWS).flat_map(|r| (0..HEADS).map(move |h| (r, h))) {
        let at = |token: usize, i: usize| (row * TOKENS + token) * WIDTH + head * size + i;
        for query in 0..TOKENS {
            let scores: Vec<f64> = (0..TOKENS)
                .map(|key| {
                    let dot: f64 = (0..size).map(|i| q[at(query, i)] * k[at(key, i)]).sum();
                    let distance = case.distances[(head * TOKENS + query) * TOKENS + key];
                    dot / (size as f64).sqrt()
                        + f64::from(keys[row * TOKENS + key])
                        + f64::from(distance)
                })
                .collect();
            let most = scores.iter().copied().fold(f64::MIN, f64::max);
            let total: f64 = scores.iter().map(|s| (s - most).exp()).sum();
            for i in 0..size {
                mixed[at(query, i)] =
                    (0..TOKENS).map(|key| (scores[key] - most).exp() / total * v[at(key, i)]).sum();
            }
        }
    }
    let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f64>>();
    let attended = normed(&sum(&dense(&mixed, w(6), w(7)), &x), w(8), w(9));
    let inner: Vec<f64> = dense(&attended, w(10), w(11)).iter().map(|x| x * below(*x)).collect();
    normed(&sum(&dense(&inner, w(12), w(13)), &attended), w(14), w(15))
}

#[test]
fn values_equal_the_plain_ones() {
    let case = Case::new(5, 0.0);
    let ran = run(&case, &vec![0.0; case.x.len()]);
    for (i, (found, expected)) in ran.y.iter().zip(plain(&case)).enumerate() {
        assert!(
            (f64::from(*found) - expected).abs() < 2e-4,
            "at {i}: {found}, expected {expected}"
        );
    }
}

/// Σ above·y along a direction in which everything moves, by differences.
fn slope(case: &Case, above: &[f32], which: usize, direction: &[f32], by: f32) -> f64 {
    let value = |sign: f32| {
        let mut moved = case.clone();
        let values = if which == 0 { &mut moved.x } else { &mut moved.weights[which - 1] };
        values.iter_mut().zip(direction).for_each(|(x, d)| *x += sign * by * d);
        let y = run(&moved, above).y;
        y.iter().zip(above).map(|(y, a)| f64::from(*y) * f64::from(*a)).sum::<f64>()
    };
    (value(1.0) - value(-1.0)) / (2.0 * f64::from(by))
}

fn gradients_equal_differences(dropout: f64, first_only: bool) {
    let case = Case { first_only, ..Case::new(11, dropout) };
    let mut numbers = Numbers(3);
    let above = numbers.many(case.asking() * WIDTH, 1.0);
    let ran = run(&case, &above);
    for which in 0..=16 {
        let found = &ran.gradients[which];
        let direction = numbers.many(found.len(), 1.0);
        let along: f64 =
            found.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
        let norm = found.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let expected = slope(&case, &above, which, &direction, 2e-3);
        // The key's bias moves nothing: all scores of a query rise alike.
        let scale = norm.max(0.5);
        assert!(
            (along - expected).abs() < 0.02 * scale,
            "{which}: {along}, expected {expected}, norm {norm}"
        );
    }
}

#[test]
fn gradients_equal_differences_without_dropout() {
    gradients_equal_differences(0.0, false);
}

#[test]
fn gradients_equal_differences_with_dropout() {
    gradients_equal_differences(0.3, false);
}

#[test]
fn gradients_equal_differences_where_the_first_token_alone_asks() {
    gradients_equal_differences(0.3, true);
}

#[test]
fn the_first_token_alone_is_the_first_of_all() {
    let case = Case { distances: vec![0.0; HEADS * TOKENS * TOKENS], ..Case::new(41, 0.0) };
    let all = run(&case, &vec![0.0; case.x.len()]).y;
    let first = run(&Case { first_only: true, ..case }, &vec![0.0; ROWS * WIDTH]).y;
    for (row, first) in first.chunks(WIDTH).enumerate() {
        let expected = &all[row * TOKENS * WIDTH..][..WIDTH];
        for (found, expected) in first.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "row {row}: {found}, expected {expected}");
        }
    }
}

#[test]
fn scores_gradient_is_that_of_distances() {
    let case = Case::new(17, 0.3);
    let mut numbers = Numbers(29);
    let above = numbers.many(case.x.len(), 1.0);
    let direction = numbers.many(case.distances.len(), 1.0);
    let found = run(&case, &above).of_scores;
    let along: f64 = found
        .iter()
        .enumerate()
        .map(|(i, g)| f64::from(*g) * f64::from(direction[i % direction.len()]))
        .sum();
    let value = |sign: f32| {
        let mut moved = case.clone();
        moved.distances.iter_mut().zip(&direction).for_each(|(x, d)| *x += sign * 2e-3 * d);
        let y = run(&moved, &above).y;
        y.iter().zip(&above).map(|(y, a)| f64::from(*y) * f64::from(*a)).sum::<f64>()
    };
    let expected = (value(1.0) - value(-1.0)) / 4e-3;
    assert!(
        (along - expected).abs() < 0.05 * expected.abs().max(1.0),
        "{along}, expected {expected}"
    );
}

#[test]
fn dropout_drops_at_its_rate_and_differs_from_place_to_place() {
    let case = Case { dropout: 0.5, ..Case::new(23, 0.5) };
    let none = Case { dropout: 0.0, ..case.clone() };
    let zero = vec![0.0; case.x.len()];
    let (a, b) = (run(&case, &zero).y, run(&none, &zero).y);
    let apart = a.iter().zip(&b).filter(|(a, b)| (*a - *b).abs() > 1e-4).count();
    assert!(apart > a.len() / 2, "{apart} of {} differ", a.len());
    assert_eq!(a, run(&case, &zero).y, "the same seed drops the same");
}

#[test]
fn adamw_equals_the_formula() {
    use canto_gpu::{AdamWStep, adamw};
    let mut numbers = Numbers(7);
    for count in [1, 6, 1000] {
        let [p, g, m] = [1.0, 0.1, 0.01].map(|scale| numbers.many(count, scale));
        let v: Vec<f32> = numbers.many(count, 0.01).iter().map(|x| x.abs()).collect();
        let step = AdamWStep {
            beta1: [0.9, 0.1],
            beta2: [0.99, 0.01],
            step: 0.02,
            kept: 0.999,
            root: 1.5,
            epsilon: 1e-6,
        };
        let given = [&p, &m, &v].map(|values| upload(values, [count]));
        let factor = upload(&[0.5], [1]);
        let found = adamw(given, &upload(&g, [count]), Some(&factor), step).map(|x| download(&x));
        for i in 0..count {
            let g = 0.5 * g[i];
            let (m, v) = (0.9 * m[i] + 0.1 * g, 0.99 * v[i] + 0.01 * g * g);
            let expected = [0.999 * p[i] - 0.02 * m / (1.5 * v.sqrt() + 1e-6), m, v];
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found[i] - expected).abs() < 1e-6,
                    "{i}: {}, expected {expected}",
                    found[i]
                );
            }
        }
    }
}

#[test]
fn the_norm_is_that_of_all_values() {
    let mut numbers = Numbers(13);
    let lists: Vec<Vec<f32>> = [3, 40_000, 1].iter().map(|n| numbers.many(*n, 1.0)).collect();
    let tensors: Vec<Gpu> = lists.iter().map(|list| upload(list, [list.len()])).collect();
    let expected = lists.iter().flatten().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let found = f64::from(download(&canto_gpu::norm(&tensors).unwrap())[0]);
    assert!((found / expected - 1.0).abs() < 1e-5, "{found}, expected {expected}");
    assert!(canto_gpu::norm::<WgpuRuntime>(&[]).is_none());
}
