use crate::terms::Terms;
use crate::{Error, SparseRows, VectorizerConfig};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Lyrics whose n-grams are counted by one task.
const CHUNK: usize = 512;

/// TF-IDF of n-grams of words or characters, as scikit-learn's `TfidfVectorizer`.
///
/// The value of an n-gram found `n` times in a lyric is (1 + ln n) · idf, or n · idf where not
/// sublinear, with idf = ln((1 + lyrics) / (1 + lyrics with the n-gram)) + 1; then each row is
/// divided by its Euclidean norm.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectorizer {
    config: VectorizerConfig,
    pub(crate) terms: Vec<Arc<str>>,
    pub(crate) idf: Vec<f32>,
    columns: HashMap<Arc<str>, u32>,
}

impl Vectorizer {
    /// Learns the vocabulary and the idf.
    pub fn fit(lyrics: &[&str], config: &VectorizerConfig) -> Result<Self, Error> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Config { problems });
        }
        let found = |lyric: &&str| Terms::of(lyric, config.analyzer);
        let found: Vec<Terms> = lyrics.par_iter().map(found).collect();
        let kept = most_frequent(count(&found, config.ngrams), config);
        if kept.is_empty() {
            let least = config.min_document_frequency;
            return Err(Error::EmptyVocabulary { rows: lyrics.len(), least });
        }
        let rows = lyrics.len() as f64;
        let idf = |documents: u32| ((1.0 + rows) / (1.0 + f64::from(documents))).ln() + 1.0;
        let terms = kept.iter().map(|(term, _)| Arc::from(*term)).collect();
        let idf = kept.iter().map(|(_, count)| idf(count.documents) as f32).collect();
        Ok(Self::new(config, terms, idf))
    }

    /// `terms` ascend and are as many as `idf`.
    pub(crate) fn new(config: &VectorizerConfig, terms: Vec<Arc<str>>, idf: Vec<f32>) -> Self {
        let columns = terms.iter().zip(0..).map(|(term, column)| (term.clone(), column)).collect();
        Self { config: config.clone(), terms, idf, columns }
    }

    /// The n-gram of each column, in ascending order.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = &str> {
        self.terms.iter().map(AsRef::as_ref)
    }

    /// The inverse document frequency of each column.
    pub fn idf(&self) -> &[f32] {
        &self.idf
    }

    /// Features [lyrics, terms]; the row of a lyric without a known n-gram is empty.
    pub fn transform(&self, lyrics: &[&str]) -> SparseRows {
        let rows: Vec<_> = lyrics.par_iter().map(|lyric| self.row(lyric)).collect();
        SparseRows::new(self.terms.len(), &rows)
    }

    /// Columns, ascending, and values of one lyric.
    pub(crate) fn row(&self, lyric: &str) -> Vec<(u32, f32)> {
        let terms = Terms::of(lyric, self.config.analyzer);
        let known =
            terms.ngrams(self.config.ngrams).filter_map(|ngram| self.columns.get(ngram).copied());
        let mut found: Vec<u32> = known.collect();
        found.sort_unstable();
        let weighted = |run: &[u32]| (run[0], self.weight(run[0], run.len()));
        let row: Vec<(u32, f64)> = found.chunk_by(|a, b| a == b).map(weighted).collect();
        let norm = row.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
        row.into_iter().map(|(column, value)| (column, (value / norm) as f32)).collect()
    }

    fn weight(&self, column: u32, times: usize) -> f64 {
        let times = times as f64;
        let frequency = if self.config.sublinear { 1.0 + times.ln() } else { times };
        frequency * f64::from(self.idf[column as usize])
    }
}

/// How often an n-gram is found.
#[derive(Clone, Copy, Default)]
struct Count {
    /// In how many lyrics.
    documents: u32,
    /// In all.
    total: u64,
    /// The last lyric it was found in, from 1.
    last: usize,
}

fn count(terms: &[Terms], ngrams: [usize; 2]) -> HashMap<&str, Count> {
    let chunks = terms.par_chunks(CHUNK).map(|chunk| count_chunk(chunk, ngrams));
    chunks.reduce(HashMap::new, merged)
}

fn count_chunk(terms: &[Terms], ngrams: [usize; 2]) -> HashMap<&str, Count> {
    let mut counts = HashMap::<&str, Count>::new();
    for (number, terms) in (1..).zip(terms) {
        for ngram in terms.ngrams(ngrams) {
            let count = counts.entry(ngram).or_default();
            count.documents += u32::from(count.last != number);
            count.total += 1;
            count.last = number;
        }
    }
    counts
}

/// Sums of whole numbers, so the order of merging is no matter.
fn merged<'a>(
    one: HashMap<&'a str, Count>,
    other: HashMap<&'a str, Count>,
) -> HashMap<&'a str, Count> {
    let (mut large, small) = if one.len() < other.len() { (other, one) } else { (one, other) };
    for (ngram, found) in small {
        let count = large.entry(ngram).or_default();
        count.documents += found.documents;
        count.total += found.total;
    }
    large
}

/// The n-grams to keep, in ascending order.
fn most_frequent<'a>(
    counts: HashMap<&'a str, Count>,
    config: &VectorizerConfig,
) -> Vec<(&'a str, Count)> {
    let least = config.min_document_frequency;
    let mut kept: Vec<_> =
        counts.into_iter().filter(|(_, count)| count.documents >= least).collect();
    kept.par_sort_unstable_by(|(a, one), (b, other)| other.total.cmp(&one.total).then(a.cmp(b)));
    kept.truncate(config.max_features);
    kept.par_sort_unstable_by_key(|(ngram, _)| *ngram);
    kept
}
