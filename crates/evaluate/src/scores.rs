use crate::Error;

/// What a model says: a probability for every label of every row.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    rows: usize,
    labels: usize,
    values: Vec<f32>,
}

impl Scores {
    /// Probabilities `[rows, labels]`, row by row.
    pub fn new(rows: usize, labels: usize, values: Vec<f32>) -> Result<Self, Error> {
        check_shape("scores", rows, labels, values.len())?;
        match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            None => Ok(Self { rows, labels, values }),
            Some(at) => Err(Error::NotAProbability {
                row: at / labels,
                label: at % labels,
                value: values[at],
            }),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Every row changed in place by `map`, from probabilities to probabilities.
    pub(crate) fn mapped(&self, map: impl FnMut(&mut [f32])) -> Self {
        let mut mapped = self.clone();
        mapped.values.chunks_mut(self.labels).for_each(map);
        mapped
    }

    /// All probabilities, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

/// What is true: a flag for every label of every row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    rows: usize,
    labels: usize,
    values: Vec<bool>,
}

impl Targets {
    /// Flags `[rows, labels]`, row by row.
    pub fn new(rows: usize, labels: usize, values: Vec<bool>) -> Result<Self, Error> {
        check_shape("targets", rows, labels, values.len())?;
        Ok(Self { rows, labels, values })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// All flags, row by row.
    pub fn values(&self) -> &[bool] {
        &self.values
    }
}

fn check_shape(what: &'static str, rows: usize, labels: usize, found: usize) -> Result<(), Error> {
    if rows == 0 || labels == 0 {
        return Err(Error::Empty { rows, labels });
    }
    if rows.checked_mul(labels) != Some(found) {
        return Err(Error::Shape { what, rows, labels, found });
    }
    Ok(())
}

/// Scores beside the truth, of equal size.
pub trait Scored {
    /// What the model says.
    fn scores(&self) -> &Scores;
    /// What is true.
    fn targets(&self) -> &Targets;

    /// That there is one name a label.
    fn check_labels(&self, labels: &[String]) -> Result<(), Error> {
        let expected = self.scores().labels;
        if labels.len() == expected {
            return Ok(());
        }
        Err(Error::LabelCount { expected, found: labels.len() })
    }

    /// The column of `label`: score and truth of every row.
    fn column(&self, label: usize) -> impl Iterator<Item = (f32, bool)> {
        self.cells().skip(label).step_by(self.scores().labels)
    }

    /// Score and truth of every label of every row, row by row.
    fn cells(&self) -> impl Iterator<Item = (f32, bool)> {
        self.scores().values.iter().copied().zip(self.targets().values.iter().copied())
    }
}

macro_rules! scored {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            scores: Scores,
            targets: Targets,
        }

        impl $name {
            /// Scores beside the truth; both of one size.
            pub fn new(scores: Scores, targets: Targets) -> Result<Self, Error> {
                let sizes = ((scores.rows, scores.labels), (targets.rows, targets.labels));
                if sizes.0 != sizes.1 {
                    return Err(Error::Mismatch { scores: sizes.0, targets: sizes.1 });
                }
                Ok(Self { scores, targets })
            }
        }

        impl Scored for $name {
            fn scores(&self) -> &Scores {
                &self.scores
            }

            fn targets(&self) -> &Targets {
                &self.targets
            }
        }
    };
}

scored! {
    /// The validation split: picks checkpoints and thresholds.
    ///
    /// ```
    /// # use canto_evaluate::{Groups, Scores, Targets, TuneConfig, Validation, tune};
    /// let scores = Scores::new(1, 1, vec![0.5]).unwrap();
    /// let seen = Validation::new(scores, Targets::new(1, 1, vec![true]).unwrap()).unwrap();
    /// let artists = Groups::new(&["an artist"]);
    /// tune(&seen, &artists, &TuneConfig::default(), &["Pop".to_owned()]).unwrap();
    /// ```
    Validation
}

scored! {
    /// The test split: measured, never tuned on.
    ///
    /// ```compile_fail
    /// # use canto_evaluate::{Groups, Scores, Targets, Test, TuneConfig, tune};
    /// let scores = Scores::new(1, 1, vec![0.5]).unwrap();
    /// let test = Test::new(scores, Targets::new(1, 1, vec![true]).unwrap()).unwrap();
    /// // A `Test` where a `Validation` is wanted does not compile.
    /// let artists = Groups::new(&["an artist"]);
    /// tune(&test, &artists, &TuneConfig::default(), &["Pop".to_owned()]).unwrap();
    /// ```
    Test
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_must_agree() {
        let found = Scores::new(2, 3, vec![0.5; 5]).unwrap_err().to_string();
        assert_eq!(found, "found 5 scores, expected 2 rows of 3 labels");
        assert_eq!(Targets::new(0, 3, vec![]), Err(Error::Empty { rows: 0, labels: 3 }));
        let scores = Scores::new(2, 1, vec![0.5; 2]).unwrap();
        let targets = Targets::new(1, 2, vec![true; 2]).unwrap();
        let expected = Error::Mismatch { scores: (2, 1), targets: (1, 2) };
        assert_eq!(Test::new(scores, targets), Err(expected));
    }

    #[test]
    fn a_score_that_is_no_probability_is_named() {
        for value in [f32::NAN, f32::INFINITY, -0.1, 1.1] {
            let error = Scores::new(2, 2, vec![0.0, 1.0, 0.5, value]).unwrap_err().to_string();
            assert!(error.starts_with("the score in row 1, label 1 is"), "{error}");
        }
    }
}
