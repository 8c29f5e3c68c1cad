//! Tokens against Python's `tokenizers`, on the cases of `reference/generate.py`.
//! `CANTO_CASES` names another file of cases, for any other tokenizer.

use canto_batch::{BatchConfig, LyricTokenizer, Window, Windows};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")
}

fn document() -> Value {
    let path =
        std::env::var_os("CANTO_CASES").map_or_else(|| folder().join("cases.json"), Into::into);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Calls `check` with every tokenizer, text and what Python makes of it.
fn each(check: impl Fn(&LyricTokenizer, &str, &Value, &Value)) {
    let document = document();
    for case in document["cases"].as_array().unwrap() {
        let path = folder().join(case["tokenizer"].as_str().unwrap());
        let tokenizer = LyricTokenizer::from_file(&path).unwrap();
        assert_eq!(u64::from(tokenizer.pad_id()), case["pad_id"].as_u64().unwrap());
        for text in case["texts"].as_array().unwrap() {
            check(&tokenizer, text["text"].as_str().unwrap(), text, &document);
        }
    }
}

fn windows(tokenizer: &LyricTokenizer, config: BatchConfig) -> Windows {
    Windows::new(tokenizer.clone(), config).unwrap()
}

fn size(document: &Value, key: &str) -> usize {
    usize::try_from(document[key].as_u64().unwrap()).unwrap()
}

#[test]
fn a_whole_text_has_the_tokens_that_python_gives_it() {
    each(|tokenizer, text, expected, _| {
        let config = BatchConfig { max_tokens: 4096, ..Default::default() };
        let song = windows(tokenizer, config).encode(text).unwrap();
        let whole = ids(&expected["whole"]);
        assert_eq!((song.tokens, song.truncated), (whole.len(), false), "{text:?}");
        assert_eq!(song.windows, [whole], "{text:?}");
    });
}

#[test]
fn head_is_what_python_truncates_to() {
    each(|tokenizer, text, expected, document| {
        let config = BatchConfig { max_tokens: size(document, "window"), ..Default::default() };
        let song = windows(tokenizer, config).encode(text).unwrap();
        assert_eq!(song.windows, [ids(&expected["chunks"][0])], "{text:?}");
        assert_eq!(song.tokens, ids(&expected["whole"]).len(), "{text:?}");
        assert_eq!(song.truncated, song.tokens > size(document, "window"), "{text:?}");
    });
}

#[test]
fn chunks_are_what_python_overflows_into() {
    each(|tokenizer, text, expected, document| {
        let config = BatchConfig {
            max_tokens: size(document, "window"),
            stride: size(document, "stride"),
            window: Window::Chunks,
            max_chunks: 1000,
            ..Default::default()
        };
        let song = windows(tokenizer, config).encode(text).unwrap();
        let chunks: Vec<_> = expected["chunks"].as_array().unwrap().iter().map(ids).collect();
        assert_eq!(song.windows, chunks, "{text:?}");
        assert!(!song.truncated, "{text:?}");
    });
}

#[test]
fn a_written_tokenizer_reads_back_the_same() {
    each(|tokenizer, text, expected, _| {
        let again = LyricTokenizer::from_json(&tokenizer.to_json().unwrap()).unwrap();
        let config = BatchConfig { max_tokens: 4096, ..Default::default() };
        assert_eq!(
            windows(&again, config).encode(text).unwrap().windows,
            [ids(&expected["whole"])]
        );
        assert_eq!(
            (again.pad_id(), again.vocab_size()),
            (tokenizer.pad_id(), tokenizer.vocab_size())
        );
    });
}
