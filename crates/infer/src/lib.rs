//! A classifier's forward pass on a CPU: packed sequences without padding, in f32, bf16 or int8.
//!
//! Owns: the weights laid out for the CPU, the order of the operations, their buffers, the
//! threads, and the int8 form of a weights file. Refuses to know: songs, tokens as text,
//! training, Burn. It computes what `canto-encoder` computes, whose architecture it reads.

mod blocks;
mod config;
mod engine;
mod error;
mod forward;
mod model;
mod names;
mod peak;
mod quantize;
mod relative;
mod source;
mod table;
mod workspace;

pub use canto_kernels::Level;
pub use config::{EngineConfig, Precision, UnknownPrecision};
pub use engine::{Description, Engine};
pub use error::Error;
pub use peak::{operations, peak};
pub use quantize::{Quantization, is_quantized, quantize};
pub use workspace::Timings;
