//! Training a tokenizer from lyrics.

use canto_batch::{BatchConfig, Error, LyricTokenizer, Windows};

const SPECIAL: [(u32, &str); 5] =
    [(0, "<s>"), (1, "<pad>"), (2, "</s>"), (3, "<unk>"), (4, "<mask>")];

/// Invented lines, each a little different.
fn lyrics() -> Vec<String> {
    let words = ["lantern", "harbour", "don't", "over", "rain", "ooh", "the", "naïve", "\n", "9"];
    (0..400_usize)
        .map(|song| {
            let word = |at: usize| words[(song * song + at * (song + 3)) % words.len()];
            (0..30).map(word).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn trained(lyrics: &[String], size: usize) -> LyricTokenizer {
    let lyrics: Vec<&str> = lyrics.iter().map(String::as_str).collect();
    LyricTokenizer::train_bpe(&lyrics, size).unwrap()
}

#[test]
fn special_tokens_have_the_ids_of_roberta() {
    let tokenizer = trained(&lyrics(), 300);
    assert_eq!((tokenizer.vocab_size(), tokenizer.pad_id()), (300, 1));
    for (id, name) in SPECIAL {
        assert_eq!(tokenizer.ids(name).unwrap(), [id], "{name}");
    }
    let windows = Windows::new(tokenizer, BatchConfig::default()).unwrap();
    assert_eq!(windows.encode("").unwrap().windows, [[0, 2]]);
}

#[test]
fn same_lyrics_give_the_same_bytes_in_any_order_on_any_threads() {
    let mut lyrics = lyrics();
    let json = trained(&lyrics, 330).to_json().unwrap();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        lyrics.rotate_left(threads);
        assert_eq!(pool.install(|| trained(&lyrics, 330)).to_json().unwrap(), json);
    }
}

#[test]
fn any_text_comes_back_from_its_tokens() {
    let tokenizer = trained(&lyrics(), 330);
    for text in ["lantern over the harbour", "Ünbekannt 😀\n\n中文\t!", " "] {
        assert_eq!(tokenizer.text(&tokenizer.ids(text).unwrap()).unwrap(), text);
    }
}

#[test]
fn common_words_become_one_token() {
    let tokenizer = trained(&lyrics(), 330);
    assert_eq!(tokenizer.ids(" lantern").unwrap().len(), 1);
    assert!(tokenizer.ids(" zyx").unwrap().len() > 1);
}

#[test]
fn a_corpus_without_words_or_a_vocabulary_without_room_is_refused() {
    let refused = |lyrics: &[&str], size| LyricTokenizer::train_bpe(lyrics, size).unwrap_err();
    assert!(matches!(refused(&[], 300), Error::NoWords { lyrics: 0 }));
    assert!(matches!(refused(&["", ""], 300), Error::NoWords { lyrics: 2 }));
    let error = refused(&["la la"], 260);
    assert_eq!(error.to_string(), "a vocabulary of 260 tokens is too small, expected at least 261");
    assert!(error.hint().is_some());
}

/// On a text without ties the merges are those of the `tokenizers` library.
#[test]
fn the_merges_are_those_of_the_library() {
    use tokenizers::models::TrainerWrapper;
    use tokenizers::models::bpe::{BPE, BpeTrainer};
    use tokenizers::pre_tokenizers::byte_level::ByteLevel;
    use tokenizers::{AddedToken, Tokenizer};
    let lyrics = lyrics();
    let mut reference = Tokenizer::new(BPE::default());
    reference.with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(false)));
    let mut trainer = TrainerWrapper::BpeTrainer(
        BpeTrainer::builder()
            .show_progress(false)
            .vocab_size(330)
            .min_frequency(2)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .special_tokens(SPECIAL.map(|(_, name)| AddedToken::from(name, true)).to_vec())
            .build(),
    );
    reference.train(&mut trainer, lyrics.iter()).unwrap();
    let ours = trained(&lyrics, 330);
    let ours: serde_json::Value = serde_json::from_str(&ours.to_json().unwrap()).unwrap();
    let theirs: serde_json::Value =
        serde_json::from_str(&reference.to_string(false).unwrap()).unwrap();
    assert_eq!(ours["model"]["merges"], theirs["model"]["merges"]);
    assert_eq!(ours["model"]["vocab"], theirs["model"]["vocab"]);
}
