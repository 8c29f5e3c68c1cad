//! The kernels, each with the function that launches it.
//!
//! They are launched without checks of bounds, which would cost a comparison an access: a guard at
//! the head of each keeps its threads within their arrays, and each launch says by what.
#![allow(unsafe_code)]

mod attend;
mod gelu;
mod heads;
mod norm;
mod place;
mod sums;
mod tables;

pub(crate) use attend::{attend, attend_back};
pub(crate) use gelu::{gelu, gelu_back};
pub(crate) use heads::{join, join_with_sums, split};
pub(crate) use norm::{norm, norm_back};
pub(crate) use place::{first, place, spread, take};
pub use tables::{diagonals, scatter};
