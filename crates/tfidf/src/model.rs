use crate::logistic::{self, Fitted, LANES, sigmoid};
use crate::prior::positives;
use crate::{Error, SparseRows, TfidfConfig, Vectorizer};
use canto_song::{Problem, Progress};
use half::f16;
use rayon::prelude::*;

/// TF-IDF features and one logistic regression a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Tfidf {
    pub(crate) config: TfidfConfig,
    /// Their columns follow each other.
    pub(crate) vectorizers: Vec<Vectorizer>,
    pub(crate) labels: Vec<String>,
    /// Row-major [features, labels], each a value of half precision: so the file is half as
    /// large and still gives the same scores.
    pub(crate) coefficients: Vec<f32>,
    pub(crate) intercepts: Vec<f32>,
    pub(crate) constant: Vec<String>,
    pub(crate) unconverged: Vec<String>,
}

impl Tfidf {
    /// Fits features and weights; `targets` is row-major [lyrics, labels].
    ///
    /// A label that all lyrics have, or none, has nothing to be learnt from: it gets its prior,
    /// half a row away from 0 and 1, and is named by [`Tfidf::constant`].
    pub fn fit(
        lyrics: &[&str],
        targets: &[bool],
        labels: &[String],
        config: &TfidfConfig,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        check(lyrics.len(), targets.len(), labels.len())?;
        progress.start("count n-grams", None);
        refuse(config.problems())?;
        let fit = |each| Vectorizer::fit(lyrics, each);
        let vectorizers = config.vectorizers.iter().map(fit).collect::<Result<Vec<_>, _>>()?;
        let features = features(&vectorizers, lyrics);
        progress.finish();
        let counts = positives(targets, labels.len());
        let varies = |label: usize| counts[label] > 0 && counts[label] < lyrics.len();
        progress.start("fit labels", Some(labels.len() as u64));
        let groups: Vec<usize> = (0..labels.len()).step_by(LANES).collect();
        let fit_group = |&first: &usize| {
            let width = LANES.min(labels.len() - first);
            let fitted_lanes = lanes(|lane| lane < width && varies(first + lane));
            let targets = lane_targets(targets, labels.len(), first);
            let fitted = logistic::fit(&features, &targets, fitted_lanes, config);
            progress.advance(width as u64);
            fitted
        };
        let fitted: Vec<Fitted> = groups.par_iter().map(fit_group).collect();
        progress.finish();
        let mut model = Self::assemble(config, vectorizers, labels, &features, &fitted);
        model.set_constants(&counts, lyrics.len());
        Ok(model)
    }

    fn assemble(
        config: &TfidfConfig,
        vectorizers: Vec<Vectorizer>,
        labels: &[String],
        features: &SparseRows,
        fitted: &[Fitted],
    ) -> Self {
        let rounded = |value: f64| f16::from_f64(value.clamp(-65504.0, 65504.0)).to_f32();
        let weights = |feature: usize| {
            let lanes = fitted.iter().flat_map(move |group| group.weights[feature]);
            lanes.take(labels.len())
        };
        let converged = fitted.iter().flat_map(|group| group.converged);
        let late = labels.iter().zip(converged).filter(|(_, converged)| !converged);
        Self {
            config: config.clone(),
            vectorizers,
            labels: labels.to_vec(),
            coefficients: (0..features.columns()).flat_map(weights).map(rounded).collect(),
            intercepts: weights(features.columns()).map(|value| value as f32).collect(),
            constant: Vec::new(),
            unconverged: late.map(|(label, _)| label.clone()).collect(),
        }
    }

    fn set_constants(&mut self, counts: &[usize], rows: usize) {
        let labels = self.labels.iter().zip(&mut self.intercepts).zip(counts);
        for ((label, intercept), &count) in labels {
            if count == 0 || count == rows {
                let most = (2.0 * rows as f64 - 1.0).ln();
                *intercept = if count == 0 { -most } else { most } as f32;
                self.constant.push(label.clone());
            }
        }
    }

    /// Probabilities, row-major [lyrics, labels].
    pub fn score(&self, lyrics: &[&str]) -> Vec<f32> {
        let scored = |lyric: &&str| {
            let logits = self.logits(&row(&self.vectorizers, lyric));
            logits.into_iter().map(|logit| sigmoid(logit) as f32)
        };
        lyrics.par_iter().flat_map_iter(scored).collect()
    }

    fn logits(&self, row: &[(u32, f32)]) -> Vec<f64> {
        let mut logits: Vec<f64> = self.intercepts.iter().copied().map(f64::from).collect();
        for &(column, value) in row {
            for (logit, &weight) in logits.iter_mut().zip(self.weights(column)) {
                *logit += f64::from(weight) * f64::from(value);
            }
        }
        logits
    }

    /// One feature's weight for each label.
    fn weights(&self, column: u32) -> &[f32] {
        let start = column as usize * self.labels.len();
        &self.coefficients[start..start + self.labels.len()]
    }

    /// What each known n-gram of a lyric adds to the logit of a label, the largest by size first
    /// and of equals the first in alphabetical order. With the intercept they sum up to the
    /// logit. Nothing for a label that the model does not have.
    pub fn contributions(&self, lyric: &str, label: usize) -> Vec<(String, f32)> {
        let share = |(column, value): (u32, f32)| {
            let weight = self.weights(column).get(label)?;
            Some((self.term(column)?.to_owned(), weight * value))
        };
        let row = row(&self.vectorizers, lyric);
        let mut shares: Vec<_> = row.into_iter().filter_map(share).collect();
        // Stable, and each vectorizer's columns are in alphabetical order.
        shares.sort_by(|(_, one), (_, other)| other.abs().total_cmp(&one.abs()));
        shares
    }

    fn term(&self, column: u32) -> Option<&str> {
        let mut column = column as usize;
        for vectorizer in &self.vectorizers {
            match vectorizer.terms.get(column) {
                Some(term) => return Some(term),
                None => column -= vectorizer.terms.len(),
            }
        }
        None
    }

    /// The labels, in the order of the scores.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Each label's logit for a lyric without a known n-gram.
    pub fn intercepts(&self) -> &[f32] {
        &self.intercepts
    }

    /// Labels that all lyrics of the fit had, or none: their score is always the same.
    pub fn constant(&self) -> &[String] {
        &self.constant
    }

    /// Labels whose fit ended before the tolerance was reached.
    pub fn unconverged(&self) -> &[String] {
        &self.unconverged
    }
}

/// The features of all vectorizers, side by side.
fn features(vectorizers: &[Vectorizer], lyrics: &[&str]) -> SparseRows {
    let rows: Vec<_> = lyrics.par_iter().map(|lyric| row(vectorizers, lyric)).collect();
    SparseRows::new(vectorizers.iter().map(|each| each.terms.len()).sum(), &rows)
}

/// Columns, ascending, and values of one lyric.
fn row(vectorizers: &[Vectorizer], lyric: &str) -> Vec<(u32, f32)> {
    let mut row = Vec::new();
    let mut first = 0;
    for vectorizer in vectorizers {
        let own = vectorizer.row(lyric).into_iter();
        row.extend(own.map(|(column, value)| (first + column, value)));
        first += vectorizer.terms.len() as u32;
    }
    row
}

fn refuse(problems: Vec<Problem>) -> Result<(), Error> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Config { problems }) }
}

fn check(rows: usize, found: usize, labels: usize) -> Result<(), Error> {
    if rows == 0 || labels == 0 {
        return Err(Error::Empty { rows, labels });
    }
    if rows.checked_mul(labels) != Some(found) {
        return Err(Error::Shape { rows, labels, found });
    }
    Ok(())
}

fn lanes(holds: impl Fn(usize) -> bool) -> [bool; LANES] {
    std::array::from_fn(holds)
}

/// Each row's targets of the labels from `first` on.
fn lane_targets(targets: &[bool], labels: usize, first: usize) -> Vec<[bool; LANES]> {
    let of_row = |row: &[bool]| lanes(|lane| row.get(first + lane).copied().unwrap_or(false));
    targets.chunks_exact(labels).map(of_row).collect()
}
