//! What a reader should know before believing a figure.

use canto_corpus::SplitBy;
use canto_evaluate::Metrics;
use canto_report::Baseline;

/// In the order in which they matter.
pub(super) fn warnings(measured: &Metrics, baselines: &[Baseline], by: SplitBy) -> Vec<String> {
    let leaking = (by == SplitBy::Song).then(|| {
        "The split is by song: an artist's songs are on both sides of it, and genres belong to \
         artists. `canto eval --split-check` tells what that adds."
            .to_owned()
    });
    let flagged: Vec<&str> = (measured.per_label.iter())
        .filter(|label| label.flagged)
        .map(|label| label.label.as_str())
        .collect();
    let flagged = (!flagged.is_empty()).then(|| {
        let names = flagged.join(", ");
        format!("Too few validation songs to tune a threshold, so the one of all labels: {names}.")
    });
    let undefined = &measured.undefined.roc_auc;
    let undefined = (!undefined.is_empty()).then(|| {
        format!("No test song, or every one, has {}: averages leave it out.", undefined.join(", "))
    });
    let rest = [no_better(baselines), flagged, undefined];
    leaking.into_iter().chain(rest.into_iter().flatten()).collect()
}

/// Whether words alone do as well.
fn no_better(baselines: &[Baseline]) -> Option<String> {
    let tf_idf = baselines.iter().find(|baseline| baseline.name == "tf_idf")?;
    let lift = tf_idf.lift.get("macro_roc_auc")?;
    if lift.low > 0.0 {
        return None;
    }
    let than = if lift.high < 0.0 { "worse than" } else { "not surely better than" };
    Some(format!(
        "The model is {than} TF-IDF with logistic regression: macro AUC {:+.4}, 95% interval {:+.4} \
         to {:+.4}.",
        lift.value, lift.low, lift.high
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use canto_evaluate::Interval;

    fn tf_idf(value: f64, low: f64, high: f64) -> Vec<Baseline> {
        let lift = [("macro_roc_auc".to_owned(), Interval { value, low, high })];
        let (name, title) = ("tf_idf".to_owned(), String::new());
        vec![Baseline { name, title, metrics: lift.clone().into(), lift: lift.into() }]
    }

    #[test]
    fn a_model_that_words_alone_equal_is_called_so() {
        assert_eq!(no_better(&tf_idf(0.03, 0.01, 0.05)), None);
        assert!(no_better(&tf_idf(0.01, -0.01, 0.03)).unwrap().contains("not surely better"));
        let worse = no_better(&tf_idf(-0.1, -0.12, -0.08)).unwrap();
        assert!(worse.contains("worse than") && worse.contains("-0.1000"), "{worse}");
        assert_eq!(no_better(&[]), None);
    }
}
