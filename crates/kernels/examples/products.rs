//! Rate of the dense layers alone: `products [ROWS]`, best of several runs.

use canto_kernels::{Activation, Buffer, Dense, Int8Weights, Level, Quantised, Spread};
use std::time::Instant;

fn main() {
    let rows = std::env::args().nth(1).and_then(|rows| rows.parse().ok()).unwrap_or(4096);
    for (inputs, outputs) in [(768, 768), (768, 2304), (768, 3072), (3072, 768)] {
        let values: Vec<f32> = (0..inputs * outputs).map(|i| (i % 17) as f32 / 17.0).collect();
        let q: Vec<i8> = (0..inputs * outputs).map(|i| (i % 17) as i8).collect();
        let scales = vec![0.01; outputs];
        for level in Level::available() {
            let dense = Dense::new(level, inputs, values.clone(), vec![0.1; outputs]);
            report(&format!("f32 {level}"), &dense, rows, inputs);
            if Dense::takes_pairs(level) {
                let dense = Dense::of_pairs(level, inputs, values.clone(), vec![0.1; outputs]);
                report(&format!("f32 of pairs {level}"), &dense, rows, inputs);
            }
        }
        let weights = Int8Weights { values: &q, scales: &scales };
        let dense = Dense::int8(Level::detect(), inputs, weights, vec![0.1; outputs]);
        report(&format!("int8 {}", Level::detect()), &dense, rows, inputs);
    }
}

fn report(name: &str, dense: &Dense, rows: usize, inputs: usize) {
    let (mut x, mut y) = (Buffer::default(), Buffer::default());
    let mut scratch = Quantised::default();
    for row in 0..rows {
        x.reshape(rows, inputs).row_mut(row).fill(0.5);
    }
    let runs = (4_000_000_000_000 / (dense.outputs() * inputs * rows * 200)).clamp(3, 40);
    let mut time = || {
        let start = Instant::now();
        let mut y = y.reshape(rows, dense.outputs());
        dense.forward(Spread::Pool, x.rows(), &mut scratch, &mut y, Activation::None);
        start.elapsed().as_secs_f64()
    };
    let best = (0..runs).map(|_| time()).fold(f64::INFINITY, f64::min);
    let operations = 2.0 * (rows * inputs * dense.outputs()) as f64;
    let outputs = dense.outputs();
    eprintln!(
        "{rows}×{inputs}×{outputs} {name}: {:.2} ms, {:.0} GOP/s",
        best * 1e3,
        operations / best / 1e9
    );
}
