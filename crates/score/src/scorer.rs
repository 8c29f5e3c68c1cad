use crate::sums::Sums;
use crate::{Error, Pooled, Words};
use canto_batch::{Batch, Tokenized, Windows, inference_batches};
use canto_encoder::{Classifier, Device, logits, pooled};
use canto_evaluate::Calibration;
use canto_infer::Engine;
use canto_song::Progress;

/// Windows that the engine computes between two signs of progress.
const WINDOWS_AT_ONCE: usize = 256;

/// What the model says of one song.
#[derive(Clone, Debug, PartialEq)]
pub struct SongScores {
    /// One probability a label, in label order: the mean over the song's windows, joined and
    /// calibrated where the scorer does so.
    pub scores: Vec<f32>,
    /// Tokens of the whole song, special tokens included.
    pub tokens: usize,
    /// Whether the windows leave part of the song unread.
    pub truncated: bool,
}

/// What computes.
#[derive(Clone, Copy)]
enum Model<'a> {
    /// Burn, on any device; the model lives on it, without autodiff.
    Burn { model: &'a Classifier, device: &'a Device },
    /// The CPU's own engine.
    Engine(&'a Engine),
}

/// What is asked of it.
#[derive(Clone, Copy)]
enum Asked {
    Logits,
    Pooled,
}

/// A model with the windows it reads songs through.
#[derive(Clone, Copy)]
pub struct Scorer<'a> {
    model: Model<'a>,
    windows: &'a Windows,
    labels: usize,
    words: Option<&'a Words>,
    calibration: Option<&'a Calibration>,
}

impl<'a> Scorer<'a> {
    /// A scorer of `labels` labels; `model` lives on `device`, without autodiff.
    pub fn new(
        model: &'a Classifier,
        device: &'a Device,
        windows: &'a Windows,
        labels: usize,
    ) -> Self {
        let model = Model::Burn { model, device };
        Self { model, windows, labels, words: None, calibration: None }
    }

    /// The same on the CPU's own engine.
    pub fn on_engine(engine: &'a Engine, windows: &'a Windows) -> Self {
        let labels = engine.architecture().labels.len();
        Self { model: Model::Engine(engine), windows, labels, words: None, calibration: None }
    }

    /// The same with what `words` say joined in.
    #[must_use]
    pub fn joined(self, words: Option<&'a Words>) -> Self {
        Self { words, ..self }
    }

    /// The same with scores calibrated; `calibration` is for the same labels in the same order.
    #[must_use]
    pub fn calibrated(self, calibration: &'a Calibration) -> Self {
        Self { calibration: Some(calibration), ..self }
    }

    /// Scores cleaned lyrics, in input order.
    pub fn score(
        &self,
        lyrics: &[&str],
        progress: &dyn Progress,
    ) -> Result<Vec<SongScores>, Error> {
        let mut songs = self.score_tokenized(&self.windows.encode_all(lyrics)?, progress)?;
        if let Some(Words { model, blend }) = self.words {
            let words = model.score(lyrics);
            for (song, words) in songs.iter_mut().zip(words.chunks(self.labels.max(1))) {
                blend.apply_row(&mut song.scores, words);
            }
        }
        if let Some(calibration) = self.calibration {
            for song in &mut songs {
                calibration.apply_row(&mut song.scores);
            }
        }
        Ok(songs)
    }

    /// What the encoder alone says of songs tokenised before, not calibrated, in input order.
    pub fn score_tokenized(
        &self,
        songs: &[Tokenized],
        progress: &dyn Progress,
    ) -> Result<Vec<SongScores>, Error> {
        let mut sums = Sums::new(songs.len(), self.labels);
        self.ask(Asked::Logits, songs, progress, |found, owners| sums.add(found, owners))?;
        Ok(sums.means(songs))
    }

    /// What the head reads of songs tokenised before.
    pub fn pool(&self, songs: &[Tokenized], progress: &dyn Progress) -> Result<Pooled, Error> {
        let width = match self.model {
            Model::Burn { model, .. } => model.width(),
            Model::Engine(engine) => engine.architecture().hidden_size,
        };
        let mut read = Pooled::new(songs.len(), width);
        self.ask(Asked::Pooled, songs, progress, |found, owners| {
            read.add(found, owners);
            Ok(())
        })?;
        Ok(read)
    }

    /// Hands over what was asked of every window, row-major, and the song that owns each row.
    fn ask(
        &self,
        asked: Asked,
        songs: &[Tokenized],
        progress: &dyn Progress,
        mut each: impl FnMut(&[f32], &[usize]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let stage = match asked {
            Asked::Logits => "score",
            Asked::Pooled => "encode windows",
        };
        progress.start(stage, Some(songs.iter().map(|song| song.windows.len() as u64).sum()));
        match self.model {
            Model::Burn { model, device } => {
                for batch in self.batches(songs) {
                    let Batch { rows, length, input_ids, attention_mask, owners } = &batch;
                    let compute = match asked {
                        Asked::Logits => logits,
                        Asked::Pooled => pooled,
                    };
                    let found = compute(model, device, input_ids, attention_mask, *rows, *length)?;
                    each(&found, owners)?;
                    progress.advance(*rows as u64);
                }
            }
            Model::Engine(engine) => {
                let compute = match asked {
                    Asked::Logits => Engine::logits,
                    Asked::Pooled => Engine::pooled,
                };
                let numbered = songs.iter().enumerate();
                let (owners, windows): (Vec<usize>, Vec<&[u32]>) = numbered
                    .flat_map(|(owner, song)| {
                        song.windows.iter().map(move |ids| (owner, ids.as_slice()))
                    })
                    .unzip();
                let parts = owners.chunks(WINDOWS_AT_ONCE).zip(windows.chunks(WINDOWS_AT_ONCE));
                for (owners, windows) in parts {
                    each(&compute(engine, windows)?, owners)?;
                    progress.advance(owners.len() as u64);
                }
            }
        }
        progress.finish();
        Ok(())
    }

    fn batches(&self, songs: &[Tokenized]) -> Vec<Batch> {
        let (buckets, pad_id) = (self.windows.buckets(), self.windows.tokenizer().pad_id());
        inference_batches(songs, buckets, pad_id, self.windows.config().tokens_per_batch)
    }
}
