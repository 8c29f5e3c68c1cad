//! What happens to one row: label → clean → language → sign.

use crate::clean::Cleaner;
use crate::config::{CorpusConfig, Duplicates};
use crate::duplicates::{SLOTS, Signer, fingerprint, words};
use crate::error::Error;
use crate::language::{Language, LanguageJudge};
use crate::reject::{Reason, Reject};
use crate::source::{Batch, RawRow};
use crate::spool::Texts;
use crate::taxonomy::Tally;
use canto_song::GenreSet;
use rayon::prelude::*;

/// A row that became a song, duplicates and split still open.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) row: u64,
    pub(crate) genres: GenreSet,
    pub(crate) confidence: f32,
    pub(crate) fingerprint: u128,
    /// Empty where near duplicates are ignored.
    pub(crate) signature: Vec<u32>,
    pub(crate) texts: Texts,
}

/// What became of a row.
pub(crate) struct Judged {
    /// Where the stages came so far.
    pub(crate) language: Option<Language>,
    pub(crate) outcome: Result<Candidate, Reject>,
}

/// The stages, ready to run.
pub(crate) struct Stages {
    cleaner: Cleaner,
    judge: LanguageJudge,
    signer: Option<Signer>,
    max_characters: usize,
}

impl Stages {
    pub(crate) fn new(config: &CorpusConfig) -> Result<Self, Error> {
        let near = config.duplicates.near != Duplicates::Ignore;
        Ok(Self {
            cleaner: Cleaner::new(&config.cleaning)?,
            judge: LanguageJudge::new(&config.language)?,
            signer: near.then(|| Signer::new(config.duplicates.shingle_words)),
            max_characters: config.max_characters,
        })
    }

    /// Every row of a batch, in order; `before` rows came earlier.
    pub(crate) fn batch(&self, batch: &Batch, before: u64, tally: &mut Tally<'_>) -> Vec<Judged> {
        let label = |at| batch.row(at).genres.map_or(GenreSet::EMPTY, |genres| tally.label(genres));
        let genres: Vec<GenreSet> = (0..batch.len()).map(label).collect();
        genres
            .into_par_iter()
            .enumerate()
            .map(|(at, genres)| self.row(before + at as u64 + 1, batch.row(at), genres))
            .collect()
    }

    fn row(&self, number: u64, row: RawRow<'_>, genres: GenreSet) -> Judged {
        let mut language = None;
        let outcome = self
            .select(row, genres, &mut language)
            .map(|texts| self.candidate(number, genres, language, texts))
            .map_err(|(reason, detail)| Reject { row: number, reason, detail });
        Judged { language, outcome }
    }

    fn select(
        &self,
        row: RawRow<'_>,
        genres: GenreSet,
        language: &mut Option<Language>,
    ) -> Result<Texts, (Reason, String)> {
        let lyrics = present(row.lyrics).ok_or((Reason::MissingLyrics, String::new()))?;
        let micro_genres = present(row.genres).ok_or((Reason::MissingGenres, String::new()))?;
        if genres.is_empty() {
            return Err((Reason::UnmappedGenres, micro_genres.to_owned()));
        }
        let lyrics = self.cleaned(lyrics)?;
        *language = Some(self.accepted(&lyrics, language)?);
        Ok(Texts {
            artist: present(row.artist).unwrap_or_default().to_owned(),
            title: present(row.title).map(str::to_owned),
            micro_genres: micro_genres.to_owned(),
            lyrics,
        })
    }

    fn cleaned(&self, raw: &str) -> Result<String, (Reason, String)> {
        let lyrics = self.cleaner.clean(raw);
        let characters = lyrics.chars().count();
        if characters == 0 {
            return Err((Reason::EmptyAfterCleaning, String::new()));
        }
        if characters > self.max_characters {
            let detail = format!("{characters} characters, the limit is {}", self.max_characters);
            return Err((Reason::TooLong, detail));
        }
        Ok(lyrics)
    }

    fn accepted(
        &self,
        lyrics: &str,
        language: &mut Option<Language>,
    ) -> Result<Language, (Reason, String)> {
        let judged = self.judge.judge(lyrics);
        *language = Some(judged);
        if judged.accepted {
            return Ok(judged);
        }
        let detail =
            format!("{}, confidence {:.2}", judged.code.unwrap_or("unknown"), judged.confidence);
        Err((Reason::Language, detail))
    }

    fn candidate(
        &self,
        row: u64,
        genres: GenreSet,
        language: Option<Language>,
        texts: Texts,
    ) -> Candidate {
        let words = words(&texts.lyrics);
        Candidate {
            row,
            genres,
            confidence: language.map_or(0.0, |language| language.confidence as f32),
            fingerprint: fingerprint(&words),
            signature: self.signer.map_or_else(Vec::new, |signer| {
                let slots: [u32; SLOTS] = signer.sign(&words);
                slots.to_vec()
            }),
            texts,
        }
    }
}

/// A text with something in it.
fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
