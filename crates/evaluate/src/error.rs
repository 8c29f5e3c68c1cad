use canto_song::Problem;

/// Why nothing could be measured or tuned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The values do not fill the rows.
    #[error("found {found} {what}, expected {rows} rows of {labels} labels")]
    Shape {
        /// `scores` or `targets`.
        what: &'static str,
        /// Rows announced.
        rows: usize,
        /// Labels announced.
        labels: usize,
        /// Number of values.
        found: usize,
    },
    /// No row or no label.
    #[error("nothing to measure: {rows} rows of {labels} labels")]
    Empty {
        /// Number of rows.
        rows: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A score that is no probability, such as NaN after a diverged training.
    #[error("the score in row {row}, label {label} is {value}, expected 0 to 1")]
    NotAProbability {
        /// Row, from 0.
        row: usize,
        /// Label, from 0.
        label: usize,
        /// What was found.
        value: f32,
    },
    /// Scores and targets of different sizes.
    #[error(
        "the scores are {} rows of {} labels and the targets {} rows of {}",
        .scores.0, .scores.1, .targets.0, .targets.1
    )]
    Mismatch {
        /// Rows and labels of the scores.
        scores: (usize, usize),
        /// Rows and labels of the targets.
        targets: (usize, usize),
    },
    /// Another number of names than of columns.
    #[error("found {found} label names for {expected} labels")]
    LabelCount {
        /// Labels of the scores.
        expected: usize,
        /// Names given.
        found: usize,
    },
    /// A threshold for a label that the model does not have.
    #[error("the label `{label}` is unknown to the model, which knows {}", backticks(.known))]
    UnknownLabel {
        /// The label.
        label: String,
        /// The model's labels.
        known: Vec<String>,
    },
    /// A label of the model without a threshold.
    #[error("the label `{label}` has no threshold")]
    MissingLabel {
        /// The label.
        label: String,
    },
    /// Two thresholds for one label.
    #[error("the label `{label}` has more than one threshold")]
    RepeatedLabel {
        /// The label.
        label: String,
    },
    /// A threshold that no score can be compared with.
    #[error("the threshold of `{label}` is {value}, expected 0 to 1")]
    BadThreshold {
        /// The label.
        label: String,
        /// What was found.
        value: f32,
    },
    /// A metric name that is not ours.
    #[error("unknown metric `{name}`, expected one of {}", backticks(&crate::METRIC_NAMES))]
    UnknownMetric {
        /// What was asked for.
        name: String,
    },
    /// A calibration that would not keep the order of scores, or not give probabilities.
    #[error("the calibration of `{label}` has {problem}")]
    BadCalibration {
        /// The label; `all labels` for a temperature.
        label: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Another number of something than of rows.
    #[error("found {found} {what}, expected {expected}")]
    RowCount {
        /// What there is one of a row.
        what: &'static str,
        /// Number of rows.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A row in a slice without a name.
    #[error("row {row} is in slice {slice}, but {slices} slices have a name")]
    NoSuchSlice {
        /// Row, from 0.
        row: usize,
        /// Its slice, from 0.
        slice: usize,
        /// Number of names.
        slices: usize,
    },
    /// Two models compared on rows that are not the same.
    #[error("the models were not measured on the same songs: the labels of row {row} differ")]
    OtherTruth {
        /// First row that differs, from 0.
        row: usize,
    },
    /// Bad values in a section of the recipe.
    #[error("bad `{section}` values: {}", listed(.problems))]
    Config {
        /// Name of the section.
        section: &'static str,
        /// Every bad value.
        problems: Vec<Problem>,
    },
}

fn backticks<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// An error where there are `problems`.
    pub(crate) fn refuse(section: &'static str, problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::Config { section, problems }) }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Empty { .. } => "prepare more songs, so that every split has some",
            Self::NotAProbability { .. } => "lower the learning rate if training diverged",
            Self::UnknownLabel { .. } | Self::MissingLabel { .. } | Self::RepeatedLabel { .. } => {
                "the thresholds or the calibration belong to another model; tune this one again"
            }
            Self::BadCalibration { .. } => "fit the calibration again",
            Self::BadThreshold { .. } => "give a threshold between 0 and 1",
            Self::Config { section, .. } => {
                return Some(format!("correct the `[{section}]` section of the recipe"));
            }
            Self::OtherTruth { .. } => "measure both models on the same split of the same songs",
            Self::Shape { .. }
            | Self::Mismatch { .. }
            | Self::LabelCount { .. }
            | Self::RowCount { .. }
            | Self::NoSuchSlice { .. }
            | Self::UnknownMetric { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
