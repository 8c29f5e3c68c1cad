//! The way between tensors of Burn's CPU backend and plain slices.

use crate::{Backend, Device};
use burn::tensor::backend::Backend as _;
use burn::tensor::{DType, Shape, Tensor, TensorData};

/// Whether tensors of `device` and `dtype` are plain f32 slices.
pub(crate) fn is(device: &Device, dtype: DType) -> bool {
    let plain = match device {
        Device::Autodiff(inner) => &**inner,
        plain => plain,
    };
    matches!(plain, Device::Flex(_)) && dtype == DType::F32
}

/// `work` on the values, row-major, of a tensor outside any graph.
///
/// A tensor for which [`is`] holds is always readable as f32: should it not be, `work` sees
/// nothing, and the shape check of [`tensor`] stops there.
pub(crate) fn read<const D: usize, R>(
    tensor: Tensor<Backend, D>,
    work: impl FnOnce(&[f32]) -> R,
) -> R {
    let data = tensor.into_data();
    match data.as_slice::<f32>() {
        Ok(values) => work(values),
        Err(_) => work(&data.to_vec::<f32>().unwrap_or_default()),
    }
}

/// A tensor of `values` that no gradient flows into. On an autodiff device it is one of that
/// device's, so that it bears the same checkpointing strategy as what it meets there.
pub(crate) fn tensor<const D: usize>(
    values: Vec<f32>,
    shape: impl Into<Shape>,
    device: &Device,
) -> Tensor<Backend, D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A tensor computed outside the graph, made fit for computation with the model's: those of an
/// autodiff device are another kind.
pub(crate) fn constant<const D: usize>(
    tensor: Tensor<Backend, D>,
    device: &Device,
) -> Tensor<Backend, D> {
    if Backend::ad_enabled(device) { Tensor::from_inner(tensor) } else { tensor }
}
