//! A model folder that was read and verified.

use crate::error::Error;
use crate::manifest::{FileRecord, Manifest};
use crate::parts::{Provenance, Settings, check_words, windows};
use crate::staging::recover;
use crate::{
    BLEND, CALIBRATION, CONFIG, MANIFEST, METRICS, RUN, SETTINGS, THRESHOLDS, TOKENIZER, WEIGHTS,
    WORDS,
};
use canto_batch::{BatchConfig, LyricTokenizer, Window, Windows};
use canto_corpus::{CleaningConfig, LanguageConfig};
use canto_encoder::{Architecture, Classifier, Device};
use canto_evaluate::{Calibration, Thresholds};
use canto_infer::{Engine, EngineConfig, Precision};
use canto_score::Words;
use canto_tfidf::Tfidf;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// The threshold of a model that comes without any.
const PLAIN_THRESHOLD: f32 = 0.5;

/// Who wrote a model folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// canto: everything is there and was verified.
    Canto,
    /// A plain Hugging Face folder: nothing is calibrated, thresholds are 0.5, cleaning rules and language policy the
    /// defaults, and the model reads the head of a song as far as its positions go.
    HuggingFace,
}

/// All that prediction needs but the weights, which [`Bundle::load_model`] reads.
#[derive(Clone, Debug)]
pub struct Bundle {
    dir: PathBuf,
    source: Source,
    architecture: Architecture,
    windows: Windows,
    words: Option<Words>,
    calibration: Calibration,
    thresholds: Thresholds,
    cleaning: CleaningConfig,
    language: LanguageConfig,
    provenance: Provenance,
    run_config: Option<String>,
    metrics: serde_json::Value,
}

impl Bundle {
    /// Reads the model folder `dir` and compares every file with the manifest. A run folder is
    /// found by [`Bundle::locate`] first.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let dir = recover(dir);
        if !dir.is_dir() {
            return Err(Error::NotFound { path: dir });
        }
        if dir.join(MANIFEST).is_file() {
            return Self::open_ours(&dir);
        }
        if dir.join(SETTINGS).is_file() {
            return Err(Error::NoManifest { path: dir });
        }
        Self::open_plain(&dir)
    }

    fn open_ours(dir: &Path) -> Result<Self, Error> {
        let manifest = Manifest::read(dir)?;
        manifest.verify(dir)?;
        let architecture = architecture(dir)?;
        let settings: Settings = read_json(&dir.join(SETTINGS))?;
        if settings.labels != architecture.labels {
            let (path, found) = (dir.join(SETTINGS), settings.labels);
            return Err(Error::Labels { path, found, expected: architecture.labels });
        }
        let labels = &architecture.labels;
        let path = dir.join(CALIBRATION);
        let calibration = read_json::<Calibration>(&path)?.aligned(labels);
        let calibration = calibration.map_err(|source| Error::Misfit { path, source })?;
        let path = dir.join(THRESHOLDS);
        let thresholds = read_json::<Thresholds>(&path)?.aligned(labels);
        let tokenizer = LyricTokenizer::from_file(&dir.join(TOKENIZER))?;
        Ok(Self {
            dir: dir.to_owned(),
            source: Source::Canto,
            windows: windows(&architecture, tokenizer, &settings.batch, dir)?,
            words: if manifest.has_words() { Some(words(dir, labels)?) } else { None },
            calibration,
            thresholds: thresholds.map_err(|source| Error::Misfit { path, source })?,
            architecture,
            cleaning: settings.cleaning,
            language: settings.language,
            provenance: settings.provenance,
            run_config: Some(read_text(&dir.join(RUN))?),
            metrics: read_json(&dir.join(METRICS))?,
        })
    }

    fn open_plain(dir: &Path) -> Result<Self, Error> {
        let missing = missing_files(dir);
        if !missing.is_empty() {
            return Err(Error::NotAModel { path: dir.to_owned(), missing });
        }
        let architecture = architecture(dir)?;
        let max_tokens = architecture.max_tokens();
        let batch = BatchConfig { max_tokens, window: Window::Head, ..BatchConfig::default() };
        let tokenizer = LyricTokenizer::from_file(&dir.join(TOKENIZER))?;
        Ok(Self {
            dir: dir.to_owned(),
            source: Source::HuggingFace,
            windows: windows(&architecture, tokenizer, &batch, dir)?,
            words: None,
            calibration: Calibration::None,
            thresholds: Thresholds::fixed(PLAIN_THRESHOLD, &architecture.labels),
            architecture,
            cleaning: CleaningConfig::default(),
            language: LanguageConfig::default(),
            provenance: Provenance::default(),
            run_config: None,
            metrics: serde_json::Value::Null,
        })
    }

    /// Loads the weights onto `device`.
    pub fn load_model(&self, device: &Device) -> Result<Classifier, Error> {
        let loaded = canto_encoder::load(&self.dir, None, device)?;
        // A head drawn at random would predict at random.
        if loaded.fresh_head {
            return Err(Error::NoHead { path: self.dir.clone() });
        }
        Ok(loaded.model)
    }

    /// Maps the weights into the CPU's own engine.
    pub fn load_engine(&self, precision: Precision) -> Result<Engine, Error> {
        self.open_engine(&EngineConfig { precision, ..EngineConfig::default() })
    }

    /// The same with all that can be said of how it runs.
    pub fn open_engine(&self, config: &EngineConfig) -> Result<Engine, Error> {
        let headless = |name: &String| name.starts_with("classifier.");
        Engine::open(&self.dir, config).map_err(|error| match error {
            canto_infer::Error::Tensors { problems, .. }
                if problems.missing.iter().any(headless) =>
            {
                Error::NoHead { path: self.dir.clone() }
            }
            error => error.into(),
        })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Every file with its hash, as it was written; a plain folder has no such list.
    pub fn manifest(&self) -> Result<Manifest, Error> {
        Manifest::read(&self.dir)
    }

    /// The files that make it this model and no other. A manifest stands for all that it lists.
    pub fn identity(&self) -> Result<Vec<FileRecord>, Error> {
        let files: &[&str] = match self.source {
            Source::Canto => &[MANIFEST],
            Source::HuggingFace => &[WEIGHTS, CONFIG, TOKENIZER],
        };
        files.iter().map(|name| FileRecord::of(&self.dir, name)).collect()
    }

    /// Who wrote it.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Sizes of the model.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Label names, in the order of scores.
    pub fn labels(&self) -> &[String] {
        &self.architecture.labels
    }

    /// The tokenizer with the rules by which songs are cut.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// What words say beside the encoder, where they do.
    pub fn words(&self) -> Option<&Words> {
        self.words.as_ref()
    }

    /// What makes probabilities of the model's scores.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Thresholds of calibrated scores, in label order.
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Cleaning rules of the songs that the model was trained on.
    pub fn cleaning(&self) -> &CleaningConfig {
        &self.cleaning
    }

    /// Language policy of the songs that the model was trained on.
    pub fn language(&self) -> &LanguageConfig {
        &self.language
    }

    /// Where the model comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The resolved configuration of its run, TOML; a plain folder has none.
    pub fn run_config(&self) -> Option<&str> {
        self.run_config.as_deref()
    }

    /// What was measured; null for a plain folder.
    pub fn metrics(&self) -> &serde_json::Value {
        &self.metrics
    }

    /// The column that lyrics had in the file the model was trained on.
    pub fn lyrics_column(&self) -> Option<String> {
        let run: toml::Table = self.run_config()?.parse().ok()?;
        Some(run.get("corpus")?.get("columns")?.get("lyrics")?.as_str()?.to_owned())
    }
}

/// What a plain model folder must have and `dir` has not.
pub(crate) fn missing_files(dir: &Path) -> Vec<&'static str> {
    // Weights in other layouts get the loader's better words.
    let other = ["model.safetensors.index.json", "pytorch_model.bin"];
    let weights = other.iter().any(|name| dir.join(name).exists());
    let present = |name: &str| dir.join(name).is_file() || (name == WEIGHTS && weights);
    [CONFIG, WEIGHTS, TOKENIZER].into_iter().filter(|name| !present(name)).collect()
}

fn words(dir: &Path, labels: &[String]) -> Result<Words, Error> {
    let model = Tfidf::open(&dir.join(WORDS))?;
    let words = Words { model, blend: read_json(&dir.join(BLEND))? };
    check_words(&words, labels, dir)?;
    Ok(words)
}

fn architecture(dir: &Path) -> Result<Architecture, Error> {
    let path = dir.join(CONFIG);
    let architecture = Architecture::from_hugging_face(&read_text(&path)?, &path)?;
    if architecture.labels.is_empty() {
        return Err(Error::NoLabels { path: dir.to_owned() });
    }
    Ok(architecture)
}

fn read_text(path: &Path) -> Result<String, Error> {
    fs_err::read_to_string(path).map_err(Error::file("read", path))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    serde_json::from_str(&read_text(path)?)
        .map_err(|source| Error::Malformed { path: path.to_owned(), source })
}
