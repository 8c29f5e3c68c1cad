//! A bundle at work.

use crate::error::Error;
use crate::overrides::Overrides;
use crate::prediction::{Prediction, Unscorable};
use canto_bundle::Bundle;
use canto_corpus::{Cleaner, Language, LanguageJudge};
use canto_encoder::{Classifier, Device, is_cpu};
use canto_evaluate::Thresholds;
use canto_infer::{Engine, EngineConfig, Precision};
use canto_score::Scorer;
use canto_song::Progress;
use rayon::prelude::*;

/// A model with all that its bundle says about how it is to be used.
#[derive(Debug)]
pub struct Predictor {
    bundle: Bundle,
    model: Model,
    cleaner: Cleaner,
    judge: LanguageJudge,
}

/// What computes.
#[derive(Debug)]
pub(crate) enum Model {
    /// Burn, on a device that is not the CPU.
    Burn { model: Box<Classifier>, device: Device },
    /// The CPU's own engine.
    Engine(Box<Engine>),
}

impl Predictor {
    /// Loads the weights of `bundle` onto `device`; on the CPU they are mapped into its engine.
    pub fn open(bundle: Bundle, device: &Device) -> Result<Self, Error> {
        Self::open_as(bundle, device, Precision::Auto)
    }

    /// The same with products on the CPU in `precision`; other devices take no notice of it.
    pub fn open_as(bundle: Bundle, device: &Device, precision: Precision) -> Result<Self, Error> {
        let config = EngineConfig { precision, ..EngineConfig::default() };
        Self::open_with(bundle, device, &config)
    }

    /// The same with all that can be said of the CPU's engine; other devices take no notice of it.
    pub fn open_with(
        bundle: Bundle,
        device: &Device,
        config: &EngineConfig,
    ) -> Result<Self, Error> {
        let model = if is_cpu(device) {
            Model::Engine(Box::new(bundle.open_engine(config)?))
        } else {
            Model::Burn { model: Box::new(bundle.load_model(device)?), device: device.clone() }
        };
        Ok(Self {
            cleaner: Cleaner::new(bundle.cleaning())?,
            judge: LanguageJudge::new(bundle.language())?,
            model,
            bundle,
        })
    }

    /// The bundle.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Label names, in the order of scores.
    pub fn labels(&self) -> &[String] {
        self.bundle.labels()
    }

    /// The CPU's engine, where that computes.
    pub fn engine(&self) -> Option<&Engine> {
        match &self.model {
            Model::Engine(engine) => Some(engine),
            Model::Burn { .. } => None,
        }
    }

    /// What computes.
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Calibrated scores of lyrics that are cleaned already, such as prepared songs.
    pub fn scorer(&self) -> Scorer<'_> {
        self.raw_scorer().calibrated(self.bundle.calibration())
    }

    /// The same before calibration: what a new calibration is fitted to.
    pub fn raw_scorer(&self) -> Scorer<'_> {
        let windows = self.bundle.windows();
        let scorer = match &self.model {
            Model::Burn { model, device } => {
                Scorer::new(model, device, windows, self.labels().len())
            }
            Model::Engine(engine) => Scorer::on_engine(engine, windows),
        };
        scorer.joined(self.bundle.words())
    }

    /// Predicts every one of `lyrics`, raw as they come; a text that cannot be scored is an
    /// error that tells which.
    pub fn predict(
        &self,
        lyrics: &[&str],
        overrides: &Overrides,
        progress: &dyn Progress,
    ) -> Result<Vec<Prediction>, Error> {
        let outcomes = self.predict_each(lyrics, overrides, progress)?;
        let of = outcomes.len();
        let numbered = outcomes.into_iter().zip(1..);
        numbered
            .map(|(outcome, number)| {
                outcome.map_err(|reason| Error::Unscorable { number, of, reason })
            })
            .collect()
    }

    /// The same where one text without scores shall not cost the others theirs.
    pub fn predict_each(
        &self,
        lyrics: &[&str],
        overrides: &Overrides,
        progress: &dyn Progress,
    ) -> Result<Vec<Result<Prediction, Unscorable>>, Error> {
        let thresholds = overrides.apply(self.bundle.thresholds())?;
        self.outcomes(lyrics, &thresholds, progress)
    }

    pub(crate) fn outcomes(
        &self,
        lyrics: &[&str],
        thresholds: &Thresholds,
        progress: &dyn Progress,
    ) -> Result<Vec<Result<Prediction, Unscorable>>, Error> {
        let cleaned = self.cleaned_each(lyrics);
        let texts: Vec<&str> = cleaned.iter().flatten().map(String::as_str).collect();
        let songs = self.scorer().score(&texts, progress)?;
        let mut judged = songs.into_iter().zip(self.languages(&texts));
        let accepted = &self.bundle.language().accept;
        let outcome = |cleaned: &Result<String, Unscorable>| {
            cleaned.as_ref().map_err(|reason| *reason)?;
            // The scorer gives one song a text; had it one less, the row would be a reject.
            let (song, language) = judged.next().ok_or(Unscorable::EmptyAfterCleaning)?;
            Ok(Prediction::new(&song, thresholds, language, accepted))
        };
        Ok(cleaned.iter().map(outcome).collect())
    }

    /// Each lyric as the model reads it, on all cores.
    pub(crate) fn cleaned_each(&self, lyrics: &[&str]) -> Vec<Result<String, Unscorable>> {
        lyrics.par_iter().map(|raw| self.cleaned(raw)).collect()
    }

    /// The language of each cleaned lyric, on all cores.
    pub(crate) fn languages(&self, texts: &[&str]) -> Vec<Language> {
        texts.par_iter().map(|text| self.judge.judge(text)).collect()
    }

    pub(crate) fn cleaned(&self, raw: &str) -> Result<String, Unscorable> {
        if raw.trim().is_empty() {
            return Err(Unscorable::MissingLyrics);
        }
        let text = self.cleaner.clean(raw);
        if text.is_empty() { Err(Unscorable::EmptyAfterCleaning) } else { Ok(text) }
    }
}
