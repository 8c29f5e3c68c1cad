//! A byte-level BPE in RoBERTa's layout, learnt from lyrics.
//!
//! The learning is our own: that of the `tokenizers` library walks hash maps whose order is drawn
//! anew in every process, and equal counts can then be merged in another order. Here words are
//! sorted and ties go to the pair of the lowest ids, so same lyrics give same bytes.

use crate::Error;
use crate::error::Source;
use crate::merges::{Vocabulary, learn};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{
    AddedToken, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Tokenizer,
};

/// RoBERTa's special tokens, in the order of their ids.
const SPECIAL: [&str; 5] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

/// Special tokens and one token a byte.
const LEAST: usize = SPECIAL.len() + 256;

/// Lyrics counted together; only a matter of speed.
const LYRICS_AT_ONCE: usize = 64;

pub(crate) fn train(lyrics: &[&str], vocab_size: usize) -> Result<Tokenizer, Error> {
    if vocab_size < LEAST {
        return Err(Error::VocabularyTooSmall { found: vocab_size, least: LEAST });
    }
    let failed = |source| Error::Train { lyrics: lyrics.len(), source };
    let words = count_words(lyrics).map_err(failed)?;
    if words.is_empty() {
        return Err(Error::NoWords { lyrics: lyrics.len() });
    }
    let vocabulary = learn(words, alphabet(), vocab_size);
    assemble(vocabulary).map_err(failed)
}

/// The byte-level split: GPT-2's pattern, bytes as letters, no space put before the text.
fn bytes() -> ByteLevel {
    ByteLevel::default().add_prefix_space(false)
}

/// Special tokens, then the letters that stand for bytes, in the order of their code points.
fn alphabet() -> Vec<String> {
    let mut letters: Vec<char> = ByteLevel::alphabet().into_iter().collect();
    letters.sort_unstable();
    let special = SPECIAL.map(str::to_owned).into_iter();
    special.chain(letters.into_iter().map(String::from)).collect()
}

/// How often each word occurs, words in order.
fn count_words(lyrics: &[&str]) -> Result<BTreeMap<String, u64>, Source> {
    lyrics
        .par_chunks(LYRICS_AT_ONCE)
        .map(|some| {
            let mut words = HashMap::new();
            some.iter().try_for_each(|lyric| count_into(&mut words, lyric)).map(|()| words)
        })
        .try_reduce(HashMap::new, |one, other| {
            let (mut all, fewer) =
                if one.len() < other.len() { (other, one) } else { (one, other) };
            for (word, count) in fewer {
                *all.entry(word).or_default() += count;
            }
            Ok(all)
        })
        .map(|words| words.into_iter().collect())
}

fn count_into(words: &mut HashMap<String, u64>, lyric: &str) -> Result<(), Source> {
    for piece in crate::pieces::pieces(lyric, crate::pieces::PIECE) {
        let mut text = PreTokenizedString::from(piece);
        bytes().pre_tokenize(&mut text)?;
        for (word, _, _) in text.get_splits(OffsetReferential::Original, OffsetType::None) {
            match words.get_mut(word) {
                Some(count) => *count += 1,
                None => drop(words.insert(word.to_owned(), 1)),
            }
        }
    }
    Ok(())
}

fn assemble(vocabulary: Vocabulary) -> Result<Tokenizer, Source> {
    let Vocabulary { tokens, merges } = vocabulary;
    let merges = merges
        .into_iter()
        .map(|(left, right)| (tokens[left as usize].clone(), tokens[right as usize].clone()))
        .collect();
    let ids: Vocab = tokens.into_iter().zip(0..).collect();
    let model = BPE::builder().vocab_and_merges(ids, merges).build()?;
    let sides = RobertaProcessing::new(("</s>".into(), 2), ("<s>".into(), 0));
    let mut tokenizer = Tokenizer::new(model);
    tokenizer
        .with_pre_tokenizer(Some(bytes()))
        .with_post_processor(Some(sides.add_prefix_space(false)))
        .with_decoder(Some(bytes()));
    tokenizer.add_special_tokens(SPECIAL.map(special))?;
    Ok(tokenizer)
}

/// `<mask>` takes the space before it, as in roberta-base.
fn special(content: &str) -> AddedToken {
    AddedToken::from(content, true).lstrip(content == "<mask>")
}
