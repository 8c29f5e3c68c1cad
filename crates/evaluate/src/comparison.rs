use crate::bootstrap::{interval, resampled};
use crate::evaluator::Evaluator;
use crate::{
    BootstrapConfig, Error, Groups, Interval, METRIC_NAMES, Metrics, Scored, Targets, Thresholds,
};
use serde::{Deserialize, Serialize};

/// One metric of two models on the same songs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Name of the metric, one of [`METRIC_NAMES`](crate::METRIC_NAMES).
    pub metric: String,
    /// The first model.
    pub first: Interval,
    /// The second model.
    pub second: Interval,
    /// Second less first, from the same resamples; an interval without 0 is a real difference.
    pub difference: Interval,
}

/// Compares two models on the same rows, each at its own thresholds: every metric that both have,
/// in the order of [`METRIC_NAMES`]. Both are measured on the same resamples, so that what makes
/// a resample hard for both does not hide which is better (the paired bootstrap).
pub fn compare(
    first: (&impl Scored, &Thresholds),
    second: (&impl Scored, &Thresholds),
    groups: &Groups,
    config: &BootstrapConfig,
    labels: &[String],
) -> Result<Vec<Difference>, Error> {
    check_same(first.0.targets(), second.0.targets())?;
    groups.check_rows(first.0.targets().rows())?;
    config.check()?;
    let first = Evaluator::new(first.0, first.1, labels)?;
    let second = Evaluator::new(second.0, second.1, labels)?;
    let point = (first.metrics(), second.metrics());
    let draws = resampled(groups, config.resamples, config.seed, |weights| {
        (first.measure(weights), second.measure(weights))
    });
    let difference = |name: &&str| difference(name, &point, &draws, config.confidence);
    Ok(METRIC_NAMES.iter().filter_map(difference).collect())
}

fn check_same(first: &Targets, second: &Targets) -> Result<(), Error> {
    let differ = |(one, other)| one != other;
    let cells = first.values().iter().zip(second.values());
    if first.rows() != second.rows() {
        return Err(Error::RowCount {
            what: "rows of the second model",
            expected: first.rows(),
            found: second.rows(),
        });
    }
    match cells.into_iter().position(differ) {
        Some(at) => Err(Error::OtherTruth { row: at / first.labels() }),
        None => Ok(()),
    }
}

fn difference(
    name: &str,
    point: &(Metrics, Metrics),
    draws: &[(Metrics, Metrics)],
    confidence: f64,
) -> Option<Difference> {
    let less = |(first, second): &(Metrics, Metrics)| Some(second.get(name)? - first.get(name)?);
    let first = |pair: &(Metrics, Metrics)| pair.0.get(name);
    let second = |pair: &(Metrics, Metrics)| pair.1.get(name);
    Some(Difference {
        metric: name.to_owned(),
        first: interval(first(point), draws.iter().map(first), confidence)?,
        second: interval(second(point), draws.iter().map(second), confidence)?,
        difference: interval(less(point), draws.iter().map(less), confidence)?,
    })
}
