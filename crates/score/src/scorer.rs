use crate::Error;
use canto_batch::{Batch, Tokenized, Windows, inference_batches};
use canto_encoder::{Classifier, Device, logits};
use canto_evaluate::Calibration;
use canto_song::Progress;

/// What the model says of one song.
#[derive(Clone, Debug, PartialEq)]
pub struct SongScores {
    /// One probability a label, in label order: the mean over the song's windows, calibrated where
    /// the scorer is.
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
        Self { model, device, windows, labels, calibration: None }
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
        self.score_tokenized(&self.windows.encode_all(lyrics)?, progress)
    }

    /// Scores songs tokenised before, in input order.
    pub fn score_tokenized(
        &self,
        songs: &[Tokenized],
        progress: &dyn Progress,
    ) -> Result<Vec<SongScores>, Error> {
        let windows = self.windows;
        let batches = inference_batches(
            songs,
            windows.buckets(),
            windows.tokenizer().pad_id(),
            windows.config().tokens_per_batch,
        );
        progress.start("score", Some(songs.iter().map(|song| song.windows.len() as u64).sum()));
        let mut sums = vec![vec![0.0; self.labels]; songs.len()];
        for batch in &batches {
            self.add_scores(batch, &mut sums)?;
            progress.advance(batch.rows as u64);
        }
        progress.finish();
        Ok(songs.iter().zip(sums).map(|(song, sum)| self.finished(song, sum)).collect())
    }

    /// The mean over a song's windows, calibrated.
    fn finished(&self, song: &Tokenized, sums: Vec<f64>) -> SongScores {
        let windows = song.windows.len().max(1) as f64;
        let mut scores: Vec<f32> = sums.into_iter().map(|sum| (sum / windows) as f32).collect();
        if let Some(calibration) = self.calibration {
            calibration.apply_row(&mut scores);
        }
        SongScores { scores, tokens: song.tokens, truncated: song.truncated }
    }

    /// Adds each row's probabilities to the sums of the song that owns the row.
    ///
    /// Sums are f64: the order in which a song's windows arrive must not show in its score.
    fn add_scores(&self, batch: &Batch, sums: &mut [Vec<f64>]) -> Result<(), Error> {
        let found = logits(
            self.model,
            self.device,
            &batch.input_ids,
            &batch.attention_mask,
            batch.rows,
            batch.length,
        )?;
        let expected = batch.rows * self.labels;
        if found.len() != expected {
            return Err(Error::Shape { rows: batch.rows, expected, found: found.len() });
        }
        for (row, &owner) in found.chunks_exact(self.labels).zip(&batch.owners) {
            for (sum, &logit) in sums[owner].iter_mut().zip(row) {
                *sum += sigmoid(logit);
            }
        }
        Ok(())
    }
}

fn sigmoid(logit: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(logit)).exp())
}
