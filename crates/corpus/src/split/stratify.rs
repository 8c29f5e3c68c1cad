//! Groups assigned so that every split has its share of every label.
//!
//! Iterative stratification (K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the Stratification
//! of Multi-label Data", ECML PKDD 2011), made for groups: labels come rarest first, because
//! a rare label leaves the least choice; of a label's groups the largest come first, because
//! small ones can still even out. Each group goes where it raises this cost the least:
//!
//! ```text
//! Σ over labels and the number of songs, d:  Σ over splits, s:  count(s, d)² / (share(s) · total(d)²)
//! ```
//!
//! which is smallest where every count is its share of the total. Order among equals is
//! shuffled by the seed.

use super::Group;
use canto_song::{Genre, Split};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;

const LABELS: usize = Genre::ALL.len();

/// Counts of every label and, last, of the songs.
type Counts = [f64; LABELS + 1];

/// The split of every group, in order.
pub(super) fn assign(groups: &[Group], shares: [f64; 3], seed: u64) -> Vec<Split> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut filling = Filling::new(groups, shares);
    let mut splits = vec![None; groups.len()];
    while let Some(label) = rarest(groups, &splits) {
        let mut carriers: Vec<usize> = order
            .iter()
            .copied()
            .filter(|&group| splits[group].is_none() && groups[group].labels[label] > 0)
            .collect();
        carriers.sort_by_key(|&group| Reverse(groups[group].labels[label]));
        for group in carriers {
            splits[group] = Some(filling.place(&groups[group]));
        }
    }
    let unlabelled = order.into_iter().filter(|&group| splits[group].is_none()).collect::<Vec<_>>();
    for group in unlabelled {
        splits[group] = Some(filling.place(&groups[group]));
    }
    splits.into_iter().flatten().collect()
}

/// The label that the fewest unassigned songs carry.
fn rarest(groups: &[Group], splits: &[Option<Split>]) -> Option<usize> {
    let mut left = [0; LABELS];
    for (group, _) in groups.iter().zip(splits).filter(|(_, split)| split.is_none()) {
        for (sum, count) in left.iter_mut().zip(group.labels) {
            *sum += count;
        }
    }
    (0..LABELS).filter(|&label| left[label] > 0).min_by_key(|&label| left[label])
}

struct Filling {
    shares: [f64; 3],
    totals: Counts,
    counts: [Counts; 3],
}

impl Filling {
    fn new(groups: &[Group], shares: [f64; 3]) -> Self {
        let mut totals = [0.0; LABELS + 1];
        for group in groups {
            for (total, count) in totals.iter_mut().zip(counts(group)) {
                *total += count;
            }
        }
        Self { shares, totals, counts: [[0.0; LABELS + 1]; 3] }
    }

    fn place(&mut self, group: &Group) -> Split {
        let added = counts(group);
        let cost = |split: &Split| self.cost(*split as usize, &added);
        let best = Split::ALL.into_iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
        let best = best.unwrap_or(Split::Train);
        for (count, more) in self.counts[best as usize].iter_mut().zip(added) {
            *count += more;
        }
        best
    }

    /// How much the cost rises if `added` goes to `split`.
    fn cost(&self, split: usize, added: &Counts) -> f64 {
        let rise = |d: usize| {
            let (now, more) = (self.counts[split][d], added[d]);
            (2.0 * now * more + more * more) / (self.shares[split] * self.totals[d].powi(2))
        };
        (0..=LABELS).filter(|&d| added[d] > 0.0).map(rise).sum()
    }
}

fn counts(group: &Group) -> Counts {
    let mut counts = [0.0; LABELS + 1];
    for (count, label) in counts.iter_mut().zip(group.labels) {
        *count = label as f64;
    }
    counts[LABELS] = group.songs as f64;
    counts
}
