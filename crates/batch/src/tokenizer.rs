use crate::Error;
use crate::pieces::{PIECE, can_cut, pieces};
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;
use tokenizers::{PaddingParams, PaddingStrategy, Tokenizer};

/// A tokenizer that leaves cutting and padding to us.
///
/// What a window begins and ends with is learnt from the tokenizer's own post-processor: BERT's
/// `[CLS] … [SEP]`, RoBERTa's and MPNet's `<s> … </s>`.
#[derive(Clone, Debug)]
pub struct LyricTokenizer {
    inner: Tokenizer,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    pad: (u32, String),
    vocab_size: usize,
    /// Length in bytes of the pieces of long texts; none where a text must stay whole.
    piece: Option<usize>,
}

/// Names of the padding token, in the order they are looked for.
const PAD_TOKENS: [&str; 2] = ["<pad>", "[PAD]"];

/// Texts that a tokenizer of any language gives tokens to, at least one of them.
const PROBES: [&str; 4] = ["a", "the", "0", "."];

impl LyricTokenizer {
    /// The tokenizer of a `tokenizer.json`.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let json =
            fs_err::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
        let origin = format!("`{}`", path.display());
        match Tokenizer::from_bytes(&json) {
            Ok(inner) => Self::new(inner, &origin),
            Err(source) => Err(Error::Parse { origin, source }),
        }
    }

    /// The tokenizer of the text of a `tokenizer.json`.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        let origin = "the JSON text";
        match Tokenizer::from_str(json) {
            Ok(inner) => Self::new(inner, origin),
            Err(source) => Err(Error::Parse { origin: origin.to_owned(), source }),
        }
    }

    /// Trains a byte-level BPE on `lyrics`, in RoBERTa's layout: `<s>`, `<pad>`, `</s>`, `<unk>`
    /// and `<mask>` are 0 to 4, then the 256 bytes, then merges until `vocab_size` tokens are
    /// reached or no pair occurs twice. Same lyrics, same tokenizer, whatever the threads.
    pub fn train_bpe(lyrics: &[&str], vocab_size: usize) -> Result<Self, Error> {
        Self::new(crate::bpe::train(lyrics, vocab_size)?, "the trained tokenizer")
    }

    pub(crate) fn new(mut inner: Tokenizer, origin: &str) -> Result<Self, Error> {
        let pad = padding(&inner).ok_or_else(|| Error::NoPadding { origin: origin.to_owned() })?;
        inner.with_padding(None);
        // Taking truncation away cannot fail: only a stride that is too long does.
        inner.with_truncation(None).map_err(|source| parse(origin, source))?;
        let (prefix, suffix) = special_tokens(&inner, origin)?;
        let highest = inner.get_vocab(true).into_values().max().unwrap_or(0);
        let vocab_size = highest as usize + 1;
        let piece = can_cut(&inner).then_some(PIECE);
        Ok(Self { inner, prefix, suffix, pad, vocab_size, piece })
    }

    /// The text of a `tokenizer.json` without truncation, padded to the longest of a batch.
    pub fn to_json(&self) -> Result<String, Error> {
        let mut inner = self.inner.clone();
        let (pad_id, pad_token) = self.pad.clone();
        let strategy = PaddingStrategy::BatchLongest;
        let padding = PaddingParams { strategy, pad_id, pad_token, ..Default::default() };
        inner.with_padding(Some(padding));
        inner.to_string(false).map_err(|source| Error::Write { source })
    }

    /// Rows that an embedding needs: the highest token id plus one.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The id that fills a row up.
    pub fn pad_id(&self) -> u32 {
        self.pad.0
    }

    /// Special tokens that a window holds besides the song's.
    pub fn special_tokens(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }

    /// All token ids of `text`, without special tokens.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, Error> {
        let mut ids = Vec::new();
        for piece in pieces(text, self.piece.unwrap_or(usize::MAX)) {
            let encoding = self.inner.encode_fast(piece, false);
            let encoding = encoding
                .map_err(|source| Error::Encode { characters: text.chars().count(), source })?;
            ids.extend_from_slice(encoding.get_ids());
        }
        Ok(ids)
    }

    /// The text of `ids`, special tokens left out.
    pub fn text(&self, ids: &[u32]) -> Result<String, Error> {
        self.inner.decode(ids, true).map_err(|source| Error::Decode { tokens: ids.len(), source })
    }

    /// A window of `parts` of a song between the special tokens.
    pub(crate) fn window(&self, song: &[u32], parts: &[Range<usize>]) -> Vec<u32> {
        let body = parts.iter().flat_map(|part| &song[part.clone()]);
        self.prefix.iter().chain(body).chain(&self.suffix).copied().collect()
    }
}

fn parse(origin: &str, source: crate::error::Source) -> Error {
    Error::Parse { origin: origin.to_owned(), source }
}

/// The padding token: the one the file pads with where its vocabulary has it, then the usual
/// names, then the bare id of the file's padding section.
fn padding(inner: &Tokenizer) -> Option<(u32, String)> {
    let section = inner.get_padding();
    let named = section.map(|padding| padding.pad_token.as_str()).into_iter().chain(PAD_TOKENS);
    let mut found = named.filter_map(|name| Some((inner.token_to_id(name)?, name.to_owned())));
    found.next().or_else(|| section.map(|padding| (padding.pad_id, padding.pad_token.clone())))
}

/// What the post-processor puts before and after a text.
fn special_tokens(inner: &Tokenizer, origin: &str) -> Result<(Vec<u32>, Vec<u32>), Error> {
    for probe in PROBES {
        let encoding = inner.encode(probe, true).map_err(|source| parse(origin, source))?;
        let (ids, special) = (encoding.get_ids(), encoding.get_special_tokens_mask());
        if let Some(first) = special.iter().position(|&flag| flag == 0) {
            let after = special.iter().rposition(|&flag| flag == 0).map_or(first, |last| last + 1);
            return Ok((ids[..first].to_vec(), ids[after..].to_vec()));
        }
    }
    Err(Error::NoTokens { origin: origin.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tiny(name: &str) -> LyricTokenizer {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
        LyricTokenizer::from_file(&folder.join(name)).unwrap()
    }

    proptest! {
        #[test]
        fn a_text_in_pieces_has_the_tokens_of_the_whole(
            text in "([a-z]{1,6}|[ \n\t\u{a0}]{1,3}|['.,!]|[éÄß中😀\u{301}]|<mask>|</s>|\\[SEP\\]|[0-9]){0,80}",
            piece in 1_usize..40,
        ) {
            for name in ["roberta.json", "bert.json"] {
                let mut tokenizer = tiny(name);
                prop_assert_eq!(tokenizer.piece, Some(PIECE));
                let whole = { tokenizer.piece = None; tokenizer.ids(&text).unwrap() };
                tokenizer.piece = Some(piece);
                prop_assert_eq!(tokenizer.ids(&text).unwrap(), whole);
            }
        }
    }
}
