use crate::{Buckets, Tokenized};
use serde::{Deserialize, Serialize};

/// Windows of one length, ready for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Number of windows.
    pub rows: usize,
    /// Tokens of a row, padding included.
    pub length: usize,
    /// Token ids, `[rows, length]` row by row, padded on the right.
    pub input_ids: Vec<u32>,
    /// Which tokens are real, `[rows, length]`.
    pub attention_mask: Vec<bool>,
    /// The song each row belongs to, `[rows]`.
    pub owners: Vec<usize>,
}

impl Batch {
    /// Padding tokens in the batch.
    pub fn padding(&self) -> usize {
        self.attention_mask.iter().filter(|&&real| !real).count()
    }

    fn empty(rows: usize, length: usize) -> Self {
        Self {
            rows,
            length,
            input_ids: Vec::with_capacity(rows * length),
            attention_mask: Vec::with_capacity(rows * length),
            owners: Vec::with_capacity(rows),
        }
    }

    fn push(&mut self, owner: usize, ids: &[u32], pad_id: u32) {
        self.owners.push(owner);
        self.input_ids.extend_from_slice(ids);
        self.input_ids.resize(self.owners.len() * self.length, pad_id);
        self.attention_mask.extend((0..self.length).map(|position| position < ids.len()));
    }
}

/// A batch of `(owner, token ids)` rows, in their order, as long as the smallest bucket that holds
/// the longest of them.
pub fn collate(rows: &[(usize, &[u32])], buckets: &Buckets, pad_id: u32) -> Batch {
    let longest = rows.iter().map(|(_, ids)| ids.len()).max().unwrap_or(0);
    let mut batch = Batch::empty(rows.len(), buckets.fit(longest));
    for &(owner, ids) in rows {
        batch.push(owner, ids, pad_id);
    }
    batch
}

/// Every window of every song, in batches of one bucket each and at most `tokens_per_batch`
/// tokens with their padding, but at least one row. The longest come first, so that what memory
/// the whole run needs is known after the first batch. Owners are positions in `songs`.
pub fn inference_batches(
    songs: &[Tokenized],
    buckets: &Buckets,
    pad_id: u32,
    tokens_per_batch: usize,
) -> Vec<Batch> {
    let mut rows: Vec<(usize, &[u32])> = songs
        .iter()
        .enumerate()
        .flat_map(|(owner, song)| song.windows.iter().map(move |ids| (owner, ids.as_slice())))
        .collect();
    // A stable sort: equal lengths keep the order of the songs.
    rows.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    rows.chunk_by(|(_, a), (_, b)| buckets.fit(a.len()) == buckets.fit(b.len()))
        .flat_map(|alike| {
            let length = buckets.fit(alike[0].1.len()).max(1);
            alike.chunks((tokens_per_batch / length).max(1))
        })
        .map(|rows| collate(rows, buckets, pad_id))
        .collect()
}

/// How much of what a model reads is padding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaddingWaste {
    /// Tokens of songs, special tokens included.
    pub real: u64,
    /// Padding tokens.
    pub padded: u64,
}

impl PaddingWaste {
    /// Counts `batch` in.
    pub fn add(&mut self, batch: &Batch) {
        let padding = batch.padding() as u64;
        self.padded += padding;
        self.real += batch.attention_mask.len() as u64 - padding;
    }

    /// Padding as a share of all tokens, 0 to 1; 0 before the first batch.
    pub fn share(&self) -> f64 {
        self.padded as f64 / (self.real + self.padded).max(1) as f64
    }
}
