//! Writes prepared songs as token ids and indices of genres, without a word of their lyrics:
//!
//! ```text
//! songs --prepared DIR --songs 1024 --out FILE
//! ```
//!
//! The tokenizer is a byte-level BPE trained on the same songs; each is cut to 512 tokens. One line
//! tells how long they are.

#![expect(clippy::print_stdout, reason = "the result is its output")]

use canto_batch::{BatchConfig, LyricTokenizer, Windows};
use canto_corpus::Prepared;
use canto_song::{Genre, Song, Split};
use canto_train::Examples;
use serde_json::json;
use std::error::Error;
use std::path::Path;

/// Tokens that the tokenizer learns at most, as in the quickstart.
const VOCABULARY: usize = 6000;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name);
        at.and_then(|at| args.get(at + 1)).ok_or_else(|| format!("{name} is needed"))
    };
    let (prepared, out) = (Prepared::open(Path::new(value("--prepared")?))?, value("--out")?);
    let count: usize = value("--songs")?.parse()?;
    let songs = prepared.songs(Split::Train)?;
    let songs =
        songs.get(..count).ok_or_else(|| format!("only {} songs are there", songs.len()))?;
    let examples = tokenised(songs)?;
    let genres = examples.targets.iter().map(|set| set.iter().map(Genre::index).collect());
    let genres: Vec<Vec<usize>> = genres.collect();
    let ids = examples.tokenized.iter().map(|song| &song.windows[0]);
    let lines: Vec<_> =
        ids.zip(genres).map(|(ids, g)| json!({ "ids": ids, "genres": g })).collect();
    fs_err::write(out, json!({ "songs": lines }).to_string())?;
    let mut lengths = examples.lengths();
    lengths.sort_unstable();
    let [median, most] = [lengths[lengths.len() / 2], lengths[lengths.len() - 1]];
    println!("{count} songs, {median} tokens in the median, {most} at most");
    Ok(())
}

fn tokenised(songs: &[Song]) -> Result<Examples, Box<dyn Error>> {
    let lyrics: Vec<&str> = songs.iter().map(|song| song.lyrics.as_str()).collect();
    let tokenizer = LyricTokenizer::train_bpe(&lyrics, VOCABULARY)?;
    let windows =
        Windows::new(tokenizer, BatchConfig { max_tokens: 512, ..BatchConfig::default() })?;
    Ok(Examples::new(songs, &windows)?)
}
