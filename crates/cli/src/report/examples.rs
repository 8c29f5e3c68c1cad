//! The lines that tell most of a genre, and the mistakes that are worst.

use canto_evaluate::{Scored, Test};
use canto_predict::{Overrides, Predictor};
use canto_report::{ExampleSong, LabelExamples, TellingLine};
use canto_song::{Genre, Progress, Silent, Song};

/// Telling lines, false alarms and misses of each genre.
const EACH: usize = 3;

/// Characters of a line or a beginning that are shown: enough to recognise a song, too few to
/// republish it.
const SHOWN: usize = 80;

/// Examples of every genre from the test songs. The lines of one song a genre are weighed, the one
/// that the model is surest of and right.
pub(super) fn examples(
    predictor: &Predictor,
    songs: &[Song],
    test: &Test,
    progress: &dyn Progress,
) -> anyhow::Result<Vec<LabelExamples>> {
    progress.start("weigh lines", Some(Genre::ALL.len() as u64));
    let thresholds = predictor.bundle().thresholds().values();
    let mut examples = Vec::new();
    for genre in Genre::ALL {
        let ranked = Ranked::new(test, genre, thresholds[genre.index()]);
        let telling = match ranked.hits.first() {
            Some(&(at, _)) => telling(predictor, &songs[at], genre)?,
            None => Vec::new(),
        };
        let example = |&(at, score): &(usize, f32)| example(&songs[at], score);
        examples.push(LabelExamples {
            label: genre.name().to_owned(),
            telling,
            false_alarms: ranked.false_alarms.iter().take(EACH).map(example).collect(),
            misses: ranked.misses.iter().rev().take(EACH).map(example).collect(),
        });
        progress.advance(1);
    }
    progress.finish();
    Ok(examples)
}

/// Songs by falling score of a genre: position and score.
struct Ranked {
    hits: Vec<(usize, f32)>,
    false_alarms: Vec<(usize, f32)>,
    misses: Vec<(usize, f32)>,
}

impl Ranked {
    fn new(test: &Test, genre: Genre, threshold: f32) -> Self {
        let mut cells: Vec<_> = test.column(genre.index()).enumerate().collect();
        cells.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
        let of = |decided: bool, truth: bool| {
            let cells = cells.iter();
            let wanted =
                cells.filter(|(_, cell)| (cell.0 >= threshold, cell.1) == (decided, truth));
            wanted.map(|&(at, (score, _))| (at, score)).collect()
        };
        Self { hits: of(true, true), false_alarms: of(true, false), misses: of(false, true) }
    }
}

fn telling(predictor: &Predictor, song: &Song, genre: Genre) -> anyhow::Result<Vec<TellingLine>> {
    let only = Overrides { all: Some(1.0), per_label: vec![(genre.name().to_owned(), 0.0)] };
    let explained = predictor.explain(&song.lyrics, &only, &Silent)?.explanation;
    let lines = explained.into_iter().flatten().filter(|found| found.label == genre.name());
    let telling = lines.flat_map(|found| found.lines).filter(|line| line.weight > 0.0).take(EACH);
    let line = telling.map(|line| TellingLine {
        line: shortened(&line.text),
        song: name(song),
        weight: line.weight.into(),
    });
    Ok(line.collect())
}

fn example(song: &Song, score: f32) -> ExampleSong {
    ExampleSong {
        song: name(song),
        row: song.row,
        truth: song.genres.to_names().into_iter().map(str::to_owned).collect(),
        score: score.into(),
        snippet: shortened(&song.lyrics),
    }
}

fn name(song: &Song) -> String {
    match &song.title {
        Some(title) => format!("{} – {title}", song.artist),
        None => song.artist.clone(),
    }
}

/// The beginning of `text` on one line.
fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= SHOWN {
        return text;
    }
    let shown: String = text.chars().take(SHOWN).collect();
    format!("{} …", shown.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(shortened("la\n la"), "la la");
        let cut = shortened(&"é".repeat(200));
        assert_eq!(cut.chars().count(), SHOWN + 2);
        assert!(cut.ends_with("é …"));
    }
}
