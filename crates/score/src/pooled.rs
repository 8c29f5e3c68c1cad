//! What the encoder makes of songs before the head reads it: it stays the same as long as only the
//! head changes.

use crate::sums::Sums;
use crate::{Error, SongScores};
use canto_batch::Tokenized;
use canto_encoder::{Classifier, Device, classify};

/// Songs whose windows the head reads in one go.
const SONGS_AT_ONCE: usize = 1024;

/// One row a window, of as many values as the head reads, for each of some songs.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    width: usize,
    /// Row-major [windows, width] each.
    songs: Vec<Vec<f32>>,
}

impl Pooled {
    /// Of so many songs, none of them read yet.
    pub(crate) fn new(songs: usize, width: usize) -> Self {
        Self { width, songs: vec![Vec::new(); songs] }
    }

    /// Gives each row of `values` to the song that owns it.
    pub(crate) fn add(&mut self, values: &[f32], owners: &[usize]) {
        for (row, &owner) in values.chunks_exact(self.width).zip(owners) {
            self.songs[owner].extend(row);
        }
    }

    /// Values in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The rows of the songs at `indices`, row-major [rows, width], and the index of the song that
    /// owns each row.
    pub fn rows(&self, indices: &[usize]) -> (Vec<f32>, Vec<usize>) {
        let values = indices.iter().flat_map(|&index| &self.songs[index]).copied().collect();
        let windows = |index: usize| self.songs[index].len() / self.width;
        let owners = |&index: &usize| std::iter::repeat_n(index, windows(index));
        (values, indices.iter().flat_map(owners).collect())
    }

    /// What `model` says of `songs`, whose rows these are: its head alone is asked.
    pub fn scores(
        &self,
        model: &Classifier,
        device: &Device,
        songs: &[Tokenized],
    ) -> Result<Vec<SongScores>, Error> {
        let mut sums = Sums::new(songs.len(), model.labels());
        for first in (0..songs.len()).step_by(SONGS_AT_ONCE) {
            let some: Vec<usize> = (first..songs.len().min(first + SONGS_AT_ONCE)).collect();
            let (values, owners) = self.rows(&some);
            sums.add(&classify(model, device, &values)?, &owners)?;
        }
        Ok(sums.means(songs))
    }
}
