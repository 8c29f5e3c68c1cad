//! Very long texts, tokenized piece by piece.
//!
//! Tokenizing takes over a hundred bytes of memory for each byte of text. Where the pieces'
//! tokens are known to be those of the whole, a long text is cut into pieces first.

use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

/// Length in bytes from which on a text is cut.
pub(crate) const PIECE: usize = 1 << 16;

/// Whether no token ever reaches over a space or a line break that follows a letter or a digit.
///
/// True of the byte-level pre-tokenizer (GPT-2's pattern) and of BERT's, with a model that sees
/// one word at a time, unless an added token holds or swallows the space that follows it.
pub(crate) fn can_cut(tokenizer: &Tokenizer) -> bool {
    let words = match (tokenizer.get_normalizer(), tokenizer.get_pre_tokenizer()) {
        (None, Some(PreTokenizerWrapper::ByteLevel(bytes))) => {
            bytes.use_regex && !bytes.add_prefix_space
        }
        (
            None | Some(NormalizerWrapper::BertNormalizer(_)),
            Some(PreTokenizerWrapper::BertPreTokenizer(_)),
        ) => true,
        _ => false,
    };
    let mut added = tokenizer.get_added_tokens_decoder().into_values();
    words && added.all(|token| !token.rstrip && !token.content.contains(char::is_whitespace))
}

/// `text` in pieces of `least` bytes or a little more, each beginning with a space or a line break
/// that follows a letter or a digit; longer where there is none.
pub(crate) fn pieces(text: &str, least: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = if text.len() > least { boundary(text, least) } else { None };
        let (piece, after) = cut.map_or((text, None), |at| {
            let (piece, after) = text.split_at(at);
            (piece, Some(after))
        });
        rest = after;
        Some(piece)
    })
}

/// The first place from byte `least` on where `text` may be cut.
fn boundary(text: &str, least: usize) -> Option<usize> {
    let from = text.floor_char_boundary(least);
    let mut follows = false;
    text[from..].char_indices().find_map(|(at, character)| {
        let here = follows && matches!(character, ' ' | '\n');
        follows = character.is_alphanumeric();
        here.then_some(from + at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_begin_with_the_space_after_a_word() {
        let found: Vec<&str> = pieces("one two  three,\n four\nfive", 4).collect();
        assert_eq!(found, ["one two", "  three,\n four", "\nfive"]);
        assert_eq!(pieces("", 4).collect::<Vec<_>>(), [""]);
        assert_eq!(pieces("unbroken", 4).collect::<Vec<_>>(), ["unbroken"]);
    }

    proptest! {
        #[test]
        fn pieces_make_up_the_text(text in "[a-zé \n,😀]{0,60}", least in 1_usize..20) {
            prop_assert_eq!(pieces(&text, least).collect::<String>(), text);
        }
    }
}
