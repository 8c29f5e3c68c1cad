//! What a split by song would have added: songs of one artist on both sides of it.

use crate::report::Splits;
use crate::songs::{fitted, lyrics, targets};
use canto_evaluate::{Metrics, Scores, Test, Thresholds, metrics};
use canto_song::{Genre, Progress, Song};
use canto_tfidf::TfidfConfig;
use std::fmt::Write;

/// TF-IDF on the split of `splits` and on a random one of the same sizes, in words.
pub(crate) fn leakage(splits: Splits, progress: &dyn Progress) -> anyhow::Result<String> {
    let own = measured(&splits.train, &splits.test, progress)?;
    let (train, test) = by_song(splits);
    let random = measured(&train, &test, progress)?;
    let mut text = "TF-IDF, logistic regression  this split   by song     added\n".to_owned();
    for (name, metric) in FIGURES {
        if let (Some(own), Some(random)) = (own.get(metric), random.get(metric)) {
            let added = random - own;
            let _ = writeln!(text, "  {name:<26} {own:>10.4} {random:>9.4}  {added:>+8.4}");
        }
    }
    Ok(text)
}

const FIGURES: [(&str, &str); 3] = [
    ("macro AUC", "macro_roc_auc"),
    ("macro AP", "macro_average_precision"),
    ("micro AUC", "micro_roc_auc"),
];

fn measured(train: &[Song], test: &[Song], progress: &dyn Progress) -> anyhow::Result<Metrics> {
    let labels = Genre::names();
    let scores = fitted(train, &TfidfConfig::default(), progress)?.score(&lyrics(test));
    let scores = Scores::new(test.len(), labels.len(), scores)?;
    let test = Test::new(scores, targets(test)?)?;
    Ok(metrics(&test, &Thresholds::fixed(0.5, &labels), &labels)?)
}

/// All songs in the order of their identities, which are hashes and so as good as shuffled, cut
/// where `splits` cuts them.
fn by_song(splits: Splits) -> (Vec<Song>, Vec<Song>) {
    let Splits { train, validation, test } = splits;
    let (trained, tested) = (train.len(), test.len());
    let mut songs: Vec<Song> = train.into_iter().chain(validation).chain(test).collect();
    songs.sort_by_key(|song| song.id);
    let rest = songs.split_off(trained);
    (songs, rest.into_iter().take(tested).collect())
}
