use crate::Backend;
use burn::tensor::{FloatDType, Tensor};
use serde::{Deserialize, Serialize};

/// In which number format the layers compute.
///
/// The one place that decides which operation runs in which format:
///
/// | format | operations |
/// |---|---|
/// | this one | the layers' matrix products with their biases, GELU, and what flows between them |
/// | f32 | weights, embeddings, sums along the residual path, layer norms, softmax, dropout of probabilities, pooling, the head |
///
/// A product takes the format of its input, and its weight is cast to it, so a layer only says
/// where it [`narrow`](Self::narrow)s and where it [`wide`](Self::widen)s. Casts are
/// differentiable: gradients of weights arrive in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision throughout.
    #[default]
    F32,
    /// Half precision: 11 bits of fraction, at most 65,504, so that small gradients need a scale.
    F16,
    /// Brain floats: 8 bits of fraction, the range of f32.
    Bf16,
}

impl Precision {
    /// Its name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    /// `x` as the layers' products read it.
    pub(crate) fn narrow<const D: usize>(self, x: Tensor<Backend, D>) -> Tensor<Backend, D> {
        match self {
            Self::F32 => x,
            Self::F16 => x.cast(FloatDType::F16),
            Self::Bf16 => x.cast(FloatDType::BF16),
        }
    }

    /// `x` in f32.
    pub(crate) fn widen<const D: usize>(self, x: Tensor<Backend, D>) -> Tensor<Backend, D> {
        match self {
            Self::F32 => x,
            Self::F16 | Self::Bf16 => x.cast(FloatDType::F32),
        }
    }
}
