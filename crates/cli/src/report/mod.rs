//! The report of a model, put together out of all that is known of it.

mod baselines;
mod examples;
mod funnel;
mod labels;
mod leakage;
mod scored;
mod slicing;
mod warnings;

pub(crate) use leakage::leakage;
pub(crate) use scored::{Heading, read as read_scores, to_text as scores_text};

use crate::config::RunConfig;
use crate::failure::Refusal;
use crate::learning::learning;
use crate::run_folder::RunFolder;
use crate::songs::{artists, fingerprint, lyrics, of_split, targets};
use crate::tuning::{ACCOUNT, Account};
use baselines::{Rival, rivals};
use canto_bundle::Bundle;
use canto_corpus::{Prepared, SplitBy, first_named_artist};
use canto_evaluate::{
    Groups, Scored, Scores, Slice, Test, cooccurrence, curves, intervals, metrics, slices,
};
use canto_predict::Predictor;
use canto_report::{BootstrapSettings, FORMAT_VERSION, Learning, Report};
use canto_score::SongScores;
use canto_song::{Genre, Progress, Song, Split};
use examples::examples;
use funnel::{distribution, funnel};
use labels::{baseline_curves, label_reports};
use slicing::slicings;
use std::collections::{BTreeMap, HashSet};
use warnings::warnings;

/// The songs of every split.
pub(crate) struct Splits {
    pub(crate) train: Vec<Song>,
    pub(crate) validation: Vec<Song>,
    pub(crate) test: Vec<Song>,
}

impl Splits {
    pub(crate) fn read(prepared: &Prepared) -> anyhow::Result<Self> {
        Ok(Self {
            train: of_split(prepared, Split::Train)?,
            validation: of_split(prepared, Split::Validation)?,
            test: of_split(prepared, Split::Test)?,
        })
    }
}

/// A model and what it is measured on.
pub(crate) struct Subject<'a> {
    pub(crate) predictor: &'a Predictor,
    pub(crate) config: &'a RunConfig,
    pub(crate) prepared: &'a Prepared,
    pub(crate) splits: &'a Splits,
    pub(crate) progress: &'a dyn Progress,
}

/// A report and the calibrated test scores that it is made of.
pub(crate) struct Measured {
    pub(crate) report: Report,
    pub(crate) test: Test,
}

impl Subject<'_> {
    /// Scores the test songs and reports on them.
    pub(crate) fn measure(&self) -> anyhow::Result<Measured> {
        let songs = &self.splits.test;
        let scored = self.predictor.raw_scorer().score(&lyrics(songs), self.progress)?;
        let raw = scored.iter().flat_map(|song| song.scores.clone()).collect();
        let raw = Scores::new(songs.len(), Genre::ALL.len(), raw)?;
        let calibrated = self.bundle().calibration().apply(&raw);
        let raw = Test::new(raw, targets(songs)?)?;
        let test = Test::new(calibrated, raw.targets().clone())?;
        let report = self.report(&raw, &test, &scored)?;
        Ok(Measured { report, test })
    }

    fn bundle(&self) -> &Bundle {
        self.predictor.bundle()
    }

    fn report(&self, raw: &Test, test: &Test, scored: &[SongScores]) -> anyhow::Result<Report> {
        let (labels, thresholds) = (Genre::names(), self.bundle().thresholds());
        let groups = artists(&self.splits.test);
        let rivals = rivals(self.splits, self.config, self.progress)?;
        let [_, tf_idf] = &rivals;
        self.progress.start("resample artists", None);
        let measured = metrics(test, thresholds, &labels)?;
        let spread = intervals(test, thresholds, &groups, &self.config.bootstrap, &labels)?;
        let against = |rival: &Rival| rival.baseline(test, thresholds, &groups, self.config);
        let baselines = rivals.iter().map(against).collect::<anyhow::Result<Vec<_>>>()?;
        let slices = self.slices(test, scored, &groups)?;
        self.progress.finish();
        let uncalibrated = metrics(raw, thresholds, &labels)?.expected_calibration_error;
        let account = self.account()?;
        let manifest = self.prepared.manifest();
        let by = manifest.config.split.by;
        Ok(Report {
            format_version: FORMAT_VERSION,
            canto_version: env!("CARGO_PKG_VERSION").to_owned(),
            run: run_name(self.bundle()),
            base_model: self.bundle().provenance().base_model.clone(),
            split: Split::Test.to_string(),
            artists_unseen: by == SplitBy::Artist,
            warnings: warnings(&measured, &baselines, by),
            labels: label_reports(&measured, &spread, &tf_idf.metrics(&labels)?),
            intervals: spread.metrics,
            bootstrap: self.bootstrap(&groups),
            baselines,
            curves: curves(test, &labels)?,
            baseline_curves: baseline_curves(tf_idf, &labels)?,
            calibration: account.calibration,
            expected_calibration_error: [uncalibrated, measured.expected_calibration_error],
            thresholds: account.thresholds,
            cooccurrence: cooccurrence(test, thresholds, &labels)?,
            slices,
            funnel: funnel(manifest),
            distribution: distribution(manifest),
            learning: self.learning(),
            examples: examples(self.predictor, &self.splits.test, test, self.progress)?,
            settings: self.bundle().run_config().unwrap_or_default().to_owned(),
            hashes: self.hashes()?,
            metrics: measured,
        })
    }

    fn slices(
        &self,
        test: &Test,
        scored: &[SongScores],
        groups: &Groups,
    ) -> anyhow::Result<Vec<Slice>> {
        let trained = self.splits.train.iter().map(|song| first_named_artist(&song.artist));
        let trained: HashSet<String> = trained.collect();
        let (labels, thresholds) = (Genre::names(), self.bundle().thresholds());
        let mut found = Vec::new();
        for slicing in slicings(&self.splits.test, scored, &trained)? {
            let bootstrap = &self.config.bootstrap;
            found.extend(slices(test, thresholds, &slicing, groups, bootstrap, &labels)?);
        }
        Ok(found)
    }

    fn bootstrap(&self, groups: &Groups) -> BootstrapSettings {
        let config = &self.config.bootstrap;
        BootstrapSettings {
            unit: "artists".to_owned(),
            units: groups.len() as u64,
            resamples: config.resamples.into(),
            confidence: config.confidence,
            seed: config.seed,
        }
    }

    /// How calibration and thresholds came about, as `train` or `tune` left it in the bundle.
    fn account(&self) -> anyhow::Result<Account> {
        let stored = self.bundle().metrics().get(ACCOUNT).cloned().unwrap_or_default();
        serde_json::from_value(stored).map_err(|_| {
            let dir = self.bundle().dir().display();
            let fact = format!("`{dir}` does not tell how its thresholds were tuned");
            Refusal::new(fact).hint("run `canto tune` on it first").into()
        })
    }

    fn learning(&self) -> Learning {
        let run = RunFolder::around(self.bundle().dir());
        run.map(|run| learning(&run.log())).unwrap_or_default()
    }

    fn hashes(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let files = self.bundle().manifest()?.files.into_iter();
        let mut hashes: BTreeMap<_, _> = files.map(|file| (file.name, file.sha256)).collect();
        let source = &self.prepared.manifest().source;
        hashes.insert("source".to_owned(), source.sha256.clone());
        hashes.insert("songs.parquet".to_owned(), fingerprint(self.prepared));
        Ok(hashes)
    }
}

/// The name of the run that a bundle lies in, or else of its folder.
pub(crate) fn run_name(bundle: &Bundle) -> String {
    let run = RunFolder::around(bundle.dir());
    let folder = run.as_ref().map_or(bundle.dir(), RunFolder::path);
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
