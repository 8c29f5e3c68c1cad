use crate::{Error, SongScores};
use canto_batch::Tokenized;

/// Probabilities of every song's windows, added up.
///
/// Sums are f64: the order in which a song's windows arrive must not show in its score.
pub(crate) struct Sums {
    labels: usize,
    songs: Vec<Vec<f64>>,
}

impl Sums {
    pub(crate) fn new(songs: usize, labels: usize) -> Self {
        Self { labels, songs: vec![vec![0.0; labels]; songs] }
    }

    /// Adds each row's probabilities to the sums of the song that owns the row; `logits` are
    /// row-major [rows, labels].
    pub(crate) fn add(&mut self, logits: &[f32], owners: &[usize]) -> Result<(), Error> {
        let (rows, found) = (owners.len(), logits.len());
        let expected = rows * self.labels;
        if found != expected {
            return Err(Error::Shape { rows, expected, found });
        }
        for (row, &owner) in logits.chunks_exact(self.labels.max(1)).zip(owners) {
            for (sum, &logit) in self.songs[owner].iter_mut().zip(row) {
                *sum += sigmoid(logit);
            }
        }
        Ok(())
    }

    /// The mean over each song's windows.
    pub(crate) fn means(self, songs: &[Tokenized]) -> Vec<SongScores> {
        let mean = |(song, sums): (&Tokenized, Vec<f64>)| {
            let windows = song.windows.len().max(1) as f64;
            let scores = sums.iter().map(|sum| (sum / windows) as f32).collect();
            SongScores { scores, tokens: song.tokens, truncated: song.truncated }
        };
        songs.iter().zip(self.songs).map(mean).collect()
    }
}

fn sigmoid(logit: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(logit)).exp())
}
