//! What a transformer computes on a CPU: dense layers in f32, bf16 and int8, attention, GELU, softmax,
//! layer norm and quantisation, each for the vector unit that is there.
//!
//! Owns: the vector code, all of the workspace's `unsafe`, the split of an operation over the
//! threads of the current rayon pool. Refuses to know: models, files' formats, tokens.
//!
//! Every operation takes the [`Level`] to run at, so that a test can force each. Shapes that do
//! not fit are a fault of the caller and panic before anything is touched.

// Elsewhere nothing uses what is laid out for it.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]

mod attention;
mod counting;
mod dense;
mod gelu;
mod lasting;
mod level;
mod mapped;
mod norm;
mod quantise;
mod rows;
mod softmax;
mod spread;
#[cfg(target_arch = "x86_64")]
mod transpose;
mod vector;

pub use attention::{Attention, FirstScratch, FirstToken, Numbers, RelativeBias, Sequence};
pub use counting::CountingAllocator;
pub use dense::{Activation, Dense, Int8Weights};
pub use gelu::{bias_gelu, gelu};
pub use level::Level;
pub use mapped::Mapped;
pub use norm::{LayerNorm, layer_norm, residual_layer_norm};
pub use quantise::{Quantised, quantise_weights};
pub use rows::{Buffer, Rows, RowsMut};
pub use softmax::exponentiate;
pub use spread::Spread;
