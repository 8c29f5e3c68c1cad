//! A transformer layer forth and back on a GPU, with derivatives by hand.
//!
//! Burn's graph runs an operation a kernel and keeps a buffer for each; between two matrix products
//! here is one kernel forth and one back. It knows tensors of CubeCL, neither models nor songs.
//!
//! Matrices are row-major and lie without gaps. What flows between products is in one number format,
//! f32, f16 or bf16; the residual stream, norms, softmax, biases and all sums are in f32.

#[cfg(feature = "kernels")]
mod attending;
#[cfg(feature = "kernels")]
mod draws;
#[cfg(feature = "kernels")]
mod kernels;
#[cfg(feature = "kernels")]
mod launch;
#[cfg(feature = "kernels")]
mod layer;
#[cfg(feature = "kernels")]
mod products;
mod step;
#[cfg(feature = "kernels")]
mod update;

#[cfg(feature = "kernels")]
pub use burn_cubecl::tensor::CubeTensor;
#[cfg(feature = "kernels")]
pub use draws::Draws;
#[cfg(feature = "kernels")]
pub use kernels::{diagonals, scatter};
#[cfg(feature = "kernels")]
pub use layer::{Gradients, Kept, LayerWeights, Sizes, Stream, backward, forward};
#[cfg(feature = "kernels")]
pub use products::{multiply, product};
pub use step::AdamWStep;
#[cfg(feature = "kernels")]
pub use update::{adamw, norm};
