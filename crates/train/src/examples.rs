use canto_batch::{Error, Tokenized, Windows};
use canto_song::{GenreSet, Song};

/// Songs as the model reads them, with what it should say; all three lists run in parallel.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    /// Token windows.
    pub tokenized: Vec<Tokenized>,
    /// Genres.
    pub targets: Vec<GenreSet>,
    /// Source rows, to name a song in a message.
    pub rows: Vec<u64>,
}

impl Examples {
    /// Tokenises `songs` through `windows`.
    pub fn new(songs: &[Song], windows: &Windows) -> Result<Self, Error> {
        let lyrics: Vec<&str> = songs.iter().map(|song| song.lyrics.as_str()).collect();
        Ok(Self {
            tokenized: windows.encode_all(&lyrics)?,
            targets: songs.iter().map(|song| song.genres).collect(),
            rows: songs.iter().map(|song| song.row).collect(),
        })
    }

    /// Number of songs.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Length of each song's longest window, which decides how it is batched.
    pub fn lengths(&self) -> Vec<usize> {
        let longest = |song: &Tokenized| song.windows.iter().map(Vec::len).max().unwrap_or(0);
        self.tokenized.iter().map(longest).collect()
    }

    /// Windows of the song that has most.
    pub(crate) fn most_windows(&self) -> usize {
        self.tokenized.iter().map(|song| song.windows.len()).max().unwrap_or(1)
    }

    /// How many of the songs the windows leave partly unread.
    pub fn truncated(&self) -> usize {
        self.tokenized.iter().filter(|song| song.truncated).count()
    }
}
