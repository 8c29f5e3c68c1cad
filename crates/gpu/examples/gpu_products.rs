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
use canto_gpu::CubeTensor;
use cubecl::Runtime;
use cubecl::cuda::{CudaDevice, CudaRuntime};
use cubek::matmul::components::tile::TileMatmulKind;
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::{Strategy, launch_ref};
use cubek::matmul::routines::BlueprintStrategy::Inferred;
use cubek::matmul::routines::double_buffering::DoubleBufferingArgs;
use cubek::matmul::routines::ordered_double_buffering::OrderedSelectionArgs;
use cubek::matmul::routines::simple::SimpleArgs;
use cubek::std::InputBinding;
use std::time::Instant;

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

/// Shape of the operands as stored and whether each is read transposed.
fn shapes() -> Vec<(&'static str, [usize; 3], bool, [usize; 3], bool)> {
    let t = 8192;
    vec![
        ("nn 768x2304", [1, t, 768], false, [1, 768, 2304], false),
        ("nn 768x3072", [1, t, 768], false, [1, 768, 3072], false),
        ("nn 3072x768", [1, t, 3072], false, [1, 3072, 768], false),
        ("nt 3072x768t", [1, t, 3072], false, [1, 768, 3072], true),
        ("nt 768x3072t", [1, t, 768], false, [1, 3072, 768], true),
        ("tn 768x3072", [1, t, 768], true, [1, t, 3072], false),
        ("tn 768x768", [1, t, 768], true, [1, t, 768], false),
        ("tn 3072x768", [1, t, 3072], true, [1, t, 768], false),
        ("scores q kt", [192, 512, 64], false, [192, 512, 64], true),
        ("p v", [192, 512, 512], false, [192, 512, 64], false),
        ("pt d", [192, 512, 512], true, [192, 512, 64], false),
    ]
}

/// Of repeatable values between -0.1 and 0.1: products of zeros run faster.
fn tensor(shape: [usize; 3], transposed: bool, dtype: DType) -> T {
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

fn launch(strategy: &Strategy, a: &T, b: &T, out: &T) -> Result<(), String> {
    let (dtype, out_dtype) = (a.dtype, out.dtype);
    let mut dtypes = MatmulElems::from_globals(&MatmulGlobalElems {
        lhs: dtype.into(),
        rhs: dtype.into(),
        out: out_dtype.into(),
    });
    let attempt = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        launch_ref(
            strategy,
            &a.client,
            InputBinding::new(a.clone().binding(), dtype.into()),
            InputBinding::new(b.clone().binding(), dtype.into()),
            out.clone().binding(),
            &mut dtypes,
        )
        .map_err(|error| format!("{error:?}"))?;
        cubecl::future::block_on(a.client.sync()).map_err(|error| format!("{error:?}"))
    }));
    attempt.unwrap_or_else(|_| Err("panic".into()))
}

fn main() {
    let which: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    let lock = std::env::args().nth(2).unwrap_or_else(|| "/tmp/products.lock".into());
    let out_dtype =
        if std::env::args().nth(3).as_deref() == Some("f32") { DType::F32 } else { DType::BF16 };
    let (name, a, ta, b, tb) = shapes().swap_remove(which);
    let (a, b) = (tensor(a, ta, DType::BF16), tensor(b, tb, DType::BF16));
    let (m, k, n, batch) = (a.shape()[1], a.shape()[2], b.shape()[2], a.shape()[0]);
    let out = tensor([batch, m, n], false, out_dtype);
    let operations = 2.0 * (batch * m * k * n) as f64;
    let mut good = Vec::new();
    for (label, strategy) in strategies() {
        let begun = Instant::now();
        match launch(&strategy, &a, &b, &out) {
            Ok(()) => good.push((label, strategy, begun.elapsed().as_secs_f64())),
            Err(error) => println!("{name:14} {label:28} failed: {:.90}", error.replace('\n', " ")),
        }
    }
    let file = std::fs::File::create(&lock).unwrap();
    file.lock().unwrap();
    let mut lines = Vec::new();
    for (label, strategy, compiled) in good {
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            let begun = Instant::now();
            let mut dtypes_runs = 0;
            for _ in 0..20 {
                let mut dtypes = MatmulElems::from_globals(&MatmulGlobalElems {
                    lhs: a.dtype.into(),
                    rhs: b.dtype.into(),
                    out: out.dtype.into(),
                });
                let _ = launch_ref(
                    &strategy,
                    &a.client,
                    InputBinding::new(a.clone().binding(), a.dtype.into()),
                    InputBinding::new(b.clone().binding(), b.dtype.into()),
                    out.clone().binding(),
                    &mut dtypes,
                );
                dtypes_runs += 1;
            }
            let _ = cubecl::future::block_on(a.client.sync());
            best = best.min(begun.elapsed().as_secs_f64() / f64::from(dtypes_runs));
        }
        lines.push((
            operations / best / 1e12,
            format!(
                "{name:14} {label:28} {:7.1} TFLOP/s {:8.1} us, first {compiled:.2} s",
                operations / best / 1e12,
                best * 1e6
            ),
        ));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, line) in lines {
        println!("{line}");
    }
}
