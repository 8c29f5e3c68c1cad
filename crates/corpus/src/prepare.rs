//! The whole way from a raw file to a prepared folder.

use crate::collect::{Collected, collect};
use crate::config::CorpusConfig;
use crate::digest::sha256;
use crate::duplicates::{self, Fate};
use crate::error::Error;
use crate::manifest::{FORMAT_VERSION, Manifest, SplitCounts};
use crate::prepared::{MANIFEST, REJECTS, SONGS};
use crate::reject::{Reason, Reject};
use crate::source::{self, Checked, Source};
use crate::split::{self, Member};
use crate::spool::{Spool, SpoolReader, Texts};
use crate::staging::Staging;
use crate::tables::{SongWriter, write_rejects};
use crate::taxonomy::Taxonomy;
use canto_song::{Genre, Progress, Song, SongId, Split};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// Prepares the songs of `source` in the folder `out`: `songs.parquet`, `rejects.parquet` and
/// `manifest.json`. The folder is written aside and renamed when it is complete; an `out` that
/// an earlier preparation wrote is replaced. The same input, configuration and seed give the
/// same bytes in both tables.
pub fn prepare(
    source: &Path,
    out: &Path,
    config: &CorpusConfig,
    progress: &dyn Progress,
) -> Result<Manifest, Error> {
    let problems = config.problems();
    if !problems.is_empty() {
        return Err(Error::Config { problems });
    }
    let taxonomy = Taxonomy::open(&config.taxonomy)?;
    let staging = Staging::begin(out)?;
    let checked = source::check(source, progress)?;
    let mut spool = Spool::new(staging.path())?;
    let mut all = collect(&checked, config, &taxonomy, &mut spool, progress)?;
    counted(&checked, config, all.rows)?;

    let fates = fates(&mut all, config, progress);
    let splits = splits(&all, &fates, config);
    progress.finish();
    some_left(&checked.source, &all, &splits)?;
    let written = write(&all, &splits, spool.read_back()?, staging.path(), progress)?;
    let manifest = manifest(checked.source, config, all, written, staging.path())?;
    staging.commit()?;
    Ok(manifest)
}

/// The reader must have seen every row that the check counted.
fn counted(checked: &Checked, config: &CorpusConfig, read: u64) -> Result<(), Error> {
    let path = || checked.source.path.clone();
    let limit = config.limit.unwrap_or(u64::MAX);
    match checked.rows.map(|rows| rows.min(limit)) {
        Some(counted) if counted != read => Err(Error::RowsDiffer { path: path(), counted, read }),
        _ if read == 0 => Err(Error::SourceNoRows { path: path() }),
        _ => Ok(()),
    }
}

/// What becomes of every candidate; duplicates that go join the rejects.
fn fates(all: &mut Collected, config: &CorpusConfig, progress: &dyn Progress) -> Vec<Fate> {
    progress.start("deduplicate and split", None);
    let fates = duplicates::judge(&all.fingerprints, &all.signatures, &config.duplicates);
    for (song, fate) in all.kept.iter().zip(&fates) {
        let (reason, detail) = match *fate {
            Fate::Keep { .. } => continue,
            Fate::Exact { of } => {
                (Reason::ExactDuplicate, format!("exact duplicate of row {}", all.kept[of].row))
            }
            Fate::Near { of, similarity } => {
                let row = all.kept[of].row;
                (
                    Reason::NearDuplicate,
                    format!("near duplicate of row {row}, similarity {similarity:.2}"),
                )
            }
        };
        all.rejects.push(Reject { row: song.row, reason, detail });
    }
    all.rejects.sort_by_key(|reject| reject.row);
    // Hundreds of megabytes at full size, needed no more.
    all.signatures = Vec::new();
    fates
}

/// The split of every candidate that stays.
fn splits(all: &Collected, fates: &[Fate], config: &CorpusConfig) -> Vec<Option<Split>> {
    let mut position = HashMap::new();
    let mut members = Vec::new();
    for (at, (song, fate)) in all.kept.iter().zip(fates).enumerate() {
        if let Fate::Keep { cluster } = *fate {
            position.insert(at, members.len());
            // A cluster is named after its first song, which stays.
            let cluster = position.get(&cluster).copied().unwrap_or(members.len());
            members.push(Member { artist: song.artist.clone(), genres: song.genres, cluster });
        }
    }
    let splits = split::assign(&members, &config.split);
    (0..fates.len()).map(|at| position.get(&at).map(|&member| splits[member])).collect()
}

fn some_left(source: &Source, all: &Collected, splits: &[Option<Split>]) -> Result<(), Error> {
    if splits.iter().any(Option::is_some) {
        return Ok(());
    }
    let by_reason = reasons(&all.rejects).into_iter().map(|(reason, n)| (reason.name(), n));
    Err(Error::NothingLeft {
        path: source.path.clone(),
        rows: all.rows,
        by_reason: by_reason.collect(),
    })
}

/// What was written.
struct Written {
    songs: u64,
    splits: BTreeMap<Split, SplitCounts>,
}

fn write(
    all: &Collected,
    splits: &[Option<Split>],
    mut texts: SpoolReader,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Written, Error> {
    progress.start("write", Some(all.kept.len() as u64));
    let mut table = SongWriter::create(&folder.join(SONGS))?;
    let mut songs = 0;
    let mut ids = HashSet::new();
    for (song, split) in all.kept.iter().zip(splits) {
        let texts = texts.read()?;
        progress.advance(1);
        let Some(split) = *split else { continue };
        songs += 1;
        table.push(Song {
            id: fresh_id(&texts, &mut ids),
            row: song.row,
            artist: texts.artist,
            title: texts.title,
            lyrics: texts.lyrics,
            micro_genres: texts.micro_genres,
            genres: song.genres,
            language_confidence: song.confidence,
            split,
        })?;
    }
    table.finish()?;
    write_rejects(&folder.join(REJECTS), &all.rejects)?;
    progress.finish();
    Ok(Written { songs, splits: counts(all, splits) })
}

/// Derived from artist, title and lyrics; of songs alike in all three, where they stay, the
/// later ones take the next free number.
fn fresh_id(texts: &Texts, taken: &mut HashSet<u64>) -> SongId {
    let mut hash = Xxh3::new();
    for part in [texts.artist.as_str(), texts.title.as_deref().unwrap_or_default(), &texts.lyrics] {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    let mut id = hash.digest();
    while !taken.insert(id) {
        id = id.wrapping_add(1);
    }
    SongId(id)
}

fn counts(all: &Collected, splits: &[Option<Split>]) -> BTreeMap<Split, SplitCounts> {
    let empty = || SplitCounts {
        labels: Genre::ALL.into_iter().map(|genre| (genre, 0)).collect(),
        ..SplitCounts::default()
    };
    let mut counts: BTreeMap<Split, SplitCounts> = Split::ALL.map(|split| (split, empty())).into();
    let mut artists = HashSet::new();
    for (song, split) in all.kept.iter().zip(splits) {
        let Some((split, of)) = split.and_then(|split| Some((split, counts.get_mut(&split)?)))
        else {
            continue;
        };
        of.songs += 1;
        of.artists += u64::from(artists.insert((split, &song.artist)));
        for genre in song.genres.iter() {
            *of.labels.entry(genre).or_default() += 1;
        }
    }
    counts
}

fn reasons(rejects: &[Reject]) -> BTreeMap<Reason, u64> {
    let mut reasons = BTreeMap::new();
    for reject in rejects {
        *reasons.entry(reject.reason).or_default() += 1;
    }
    reasons
}

/// Writes the manifest, the last file of the folder, once the rows add up.
fn manifest(
    source: Source,
    config: &CorpusConfig,
    all: Collected,
    written: Written,
    folder: &Path,
) -> Result<Manifest, Error> {
    let (rows, songs, rejects) = (all.rows, written.songs, all.rejects.len() as u64);
    if songs + rejects != rows {
        return Err(Error::Unaccounted { rows, songs, rejects });
    }
    let mut files = BTreeMap::new();
    for file in [SONGS, REJECTS] {
        files.insert(file.to_owned(), sha256(&folder.join(file))?);
    }
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        source,
        config: config.clone(),
        taxonomy_sha256: sha256(&config.taxonomy)?,
        rows,
        songs,
        rejects,
        reasons: reasons(&all.rejects),
        splits: written.splits,
        languages: all.languages,
        taxonomy: all.taxonomy,
        files,
    };
    let path = folder.join(MANIFEST);
    let mut text = serde_json::to_vec_pretty(&manifest)
        .map_err(|source| Error::ManifestMalformed { path: path.clone(), source })?;
    text.push(b'\n');
    fs_err::File::create(&path)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .map_err(Error::file("write", &path))?;
    Ok(manifest)
}
