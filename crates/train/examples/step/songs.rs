use crate::call::Call;
use canto_batch::Tokenized;
use canto_song::{Genre, GenreSet};
use canto_train::Examples;
use serde::Deserialize;
use std::error::Error;

/// A file of tokenised songs.
#[derive(Deserialize)]
struct File {
    songs: Vec<Song>,
}

#[derive(Deserialize)]
struct Song {
    /// Token ids with the special ones around them.
    ids: Vec<u32>,
    /// Indices of its genres.
    genres: Vec<usize>,
}

/// The first `count` songs of the file that was named, each cut to `length` tokens; without a file
/// that many drawn ones, all of full length.
pub(crate) fn read(call: &Call, count: usize, length: usize) -> Result<Examples, Box<dyn Error>> {
    let songs = match call.text("--songs") {
        Some(path) => serde_json::from_str::<File>(&fs_err::read_to_string(path)?)?.songs,
        None => drawn(count, length),
    };
    if songs.len() < count {
        return Err(format!("{count} songs are needed, the file has {}", songs.len()).into());
    }
    let songs = &songs[..count];
    let genres =
        |song: &Song| song.genres.iter().map(|&genre| Genre::ALL[genre]).collect::<Vec<_>>();
    Ok(Examples {
        tokenized: songs.iter().map(|song| window(&song.ids, length)).collect(),
        targets: songs.iter().map(|song| GenreSet::from_iter(genres(song))).collect(),
        rows: (1..=count as u64).collect(),
    })
}

/// The first tokens, and the last one, which ends every window.
fn window(ids: &[u32], length: usize) -> Tokenized {
    let mut window = ids.to_vec();
    if let (true, Some(&last)) = (ids.len() > length, ids.last()) {
        window.truncate(length - 1);
        window.push(last);
    }
    Tokenized { windows: vec![window], tokens: ids.len(), truncated: ids.len() > length }
}

/// Tokens by a linear congruential generator (Knuth's constants).
fn drawn(count: usize, length: usize) -> Vec<Song> {
    let mut state = 1u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        5 + ((state >> 33) % 50_000) as u32
    };
    let mut song = |number: usize| Song {
        ids: (0..length).map(|_| draw()).collect(),
        genres: vec![number % Genre::ALL.len()],
    };
    (0..count).map(&mut song).collect()
}
