use crate::examples::Examples;
use burn::prelude::*;
use canto_batch::{PaddingWaste, Windows, collate};
use canto_score::Pooled;
use canto_song::{Genre, GenreSet};

/// What a row is.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Token ids and mask [rows, length], for the whole model.
    Tokens {
        /// Token ids.
        ids: TensorData,
        /// False at padding.
        mask: TensorData,
    },
    /// What the encoder has made of them [rows, width], for the head.
    Pooled(TensorData),
}

/// The rows of one forward and backward pass, ready to go to the device.
#[derive(Clone, Debug)]
pub struct MicroBatch {
    pub(crate) input: Input,
    /// 0 or 1, [rows, labels].
    pub(crate) targets: TensorData,
    /// Share of its song that a row stands for, one over the song's windows: [rows].
    pub(crate) weights: TensorData,
    /// Real and padding tokens; none where the encoder has read them before.
    pub(crate) tokens: PaddingWaste,
    /// Scores that a head computes of real tokens with one another.
    pub(crate) scores: f64,
}

impl MicroBatch {
    /// Windows, each with the index of its song, padded to a common length.
    pub fn new(examples: &Examples, rows: &[(usize, &[u32])], windows: &Windows) -> Self {
        let batch = collate(rows, windows.buckets(), windows.tokenizer().pad_id());
        let mut tokens = PaddingWaste::default();
        tokens.add(&batch);
        let scores = rows.iter().map(|(_, ids)| (ids.len() * ids.len()) as f64).sum();
        let shape = [batch.rows, batch.length];
        let ids: Vec<i64> = batch.input_ids.into_iter().map(i64::from).collect();
        let input = Input::Tokens {
            ids: TensorData::new(ids, shape),
            mask: TensorData::new(batch.attention_mask, shape),
        };
        Self { tokens, scores, ..Self::of(examples, input, &batch.owners) }
    }

    /// What a frozen encoder has made of the songs at `indices`: only the head is left to learn.
    pub fn pooled(examples: &Examples, indices: &[usize], pooled: &Pooled) -> Self {
        let (values, owners) = pooled.rows(indices);
        let input = Input::Pooled(TensorData::new(values, [owners.len(), pooled.width()]));
        Self::of(examples, input, &owners)
    }

    fn of(examples: &Examples, input: Input, owners: &[usize]) -> Self {
        let share = |&owner: &usize| 1.0 / examples.tokenized[owner].windows.len() as f32;
        let weights: Vec<f32> = owners.iter().map(share).collect();
        let sets: Vec<GenreSet> = owners.iter().map(|&owner| examples.targets[owner]).collect();
        let (targets, weights) = (targets(&sets), weights.as_slice().into());
        Self { input, targets, weights, tokens: PaddingWaste::default(), scores: 0.0 }
    }
}

/// One 0 or 1 a label, [rows, labels].
fn targets(rows: &[GenreSet]) -> TensorData {
    let flags = rows.iter().flat_map(|set| set.flags());
    let values: Vec<f32> = flags.map(|flag| f32::from(u8::from(flag))).collect();
    TensorData::new(values, [rows.len(), Genre::ALL.len()])
}

/// The songs of one optimiser step, spread over as many passes as memory asks for.
#[derive(Clone, Debug)]
pub struct EffectiveBatch {
    pub(crate) passes: Vec<MicroBatch>,
    songs: Vec<usize>,
}

impl EffectiveBatch {
    /// All windows of the songs at `songs`, the longest first, `tokens_per_pass` tokens at a time,
    /// padding included, but at least one window.
    pub fn new(
        examples: &Examples,
        songs: &[usize],
        windows: &Windows,
        tokens_per_pass: usize,
    ) -> Self {
        Self::for_devices(1, examples, songs, windows, tokens_per_pass)
    }

    /// The same in passes of few enough windows for each of `devices` devices to have one.
    pub fn for_devices(
        devices: usize,
        examples: &Examples,
        songs: &[usize],
        windows: &Windows,
        tokens_per_pass: usize,
    ) -> Self {
        let of_song = |&song: &usize| {
            examples.tokenized[song].windows.iter().map(move |ids| (song, ids.as_slice()))
        };
        let mut rows: Vec<(usize, &[u32])> = songs.iter().flat_map(of_song).collect();
        rows.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
        let most = rows.len().div_ceil(devices).max(1);
        let mut rest = rows.as_slice();
        let mut passes = Vec::new();
        while let Some((_, longest)) = rest.first() {
            let length = windows.buckets().fit(longest.len()).max(1);
            let count = (tokens_per_pass / length).clamp(1, most.min(rest.len()));
            let (pass, left) = rest.split_at(count);
            passes.push(MicroBatch::new(examples, pass, windows));
            rest = left;
        }
        Self { passes, songs: songs.to_vec() }
    }

    /// The first window of each of `songs`, in one pass.
    pub(crate) fn first_windows(examples: &Examples, songs: &[usize], windows: &Windows) -> Self {
        let first = |&song: &usize| {
            let ids = examples.tokenized[song].windows.first();
            ids.map(|ids| (song, ids.as_slice()))
        };
        let rows: Vec<_> = songs.iter().filter_map(first).collect();
        let passes = vec![MicroBatch::new(examples, &rows, windows)];
        Self { passes, songs: songs.to_vec() }
    }

    /// The same of songs that a frozen encoder has read: one pass of the head.
    pub fn pooled(examples: &Examples, songs: &[usize], pooled: &Pooled) -> Self {
        let passes = vec![MicroBatch::pooled(examples, songs, pooled)];
        Self { passes, songs: songs.to_vec() }
    }

    /// Indices of its songs.
    pub fn songs(&self) -> &[usize] {
        &self.songs
    }

    /// Forward and backward passes.
    pub fn passes(&self) -> usize {
        self.passes.len()
    }

    /// Real and padding tokens.
    pub fn tokens(&self) -> PaddingWaste {
        self.passes.iter().fold(PaddingWaste::default(), |mut sum, pass| {
            sum.real += pass.tokens.real;
            sum.padded += pass.tokens.padded;
            sum
        })
    }

    /// Scores that a head computes of real tokens with one another.
    pub(crate) fn scores(&self) -> f64 {
        self.passes.iter().map(|pass| pass.scores).sum()
    }
}
