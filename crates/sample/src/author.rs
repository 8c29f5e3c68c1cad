use crate::Summary;
use crate::artist::Artist;
use crate::catalogue::{Catalogue, neighbours};
use crate::dice::Dice;
use crate::lexicon::Lexicons;
use crate::lyric::Lyric;
use crate::name;
use crate::page;
use crate::row::Row;
use crate::voice::Voice;
use canto_song::Genre;
use std::collections::VecDeque;

/// Songs kept for later duplicates. Memory stays the same however many songs are written.
const KEPT: usize = 256;

/// Songs that must be kept before the first comes back.
const ENOUGH: usize = 16;

/// A song that was written before and may come back.
#[derive(Clone)]
struct Past {
    artists: String,
    title: String,
    text: String,
    micro_genres: String,
    theme: Genre,
    lyric: Lyric,
}

/// Writes song after song, artist after artist.
pub(crate) struct Author {
    dice: Dice,
    salt: u64,
    lexicons: Lexicons,
    catalogue: Catalogue,
    artist: Artist,
    artists: u64,
    past: VecDeque<Past>,
}

impl Author {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let salt = u64::from(dice.below(u32::MAX));
        let catalogue = Catalogue::read();
        Self {
            artist: Artist::new(0, salt, &catalogue, &mut dice),
            artists: 1,
            salt,
            lexicons: Lexicons::read(),
            catalogue,
            past: VecDeque::with_capacity(KEPT),
            dice,
        }
    }

    /// Appends the next row to `out`.
    pub(crate) fn row(&mut self, out: &mut String, summary: &mut Summary) {
        if self.artist.songs == 0 {
            self.artist = Artist::new(self.artists, self.salt, &self.catalogue, &mut self.dice);
            self.artists += 1;
        }
        let song = self.repeat(summary).unwrap_or_else(|| self.song(summary));
        self.write(&song, out, summary);
        // One song in eight may come back, so that copies stand far apart.
        if self.dice.below(8) == 0 || self.past.is_empty() {
            if self.past.len() == KEPT {
                self.past.pop_front();
            }
            self.past.push_back(song);
        }
        summary.songs += 1;
        summary.artists = self.artists;
    }

    /// A song of the artist at hand.
    fn song(&mut self, summary: &mut Summary) -> Past {
        self.artist.songs -= 1;
        let theme = self.artist.theme(&mut self.dice);
        let lyric = self.lyric(theme, summary);
        let title = name::title(&self.lexicons, theme, &mut self.dice);
        let artists = self.credited();
        self.past(artists, title, theme, lyric)
    }

    fn past(&mut self, artists: String, title: String, theme: Genre, lyric: Lyric) -> Past {
        let text = page::render(&lyric, &title, &self.artist.name, &mut self.dice);
        let micro_genres = self.artist.micro_genres.clone();
        Past { artists, title, text, micro_genres, theme, lyric }
    }

    fn lyric(&mut self, theme: Genre, summary: &mut Summary) -> Lyric {
        let Self { dice, lexicons, artist, .. } = self;
        // Even a Spanish singer has an English song now and then.
        let foreign = artist.language.filter(|_| !dice.chance(100));
        if let Some(language) = foreign.and_then(|at| lexicons.languages.get(at)) {
            summary.foreign += 1;
            let voice = Voice { neutral: language, main: language, side: language, cue: 0 };
            return Lyric::compose(&voice, false, dice);
        }
        let side = dice.one_of(neighbours(theme), theme);
        let side = dice.one_of(&artist.themes, side);
        let cue = match dice.below(1000) {
            0..50 => 15, // says nothing of its genre
            _ => dice.between(300, 650),
        };
        let voice = Voice {
            neutral: &lexicons.neutral,
            main: lexicons.theme(theme),
            side: lexicons.theme(side),
            cue,
        };
        Lyric::compose(&voice, theme == Genre::HipHop, dice)
    }

    /// The artist's name, at times with a guest's.
    fn credited(&mut self) -> String {
        let name = &self.artist.name;
        match self.past.get(self.dice.below(KEPT as u32) as usize) {
            Some(guest) if self.dice.chance(90) && !guest.artists.contains(',') => {
                format!("{name}, {}", guest.artists)
            }
            _ => name.clone(),
        }
    }

    /// At times a song that was there before: the same, written down anew, or sung by another.
    fn repeat(&mut self, summary: &mut Summary) -> Option<Past> {
        let (copy, anew) = match self.dice.below(1000) {
            0..16 => (true, false),
            16..32 => (true, true),
            32..40 => (false, true),
            _ => return None,
        };
        if self.past.len() < ENOUGH {
            return None;
        }
        let at = self.dice.below(self.past.len() as u32) as usize;
        let mut past = self.past.get(at)?.clone();
        if !anew {
            summary.exact_duplicates += 1;
            return Some(past);
        }
        let lyric = past.lyric.misheard(&self.lexicons.neutral, &mut self.dice);
        if copy {
            summary.near_duplicates += 1;
            let suffix = [" - Live", " (Remastered)", ""];
            past.title.push_str(self.dice.pick(&suffix));
            past.text = page::render(&lyric, &past.title, &past.artists, &mut self.dice);
            past.lyric = lyric;
            return Some(past);
        }
        summary.covers += 1;
        let artists = self.artist.name.clone();
        Some(self.past(artists, past.title, past.theme, lyric))
    }

    fn write(&mut self, song: &Past, out: &mut String, summary: &mut Summary) {
        let untitled = self.dice.chance(12);
        summary.untitled += u64::from(untitled);
        let album = name::title(&self.lexicons, song.theme, &mut self.dice);
        let mut similar = [(song.artists.as_str(), song.title.as_str()); 3];
        for pair in &mut similar {
            let at = self.dice.below(self.past.len() as u32) as usize;
            if let Some(past) = self.past.get(at) {
                *pair = (&past.artists, &past.title);
            }
        }
        let row = Row {
            artists: &song.artists,
            title: if untitled { "" } else { &song.title },
            text: &song.text,
            micro_genres: &song.micro_genres,
            album: &album,
            theme: song.theme,
            similar,
        };
        row.write(&mut self.dice, out);
    }
}
