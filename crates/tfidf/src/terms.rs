use crate::Analyzer;
use regex::Regex;
use std::sync::LazyLock;

/// Python's `\b\w\w+\b`: there `\w` is a letter, a number or `_`, and unlike in this crate's
/// expressions no combining mark. Greedy, so a match is a whole run of two or more.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]{2,}").ok());

/// One lyric, lower-cased, laid out so that every n-gram is a slice of it.
pub(crate) struct Terms {
    text: String,
    /// Start and end in `text` of each unit that n-grams are runs of: words or characters.
    spans: Vec<(usize, usize)>,
    /// Ends of the runs of units that no n-gram crosses, as positions in `spans`.
    ends: Vec<usize>,
    analyzer: Analyzer,
}

impl Terms {
    pub(crate) fn of(lyric: &str, analyzer: Analyzer) -> Self {
        let lower = lyric.to_lowercase();
        let text = String::with_capacity(lower.len());
        let mut terms = Self { text, spans: Vec::new(), ends: Vec::new(), analyzer };
        match analyzer {
            Analyzer::Word => terms.add_words(&lower),
            Analyzer::CharWb => terms.add_characters(&lower),
        }
        terms
    }

    fn add_words(&mut self, lower: &str) {
        for found in WORD.iter().flat_map(|word| word.find_iter(lower)) {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            let start = self.text.len();
            self.text.push_str(found.as_str());
            self.spans.push((start, self.text.len()));
        }
        self.ends.push(self.spans.len());
    }

    /// Each run between white space, with a space before and after it.
    fn add_characters(&mut self, lower: &str) {
        let runs = lower.split(is_python_space).filter(|run| !run.is_empty());
        for run in runs {
            let start = self.text.len();
            self.text.extend([" ", run, " "]);
            let characters = self.text[start..].char_indices();
            let span = |(at, c): (usize, char)| (start + at, start + at + c.len_utf8());
            self.spans.extend(characters.map(span));
            self.ends.push(self.spans.len());
        }
    }

    /// Every run of `shortest` to `longest` units. A word of characters that is shorter than a
    /// run counts once as a whole, as in scikit-learn.
    pub(crate) fn ngrams(&self, [shortest, longest]: [usize; 2]) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let groups = starts.zip(&self.ends).map(|(start, &end)| &self.spans[start..end]);
        groups.flat_map(move |group| {
            let whole = self.analyzer == Analyzer::CharWb && group.len() < shortest;
            let lengths = if whole { group.len()..=group.len() } else { shortest..=longest };
            lengths
                .flat_map(move |length| group.windows(length.max(1)))
                .filter_map(|run| Some(&self.text[run.first()?.0..run.last()?.1]))
        })
    }
}

/// What Python's `str.split` splits at.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ngrams(lyric: &str, analyzer: Analyzer, lengths: [usize; 2]) -> Vec<String> {
        Terms::of(lyric, analyzer).ngrams(lengths).map(str::to_owned).collect()
    }

    #[test]
    fn words_are_runs_of_two_or_more() {
        let found = ngrams("I don't KNOW, my_love: 24/7 a", Analyzer::Word, [1, 1]);
        assert_eq!(found, ["don", "know", "my_love", "24"]);
    }

    #[test]
    fn ngrams_are_slices() {
        let found = ngrams("La  la\nland", Analyzer::Word, [1, 2]);
        assert_eq!(found, ["la", "la", "land", "la la", "la land"]);
        assert!(ngrams("La  la\nland", Analyzer::Word, [4, 5]).is_empty());
    }

    #[test]
    fn characters_stay_within_their_word() {
        let found = ngrams("Hé a", Analyzer::CharWb, [2, 4]);
        assert_eq!(found, [" h", "hé", "é ", " hé", "hé ", " hé ", " a", "a ", " a "]);
        assert_eq!(ngrams("a", Analyzer::CharWb, [4, 5]), [" a "]);
    }
}
