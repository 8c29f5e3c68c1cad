//! Songs that are the same text, exactly or nearly.
//!
//! Exact duplicates have the same words in the same order; they are told by a 128-bit hash.
//! Near duplicates share at least `similarity` of their shingles, as estimated from
//! [`minhash`] signatures; [`lsh`] finds the pairs worth estimating. Both relations are
//! closed transitively: a cluster is everything that can be reached from its first song.

mod lsh;
mod minhash;
mod words;

pub(crate) use minhash::{SLOTS, Signer};
pub(crate) use words::{fingerprint, words};

use crate::config::{Duplicates, DuplicatesConfig};
use crate::union_find::UnionFind;
use std::collections::HashMap;

/// What becomes of a song; positions are those in the slices handed in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    /// It stays; songs of one cluster must stay together, the first of them is named.
    Keep { cluster: usize },
    /// It is the same text as the song `of`.
    Exact { of: usize },
    /// It is nearly the same text as the song `of`.
    Near { of: usize, similarity: f64 },
}

/// Decides on every song. `signatures` holds [`SLOTS`] numbers a song, or nothing where near
/// duplicates are ignored.
pub(crate) fn judge(
    fingerprints: &[u128],
    signatures: &[u32],
    config: &DuplicatesConfig,
) -> Vec<Fate> {
    let mut clusters = UnionFind::new(fingerprints.len());
    let first = first_of_each(fingerprints);
    if config.exact != Duplicates::Ignore {
        for (song, &of) in first.iter().enumerate() {
            clusters.join(song, of);
        }
    }
    if config.near != Duplicates::Ignore {
        // An exact duplicate that goes anyway needs no further comparison.
        let goes = |song: usize| config.exact == Duplicates::Reject && first[song] != song;
        let stay: Vec<usize> = (0..fingerprints.len()).filter(|&song| !goes(song)).collect();
        lsh::join(&stay, signatures, config.similarity, &mut clusters);
    }
    (0..fingerprints.len())
        .map(|song| fate(song, first[song], clusters.find(song), signatures, config))
        .collect()
}

fn fate(
    song: usize,
    same: usize,
    cluster: usize,
    signatures: &[u32],
    config: &DuplicatesConfig,
) -> Fate {
    if config.exact == Duplicates::Reject && same != song {
        return Fate::Exact { of: same };
    }
    // Exact duplicates that may stay are no near duplicates either.
    let near = cluster != song && (config.exact == Duplicates::Ignore || cluster != same);
    if config.near == Duplicates::Reject && near {
        let similarity = lsh::similarity(signatures, song, cluster);
        return Fate::Near { of: cluster, similarity };
    }
    Fate::Keep { cluster }
}

/// For every song the first one with the same fingerprint, itself included.
fn first_of_each(fingerprints: &[u128]) -> Vec<usize> {
    let mut seen = HashMap::with_capacity(fingerprints.len());
    fingerprints
        .iter()
        .enumerate()
        .map(|(song, &print)| *seen.entry(print).or_insert(song))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(texts: &[&str], config: &DuplicatesConfig) -> Vec<Fate> {
        let signer = Signer::new(config.shingle_words);
        let prints: Vec<u128> = texts.iter().map(|text| fingerprint(&words(text))).collect();
        let signatures: Vec<u32> =
            texts.iter().flat_map(|text| signer.sign(&words(text))).collect();
        judge(&prints, &signatures, config)
    }

    /// Two hundred invented words, `change` of them replaced.
    fn lyric(change: usize) -> String {
        let word = |at: usize| match at % 50 {
            0 if at / 50 < change => format!("other{at}{change} "),
            _ => format!("word{at} "),
        };
        (0..200).map(word).collect()
    }

    #[test]
    fn case_punctuation_and_line_breaks_do_not_count() {
        let config = DuplicatesConfig::default();
        let fates =
            judged(&["Rain, rain!\nGo away", "rain rain go away", "rain go away rain"], &config);
        assert_eq!(fates[0], Fate::Keep { cluster: 0 });
        assert_eq!(fates[1], Fate::Exact { of: 0 });
        assert_eq!(fates[2], Fate::Keep { cluster: 2 });
    }

    #[test]
    fn a_few_changed_words_are_near() {
        let texts = [lyric(0), lyric(2), "quite another song about a river and a road".to_owned()];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let fates = judged(&texts, &DuplicatesConfig::default());
        assert!(
            matches!(fates[1], Fate::Near { of: 0, similarity } if similarity >= 0.8),
            "{fates:?}"
        );
        assert_eq!(fates[2], Fate::Keep { cluster: 2 });
    }

    #[test]
    fn grouped_duplicates_stay_in_one_cluster() {
        let config = DuplicatesConfig {
            exact: Duplicates::Group,
            near: Duplicates::Group,
            ..DuplicatesConfig::default()
        };
        let texts = [lyric(0), lyric(0), lyric(2)];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(judged(&texts, &config), [Fate::Keep { cluster: 0 }; 3]);
    }

    #[test]
    fn ignored_duplicates_are_not_looked_for() {
        let config = DuplicatesConfig {
            exact: Duplicates::Ignore,
            near: Duplicates::Ignore,
            ..DuplicatesConfig::default()
        };
        let fates = judged(&["same old song", "same old song"], &config);
        assert_eq!(fates, [Fate::Keep { cluster: 0 }, Fate::Keep { cluster: 1 }]);
    }
}
