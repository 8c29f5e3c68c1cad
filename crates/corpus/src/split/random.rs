//! Groups drawn at random, labels unseen: what the surpassed pipeline did with songs.

use super::Group;
use canto_song::Split;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Shuffles the groups and cuts the row where the shares of the songs are reached.
pub(super) fn assign(groups: &[Group], shares: [f64; 3], seed: u64) -> Vec<Split> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let total: u64 = groups.iter().map(|group| group.songs).sum();
    let ends = [shares[0] * total as f64, (shares[0] + shares[1]) * total as f64];
    let mut splits = vec![Split::Train; groups.len()];
    let mut before = 0;
    for group in order {
        // By its middle, so that a large group goes where most of it belongs.
        let middle = before as f64 + groups[group].songs as f64 / 2.0;
        splits[group] = match middle {
            m if m < ends[0] => Split::Train,
            m if m < ends[1] => Split::Validation,
            _ => Split::Test,
        };
        before += groups[group].songs;
    }
    splits
}
