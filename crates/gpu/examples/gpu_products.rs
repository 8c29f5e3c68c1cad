//! Which of CubeK's ways to multiply is the fastest for the shapes of a training step of
//! roberta-base at 16 songs of 512 tokens, in bf16:
//!
//! ```text
//! gpu_products SHAPE [LOCK] [f32]
//! ```
//!
//! SHAPE is a number from 0 to 10. Kernels compile for seconds each: calls for several shapes may run
//! at once, and take turns at the timing by locking the file LOCK. The last word makes the output f32.

#![allow(clippy::print_stdout, reason = "the result is its output")]

use burn_backend::{DType, TensorMetadata};
use burn_cubecl::kernel::cast;
use burn_cubecl::ops::permute;
use canto_gpu::{CubeTensor, multiply};
use cubecl::Runtime;
use cubecl::cuda::{CudaDevice, CudaRuntime};
use cubek::matmul::components::tile::TileMatmulKind;
use cubek::matmul::launch::Strategy;
use cubek::matmul::routines::BlueprintStrategy::Inferred;
use cubek::matmul::routines::double_buffering::DoubleBufferingArgs;
use cubek::matmul::routines::ordered_double_buffering::OrderedSelectionArgs;
use cubek::matmul::routines::simple::SimpleArgs;
use std::env::temp_dir;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

/// Timed rounds, of which the best counts, and products in each.
const ROUNDS: usize = 3;
const TIMES: u32 = 20;

type T = CubeTensor<CudaRuntime>;

fn strategies() -> Vec<(String, Strategy)> {
    let mut all = Vec::new();
    let mma = TileMatmulKind::Mma;
    let cmma = TileMatmulKind::Cmma;
    for multi_rows in [false, true] {
        let args = |tile_matmul| SimpleArgs { multi_rows, tile_matmul };
        all.push((
            format!("simple_cyclic_cmma m{multi_rows}"),
            Strategy::SimpleCyclicCmma(Inferred(args(cmma))),
        ));
        all.push((
            format!("simple_cyclic_mma m{multi_rows}"),
            Strategy::SimpleCyclicMma(Inferred(args(mma))),
        ));
        all.push((
            format!("simple_tma_cmma m{multi_rows}"),
            Strategy::SimpleTmaCmma(Inferred(args(cmma))),
        ));
        all.push((
            format!("simple_tma_mma m{multi_rows}"),
            Strategy::SimpleTmaMma(Inferred(args(mma))),
        ));
    }
    for (row_count, kind, name) in
        [(4, cmma, "cmma"), (4, mma, "mma"), (8, cmma, "cmma"), (8, mma, "mma")]
    {
        let args = OrderedSelectionArgs {
            partition_k: Some(2),
            row_count: Some(row_count),
            rows_per_plane: Some(2),
            tile_matmul: kind,
        };
        let strategy = if name == "mma" {
            Strategy::OrderedDoubleMma(Inferred(args))
        } else {
            Strategy::OrderedDoubleCmma(Inferred(args))
        };
        all.push((format!("ordered_{name} r{row_count}"), strategy));
    }
    for specialized in [false, true] {
        let args = |tile_matmul| DoubleBufferingArgs { specialized, tile_matmul };
        all.push((
            format!("double_cyclic_cmma s{specialized}"),
            Strategy::DoubleCyclicCmma(Inferred(args(cmma))),
        ));
        all.push((
            format!("double_cyclic_mma s{specialized}"),
            Strategy::DoubleCyclicMma(Inferred(args(mma))),
        ));
        all.push((
            format!("double_tma_cmma s{specialized}"),
            Strategy::DoubleTmaCmma(Inferred(args(cmma))),
        ));
        all.push((
            format!("double_tma_mma s{specialized}"),
            Strategy::DoubleTmaMma(Inferred(args(mma))),
        ));
    }
    all.push((
        "specialized_cyclic_mma".into(),
        Strategy::SpecializedCyclicMma(Inferred(().into())),
    ));
    all.push(("specialized_tma_cmma".into(), Strategy::SpecializedTmaCmma(Inferred(().into()))));
    all.push(("specialized_tma_mma".into(), Strategy::SpecializedTmaMma(Inferred(().into()))));
    all
}

/// A shape as stored, and whether it is read transposed.
type Operand = ([usize; 3], bool);

fn shapes() -> Vec<(&'static str, Operand, Operand)> {
    let t = 8192;
    vec![
        ("nn 768x2304", ([1, t, 768], false), ([1, 768, 2304], false)),
        ("nn 768x3072", ([1, t, 768], false), ([1, 768, 3072], false)),
        ("nn 3072x768", ([1, t, 3072], false), ([1, 3072, 768], false)),
        ("nt 3072x768t", ([1, t, 3072], false), ([1, 768, 3072], true)),
        ("nt 768x3072t", ([1, t, 768], false), ([1, 3072, 768], true)),
        ("tn 768x3072", ([1, t, 768], true), ([1, t, 3072], false)),
        ("tn 768x768", ([1, t, 768], true), ([1, t, 768], false)),
        ("tn 3072x768", ([1, t, 3072], true), ([1, t, 768], false)),
        ("scores q kt", ([192, 512, 64], false), ([192, 512, 64], true)),
        ("p v", ([192, 512, 512], false), ([192, 512, 64], false)),
        ("pt d", ([192, 512, 512], true), ([192, 512, 64], false)),
    ]
}

/// Of repeatable values between -0.1 and 0.1: products of zeros run faster.
fn tensor((shape, transposed): Operand, dtype: DType) -> T {
    let device = CudaDevice::default();
    let client = CudaRuntime::client(&device);
    let mut state = 1u32;
    let bytes: Vec<u8> = (0..shape.iter().product::<usize>())
        .flat_map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / 83_886_080.0 - 0.1).to_le_bytes()
        })
        .collect();
    let handle = client.create_from_slice(&bytes);
    let x = CubeTensor::new_contiguous(client, device, shape.into(), handle, DType::F32);
    let x = cast(x, dtype);
    if transposed { permute(x, &[0, 2, 1]) } else { x }
}

/// So many products, waited for at the end; the seconds they took.
fn timed(strategy: &Strategy, a: &T, b: &T, output: &T, times: u32) -> Result<f64, String> {
    let begun = Instant::now();
    for _ in 0..times {
        multiply(strategy, a, b, output).map_err(|error| format!("{error:?}"))?;
    }
    cubecl::future::block_on(a.client.sync()).map_err(|error| format!("{error:?}"))?;
    Ok(begun.elapsed().as_secs_f64())
}

/// What cannot be compiled for a shape panics in places.
fn tried(strategy: &Strategy, a: &T, b: &T, output: &T) -> Result<f64, String> {
    let attempt = AssertUnwindSafe(|| timed(strategy, a, b, output, 1));
    catch_unwind(attempt).unwrap_or_else(|_| Err("panic".into()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let which = words.next().ok_or("a number from 0 to 10 is needed: the shape")?;
    let shape = which.parse().ok().and_then(|which: usize| shapes().into_iter().nth(which));
    let (name, left, right) = shape.ok_or(format!("shape `{which}`, expected 0 to 10"))?;
    let lock = words.next().map_or_else(|| temp_dir().join("gpu_products.lock"), PathBuf::from);
    let format = if words.next().as_deref() == Some("f32") { DType::F32 } else { DType::BF16 };
    let (left, right) = (tensor(left, DType::BF16), tensor(right, DType::BF16));
    let [batch, rows, inner]: [usize; 3] = left.shape().dims();
    let output = tensor(([batch, rows, right.shape()[2]], false), format);
    let operations = 2.0 * (output.shape().num_elements() * inner) as f64;
    let mut good = Vec::new();
    for (label, strategy) in strategies() {
        match tried(&strategy, &left, &right, &output) {
            Ok(compiled) => good.push((label, strategy, compiled)),
            Err(error) => println!("{name:14} {label:28} failed: {:.90}", error.replace('\n', " ")),
        }
    }
    let file = std::fs::File::create(&lock)?;
    file.lock()?;
    let mut lines = Vec::new();
    for (label, strategy, compiled) in good {
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            best = best.min(timed(&strategy, &left, &right, &output, TIMES)? / f64::from(TIMES));
        }
        let rate = operations / best / 1e12;
        let micros = best * 1e6;
        let line = format!(
            "{name:14} {label:28} {rate:7.1} TFLOP/s {micros:8.1} us, first {compiled:.2} s"
        );
        lines.push((rate, line));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, line) in lines {
        println!("{line}");
    }
    Ok(())
}
