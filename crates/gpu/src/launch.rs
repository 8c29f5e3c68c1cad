//! How kernels are laid over matrices.

use burn_backend::{DType, Shape};
use burn_cubecl::CubeRuntime;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Threads of a cube.
const THREADS: u32 = 256;

/// A plane for each row: `planes` of them in a cube, `lanes` threads in a plane, of which each
/// holds every `lanes`th vector of its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByRows {
    pub(crate) lanes: u32,
    pub(crate) planes: u32,
    /// Elements of a vector.
    pub(crate) vector: usize,
    /// Vectors of a row.
    pub(crate) vectors: usize,
    /// The most vectors of one thread.
    pub(crate) steps: usize,
}

impl ByRows {
    /// Rows of `width` elements, of which the widest type has `bytes`.
    pub(crate) fn new<R: CubeRuntime>(like: &CubeTensor<R>, width: usize, bytes: usize) -> Self {
        let lanes = like.client.properties().hardware.plane_size_max.max(1);
        let vector = vector(width, bytes);
        let vectors = width / vector;
        let planes = (THREADS / lanes).max(1);
        Self { lanes, planes, vector, vectors, steps: vectors.div_ceil(lanes as usize) }
    }

    pub(crate) fn dim(&self) -> CubeDim {
        CubeDim::new_2d(self.lanes, self.planes)
    }

    /// Enough cubes for `rows`, each plane one.
    pub(crate) fn cubes(&self, rows: usize) -> CubeCount {
        cubes(rows.div_ceil(self.planes as usize))
    }
}

/// The longest vector of at most 16 bytes that divides `width`.
pub(crate) fn vector(width: usize, bytes: usize) -> usize {
    [8, 4, 2].into_iter().find(|n| n * bytes <= 16 && width.is_multiple_of(*n)).unwrap_or(1)
}

/// `count` cubes in as many dimensions as a device's limits ask for.
pub(crate) fn cubes(count: usize) -> CubeCount {
    const MOST: usize = 65_535;
    let rows = count.div_ceil(MOST).max(1);
    CubeCount::Static(count.div_ceil(rows).max(1) as u32, rows as u32, 1)
}

/// A thread for each of `count` elements.
pub(crate) fn by_elements(count: usize) -> (CubeCount, CubeDim) {
    (cubes(count.div_ceil(THREADS as usize)), CubeDim::new_1d(THREADS))
}

/// Without values yet, on the device of `like`.
pub(crate) fn empty<R: CubeRuntime>(
    like: &CubeTensor<R>,
    shape: impl Into<Shape>,
    dtype: DType,
) -> CubeTensor<R> {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, shape.into(), dtype)
}
