//! Packed windows → logits.

use crate::model::{Layer, Model, Projections};
use crate::workspace::{Timings, Workspace};
use canto_encoder::{Architecture, Pooling};
use canto_kernels::{
    Activation, Attention, Buffer, Level, Mapped, Quantised, Rows, RowsMut, Sequence, layer_norm,
    residual_layer_norm,
};
use std::time::Instant;

/// Tokens that pass through a feed-forward block at once, so that what is inside stays in cache.
const BLOCK: usize = 384;

/// One pass over some windows.
pub(crate) struct Pass<'a> {
    pub(crate) file: &'a Mapped,
    pub(crate) model: &'a Model,
    pub(crate) architecture: &'a Architecture,
    pub(crate) level: Level,
}

impl Pass<'_> {
    /// Leaves what the head reads of `windows` in `space.pooled`, [windows, width].
    pub(crate) fn pool(&self, windows: &[&[u32]], space: &mut Workspace) {
        self.lay_out(windows, space);
        self.embed(space);
        for layer in &self.model.layers {
            match &layer.attention {
                Projections::Joint(_) => self.layer(layer, space),
                Projections::Apart { .. } => self.first_tokens(layer, space),
            }
        }
        if self.architecture.pooling == Pooling::Mean {
            mean(space);
        }
    }

    /// Where each window lies, and every token's position: from 0, or counted from the padding
    /// id over tokens that are not padding.
    fn lay_out(&self, windows: &[&[u32]], space: &mut Workspace) {
        let Workspace { sequences, firsts, tokens, .. } = space;
        sequences.clear();
        firsts.clear();
        tokens.clear();
        let follows = self.architecture.family.positions_follow_padding();
        let padding = self.architecture.pad_token_id as u32;
        for (window, ids) in windows.iter().enumerate() {
            let start = tokens.len();
            let mut seen = 0;
            for (i, &id) in ids.iter().enumerate() {
                let real = id != padding;
                seen += u32::from(real);
                let counted = if real { padding + seen } else { padding };
                tokens.push((id, if follows { counted } else { i as u32 }));
            }
            let keys = start..tokens.len();
            sequences.push(Sequence { queries: keys.clone(), keys: keys.clone() });
            firsts.push(Sequence { queries: window..window + 1, keys });
        }
    }

    fn embed(&self, space: &mut Workspace) {
        let width = self.architecture.hidden_size;
        let mut x = space.x.reshape(space.tokens.len(), width);
        for (row, &(id, position)) in space.tokens.iter().enumerate() {
            let position = &self.model.positions[position as usize * width..][..width];
            self.model.words.add(self.file, id as usize, position, x.row_mut(row));
        }
        layer_norm(self.level, &mut x, &self.model.embedding_norm);
    }

    /// One whole layer, `space.x` → `space.x`.
    fn layer(&self, layer: &Layer, space: &mut Workspace) {
        let width = self.architecture.hidden_size;
        let tokens = space.tokens.len();
        if let Projections::Joint(dense) = &layer.attention {
            let mut projected = space.projected.reshape(tokens, 3 * width);
            let none = Activation::None;
            let start = Instant::now();
            dense.forward(space.x.rows(), &mut space.quantised, &mut projected, none);
            space.timings.products += start.elapsed();
        }
        let projected = space.projected.rows();
        let [query, key, value] =
            [0, 1, 2].map(|i| projected.columns_of(i * width..(i + 1) * width));
        let start = Instant::now();
        self.attention(query, key, value, &space.sequences, &mut space.mixed);
        space.timings.attention += start.elapsed();
        self.rest(layer, space);
    }

    /// The last layer where the head reads first tokens only: all keys and values, but nothing
    /// else of the other tokens.
    fn first_tokens(&self, layer: &Layer, space: &mut Workspace) {
        let width = self.architecture.hidden_size;
        let (tokens, windows) = (space.tokens.len(), space.firsts.len());
        let mut firsts = space.pooled.reshape(windows, width);
        for (row, sequence) in space.sequences.iter().enumerate() {
            firsts.row_mut(row).copy_from_slice(space.x.rows().row(sequence.keys.start));
        }
        if let Projections::Apart { query, key_value } = &layer.attention {
            let none = Activation::None;
            let start = Instant::now();
            let mut projected = space.projected.reshape(tokens, 2 * width);
            key_value.forward(space.x.rows(), &mut space.quantised, &mut projected, none);
            let mut queries = space.query.reshape(windows, width);
            query.forward(space.pooled.rows(), &mut space.quantised, &mut queries, none);
            space.timings.products += start.elapsed();
        }
        let projected = space.projected.rows();
        let [key, value] = [0, 1].map(|i| projected.columns_of(i * width..(i + 1) * width));
        let start = Instant::now();
        self.attention(space.query.rows(), key, value, &space.firsts, &mut space.mixed);
        space.timings.attention += start.elapsed();
        // From here on the windows' first tokens are all there is.
        std::mem::swap(&mut space.x, &mut space.pooled);
        self.rest(layer, space);
        std::mem::swap(&mut space.x, &mut space.pooled);
    }

    fn attention(
        &self,
        query: Rows<'_, f32>,
        key: Rows<'_, f32>,
        value: Rows<'_, f32>,
        sequences: &[Sequence],
        mixed: &mut Buffer<f32>,
    ) {
        let (level, heads) = (self.level, self.architecture.heads);
        let bias = self.model.relative.as_ref();
        Attention { level, heads, query, key, value, sequences, bias }
            .forward(&mut mixed.reshape(query.rows(), query.columns()));
    }

    /// From what attention mixed to the layer's output.
    fn rest(&self, layer: &Layer, space: &mut Workspace) {
        let Workspace { x, next, mixed, inner, quantised, timings, .. } = space;
        let (rows, width) = (x.rows().rows(), self.architecture.hidden_size);
        let mut y = next.reshape(rows, width);
        let start = Instant::now();
        layer.attention_output.forward(mixed.rows(), quantised, &mut y, Activation::None);
        timings.products += start.elapsed();
        residual_layer_norm(self.level, &mut y, x.rows(), &layer.attention_norm);
        std::mem::swap(x, next);
        let mut y = next.reshape(rows, width);
        for start in (0..rows).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(rows);
            let x = x.rows().slice(block.clone());
            let mut y = y.slice(block);
            feed_forward(layer, x, inner, quantised, &mut y, timings);
            residual_layer_norm(self.level, &mut y, x, &layer.norm);
        }
        std::mem::swap(x, next);
    }

    /// What was pooled → `space.logits`, [windows, labels]: dense, tanh, projection.
    pub(crate) fn head(&self, space: &mut Workspace) {
        let Workspace { pooled, head, logits, quantised, .. } = space;
        let windows = pooled.rows().rows();
        let mut inner = head.reshape(windows, self.model.inner.outputs());
        self.model.inner.forward(pooled.rows(), quantised, &mut inner, Activation::None);
        for row in 0..windows {
            inner.row_mut(row).iter_mut().for_each(|x| *x = x.tanh());
        }
        let mut logits = logits.reshape(windows, self.model.projection.outputs());
        let none = Activation::None;
        self.model.projection.forward(inner.as_rows(), quantised, &mut logits, none);
    }
}

/// y ← W₂·gelu(W₁·x).
fn feed_forward(
    layer: &Layer,
    x: Rows<'_, f32>,
    inner: &mut Buffer<f32>,
    quantised: &mut Quantised,
    y: &mut RowsMut<'_, f32>,
    timings: &mut Timings,
) {
    let start = Instant::now();
    let mut wide = inner.reshape(x.rows(), layer.intermediate.outputs());
    layer.intermediate.forward(x, quantised, &mut wide, Activation::Gelu);
    layer.output.forward(wide.as_rows(), quantised, y, Activation::None);
    timings.products += start.elapsed();
}

/// The mean over each window's tokens.
fn mean(space: &mut Workspace) {
    let x = space.x.rows();
    let mut pooled = space.pooled.reshape(space.sequences.len(), x.columns());
    for (row, Sequence { keys, .. }) in space.sequences.iter().enumerate() {
        let mean = pooled.row_mut(row);
        mean.fill(0.0);
        for token in keys.clone() {
            for (mean, x) in mean.iter_mut().zip(x.row(token)) {
                *mean += x;
            }
        }
        let share = 1.0 / keys.len() as f32;
        for mean in mean {
            *mean *= share;
        }
    }
}
