//! All rows through the stages: rejects and songs apart, texts set aside.

use crate::config::CorpusConfig;
use crate::error::Error;
use crate::reject::Reject;
use crate::source::{self, Checked};
use crate::split::first_named_artist;
use crate::spool::Spool;
use crate::stages::{Candidate, Judged, Stages};
use crate::taxonomy::{Tally, Taxonomy, TaxonomyReport};
use canto_song::{GenreSet, Progress};
use std::collections::BTreeMap;

/// A song, its texts in the spool.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) row: u64,
    pub(crate) genres: GenreSet,
    pub(crate) confidence: f32,
    /// The first-named artist, normalised.
    pub(crate) artist: String,
}

/// All rows, judged.
pub(crate) struct Collected {
    pub(crate) rows: u64,
    pub(crate) kept: Vec<Kept>,
    pub(crate) fingerprints: Vec<u128>,
    pub(crate) signatures: Vec<u32>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) languages: BTreeMap<String, u64>,
    pub(crate) taxonomy: TaxonomyReport,
}

/// Runs every row of the source through the stages.
pub(crate) fn collect(
    checked: &Checked,
    config: &CorpusConfig,
    taxonomy: &Taxonomy,
    spool: &mut Spool,
    progress: &dyn Progress,
) -> Result<Collected, Error> {
    let stages = Stages::new(config)?;
    let mut tally = Tally::new(taxonomy);
    let mut all = Collected {
        rows: 0,
        kept: Vec::new(),
        fingerprints: Vec::new(),
        signatures: Vec::new(),
        rejects: Vec::new(),
        languages: BTreeMap::new(),
        taxonomy: TaxonomyReport::default(),
    };
    let limit = config.limit.unwrap_or(u64::MAX);
    progress.start("read and judge", checked.rows.map(|rows| rows.min(limit)));
    for batch in source::batches(&checked.source, &config.columns, config.limit)? {
        let batch = batch?;
        for judged in stages.batch(&batch, all.rows, &mut tally) {
            all.add(judged, spool)?;
        }
        all.rows += batch.len() as u64;
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    all.taxonomy = tally.report();
    Ok(all)
}

impl Collected {
    fn add(&mut self, judged: Judged, spool: &mut Spool) -> Result<(), Error> {
        if let Some(language) = judged.language {
            let code = language.code.unwrap_or("unknown");
            *self.languages.entry(code.to_owned()).or_default() += 1;
        }
        match judged.outcome {
            Ok(candidate) => self.keep(candidate, spool),
            Err(reject) => {
                self.rejects.push(reject);
                Ok(())
            }
        }
    }

    fn keep(&mut self, candidate: Candidate, spool: &mut Spool) -> Result<(), Error> {
        spool.push(&candidate.texts)?;
        self.fingerprints.push(candidate.fingerprint);
        self.signatures.extend(candidate.signature);
        self.kept.push(Kept {
            row: candidate.row,
            genres: candidate.genres,
            confidence: candidate.confidence,
            artist: first_named_artist(&candidate.texts.artist),
        });
        Ok(())
    }
}
