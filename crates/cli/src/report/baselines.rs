//! What simpler models make of the same songs.

use crate::config::RunConfig;
use crate::report::Splits;
use crate::songs::{artists, fitted, flags, lyrics, targets};
use canto_evaluate::{
    Groups, Metrics, Scores, Test, Thresholds, Validation, compare, metrics, tune,
};
use canto_report::Baseline;
use canto_song::{Genre, Progress, Song};
use canto_tfidf::{TfidfConfig, prior};

/// A simpler model's test scores, with thresholds tuned on validation as the model's are.
pub(super) struct Rival {
    name: &'static str,
    title: &'static str,
    pub(super) test: Test,
    thresholds: Thresholds,
}

/// The metrics by which a model has to be better than a simpler one.
const LIFTED: [&str; 7] = [
    "macro_roc_auc",
    "macro_average_precision",
    "macro_f1",
    "micro_f1",
    "micro_roc_auc",
    "subset_accuracy",
    "log_loss",
];

/// The prior, and words with a linear model; both learn from the training songs.
pub(super) fn rivals(
    splits: &Splits,
    config: &RunConfig,
    progress: &dyn Progress,
) -> anyhow::Result<[Rival; 2]> {
    let flags = flags(&splits.train);
    let prior = |songs: &[Song]| Ok(prior(&flags, Genre::ALL.len(), songs.len())?);
    let tfidf = fitted(&splits.train, &TfidfConfig::default(), progress)?;
    let words = |songs: &[Song]| Ok(tfidf.score(&lyrics(songs)));
    Ok([
        rival("prior", "the prior alone", splits, config, prior)?,
        rival("tf_idf", "TF-IDF + logistic regression", splits, config, words)?,
    ])
}

fn rival(
    name: &'static str,
    title: &'static str,
    splits: &Splits,
    config: &RunConfig,
    score: impl Fn(&[Song]) -> anyhow::Result<Vec<f32>>,
) -> anyhow::Result<Rival> {
    let labels = Genre::names();
    let scores = |songs: &[Song]| -> anyhow::Result<Scores> {
        Ok(Scores::new(songs.len(), labels.len(), score(songs)?)?)
    };
    let Splits { validation, test, .. } = splits;
    let tuning = Validation::new(scores(validation)?, targets(validation)?)?;
    let thresholds = tune(&tuning, &artists(validation), &config.tune, &labels)?.thresholds;
    Ok(Rival { name, title, test: Test::new(scores(test)?, targets(test)?)?, thresholds })
}

impl Rival {
    /// Its own metrics at its own thresholds.
    pub(super) fn metrics(&self, labels: &[String]) -> anyhow::Result<Metrics> {
        Ok(metrics(&self.test, &self.thresholds, labels)?)
    }

    /// The rival's figures, and what the model has more, on the same resamples.
    pub(super) fn baseline(
        &self,
        model: &Test,
        thresholds: &Thresholds,
        artists: &Groups,
        config: &RunConfig,
    ) -> anyhow::Result<Baseline> {
        let (own, labels) = ((&self.test, &self.thresholds), Genre::names());
        let found = compare(own, (model, thresholds), artists, &config.bootstrap, &labels)?;
        let lifted = found.iter().filter(|found| LIFTED.contains(&found.metric.as_str()));
        let lift = lifted.map(|found| (found.metric.clone(), found.difference)).collect();
        let metrics = found.into_iter().map(|found| (found.metric, found.first)).collect();
        Ok(Baseline { name: self.name.to_owned(), title: self.title.to_owned(), metrics, lift })
    }
}
