use crate::catalogue::{Catalogue, INVENTED, neighbours};
use crate::dice::Dice;
use crate::lexicon::SPANISH;
use crate::name;
use canto_song::Genre;

/// Songs per artist: `SONG_WEIGHTS[k]` artists in 10,000 have `k + 1`; it falls as k^-1.6, so the
/// median is 2 and the mean about 4.4, like the real data's.
const SONG_WEIGHTS: [u32; 40] = [
    4690, 1547, 809, 510, 357, 267, 208, 168, 140, 118, 101, 88, 78, 69, 62, 56, 50, 46, 42, 39,
    36, 33, 31, 29, 27, 26, 24, 23, 21, 20, 19, 18, 17, 17, 16, 15, 15, 14, 13, 13,
];

/// Somebody who sings: a name, micro-genres, and what the songs are really like.
pub(crate) struct Artist {
    pub(crate) name: String,
    /// The `Genre` column: comma-joined, lower case.
    pub(crate) micro_genres: String,
    /// Themes of the songs, the leading one first. Not always what the labels say.
    pub(crate) themes: Vec<Genre>,
    /// The language of most songs, where it is not English.
    pub(crate) language: Option<usize>,
    /// Songs still to come.
    pub(crate) songs: u32,
}

impl Artist {
    pub(crate) fn new(number: u64, salt: u64, catalogue: &Catalogue, dice: &mut Dice) -> Self {
        let genre = Catalogue::genre(dice);
        let mut artist = Self {
            name: name::artist(number, salt, dice),
            micro_genres: String::new(),
            themes: vec![],
            language: language(genre, dice),
            songs: 1 + dice.weighted(SONG_WEIGHTS.into_iter()) as u32,
        };
        if matches!(genre, Genre::Classical | Genre::Comedy | Genre::Soundtrack) {
            // Rare genres: more artists with fewer songs, or one of them would decide a metric.
            artist.songs = 1 + artist.songs % 8;
        }
        match dice.below(1000) {
            0..4 => artist.themes.push(genre), // no micro-genres at all
            4..35 => artist.take_invented(genre, dice),
            _ => artist.take_micro_genres(genre, catalogue, dice),
        }
        // Label noise: some artists are filed under what they do not play.
        if dice.chance(20) {
            artist.themes = vec![Catalogue::genre(dice)];
        }
        artist
    }

    fn take_micro_genres(&mut self, genre: Genre, catalogue: &Catalogue, dice: &mut Dice) {
        for nth in 0..=dice.weighted([45, 35, 20].into_iter()) {
            let (genre, heard) = match dice.below(100) {
                _ if nth == 0 => (genre, true),
                0..60 => (genre, true),
                60..95 => (dice.one_of(neighbours(genre), genre), true),
                _ => (Catalogue::genre(dice), false), // a label without a sound
            };
            let micro = catalogue.micro_genre(genre, dice);
            if self.file_under(micro.name) && heard {
                self.themes.extend(&micro.themes);
            }
        }
        if self.micro_genres.matches(',').count() < 2 && dice.chance(80) {
            self.file_under(dice.pick(&INVENTED));
        }
    }

    fn take_invented(&mut self, genre: Genre, dice: &mut Dice) {
        self.themes.push(genre);
        for _ in 0..dice.between(1, 2) {
            self.file_under(dice.pick(&INVENTED));
        }
    }

    /// Adds a micro-genre; false where it stands there already.
    fn file_under(&mut self, micro_genre: &str) -> bool {
        if self.micro_genres.split(',').any(|known| known == micro_genre) {
            return false;
        }
        if !self.micro_genres.is_empty() {
            self.micro_genres.push(',');
        }
        self.micro_genres.push_str(micro_genre);
        true
    }

    /// The theme of one song: the leading one most often, at times a neighbour's.
    pub(crate) fn theme(&self, dice: &mut Dice) -> Genre {
        let leading = self.themes.first().copied().unwrap_or(Genre::Pop);
        let theme = if dice.chance(600) { leading } else { dice.one_of(&self.themes, leading) };
        if dice.chance(40) {
            return dice.one_of(neighbours(theme), theme);
        }
        theme
    }
}

fn language(genre: Genre, dice: &mut Dice) -> Option<usize> {
    if genre == Genre::ReggaeLatin && dice.chance(150) {
        return Some(SPANISH);
    }
    dice.chance(30).then(|| dice.weighted([8, 4, 4, 4, 2, 2, 2].into_iter()))
}
