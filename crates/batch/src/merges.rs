//! Learning the merges of a byte-pair encoding (Sennrich, Haddow and Birch 2016).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

/// A pair occurring less often than this is not worth a token.
const LEAST_COUNT: u64 = 2;

type Pair = (u32, u32);

/// Tokens, their ids being their positions, and the merges that make the later ones.
pub(crate) struct Vocabulary {
    pub(crate) tokens: Vec<String>,
    pub(crate) merges: Vec<Pair>,
}

/// Merges the most frequent pair of neighbours, the one of lower ids among equals, until there are
/// `size` tokens or no pair occurs twice. `tokens` holds the letters, among others; letters of
/// `words` that it lacks are passed over.
pub(crate) fn learn(words: BTreeMap<String, u64>, tokens: Vec<String>, size: usize) -> Vocabulary {
    let mut ids: HashMap<String, u32> = tokens.iter().cloned().zip(0..).collect();
    let mut vocabulary = Vocabulary { tokens, merges: Vec::new() };
    let mut corpus = Corpus::new(words, &ids);
    while vocabulary.tokens.len() < size {
        let Some(pair) = corpus.most_frequent() else { break };
        let [left, right] = [pair.0, pair.1].map(|id| vocabulary.tokens[id as usize].as_str());
        let token = format!("{left}{right}");
        // Two ways may lead to one token: both merges are kept, the token once.
        let new = *ids.entry(token).or_insert_with_key(|token| {
            vocabulary.tokens.push(token.clone());
            vocabulary.tokens.len() as u32 - 1
        });
        vocabulary.merges.push(pair);
        corpus.merge(pair, new);
    }
    vocabulary
}

/// Words as token ids, and where each pair of neighbours occurs.
struct Corpus {
    words: Vec<Word>,
    pairs: HashMap<Pair, Occurrences>,
    /// Counts as they were at some time; looked up anew when they come to the top.
    queue: BinaryHeap<(u64, Reverse<Pair>)>,
}

struct Word {
    ids: Vec<u32>,
    count: u64,
}

#[derive(Default)]
struct Occurrences {
    count: u64,
    /// Words that hold the pair, or once held it. Ordered, so that the walk over them is.
    words: BTreeSet<usize>,
}

impl Corpus {
    fn new(words: BTreeMap<String, u64>, ids: &HashMap<String, u32>) -> Self {
        let letter = |letter: char| ids.get(letter.encode_utf8(&mut [0; 4]) as &str).copied();
        let words = words
            .into_iter()
            .map(|(word, count)| Word { ids: word.chars().filter_map(letter).collect(), count });
        let mut corpus =
            Self { words: words.collect(), pairs: HashMap::new(), queue: BinaryHeap::new() };
        for word in 0..corpus.words.len() {
            corpus.count_pairs(word);
        }
        corpus.queue = corpus.pairs.iter().map(|(pair, at)| (at.count, Reverse(*pair))).collect();
        corpus
    }

    /// Counts the pairs of a word in.
    fn count_pairs(&mut self, word: usize) -> Vec<Pair> {
        let Word { ids, count } = &self.words[word];
        let pairs: Vec<Pair> = ids.windows(2).map(|pair| (pair[0], pair[1])).collect();
        for pair in &pairs {
            let at = self.pairs.entry(*pair).or_default();
            at.count += count;
            at.words.insert(word);
        }
        pairs
    }

    /// Counts the pairs of a word out.
    fn discount_pairs(&mut self, word: usize) {
        let Word { ids, count } = &self.words[word];
        for pair in ids.windows(2) {
            if let Some(at) = self.pairs.get_mut(&(pair[0], pair[1])) {
                at.count -= count;
            }
        }
    }

    fn most_frequent(&mut self) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.queue.pop() {
            let now = self.pairs.get(&pair).map_or(0, |at| at.count);
            if now == count && count >= LEAST_COUNT {
                return Some(pair);
            }
            // Counts that rose were queued anew when they did.
            if now < count && now >= LEAST_COUNT {
                self.queue.push((now, Reverse(pair)));
            }
        }
        None
    }

    /// Puts `new` in the place of `pair` wherever it occurs.
    fn merge(&mut self, pair: Pair, new: u32) {
        let Some(occurrences) = self.pairs.get_mut(&pair) else { return };
        let mut changed = BTreeSet::new();
        for word in std::mem::take(&mut occurrences.words) {
            self.discount_pairs(word);
            replace(&mut self.words[word].ids, pair, new);
            changed.extend(
                self.count_pairs(word).into_iter().filter(|pair| pair.0 == new || pair.1 == new),
            );
        }
        let queued = changed.into_iter().map(|pair| (self.pairs[&pair].count, Reverse(pair)));
        self.queue.extend(queued);
    }
}

/// Replaces every `pair`, from the left.
fn replace(ids: &mut Vec<u32>, pair: Pair, new: u32) {
    let mut read = 0;
    let mut write = 0;
    while read < ids.len() {
        let merged = ids[read] == pair.0 && ids.get(read + 1) == Some(&pair.1);
        ids[write] = if merged { new } else { ids[read] };
        read += 1 + usize::from(merged);
        write += 1;
    }
    ids.truncate(write);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(words: &[(&str, u64)], size: usize) -> Vec<String> {
        let words = words.iter().map(|&(word, count)| (word.to_owned(), count)).collect();
        learn(words, ["a", "b", "c", "d"].map(String::from).to_vec(), size).tokens.split_off(4)
    }

    #[test]
    fn the_most_frequent_pair_comes_first_and_ties_go_to_lower_ids() {
        assert_eq!(learnt(&[("abd", 3), ("bcd", 4)], 6), ["bc", "bcd"]);
        assert_eq!(learnt(&[("cd", 2), ("ab", 2)], 99), ["ab", "cd"]);
    }

    #[test]
    fn a_pair_that_occurs_once_is_left_alone() {
        assert_eq!(learnt(&[("abcd", 1)], 99), [""; 0]);
        assert_eq!(learnt(&[("abab", 1)], 99), ["ab"]);
    }

    #[test]
    fn runs_of_one_letter_merge_from_the_left() {
        let mut ids = vec![0, 0, 0, 1, 0, 0];
        replace(&mut ids, (0, 0), 9);
        assert_eq!(ids, [9, 0, 1, 9]);
    }

    #[test]
    fn letters_outside_the_alphabet_are_passed_over() {
        assert_eq!(learnt(&[("axb", 5)], 99), ["ab"]);
    }
}
