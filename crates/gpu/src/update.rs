//! What an optimiser does to all parameters, one kernel a parameter.
//!
//! Launched without checks of bounds, as the other kernels are.
#![allow(unsafe_code)]

use crate::AdamWStep;
use crate::launch::{by_elements, cubes, empty, vector};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Threads of a cube, and vectors that each of them adds up.
const THREADS: usize = 256;
const EACH: usize = 16;

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn adamw_kernel<N: Size>(
    parameter: &mut Array<Vector<f32, N>>,
    first: &mut Array<Vector<f32, N>>,
    second: &mut Array<Vector<f32, N>>,
    gradient: &Array<Vector<f32, N>>,
    factor: &Array<f32>,
    count: u32,
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    step: f32,
    kept: f32,
    root: f32,
    epsilon: f32,
    #[comptime] scaled: bool,
) {
    let at = ABSOLUTE_POS;
    if at >= count as usize {
        terminate!();
    }
    let mut g = gradient[at];
    if comptime!(scaled) {
        g *= Vector::new(factor[0]);
    }
    let m = first[at] * Vector::new(beta1) + g * Vector::new(rest1);
    let v = second[at] * Vector::new(beta2) + g * g * Vector::new(rest2);
    let mut p = parameter[at];
    #[unroll]
    for i in 0..N::value() {
        p[i] = kept * p[i] - step * m[i] / (v[i].sqrt() * root + epsilon);
    }
    first[at] = m;
    second[at] = v;
    parameter[at] = p;
}

/// Parameter, first and second moment after a step with `gradient`, times `factor` (shape `[1]`)
/// where there is one: flat, in f32, and in the place of those given where nobody else holds them.
pub fn adamw<R: CubeRuntime>(
    [parameter, first, second]: [CubeTensor<R>; 3],
    gradient: &CubeTensor<R>,
    factor: Option<&CubeTensor<R>>,
    step: AdamWStep,
) -> [CubeTensor<R>; 3] {
    let own = |x: CubeTensor<R>| if x.can_mut() { x } else { x.copy() };
    let [parameter, first, second] = [parameter, first, second].map(own);
    let elements = gradient.shape().num_elements();
    let vector = vector(elements, 4);
    let count = elements / vector;
    let (cubes, dim) = by_elements(count);
    // SAFETY: a thread keeps to its vector, which is below `count`; all four have as many.
    unsafe {
        adamw_kernel::launch_unchecked(
            &gradient.client,
            cubes,
            dim,
            vector,
            parameter.clone().into_array_arg(),
            first.clone().into_array_arg(),
            second.clone().into_array_arg(),
            gradient.clone().into_array_arg(),
            factor.unwrap_or(gradient).clone().into_array_arg(),
            count as u32,
            step.beta1[0],
            step.beta1[1],
            step.beta2[0],
            step.beta2[1],
            step.step,
            step.kept,
            step.root,
            step.epsilon,
            factor.is_some(),
        );
    }
    [parameter, first, second]
}

/// The sum of what the threads of a cube have, for its first thread.
#[cube]
fn sum_of_cube(sum: f32, #[comptime] threads: usize) -> f32 {
    let mut shared = SharedMemory::<f32>::new(threads);
    shared[UNIT_POS as usize] = sum;
    sync_cube();
    let mut total = f32::new(0.0);
    if UNIT_POS == 0 {
        for i in 0..threads {
            total += shared[i];
        }
    }
    total
}

#[cube(launch_unchecked)]
fn squares_kernel<N: Size>(
    values: &Array<Vector<f32, N>>,
    partial: &mut Array<f32>,
    first: u32,
    count: u32,
    #[comptime] threads: usize,
    #[comptime] each: usize,
) {
    let begin = CUBE_POS * comptime!(threads * each) + UNIT_POS as usize;
    let mut sum = f32::new(0.0);
    for i in 0..each {
        let at = begin + i * threads;
        if at < count as usize {
            let value = values[at];
            #[unroll]
            for k in 0..N::value() {
                sum += value[k] * value[k];
            }
        }
    }
    let sum = sum_of_cube(sum, threads);
    if UNIT_POS == 0 {
        partial[first as usize + CUBE_POS] = sum;
    }
}

#[cube(launch_unchecked)]
fn root_kernel(
    partial: &Array<f32>,
    norm: &mut Array<f32>,
    count: u32,
    #[comptime] threads: usize,
) {
    let mut sum = f32::new(0.0);
    let mut at = UNIT_POS as usize;
    while at < count as usize {
        sum += partial[at];
        at += threads;
    }
    let sum = sum_of_cube(sum, threads);
    if UNIT_POS == 0 {
        norm[0] = sum.sqrt();
    }
}

/// The L2 norm of all values of flat tensors in f32, shape `[1]`; none without any.
pub fn norm<R: CubeRuntime>(tensors: &[CubeTensor<R>]) -> Option<CubeTensor<R>> {
    let like = tensors.first()?;
    let chunks = |tensor: &CubeTensor<R>| {
        let elements = tensor.shape().num_elements();
        let vector = vector(elements, 4);
        (vector, elements / vector, (elements / vector).div_ceil(THREADS * EACH))
    };
    let total: usize = tensors.iter().map(|tensor| chunks(tensor).2).sum();
    let partial = empty(like, [total], DType::F32);
    let mut first = 0;
    for tensor in tensors {
        let (vector, count, chunks) = chunks(tensor);
        // SAFETY: a cube writes its own partial sum, and reads below `count`.
        unsafe {
            squares_kernel::launch_unchecked(
                &like.client,
                cubes(chunks),
                CubeDim::new_1d(THREADS as u32),
                vector,
                tensor.clone().into_array_arg(),
                partial.clone().into_array_arg(),
                first as u32,
                count as u32,
                THREADS,
                EACH,
            );
        }
        first += chunks;
    }
    let norm = empty(like, [1], DType::F32);
    // SAFETY: one cube, which reads below `total`.
    unsafe {
        root_kernel::launch_unchecked(
            &like.client,
            CubeCount::new_single(),
            CubeDim::new_1d(THREADS as u32),
            partial.into_array_arg(),
            norm.clone().into_array_arg(),
            total as u32,
            THREADS,
        );
    }
    Some(norm)
}
