//! Packed windows → logits.
//!
//! A layer is two steps that every thread takes part in: attention, a head of a window at a time,
//! and all that follows up to the next layer's attention, a block of rows at a time, of which the
//! rows know nothing of each other.

use crate::blocks::{Blocks, Desk};
use crate::model::{Layer, Model, Projections};
use crate::workspace::Workspace;
use canto_encoder::{Architecture, Pooling};
use canto_kernels::{
    Activation, Attention, Dense, FirstToken, Level, Mapped, Numbers, Rows, RowsMut, Sequence,
    Spread, layer_norm, residual_layer_norm,
};
use std::time::Instant;

/// One pass over some windows.
pub(crate) struct Pass<'a> {
    pub(crate) file: &'a Mapped,
    pub(crate) model: &'a Model,
    pub(crate) architecture: &'a Architecture,
    pub(crate) level: Level,
    /// What attention is computed in.
    pub(crate) numbers: Numbers,
}

impl Pass<'_> {
    /// Leaves what the head reads of `windows` in `space.pooled`, [windows, width].
    pub(crate) fn pool(&self, windows: &[&[u32]], space: &mut Workspace) {
        self.lay_out(windows, space);
        self.embed(space);
        let layers = &self.model.layers;
        for (i, layer) in layers.iter().enumerate() {
            match &layer.attention {
                Projections::Joint(_) => {
                    self.attention(space);
                    let next = layers.get(i + 1).and_then(|layer| layer.attention.of_all());
                    self.after_attention(layer, next, space);
                }
                Projections::First { query, attention } => {
                    self.first_tokens(layer, query, attention, space);
                }
            }
        }
        if self.architecture.pooling == Pooling::Mean {
            mean(space);
        }
    }

    /// Where each window lies, and every token's position: from 0, or counted from the padding
    /// id over tokens that are not padding.
    fn lay_out(&self, windows: &[&[u32]], space: &mut Workspace) {
        let Workspace { sequences, tokens, .. } = space;
        sequences.clear();
        tokens.clear();
        let follows = self.architecture.family.positions_follow_padding();
        let padding = self.architecture.pad_token_id as u32;
        for ids in windows {
            let start = tokens.len();
            let mut seen = 0;
            for (i, &id) in ids.iter().enumerate() {
                let real = id != padding;
                seen += u32::from(real);
                let counted = if real { padding + seen } else { padding };
                tokens.push((id, if follows { counted } else { i as u32 }));
            }
            let keys = start..tokens.len();
            if self.model.pairs && !keys.len().is_multiple_of(2) {
                // A neighbour for the last row that is the same in any batch.
                tokens.push((0, 0));
            }
            sequences.push(Sequence { queries: keys.clone(), keys });
        }
    }

    /// Embeddings, and the first layer's projections.
    fn embed(&self, space: &mut Workspace) {
        let (width, level) = (self.architecture.hidden_size, self.level);
        let first = self.model.layers.first().and_then(|layer| layer.attention.of_all());
        let Workspace { x, projected, tokens, desks, timings, .. } = space;
        let blocks = self.blocks(tokens.len());
        let mut x = x.reshape(tokens.len(), width);
        let mut projected = projected.reshape(tokens.len(), first.map_or(0, Dense::outputs));
        timings.products +=
            desks.each(blocks, &mut x, &mut projected, |rows, mut x, mut projected, desk| {
                for (row, &(id, position)) in tokens[rows].iter().enumerate() {
                    let position = &self.model.positions[position as usize * width..][..width];
                    self.model.words.add(self.file, id as usize, position, x.row_mut(row));
                }
                layer_norm(level, blocks.spread, &mut x, &self.model.embedding_norm);
                if let Some(first) = first {
                    desk.dense(first, blocks.spread, x.as_rows(), &mut projected);
                }
            });
    }

    /// Of a whole layer: `space.projected` → `space.mixed`.
    fn attention(&self, space: &mut Workspace) {
        let width = self.architecture.hidden_size;
        let projected = space.projected.rows();
        let [query, key, value] =
            [0, 1, 2].map(|i| projected.columns_of(i * width..(i + 1) * width));
        let start = Instant::now();
        let mut mixed = space.mixed.reshape(query.rows(), width);
        let &Self { level, numbers, .. } = self;
        let (heads, bias) = (self.architecture.heads, self.model.relative.as_ref());
        let sequences = &space.sequences;
        let attention = Attention { level, heads, query, key, value, sequences, bias, numbers };
        attention.forward(&mut mixed);
        if self.model.pairs {
            for Sequence { keys, .. } in sequences {
                // The neighbour that closes a pair attends to nothing.
                (keys.end..keys.end.next_multiple_of(2))
                    .for_each(|row| mixed.row_mut(row).fill(0.0));
            }
        }
        space.timings.attention += start.elapsed();
    }

    /// From what attention mixed to the layer's output in `space.x`, and the projections of the
    /// next layer.
    fn after_attention(&self, layer: &Layer, next: Option<&Dense>, space: &mut Workspace) {
        let Workspace { x, projected, mixed, desks, timings, .. } = space;
        let mixed = mixed.rows();
        let blocks = self.blocks(mixed.rows());
        let mut projected = projected.reshape(mixed.rows(), next.map_or(0, Dense::outputs));
        let mut x = x.rows_mut();
        timings.products +=
            desks.each(blocks, &mut x, &mut projected, |rows, mut x, mut projected, desk| {
                self.rest(layer, blocks.spread, mixed.slice(rows), &mut x, desk);
                if let Some(next) = next {
                    desk.dense(next, blocks.spread, x.as_rows(), &mut projected);
                }
            });
    }

    /// The last layer where the head reads first tokens only: nothing of the other tokens is
    /// computed.
    fn first_tokens(
        &self,
        layer: &Layer,
        query: &Dense,
        attention: &FirstToken,
        space: &mut Workspace,
    ) {
        let width = self.architecture.hidden_size;
        let windows = space.sequences.len();
        let mut firsts = space.pooled.reshape(windows, width);
        for (row, sequence) in space.sequences.iter().enumerate() {
            firsts.row_mut(row).copy_from_slice(space.x.rows().row(sequence.keys.start));
        }
        let blocks = self.blocks(windows);
        let mut queries = space.query.reshape(windows, width);
        space.timings.products +=
            space.desks.each(blocks, &mut firsts, &mut queries, |_, firsts, mut queries, desk| {
                desk.dense(query, blocks.spread, firsts.as_rows(), &mut queries);
            });
        let start = Instant::now();
        let mut mixed = space.mixed.reshape(windows, width);
        let (bias, scratch) = (self.model.relative.as_ref(), &mut space.first);
        let (queries, x) = (queries.as_rows(), space.x.rows());
        attention.forward(queries, x, &space.sequences, bias, scratch, &mut mixed);
        space.timings.attention += start.elapsed();
        // From here on the windows' first tokens are all there is.
        std::mem::swap(&mut space.x, &mut space.pooled);
        self.after_attention(layer, None, space);
        std::mem::swap(&mut space.x, &mut space.pooled);
    }

    /// x ← what the layer makes of x and of what attention mixed.
    fn rest(
        &self,
        layer: &Layer,
        spread: Spread,
        mixed: Rows<'_, f32>,
        x: &mut RowsMut<'_, f32>,
        desk: &mut Desk,
    ) {
        let (rows, width) = (x.rows(), x.columns());
        let Desk { y, inner, quantised, products } = desk;
        let mut y = y.reshape(rows, width);
        let start = Instant::now();
        layer.attention_output.forward(spread, mixed, quantised, &mut y, Activation::None);
        *products += start.elapsed();
        residual_layer_norm(self.level, spread, x, y.as_rows(), &layer.attention_norm);
        let start = Instant::now();
        let mut wide = inner.reshape(rows, layer.intermediate.outputs());
        layer.intermediate.forward(spread, x.as_rows(), quantised, &mut wide, Activation::Gelu);
        layer.output.forward(spread, wide.as_rows(), quantised, &mut y, Activation::None);
        *products += start.elapsed();
        residual_layer_norm(self.level, spread, x, y.as_rows(), &layer.norm);
    }

    fn blocks(&self, rows: usize) -> Blocks {
        Blocks::new(rows, rayon::current_num_threads(), self.model.limits)
    }

    /// What was pooled → `space.logits`, [windows, labels]: dense, tanh, projection.
    pub(crate) fn head(&self, space: &mut Workspace) {
        let Workspace { pooled, head, logits, quantised, .. } = space;
        let spread = Spread::Pool;
        let windows = pooled.rows().rows();
        let mut inner = head.reshape(windows, self.model.inner.outputs());
        self.model.inner.forward(spread, pooled.rows(), quantised, &mut inner, Activation::None);
        for row in 0..windows {
            inner.row_mut(row).iter_mut().for_each(|x| *x = x.tanh());
        }
        let mut logits = logits.reshape(windows, self.model.projection.outputs());
        let none = Activation::None;
        self.model.projection.forward(spread, inner.as_rows(), quantised, &mut logits, none);
    }
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
