//! Locality-sensitive hashing: near duplicates without comparing every pair.
//!
//! Signatures are cut into [`BANDS`] bands; songs that agree in a whole band are compared. A
//! pair of similarity s meets with probability `1 - (1 - s^4)^32`: 0.9999999 at 0.8, 0.89 at
//! 0.5, 0.05 at 0.2. One band is held in memory at a time.

use super::minhash::SLOTS;
use crate::union_find::UnionFind;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

const BANDS: usize = 32;
const BAND: usize = SLOTS / BANDS;

/// Songs before it that a song is compared with within a bucket: a bucket larger than this
/// comes from a phrase that hundreds of songs share, and other bands tell those apart.
const COMPARED: usize = 64;

/// The share of slots in which two songs agree.
pub(super) fn similarity(signatures: &[u32], a: usize, b: usize) -> f64 {
    let of = |song: usize| &signatures[song * SLOTS..(song + 1) * SLOTS];
    let same = of(a).iter().zip(of(b)).filter(|(x, y)| x == y).count();
    same as f64 / SLOTS as f64
}

/// Joins the near duplicates among `songs`.
pub(super) fn join(songs: &[usize], signatures: &[u32], least: f64, clusters: &mut UnionFind) {
    for band in 0..BANDS {
        let key = |song: usize| {
            let from = song * SLOTS + band * BAND;
            let mut bytes = [0; BAND * 4];
            for (part, slot) in bytes.chunks_exact_mut(4).zip(&signatures[from..from + BAND]) {
                part.copy_from_slice(&slot.to_le_bytes());
            }
            xxh3_64(&bytes)
        };
        let mut keyed: Vec<(u64, usize)> =
            songs.par_iter().map(|&song| (key(song), song)).collect();
        keyed.par_sort_unstable();
        for bucket in keyed.chunk_by(|a, b| a.0 == b.0).filter(|bucket| bucket.len() > 1) {
            join_bucket(bucket, signatures, least, clusters);
        }
    }
}

fn join_bucket(bucket: &[(u64, usize)], signatures: &[u32], least: f64, clusters: &mut UnionFind) {
    for (at, &(_, song)) in bucket.iter().enumerate() {
        for &(_, other) in &bucket[at.saturating_sub(COMPARED)..at] {
            let known = clusters.find(song) == clusters.find(other);
            if !known && similarity(signatures, song, other) >= least {
                clusters.join(song, other);
            }
        }
    }
}
