use regex::Regex;
use std::sync::LazyLock;

/// Python's `\b\w\w+\b`: there `\w` is a letter, a number or `_`, and unlike in this crate's
/// expressions no combining mark. Greedy, so a match is a whole run of two or more.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]{2,}").ok());

/// The words of one lyric, lower-cased, with one space between: every n-gram is a slice.
pub(crate) struct Words {
    text: String,
    /// Start and end of each word in `text`.
    spans: Vec<(usize, usize)>,
}

impl Words {
    pub(crate) fn of(lyric: &str) -> Self {
        let lower = lyric.to_lowercase();
        let mut words = Self { text: String::with_capacity(lower.len()), spans: Vec::new() };
        for found in WORD.iter().flat_map(|word| word.find_iter(&lower)) {
            if !words.text.is_empty() {
                words.text.push(' ');
            }
            let start = words.text.len();
            words.text.push_str(found.as_str());
            words.spans.push((start, words.text.len()));
        }
        words
    }

    /// Every run of `shortest` to `longest` words, the shortest first.
    pub(crate) fn ngrams(&self, [shortest, longest]: [usize; 2]) -> impl Iterator<Item = &str> {
        (shortest.max(1)..=longest).flat_map(move |length| {
            let runs = self.spans.windows(length);
            runs.filter_map(|run| Some(&self.text[run.first()?.0..run.last()?.1]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_two_or_more() {
        let words = Words::of("I don't KNOW, my_love: 24/7 a");
        let found: Vec<_> = words.ngrams([1, 1]).collect();
        assert_eq!(found, ["don", "know", "my_love", "24"]);
    }

    #[test]
    fn ngrams_are_slices() {
        let words = Words::of("La  la\nland");
        let found: Vec<_> = words.ngrams([1, 2]).collect();
        assert_eq!(found, ["la", "la", "land", "la la", "la land"]);
        assert_eq!(words.ngrams([4, 5]).count(), 0);
    }
}
