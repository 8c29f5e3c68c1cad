use crate::{Error, Pooled, Words};
use canto_batch::{Batch, Tokenized, Windows, inference_batches};
use canto_encoder::{Classifier, Device, classify, logits, pooled};
use canto_evaluate::Calibration;
use canto_song::Progress;

/// Songs whose windows the head reads in one go.
const SONGS_AT_ONCE: usize = 1024;

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

/// A model with the windows it reads songs through.
#[derive(Clone, Copy)]
pub struct Scorer<'a> {
    model: &'a Classifier,
    device: &'a Device,
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
        Self { model, device, windows, labels, words: None, calibration: None }
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
        let mut sums = vec![vec![0.0; self.labels]; songs.len()];
        self.batches("score", songs, progress, |batch| {
            let (ids, mask) = (&batch.input_ids, &batch.attention_mask);
            let found = logits(self.model, self.device, ids, mask, batch.rows, batch.length)?;
            self.add_scores(&found, &batch.owners, &mut sums)
        })?;
        Ok(songs.iter().zip(sums).map(|(song, sums)| mean(song, &sums)).collect())
    }

    /// What the head reads of songs tokenised before.
    pub fn pool(&self, songs: &[Tokenized], progress: &dyn Progress) -> Result<Pooled, Error> {
        let mut read = Pooled::new(songs.len(), self.model.width());
        self.batches("encode windows", songs, progress, |batch| {
            let (ids, mask) = (&batch.input_ids, &batch.attention_mask);
            let found = pooled(self.model, self.device, ids, mask, batch.rows, batch.length)?;
            read.add(&found, &batch.owners);
            Ok(())
        })?;
        Ok(read)
    }

    /// The same by what [`pool`](Self::pool) gave for them: the head alone is asked.
    pub fn score_pooled(
        &self,
        songs: &[Tokenized],
        pooled: &Pooled,
    ) -> Result<Vec<SongScores>, Error> {
        let mut sums = vec![vec![0.0; self.labels]; songs.len()];
        for first in (0..songs.len()).step_by(SONGS_AT_ONCE) {
            let some: Vec<usize> = (first..songs.len().min(first + SONGS_AT_ONCE)).collect();
            let (values, owners) = pooled.rows(&some);
            let found = classify(self.model, self.device, &values)?;
            self.add_scores(&found, &owners, &mut sums)?;
        }
        Ok(songs.iter().zip(sums).map(|(song, sums)| mean(song, &sums)).collect())
    }

    /// Hands over every window of `songs`, in batches.
    fn batches(
        &self,
        stage: &str,
        songs: &[Tokenized],
        progress: &dyn Progress,
        mut each: impl FnMut(&Batch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let windows = self.windows;
        let batches = inference_batches(
            songs,
            windows.buckets(),
            windows.tokenizer().pad_id(),
            windows.config().tokens_per_batch,
        );
        progress.start(stage, Some(songs.iter().map(|song| song.windows.len() as u64).sum()));
        for batch in &batches {
            each(batch)?;
            progress.advance(batch.rows as u64);
        }
        progress.finish();
        Ok(())
    }

    /// Adds each row's probabilities to the sums of the song that owns the row.
    ///
    /// Sums are f64: the order in which a song's windows arrive must not show in its score.
    fn add_scores(
        &self,
        logits: &[f32],
        owners: &[usize],
        sums: &mut [Vec<f64>],
    ) -> Result<(), Error> {
        let (rows, found) = (owners.len(), logits.len());
        let expected = rows * self.labels;
        if found != expected {
            return Err(Error::Shape { rows, expected, found });
        }
        for (row, &owner) in logits.chunks_exact(self.labels).zip(owners) {
            for (sum, &logit) in sums[owner].iter_mut().zip(row) {
                *sum += sigmoid(logit);
            }
        }
        Ok(())
    }
}

/// The mean over a song's windows.
fn mean(song: &Tokenized, sums: &[f64]) -> SongScores {
    let windows = song.windows.len().max(1) as f64;
    let scores = sums.iter().map(|sum| (sum / windows) as f32).collect();
    SongScores { scores, tokens: song.tokens, truncated: song.truncated }
}

fn sigmoid(logit: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(logit)).exp())
}
