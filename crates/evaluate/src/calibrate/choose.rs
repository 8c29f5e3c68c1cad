//! Which method does best on songs that it was not fitted on.

use super::{CalibrateConfig, Fitter, Method};
use crate::order::Order;
use crate::row::log_loss;
use crate::{CalibrationCandidate, CalibrationReport, Groups, Scored, Scores, Targets, Validation};

/// A method on the folds that it was not fitted on.
struct Judged {
    method: Method,
    log_loss: f64,
    expected_calibration_error: f64,
    /// Mean log loss of each fold.
    folds: Vec<f64>,
}

/// What each method reached, and the one to keep.
pub(super) fn report(
    fitter: &Fitter,
    validation: &Validation,
    groups: &Groups,
    config: &CalibrateConfig,
) -> (CalibrationReport, Method) {
    let count = config.folds.min(groups.len());
    let folds = groups.folds(count, config.seed);
    let methods = if count < 2 { vec![Method::None] } else { candidates(fitter, validation) };
    let judge = |method: &Method| judged(*method, fitter, validation, &folds, count);
    let judged: Vec<Judged> = methods.iter().map(judge).collect();
    let (chosen, reason) = match config.method {
        Method::Auto => choice(&judged),
        asked => (asked, format!("the recipe asks for `{}`", asked.name())),
    };
    let candidates = judged.iter().map(|judged| CalibrationCandidate {
        method: judged.method.name().to_owned(),
        log_loss: judged.log_loss,
        expected_calibration_error: judged.expected_calibration_error,
    });
    let candidates = candidates.collect();
    (CalibrationReport { chosen: chosen.name().to_owned(), reason, candidates }, chosen)
}

/// Isotonic only where it would differ from Platt's for some label.
fn candidates(fitter: &Fitter, validation: &Validation) -> Vec<Method> {
    let ones = vec![1; validation.scores().rows()];
    let mut orders = fitter.columns.iter().map(|(_, order)| order);
    let isotonic = orders.any(|order| fitter.plentiful(&order.ranking(&ones)));
    let mut methods = vec![Method::None, Method::Temperature, Method::Platt];
    methods.extend(isotonic.then_some(Method::Isotonic));
    methods
}

fn judged(
    method: Method,
    fitter: &Fitter,
    validation: &Validation,
    folds: &[usize],
    count: usize,
) -> Judged {
    let calibrations: Vec<_> = (0..count)
        .map(|fold| {
            let weights: Vec<u32> = folds.iter().map(|of| u32::from(*of != fold)).collect();
            fitter.fit(method, &weights)
        })
        .collect();
    let mut row = 0;
    let scores = validation.scores().mapped(|scores| {
        calibrations[folds[row]].apply_row(scores);
        row += 1;
    });
    let losses = losses(&scores, validation.targets());
    let ones = vec![1; scores.rows()];
    let mean = |fold: usize| {
        let of = losses.iter().zip(folds).filter(|(_, of)| **of == fold).map(|(loss, _)| *loss);
        let of: Vec<f64> = of.collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    let beside = Beside { scores: &scores, targets: validation.targets() };
    Judged {
        method,
        log_loss: losses.iter().sum::<f64>() / losses.len() as f64,
        expected_calibration_error: Order::of_cells(&beside)
            .ranking(&ones)
            .expected_calibration_error(),
        folds: (0..count).map(mean).collect(),
    }
}

/// Mean log loss of every row.
fn losses(scores: &Scores, targets: &Targets) -> Vec<f64> {
    let rows = scores.values().chunks(scores.labels());
    let rows = rows.zip(targets.values().chunks(scores.labels()));
    rows.map(|(scores, truths)| log_loss(scores, truths)).collect()
}

/// Scores of another calibration beside the truth.
struct Beside<'a> {
    scores: &'a Scores,
    targets: &'a Targets,
}

impl Scored for Beside<'_> {
    fn scores(&self) -> &Scores {
        self.scores
    }

    fn targets(&self) -> &Targets {
        self.targets
    }
}

fn choice(judged: &[Judged]) -> (Method, String) {
    let by_loss = |a: &&Judged, b: &&Judged| a.log_loss.total_cmp(&b.log_loss);
    let others = judged.iter().filter(|one| one.method != Method::None).min_by(by_loss);
    let none = judged.iter().find(|one| one.method == Method::None);
    let (Some(none), Some(best)) = (none, others) else {
        let reason = "the songs are one group, so nothing can be judged on songs left out";
        return (Method::None, reason.to_owned());
    };
    let (name, gain, error) =
        (best.method.name(), none.log_loss - best.log_loss, error(none, best));
    let reached = format!("{:.5} to {:.5}", none.log_loss, best.log_loss);
    if gain > error {
        let reason = format!(
            "`{name}` lowers the cross-validated log loss most, from {reached}, which is more than \
             its standard error of {error:.5}"
        );
        return (best.method, reason);
    }
    let reason = format!(
        "no method lowers the cross-validated log loss by more than one standard error: the best, \
         `{name}`, moves it from {reached}, with a standard error of {error:.5}"
    );
    (Method::None, reason)
}

/// Standard error of the mean over folds of the difference in log loss.
fn error(one: &Judged, other: &Judged) -> f64 {
    let gaps: Vec<f64> = one.folds.iter().zip(&other.folds).map(|(a, b)| a - b).collect();
    let count = gaps.len() as f64;
    let mean = gaps.iter().sum::<f64>() / count;
    let squares: f64 = gaps.iter().map(|gap| (gap - mean).powi(2)).sum();
    (squares / (count - 1.0) / count).sqrt()
}
