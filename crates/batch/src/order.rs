use crate::Buckets;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The order in which an epoch reads its songs.
///
/// Songs of one bucket stand together, so little is padded; which songs meet in a micro-batch and
/// when it comes is drawn anew in every epoch, from the seed and the epoch's number alone.
#[derive(Clone, Debug)]
pub struct EpochOrder {
    /// Bucket of each song.
    bucket_of: Vec<usize>,
    buckets: usize,
    micro_batch: usize,
    seed: u64,
}

impl EpochOrder {
    /// An order over songs of these `lengths` in tokens. A `micro_batch` of 0 counts as 1.
    pub fn new(lengths: Vec<usize>, buckets: &Buckets, micro_batch: usize, seed: u64) -> Self {
        Self {
            bucket_of: lengths.into_iter().map(|length| buckets.index(length)).collect(),
            buckets: buckets.lengths().len(),
            micro_batch: micro_batch.max(1),
            seed,
        }
    }

    /// Number of micro-batches in an epoch.
    pub fn batches(&self) -> usize {
        self.bucket_of.len().div_ceil(self.micro_batch)
    }

    /// The micro-batches of epoch `number`, as positions in the lengths given: every song exactly
    /// once, every micro-batch full but one.
    pub fn epoch(&self, number: u64) -> Vec<Vec<usize>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // Streams of one seed never overlap, so epochs are independent draws.
        rng.set_stream(number);
        let mut songs: Vec<usize> = (0..self.bucket_of.len()).collect();
        songs.shuffle(&mut rng);
        let mut batches = self.grouped(&songs);
        batches.shuffle(&mut rng);
        batches
    }

    /// Cuts shuffled songs into micro-batches of like length. What does not fill a micro-batch
    /// moves up to the next longer bucket: fewer than one micro-batch of songs per bucket is
    /// padded further than it must be.
    fn grouped(&self, songs: &[usize]) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.buckets];
        for &song in songs {
            members[self.bucket_of[song]].push(song);
        }
        let mut batches = Vec::with_capacity(self.batches());
        let mut waiting = Vec::new();
        for bucket in members {
            waiting.extend(bucket);
            let full = waiting.len() / self.micro_batch * self.micro_batch;
            let rest = waiting.split_off(full);
            batches.extend(waiting.chunks(self.micro_batch).map(<[usize]>::to_vec));
            waiting = rest;
        }
        if !waiting.is_empty() {
            batches.push(waiting);
        }
        batches
    }
}
