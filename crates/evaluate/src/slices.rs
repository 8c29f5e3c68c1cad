use crate::bootstrap::resampled;
use crate::evaluator::Evaluator;
use crate::intervals::of;
use crate::{
    BootstrapConfig, Error, Groups, Interval, Metrics, Scored, Scores, Targets, Thresholds,
};
use serde::{Deserialize, Serialize};

/// The figures of some of the songs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// What the songs are told apart by, such as `tokens`.
    pub by: String,
    /// Which of them these are, such as `129 to 256`.
    pub name: String,
    /// How many.
    pub songs: u64,
    /// `None` where no label has both a song with it and one without.
    pub macro_roc_auc: Option<Interval>,
    /// `None` where no label has a song.
    pub macro_average_precision: Option<Interval>,
    /// At the model's thresholds.
    pub macro_f1: Interval,
    /// At the model's thresholds.
    pub micro_f1: Interval,
}

/// Rows told apart by one of their properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slicing {
    by: String,
    names: Vec<String>,
    of_row: Vec<usize>,
}

impl Slicing {
    /// Slices by the property `by`: their `names` in the order shown, and the number in `names` of
    /// every row's slice.
    pub fn new(
        by: impl Into<String>,
        names: Vec<String>,
        of_row: Vec<usize>,
    ) -> Result<Self, Error> {
        if let Some(row) = of_row.iter().position(|slice| *slice >= names.len()) {
            return Err(Error::NoSuchSlice { row, slice: of_row[row], slices: names.len() });
        }
        Ok(Self { by: by.into(), names, of_row })
    }

    fn rows(&self, slice: usize) -> Vec<usize> {
        let rows = self.of_row.iter().enumerate().filter(|(_, of)| **of == slice);
        rows.map(|(row, _)| row).collect()
    }
}

/// Measures every slice that has a song, with intervals over its own groups.
pub fn slices(
    scored: &impl Scored,
    thresholds: &Thresholds,
    slicing: &Slicing,
    groups: &Groups,
    config: &BootstrapConfig,
    labels: &[String],
) -> Result<Vec<Slice>, Error> {
    let rows = scored.scores().rows();
    groups.check_rows(rows)?;
    config.check()?;
    if slicing.of_row.len() != rows {
        let found = slicing.of_row.len();
        return Err(Error::RowCount { what: "slice numbers", expected: rows, found });
    }
    let parts = slicing.names.iter().enumerate().map(|(slice, name)| (name, slicing.rows(slice)));
    let measured = parts.filter(|(_, rows)| !rows.is_empty()).map(|(name, rows)| {
        let part = Part::new(scored, &rows)?;
        let evaluator = Evaluator::new(&part, thresholds, labels)?;
        Ok(slice(&slicing.by, name, &evaluator, &groups.of(&rows), config))
    });
    measured.collect()
}

fn slice(
    by: &str,
    name: &str,
    evaluator: &Evaluator,
    groups: &Groups,
    config: &BootstrapConfig,
) -> Slice {
    let point = evaluator.metrics();
    let draws = resampled(groups, config.resamples, config.seed, |w| evaluator.measure(w));
    let figure = |value: fn(&Metrics) -> Option<f64>| of(&point, &draws, config, value);
    let f1 = |value: fn(&Metrics) -> f64| {
        let found = of(&point, &draws, config, |metrics| Some(value(metrics)));
        found.unwrap_or_else(|| Interval::sure(value(&point)))
    };
    Slice {
        by: by.to_owned(),
        name: name.to_owned(),
        songs: point.rows as u64,
        macro_roc_auc: figure(|metrics| metrics.macro_roc_auc),
        macro_average_precision: figure(|metrics| metrics.macro_average_precision),
        macro_f1: f1(|metrics| metrics.macro_f1),
        micro_f1: f1(|metrics| metrics.micro_f1),
    }
}

/// Some of the rows.
struct Part {
    scores: Scores,
    targets: Targets,
}

impl Part {
    fn new(scored: &impl Scored, rows: &[usize]) -> Result<Self, Error> {
        let labels = scored.scores().labels();
        let at = |row: &usize| row * labels..(row + 1) * labels;
        let (scores, truths) = (scored.scores().values(), scored.targets().values());
        let scores = rows.iter().flat_map(|row| &scores[at(row)]).copied().collect();
        let truths = rows.iter().flat_map(|row| &truths[at(row)]).copied().collect();
        Ok(Self {
            scores: Scores::new(rows.len(), labels, scores)?,
            targets: Targets::new(rows.len(), labels, truths)?,
        })
    }
}

impl Scored for Part {
    fn scores(&self) -> &Scores {
        &self.scores
    }

    fn targets(&self) -> &Targets {
        &self.targets
    }
}
