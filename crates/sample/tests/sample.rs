//! A written sample, read back as a user's reader would.

use canto_sample::{Error, SampleConfig, Summary, write};
use canto_song::{Progress, Silent};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

const TEXT: usize = 2;
const GENRE: usize = 5;

fn sample(songs: u64, seed: u64) -> (Vec<u8>, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("songs.csv");
    let summary = write(&SampleConfig { songs, seed }, &out, &Silent).unwrap();
    assert_eq!(files(folder.path()), ["songs.csv"]);
    (std::fs::read(&out).unwrap(), summary)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn rows(bytes: &[u8]) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(bytes).records().map(Result::unwrap).collect()
}

fn share(rows: &[csv::StringRecord], test: impl Fn(&csv::StringRecord) -> bool) -> f64 {
    rows.iter().filter(|row| test(row)).count() as f64 / rows.len() as f64
}

#[test]
fn has_the_real_schema_and_every_row() {
    let (bytes, summary) = sample(700, 1);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader.headers().unwrap().clone();
    assert_eq!(header.len(), 39);
    assert_eq!(
        header.iter().collect::<Vec<_>>().join(","),
        "Artist(s),song,text,Length,emotion,Genre,Album,Release Date,Key,Tempo,Loudness (db),\
         Time signature,Explicit,Popularity,Energy,Danceability,Positiveness,Speechiness,Liveness,\
         Acousticness,Instrumentalness,Good for Party,Good for Work/Study,\
         Good for Relaxation/Meditation,Good for Exercise,Good for Running,\
         Good for Yoga/Stretching,Good for Driving,Good for Social Gatherings,\
         Good for Morning Routine,Similar Artist 1,Similar Song 1,Similarity Score 1,\
         Similar Artist 2,Similar Song 2,Similarity Score 2,Similar Artist 3,Similar Song 3,\
         Similarity Score 3"
    );
    let rows = rows(&bytes);
    assert_eq!((rows.len(), summary.songs), (700, 700));
    assert_eq!(summary.bytes, bytes.len() as u64);
    // Every column but the title and the genres is filled.
    for row in &rows {
        for (at, value) in row.iter().enumerate() {
            assert!(!value.is_empty() || at == 1 || at == GENRE, "column {at}");
        }
    }
}

#[test]
fn the_same_seed_writes_the_same_bytes() {
    assert_eq!(sample(1500, 7), sample(1500, 7));
    assert_ne!(sample(50, 7).0, sample(50, 8).0);
    // A longer file begins with the shorter one: nothing depends on the number of songs.
    let (short, long) = (sample(300, 7).0, sample(1500, 7).0);
    assert!(long.starts_with(&short));
}

#[test]
fn dirt_comes_in_its_shares() {
    let rows = rows(&sample(6000, 3).0);
    let text_has = |needle: &'static str| share(&rows, |row| row[TEXT].contains(needle));
    let bounds = [
        ("tags", text_has("[Verse"), 0.55, 0.85),
        ("named tags", text_has("[Verse 1: "), 0.08, 0.25),
        ("headers", text_has(" Contributor"), 0.15, 0.30),
        ("translations", text_has("Translations"), 0.05, 0.15),
        ("advertisements", text_has("You might also like"), 0.10, 0.20),
        ("tickets", text_has("LiveGet tickets as low as $"), 0.02, 0.06),
        ("embeds", share(&rows, |row| row[TEXT].ends_with("Embed")), 0.25, 0.35),
        ("zero width", text_has("\u{200b}"), 0.005, 0.08),
        ("quotes", text_has("\""), 0.2, 0.95),
        ("one line", share(&rows, |row| !row[TEXT].contains('\n')), 0.04, 0.09),
        ("no title", share(&rows, |row| row[1].is_empty()), 0.005, 0.025),
        ("no genres", share(&rows, |row| row[GENRE].is_empty()), 0.0001, 0.02),
        ("guests", share(&rows, |row| row[0].contains(',')), 0.03, 0.12),
        ("instrumentals", share(&rows, |row| &row[TEXT] == "[Instrumental]"), 0.0005, 0.008),
    ];
    for (name, found, low, high) in bounds {
        assert!((low..=high).contains(&found), "{name}: {found}, expected {low} to {high}");
    }
}

#[test]
fn artists_songs_and_genres_are_spread_as_in_the_real_data() {
    let (bytes, summary) = sample(6000, 4);
    let rows = rows(&bytes);
    let mut songs: HashMap<&str, u64> = HashMap::new();
    let mut lengths: Vec<usize> = Vec::new();
    for row in &rows {
        *songs.entry(row[0].split(',').next().unwrap()).or_default() += 1;
        lengths.push(row[TEXT].chars().count());
        assert!((1..=3).contains(&row[GENRE].split(',').count()), "{}", &row[GENRE]);
        assert_eq!(row[GENRE], row[GENRE].to_lowercase());
    }
    assert_eq!(songs.len() as u64, summary.artists);
    assert!(*songs.values().max().unwrap() >= 30);
    let alone = songs.values().filter(|&&count| count == 1).count() as f64;
    assert!((0.3..0.6).contains(&(alone / songs.len() as f64)));
    lengths.sort_unstable();
    assert!((1250..1550).contains(&lengths[3000]), "median {}", lengths[3000]);
    assert!(lengths[5999] > 5000, "longest {}", lengths[5999]);
}

#[test]
fn copies_come_back_exactly_and_nearly() {
    let (bytes, summary) = sample(6000, 5);
    let rows = rows(&bytes);
    let distinct: HashSet<&str> = rows.iter().map(|row| &row[TEXT]).collect();
    let copies = (rows.len() - distinct.len()) as u64;
    // Instrumentals are alike as well.
    assert!(copies >= summary.exact_duplicates && copies < summary.exact_duplicates + 40);
    for (name, count) in [
        ("exact", summary.exact_duplicates),
        ("near", summary.near_duplicates),
        ("covers", summary.covers),
        ("foreign", summary.foreign),
    ] {
        assert!((20..400).contains(&count), "{name}: {count}");
    }
}

#[test]
fn nothing_is_left_where_writing_fails() {
    let folder = tempfile::tempdir().unwrap();
    let config = SampleConfig { songs: 10, seed: 0 };
    let error = write(&config, folder.path(), &Silent).unwrap_err();
    assert!(matches!(error, Error::NotAFile { .. }));
    assert!(error.hint().unwrap().contains("songs.csv"));
    let error = write(&config, Path::new("/dev/null"), &Silent).unwrap_err();
    assert!(matches!(error, Error::NotAFile { .. }));

    // A file where a folder is wanted.
    let file = folder.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let error = write(&config, &file.join("songs.csv"), &Silent).unwrap_err();
    assert!(matches!(error, Error::Create { .. }), "{error}");
    assert_eq!(files(folder.path()), ["file"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_named() {
    let config = SampleConfig { songs: 10, seed: 0 };
    // Not even the administrator creates files there.
    let error = write(&config, Path::new("/proc/songs.csv"), &Silent).unwrap_err();
    assert!(matches!(error, Error::Create { .. }));
    assert!(error.to_string().contains("`/proc`"), "{error}");
}

#[test]
fn folders_are_made_and_an_old_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("data/raw/songs.csv");
    for songs in [20, 5] {
        write(&SampleConfig { songs, seed: 1 }, &out, &Silent).unwrap();
        assert_eq!(rows(&std::fs::read(&out).unwrap()).len() as u64, songs);
    }
}

#[test]
fn no_songs_make_a_header() {
    let (bytes, summary) = sample(0, 1);
    assert!(bytes.ends_with(b"Similarity Score 3\n"));
    assert!(rows(&bytes).is_empty());
    assert_eq!((summary.songs, summary.artists), (0, 0));
}

#[test]
fn progress_adds_up() {
    #[derive(Default)]
    struct Count(AtomicU64);
    impl Progress for Count {
        fn start(&self, _stage: &str, total: Option<u64>) {
            assert_eq!(total, Some(1300));
        }
        fn advance(&self, units: u64) {
            self.0.fetch_add(units, Ordering::Relaxed);
        }
        fn finish(&self) {}
    }
    let folder = tempfile::tempdir().unwrap();
    let (config, count) = (SampleConfig { songs: 1300, seed: 1 }, Count::default());
    write(&config, &folder.path().join("songs.csv"), &count).unwrap();
    assert_eq!(count.0.into_inner(), 1300);
}
