//! From the source's rows to the songs of each split.

use canto_corpus::{Manifest, Reason};
use canto_report::{Funnel, LabelCount};
use canto_song::{Genre, Split};

/// What became of every row.
pub(super) fn funnel(manifest: &Manifest) -> Funnel {
    let source = manifest.source.path.file_name().unwrap_or_default();
    let rejects = manifest.reasons.iter().map(|(&reason, &rows)| (words(reason).to_owned(), rows));
    let splits = manifest.splits.iter().map(|(split, counts)| (split.to_string(), counts.songs));
    Funnel {
        source: source.to_string_lossy().into_owned(),
        rows: manifest.rows,
        rejects: rejects.collect(),
        songs: manifest.songs,
        splits: splits.collect(),
    }
}

const fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::MissingLyrics => "no lyrics",
        Reason::MissingGenres => "no genres",
        Reason::UnmappedGenres => "no genre of ours",
        Reason::EmptyAfterCleaning => "nothing left after cleaning",
        Reason::TooLong => "too long",
        Reason::Language => "not in an accepted language",
        Reason::ExactDuplicate => "exact duplicate",
        Reason::NearDuplicate => "near duplicate",
    }
}

/// Songs of each genre in each split, in label order.
pub(super) fn distribution(manifest: &Manifest) -> Vec<LabelCount> {
    let count = |split: Split, genre: Genre| {
        let counts = manifest.splits.get(&split)?;
        counts.labels.get(&genre).copied()
    };
    let of = |genre: Genre| {
        let [train, validation, test] =
            Split::ALL.map(|split| count(split, genre).unwrap_or_default());
        LabelCount { label: genre.name().to_owned(), train, validation, test }
    };
    Genre::ALL.into_iter().map(of).collect()
}
