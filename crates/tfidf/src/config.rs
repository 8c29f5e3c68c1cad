use canto_song::Problem;
use serde::{Deserialize, Serialize};

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

/// How features are counted and weights are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TfidfConfig {
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
    /// C, the inverse strength of the L2 penalty.
    pub inverse_regularisation: f64,
    /// The fit of a label ends once no row's error probability is further than this from the
    /// one its dual variable stands for.
    pub tolerance: f64,
    /// The passes over all rows after which the fit ends in any case.
    pub max_iterations: usize,
}

impl Default for TfidfConfig {
    fn default() -> Self {
        Self {
            analyzer: Analyzer::Word,
            ngrams: [1, 2],
            min_document_frequency: 3,
            max_features: 200_000,
            sublinear: true,
            inverse_regularisation: 4.0,
            tolerance: 1e-3,
            max_iterations: 1000,
        }
    }
}

impl TfidfConfig {
    /// Every value out of range.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, key: &str, found: String, expected: &str| {
            if !ok {
                problems.push(Problem::new(key, format!("is `{found}`, expected {expected}")));
            }
        };
        let [shortest, longest] = self.ngrams;
        let ordered = 1 <= shortest && shortest <= longest && longest <= LONGEST;
        check(ordered, "ngrams", format!("{:?}", self.ngrams), "two ascending numbers from 1 to 5");
        let least = self.min_document_frequency;
        check(least > 0, "min_document_frequency", least.to_string(), "at least 1");
        let most = self.max_features;
        let fits = (1..u32::MAX as usize).contains(&most);
        check(fits, "max_features", most.to_string(), "at least 1 and below 2^32 - 1");
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let c = self.inverse_regularisation;
        check(positive(c), "inverse_regularisation", c.to_string(), "a number above 0");
        let near = self.tolerance;
        check(positive(near), "tolerance", near.to_string(), "a number above 0");
        check(self.max_iterations > 0, "max_iterations", "0".to_owned(), "at least 1");
        problems
    }
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
        let config = TfidfConfig {
            analyzer: Analyzer::Word,
            ngrams: [2, 1],
            min_document_frequency: 0,
            max_features: 0,
            sublinear: false,
            inverse_regularisation: f64::NAN,
            tolerance: 0.0,
            max_iterations: 0,
        };
        let paths: Vec<_> = config.problems().into_iter().map(|problem| problem.path).collect();
        let all = ["ngrams", "min_document_frequency", "max_features", "inverse_regularisation"];
        assert_eq!(paths[..4], all);
        assert_eq!(paths[4..], ["tolerance", "max_iterations"]);
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<TfidfConfig>(r#"{"ngram": [1, 2]}"#).is_err());
        assert_eq!(serde_json::from_str::<TfidfConfig>("{}").unwrap(), TfidfConfig::default());
    }
}
