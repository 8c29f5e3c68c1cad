use canto_song::Problem;
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// The longest n-gram that is any use, and a guard against a vocabulary of whole lines.
const LONGEST: usize = 5;

/// What n-grams are made of, by scikit-learn's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analyzer {
    /// Runs of two or more letters, digits or `_`.
    #[default]
    Word,
    /// Characters within runs between white space, a space before and after each run included.
    CharWb,
}

/// Which n-grams are counted, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VectorizerConfig {
    /// What n-grams are made of.
    pub analyzer: Analyzer,
    /// Words or characters in the shortest and in the longest n-gram.
    pub ngrams: [usize; 2],
    /// An n-gram in fewer lyrics is left out.
    pub min_document_frequency: u32,
    /// The n-grams kept: those counted most often over all lyrics, of equals the first in
    /// alphabetical order.
    pub max_features: usize,
    /// An n-gram found `n` times counts 1 + ln(n) instead of n.
    pub sublinear: bool,
}

/// How features are counted and weights are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TfidfConfig {
    /// What is counted; the features of all stand side by side, each with a norm of 1.
    pub vectorizers: Vec<VectorizerConfig>,
    /// C, the inverse strength of the L2 penalty.
    pub inverse_regularisation: f64,
    /// The fit of a label ends once no row's error probability is further than this from the
    /// one its dual variable stands for.
    pub tolerance: f64,
    /// The passes over all rows after which the fit ends in any case.
    pub max_iterations: usize,
}

impl Default for VectorizerConfig {
    fn default() -> Self {
        Self {
            analyzer: Analyzer::Word,
            ngrams: [1, 2],
            min_document_frequency: 3,
            max_features: 200_000,
            sublinear: true,
        }
    }
}

/// The baseline: words and pairs of words.
impl Default for TfidfConfig {
    fn default() -> Self {
        Self {
            vectorizers: vec![VectorizerConfig::default()],
            inverse_regularisation: 4.0,
            tolerance: 1e-3,
            max_iterations: 1000,
        }
    }
}

impl VectorizerConfig {
    /// Every value out of range.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let [shortest, longest] = self.ngrams;
        if !(1 <= shortest && shortest <= longest && longest <= LONGEST) {
            let found = format!("{:?}", self.ngrams);
            refuse(&mut problems, "ngrams", found, "two ascending numbers from 1 to 5");
        }
        if self.min_document_frequency == 0 {
            refuse(&mut problems, "min_document_frequency", 0, "at least 1");
        }
        if !(1..u32::MAX as usize).contains(&self.max_features) {
            refuse(
                &mut problems,
                "max_features",
                self.max_features,
                "at least 1 and below 2^32 - 1",
            );
        }
        problems
    }
}

impl TfidfConfig {
    /// Every value out of range.
    pub fn problems(&self) -> Vec<Problem> {
        let numbered = self.vectorizers.iter().enumerate();
        let mut problems: Vec<_> = numbered
            .flat_map(|(number, each)| {
                let within = format!("vectorizers.{number}");
                each.problems().into_iter().map(move |problem| problem.within(&within))
            })
            .collect();
        if self.vectorizers.is_empty() {
            refuse(&mut problems, "vectorizers", "empty", "at least one");
        }
        let positive = |value: f64| value.is_finite() && value > 0.0;
        for (key, value) in
            [("inverse_regularisation", self.inverse_regularisation), ("tolerance", self.tolerance)]
        {
            if !positive(value) {
                refuse(&mut problems, key, value, "a number above 0");
            }
        }
        if self.max_iterations == 0 {
            refuse(&mut problems, "max_iterations", 0, "at least 1");
        }
        problems
    }
}

fn refuse(problems: &mut Vec<Problem>, key: &str, found: impl Display, expected: &str) {
    problems.push(Problem::new(key, format!("is `{found}`, expected {expected}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_no_problem() {
        assert_eq!(TfidfConfig::default().problems(), []);
    }

    #[test]
    fn every_bad_value_is_named() {
        let vectorizer = VectorizerConfig {
            ngrams: [2, 1],
            min_document_frequency: 0,
            max_features: 0,
            ..VectorizerConfig::default()
        };
        let config = TfidfConfig {
            vectorizers: vec![vectorizer],
            inverse_regularisation: f64::NAN,
            tolerance: 0.0,
            max_iterations: 0,
        };
        let paths: Vec<_> = config.problems().into_iter().map(|problem| problem.path).collect();
        let of_first = ["ngrams", "min_document_frequency", "max_features"];
        assert_eq!(paths[..3], of_first.map(|key| format!("vectorizers.0.{key}")));
        assert_eq!(paths[3..], ["inverse_regularisation", "tolerance", "max_iterations"]);
        let nothing = TfidfConfig { vectorizers: Vec::new(), ..TfidfConfig::default() };
        assert_eq!(nothing.problems()[0].path, "vectorizers");
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<TfidfConfig>(r#"{"ngrams": [1, 2]}"#).is_err());
        assert!(serde_json::from_str::<VectorizerConfig>(r#"{"ngram": [1, 2]}"#).is_err());
        assert_eq!(serde_json::from_str::<TfidfConfig>("{}").unwrap(), TfidfConfig::default());
    }
}
