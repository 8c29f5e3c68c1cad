//! A model and songs small enough to train in a second.
#![allow(dead_code, reason = "no test needs all of it")]

use burn::module::{AutodiffModule, Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend as _;
use canto_batch::{BatchConfig, LyricTokenizer, Windows};
use canto_encoder::{Architecture, Backend, Classifier, Device, DeviceChoice, Family};
use canto_song::{Genre, GenreSet, Silent, Song, SongId, Split};
use canto_train::{Checkpoint, EffectiveBatch, Examples, Inputs, TrainConfig, training_device};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Burn's random state is one for the whole process: tests that draw from it take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Tiny {
    pub(crate) device: Device,
    pub(crate) windows: Rc<Windows>,
    pub(crate) train: Rc<Examples>,
    pub(crate) validation: Rc<Examples>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) architecture: Architecture,
    model: Classifier,
}

/// The word by which each genre is known.
pub(crate) const WORDS: [&str; Genre::ALL.len()] = [
    "basement", "sonata", "giggle", "strobe", "porch", "cypher", "midnight", "hammer", "glitter",
    "velvet", "island", "grace", "amp", "credits",
];

/// Invented words, two a line; the genre's word ends every other line, among words that all share.
fn song(row: u64, split: Split) -> Song {
    let genre = Genre::ALL[row as usize % Genre::ALL.len()];
    let filler = ["la", "oh", "we", "go", "on"];
    let count = 2 + row as usize % 9;
    let word = |k: usize| filler[(row as usize + k) % filler.len()];
    let lines: Vec<String> = (0..count)
        .map(|k| {
            let second = if (k + row as usize / WORDS.len()).is_multiple_of(2) {
                WORDS[genre.index()]
            } else {
                word(k + 2)
            };
            format!("{} {second}", word(k))
        })
        .collect();
    Song {
        id: SongId(row),
        row,
        artist: format!("Artist {row}"),
        title: None,
        lyrics: lines.join("\n"),
        micro_genres: genre.name().to_lowercase(),
        genres: GenreSet::from_iter([genre]),
        language_confidence: 1.0,
        split,
    }
}

/// Makes the weights of the last product, one column a label, so large that the gradients of what
/// it reads leave the range of f16.
struct HugeHead;

impl ModuleMapper<Backend> for HugeHead {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Backend, D>>,
    ) -> Param<Tensor<Backend, D>> {
        let (id, tensor, mapper) = param.consume();
        let is_last = tensor.dims().as_slice() == [32, Genre::ALL.len()];
        let huge =
            if is_last { Tensor::from_inner(tensor.inner() * 1e12).require_grad() } else { tensor };
        Param::from_mapped_value(id, huge, mapper)
    }
}

impl Tiny {
    pub(crate) fn make_head_huge(&mut self) {
        self.model = self.model().map(&mut HugeHead);
    }

    pub(crate) fn new() -> Self {
        Self::with_dropout(0.1)
    }

    pub(crate) fn without_dropout() -> Self {
        Self::with_dropout(0.0)
    }

    /// Another run folder with the same start.
    pub(crate) fn like(other: &Tiny) -> Self {
        Self {
            device: other.device.clone(),
            windows: Rc::clone(&other.windows),
            train: Rc::clone(&other.train),
            validation: Rc::clone(&other.validation),
            folder: tempfile::tempdir().unwrap(),
            architecture: other.architecture.clone(),
            model: other.model.clone(),
        }
    }

    /// The same start, its model on the device that `config` trains on.
    pub(crate) fn for_config(&self, config: &TrainConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        canto_encoder::save(&self.model.valid(), &self.architecture, folder.path()).unwrap();
        let device = training_device(&self.device, config);
        let loaded = canto_encoder::load(folder.path(), Some(&Genre::names()), &device).unwrap();
        Self { model: loaded.model, ..Self::like(self) }
    }

    fn with_dropout(dropout: f64) -> Self {
        let songs: Vec<Song> = (0..140).map(|row| song(row, Split::Train)).collect();
        let lyrics: Vec<&str> = songs.iter().map(|song| song.lyrics.as_str()).collect();
        let tokenizer = LyricTokenizer::train_bpe(&lyrics, 420).unwrap();
        let vocab_size = tokenizer.vocab_size();
        let config = BatchConfig { max_tokens: 24, ..BatchConfig::default() };
        let windows = Windows::new(tokenizer, config).unwrap();
        let held_out: Vec<Song> = (200..242).map(|row| song(row, Split::Validation)).collect();
        let architecture = Architecture {
            family: Family::Roberta,
            vocab_size,
            hidden_size: 32,
            layers: 1,
            heads: 2,
            intermediate_size: 64,
            max_positions: 26,
            hidden_dropout: dropout,
            attention_dropout: dropout,
            // Near 1/√width, as a narrow model needs: with RoBERTa's 0.02 it hardly learns, here
            // as in PyTorch.
            initializer_range: 0.1,
            labels: Genre::names(),
            ..Architecture::default()
        };
        let device = DeviceChoice::Cpu.open().unwrap().device;
        Backend::seed(&device, 3);
        let model = architecture.init(&training_device(&device, &TrainConfig::default()));
        Self {
            train: Rc::new(Examples::new(&songs, &windows).unwrap()),
            validation: Rc::new(Examples::new(&held_out, &windows).unwrap()),
            windows: Rc::new(windows),
            folder: tempfile::tempdir().unwrap(),
            device,
            architecture,
            model,
        }
    }

    pub(crate) fn model(&self) -> Classifier {
        self.model.clone()
    }

    /// One optimiser step of `songs`, at most `windows` windows in a pass.
    pub(crate) fn batch(&self, songs: &[usize], windows: usize) -> EffectiveBatch {
        self.batch_for(1, songs, windows)
    }

    /// The same for several devices.
    pub(crate) fn batch_for(
        &self,
        devices: usize,
        songs: &[usize],
        windows: usize,
    ) -> EffectiveBatch {
        let tokens = windows * self.windows.config().max_tokens;
        EffectiveBatch::for_devices(devices, &self.train, songs, &self.windows, tokens)
    }

    pub(crate) fn inputs(&self) -> Inputs<'_> {
        self.started_from(self.model(), None)
    }

    pub(crate) fn resumed(&self, checkpoint: &Checkpoint) -> Inputs<'_> {
        let device = training_device(&self.device, &TrainConfig::default());
        let loaded = canto_encoder::load(checkpoint.folder(), Some(&Genre::names()), &device);
        self.started_from(loaded.unwrap().model, Some(checkpoint.clone()))
    }

    fn started_from(&self, model: Classifier, resume: Option<Checkpoint>) -> Inputs<'_> {
        Inputs {
            model,
            architecture: &self.architecture,
            device: &self.device,
            others: &[],
            windows: &self.windows,
            train: &self.train,
            validation: &self.validation,
            folder: self.folder.path(),
            seed: 5,
            resume,
            progress: &Silent,
        }
    }
}
