//! Dropout that keeps no mask: whether an element is dropped follows from its place and a seed.

use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// What dropout at one place of one pass is drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Draw<R: CubeRuntime> {
    /// On the device, so that nobody waits for it: two numbers in f32.
    pub(crate) seed: CubeTensor<R>,
    /// The place.
    pub(crate) site: u32,
    /// Elements whose draw of 32 bits is below it are dropped.
    pub(crate) threshold: u32,
    /// What the others are multiplied by.
    pub(crate) factor: f32,
}

impl<R: CubeRuntime> Draw<R> {
    /// Whether any element is dropped.
    pub(crate) fn drops(&self) -> bool {
        self.threshold > 0
    }
}

/// Draws of one pass, one place after the other.
#[derive(Clone, Debug)]
pub struct Draws<R: CubeRuntime> {
    seed: CubeTensor<R>,
    site: u32,
}

impl<R: CubeRuntime> Draws<R> {
    /// All that follow from `seed`, two numbers in f32 that were drawn on the device.
    pub fn new(seed: CubeTensor<R>) -> Self {
        Self { seed, site: 0 }
    }

    /// The next place, at which elements are dropped with probability `rate`, from 0 to below 1.
    pub(crate) fn next(&mut self, rate: f64) -> Draw<R> {
        self.site += 1;
        Draw {
            seed: self.seed.clone(),
            site: self.site,
            threshold: (rate * 4_294_967_296.0) as u32,
            factor: (1.0 / (1.0 - rate)) as f32,
        }
    }
}

/// The seed of a place.
#[cube]
pub(crate) fn seeded(seed: &Array<f32>, site: u32) -> u32 {
    let mixed = scrambled(u32::reinterpret(seed[0]) + site * 0x9E37_79B1u32);
    scrambled(mixed + u32::reinterpret(seed[1]))
}

/// 32 bits that depend on all bits of the element's place and of the seed.
#[cube]
pub(crate) fn drawn(element: u32, seed: u32) -> u32 {
    scrambled(element * 0x9E37_79B1u32 + seed)
}

/// What dropout leaves of the vector at `place` among its like.
#[cube]
pub(crate) fn dropped_out<N: Size>(
    value: Vector<f32, N>,
    place: usize,
    seed: u32,
    threshold: u32,
    factor: f32,
) -> Vector<f32, N> {
    let mut left = value;
    let element = (place * N::value()) as u32;
    #[unroll]
    for i in 0..N::value() {
        let dropped = drawn(element + i as u32, seed) < threshold;
        left[i] = select(dropped, f32::new(0.0), value[i] * factor);
    }
    left
}

/// The hash "lowbias32" of Wellons' hash prospector.
#[cube]
fn scrambled(x: u32) -> u32 {
    let x = (x ^ (x >> 16u32)) * 0x7FEB_352Du32;
    let x = (x ^ (x >> 15u32)) * 0x846C_A68Bu32;
    x ^ (x >> 16u32)
}
