//! Buffers that keep their memory from batch to batch.

use crate::blocks::Desks;
use canto_kernels::{Buffer, FirstScratch, Quantised, Sequence};
use std::time::Duration;

/// What a forward pass writes to.
pub(crate) struct Workspace {
    /// The residual stream, [tokens, width].
    pub(crate) x: Buffer<f32>,
    /// Queries, keys and values side by side, [tokens, 3·width].
    pub(crate) projected: Buffer<f32>,
    /// Queries of first tokens alone, [windows, width], and what their attention computes in.
    pub(crate) query: Buffer<f32>,
    pub(crate) first: FirstScratch,
    /// What attention mixed, [tokens, width].
    pub(crate) mixed: Buffer<f32>,
    /// What the head reads, [windows, width].
    pub(crate) pooled: Buffer<f32>,
    /// Inside the head, [windows, head].
    pub(crate) head: Buffer<f32>,
    /// [windows, labels].
    pub(crate) logits: Buffer<f32>,
    /// Inputs of the head's products.
    pub(crate) quantised: Quantised,
    /// What each thread needs for its blocks of rows.
    pub(crate) desks: Desks,
    /// Where each window lies.
    pub(crate) sequences: Vec<Sequence>,
    /// Token and position of every row.
    pub(crate) tokens: Vec<(u32, u32)>,
    /// Where time went since the workspace was made.
    pub(crate) timings: Timings,
}

impl Workspace {
    /// For so many threads; nothing is allocated yet.
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            x: Buffer::default(),
            projected: Buffer::default(),
            query: Buffer::default(),
            first: FirstScratch::default(),
            mixed: Buffer::default(),
            pooled: Buffer::default(),
            head: Buffer::default(),
            logits: Buffer::default(),
            quantised: Quantised::default(),
            desks: Desks::new(threads),
            sequences: Vec::new(),
            tokens: Vec::new(),
            timings: Timings::default(),
        }
    }
}

/// Where an engine's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// In products with weights, with what is fused to them: bias, GELU, quantising; where threads
    /// work side by side, the mean of theirs.
    pub products: Duration,
    /// In attention: its two products and the softmax between them.
    pub attention: Duration,
}
