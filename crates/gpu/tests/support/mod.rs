//! Numbers, and tensors of a Vulkan device, which may be a software one.

use burn_backend::{DType, Shape};
use burn_cubecl::ops::into_data_sync;
use canto_gpu::CubeTensor;
use cubecl::Runtime;
use cubecl::wgpu::{WgpuDevice, WgpuRuntime};

pub(crate) type Gpu = CubeTensor<WgpuRuntime>;

/// Repeatable numbers between -1 and 1.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    }

    pub(crate) fn many(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.next() * scale).collect()
    }
}

pub(crate) fn upload(values: &[f32], shape: impl Into<Shape>) -> Gpu {
    let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    made(bytes, shape, DType::F32)
}

pub(crate) fn made(bytes: Vec<u8>, shape: impl Into<Shape>, dtype: DType) -> Gpu {
    let device = WgpuDevice::default();
    let client = WgpuRuntime::client(&device);
    let handle = client.create_from_slice(&bytes);
    CubeTensor::new_contiguous(client, device, shape.into(), handle, dtype)
}

pub(crate) fn download(tensor: &Gpu) -> Vec<f32> {
    into_data_sync(tensor.clone()).to_vec().unwrap()
}
