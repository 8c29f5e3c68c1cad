use crate::{BatchConfig, Buckets, Error, LyricTokenizer, Window};
use rayon::prelude::*;
use std::ops::Range;

/// A song as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokenized {
    /// Token ids of each window with its special tokens, at most `max_tokens` each; at least one.
    pub windows: Vec<Vec<u32>>,
    /// Tokens of the whole song, special tokens included once.
    pub tokens: usize,
    /// Whether some of the song is in no window.
    pub truncated: bool,
}

impl Tokenized {
    /// Length in tokens of the longest window.
    pub fn longest(&self) -> usize {
        self.windows.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Turns lyrics into windows: a tokenizer and the rules by which long songs are cut.
#[derive(Clone, Debug)]
pub struct Windows {
    tokenizer: LyricTokenizer,
    config: BatchConfig,
    buckets: Buckets,
}

impl Windows {
    /// Windows of `config` over `tokenizer`; an error lists every value that does not fit.
    pub fn new(tokenizer: LyricTokenizer, config: BatchConfig) -> Result<Self, Error> {
        let problems = config.problems_with(tokenizer.special_tokens());
        if !problems.is_empty() {
            return Err(Error::Config { problems });
        }
        let buckets = Buckets::new(&config);
        Ok(Self { tokenizer, config, buckets })
    }

    /// One lyric. An empty one gives one window of special tokens alone.
    pub fn encode(&self, lyric: &str) -> Result<Tokenized, Error> {
        let song = self.tokenizer.ids(lyric)?;
        let special = self.tokenizer.special_tokens();
        let cuts = cuts(song.len(), self.config.max_tokens.saturating_sub(special), &self.config);
        let read = if cuts.len() > 1 {
            // Chunks: one begins before the last one ends, so the last end tells.
            cuts.last().and_then(|parts| parts.last()).map_or(0, |part| part.end)
        } else {
            cuts.iter().flatten().map(Range::len).sum()
        };
        Ok(Tokenized {
            windows: cuts.iter().map(|parts| self.tokenizer.window(&song, parts)).collect(),
            tokens: song.len() + special,
            truncated: read < song.len(),
        })
    }

    /// Many lyrics, in parallel, in their order.
    pub fn encode_all(&self, lyrics: &[&str]) -> Result<Vec<Tokenized>, Error> {
        lyrics.par_iter().map(|lyric| self.encode(lyric)).collect()
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &LyricTokenizer {
        &self.tokenizer
    }

    /// The configuration.
    pub fn config(&self) -> &BatchConfig {
        &self.config
    }

    /// Lengths that batches are padded to.
    pub fn buckets(&self) -> &Buckets {
        &self.buckets
    }
}

/// The parts of a song of `length` tokens that each window holds, `room` tokens at most.
fn cuts(length: usize, room: usize, config: &BatchConfig) -> Vec<Vec<Range<usize>>> {
    if length <= room {
        return vec![vec![0..length]];
    }
    match config.window {
        Window::Head => vec![vec![0..room]],
        Window::HeadTail => {
            let head = config.head_tokens.min(room);
            vec![vec![0..head, length - (room - head)..length]]
        }
        Window::Chunks => chunks(length, room, config.stride, config.max_chunks),
    }
}

/// Windows of `room` tokens, each `stride` tokens back into the one before, until the song or the
/// number of windows ends. `length` is more than `room`.
fn chunks(length: usize, room: usize, stride: usize, most: usize) -> Vec<Vec<Range<usize>>> {
    let step = room.saturating_sub(stride).max(1);
    let needed = (length - room).div_ceil(step) + 1;
    (0..needed.min(most.max(1)))
        .map(|number| number * step)
        .map(|start| std::iter::once(start..(start + room).min(length)).collect())
        .collect()
}
