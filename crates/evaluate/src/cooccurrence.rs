use crate::{Error, Scored, Thresholds};
use serde::{Deserialize, Serialize};

/// How often two labels stand together, `[labels][labels]`, symmetric; the diagonal counts the
/// songs of each label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooccurrence {
    /// The labels, in order.
    pub labels: Vec<String>,
    /// Among the truth.
    pub truth: Vec<Vec<u64>>,
    /// Among what is decided.
    pub decided: Vec<Vec<u64>>,
}

/// Counts pairs of labels among the truth and among what `thresholds` decide.
pub fn cooccurrence(
    scored: &impl Scored,
    thresholds: &Thresholds,
    labels: &[String],
) -> Result<Cooccurrence, Error> {
    scored.check_labels(labels)?;
    let thresholds = thresholds.aligned(labels)?;
    let width = labels.len();
    let truths = scored.targets().values().chunks(width).map(<[bool]>::to_vec);
    let decided = scored.scores().values().chunks(width).map(|scores| thresholds.decide(scores));
    Ok(Cooccurrence {
        labels: labels.to_vec(),
        truth: pairs(truths, width),
        decided: pairs(decided, width),
    })
}

fn pairs(rows: impl Iterator<Item = Vec<bool>>, labels: usize) -> Vec<Vec<u64>> {
    let mut counts = vec![vec![0; labels]; labels];
    for row in rows {
        for (counts, _) in counts.iter_mut().zip(&row).filter(|(_, one)| **one) {
            for (count, other) in counts.iter_mut().zip(&row) {
                *count += u64::from(*other);
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scores, Targets, Test};

    #[test]
    fn pairs_are_counted_both_ways_and_labels_on_the_diagonal() {
        let labels = ["Pop", "Rock", "Metal"].map(str::to_owned);
        let scores = Scores::new(2, 3, vec![0.9, 0.1, 0.1, 0.9, 0.9, 0.1]).unwrap();
        let truths = vec![false, true, true, true, true, true];
        let scored = Test::new(scores, Targets::new(2, 3, truths).unwrap()).unwrap();
        let found = cooccurrence(&scored, &Thresholds::fixed(0.5, &labels), &labels).unwrap();
        assert_eq!(found.truth, [[1, 1, 1], [1, 2, 2], [1, 2, 2]]);
        assert_eq!(found.decided, [[2, 1, 0], [1, 1, 0], [0, 0, 0]]);
    }
}
